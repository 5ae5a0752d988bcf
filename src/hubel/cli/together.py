"""Commands that torchrun started: one process leads and speaks, the others follow it or step aside."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING

import typer

from hubel.cli.terminal import notes_console, write_lines
from hubel.core.language import say
from hubel.core.launch import is_follower, this_launch

if TYPE_CHECKING:
    from hubel.train.team import Team


@contextmanager
def team_for_training() -> Iterator[Team]:
    """The team that torchrun started, or this process alone.

    Ctrl-C reaches every process: the leader decides, the others go on until it says so. What torchrun ends because another
    process died still tidies up after itself.
    """
    from hubel.train.distributed import joined

    launch = this_launch()
    if launch is not None and threading.current_thread() is threading.main_thread():
        if launch.rank:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        else:
            signal.signal(signal.SIGTERM, as_interrupt)
    with joined(launch) as team:
        yield team


def as_interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  Python's form of a handler
    """End as after Ctrl-C, so that nothing half-done stays."""
    raise KeyboardInterrupt


def leave_to_the_first() -> None:
    """For what one process does: the others end at once, the first says so.

    Raises
    ------
    typer.Exit
        In the others.
    """
    launch = this_launch()
    if launch is None or launch.size == 1:
        return
    if is_follower():
        raise typer.Exit
    count = launch.size
    write_lines(
        notes_console(),
        say(
            en=f"• torchrun started {count} processes. Only training from scratch is shared among them (--from-scratch), so this one "
            "works alone, and the others have ended.",
            ko=f"• torchrun이 프로세스 {count}개를 시작했습니다. 나누어 할 수 있는 일은 처음부터 학습하기(--from-scratch)뿐이므로 이 프로세스만 "
            "일하고 나머지는 끝냈습니다.",
        ),
    )
