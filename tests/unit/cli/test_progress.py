"""What is said while a job runs."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from hubel.cli.progress import event_line, moving_line, plain_teller, ready_text
from hubel.core.events import Finished, Note, Progress, StageDone, Started
from support import run_python


def test_plain_lines_come_at_most_every_two_seconds() -> None:
    lines: list[str] = []
    times = iter([0.0, 1.0, 1.9, 2.5, 2.5, 3.0, 4.6, 4.6])
    tell = plain_teller(lines.append, clock=lambda: next(times))
    for done in (10, 20, 30, 40, 50):
        tell(Progress("read", done, 100, None))
    assert lines == ["Reading images: 30 / 100", "Reading images: 50 / 100"]


def test_notes_and_ends_of_stages_are_said_at_once() -> None:
    lines: list[str] = []
    tell = plain_teller(lines.append, clock=lambda: 0.0)
    tell(Started("pets", 3000, 2))
    tell(Note("English", "한국어"))
    tell(StageDone("learn", 1.25))
    tell(Finished(Path("runs/pets"), 1, (0.9, 1), "test", 10, 0, 3.0))
    assert lines == ["pets: 3,000 images in 2 classes", "• English", "✓ Learning: 1.2 s"]


def test_note_is_said_in_the_users_language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUBEL_LANG", "ko")
    assert event_line(Note("English", "한국어")) == "• 한국어"


def test_note_cannot_command_the_terminal() -> None:
    assert "\x1b" not in event_line(Note("\x1b[2J", "\x1b[2J"))
    assert "\x1b" not in event_line(Started("\x1b[2J", 1, 1))


def test_finish_time_is_a_duration_and_a_time_of_day() -> None:
    assert ready_text(None) == ""
    assert ready_text(12.3).startswith("12 s left, done at ")
    assert ready_text(75).startswith("1 min 15 s left")


def test_terminal_shows_one_line_and_keeps_notes() -> None:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=100, color_system=None, markup=False)
    with moving_line(console) as tell:
        tell(Note("[red]chosen[/red]", "고름"))
        tell(Progress("read", 10, 100, 5.0))
        tell(StageDone("read", 2.0))
    assert "• [red]chosen[/red]" in stream.getvalue()
    assert "✓ Reading images: 2.0 s" in stream.getvalue()


def test_first_ctrl_c_asks_and_the_second_stops() -> None:
    ended = run_python("-c", FIRST_ASKS)
    assert (ended.returncode, ended.stdout.split()) == (0, ["False", "True", "stopped", "True"]), ended.stderr
    assert "press Ctrl-C again" in ended.stderr


def test_process_that_ignores_ctrl_c_goes_on_ignoring_it() -> None:
    ended = run_python("-c", IGNORED)
    assert (ended.returncode, ended.stdout.split()) == (0, ["False"]), ended.stderr


# In processes of their own: a signal raised among a browser's event loop and native threads is no test of ours.
FIRST_ASKS = """
import signal
from hubel.cli.progress import finishing_on_interrupt
signal.signal(signal.SIGINT, signal.default_int_handler)
with finishing_on_interrupt() as stop:
    print(stop())
    signal.raise_signal(signal.SIGINT)
    print(stop())
    try:
        signal.raise_signal(signal.SIGINT)
    except KeyboardInterrupt:
        print("stopped")
print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)
"""
IGNORED = """
import signal
from hubel.cli.progress import finishing_on_interrupt
signal.signal(signal.SIGINT, signal.SIG_IGN)
with finishing_on_interrupt() as stop:
    signal.raise_signal(signal.SIGINT)
    print(stop())
"""
