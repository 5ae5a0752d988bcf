"""What a long job says while it runs: one moving line on a terminal, now and then a whole line elsewhere."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from types import FrameType

from rich.console import Console
from rich.text import Text

from hubel.cli.terminal import harmless, in_language, notes_console, write_lines
from hubel.core.events import EpochDone, Event, Finished, Note, Progress, StageDone, Started, TrialDone
from hubel.core.language import say
from hubel.data.names import shown
from hubel.evaluate.numbers import count, duration, percent

Tell = Callable[[Event], None]

SECONDS_BETWEEN_LINES = 2.0
BAR_WIDTH = 20
"""Of the bar beside an epoch, in letters."""
NEXT_STAGE = {"open": "read", "read": "learn", "learn": "write", "check": "compare"}


@contextmanager
def telling() -> Iterator[Tell]:
    """A function that shows events on stderr while the block runs."""
    console = notes_console()
    if not console.is_terminal or console.is_dumb_terminal:
        yield plain_teller(lambda line: write_lines(console, line))
        return
    with moving_line(console) as tell:
        yield tell


@contextmanager
def telling_notes() -> Iterator[Tell]:
    """A function that shows only notes, for when results are written to the same terminal."""
    console = notes_console()

    def tell(event: Event) -> None:
        if isinstance(event, Note):
            write_lines(console, event_line(event))

    yield tell


def plain_teller(write: Callable[[str], None], *, clock: Callable[[], float] = time.monotonic) -> Tell:
    """Whole lines: notes and ends of stages at once, progress at most every two seconds."""
    last = clock()

    def tell(event: Event) -> None:
        nonlocal last
        line = event_line(event)
        if isinstance(event, Progress):
            if clock() - last < SECONDS_BETWEEN_LINES:
                return
            last = clock()
        if line:
            write(line)

    return tell


@contextmanager
def moving_line(console: Console) -> Iterator[Tell]:
    """One line that moves and vanishes at the end; notes and ends of stages stay above it."""
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as ProgressLine

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=30),
        TextColumn("{task.fields[amount]}", markup=False),
        TextColumn("{task.fields[ready]}", markup=False, style="cyan"),
    )
    with ProgressLine(*columns, console=console, transient=True) as line:
        task = line.add_task(stage_name("open"), total=None, amount="", ready="")

        def tell(event: Event) -> None:
            if isinstance(event, Progress):
                amount, total = amount_text(event), event.total or None
                ready = ready_text(event.seconds_left)
                name = stage_name(event.stage)
                line.update(task, description=name, completed=event.done, total=total, amount=amount, ready=ready)
                return
            if isinstance(event, StageDone) and event.stage in NEXT_STAGE:
                name = stage_name(NEXT_STAGE[event.stage])
                line.update(task, description=name, completed=0, total=None, amount="", ready="")
            if text := event_line(event):
                warns = isinstance(event, Note) and event.weight == "warning"
                style = "dim" if isinstance(event, StageDone) else "bold yellow" if warns else ""
                console.print(Text(text, style=style), soft_wrap=True)

        yield tell


def event_line(event: Event) -> str:
    """One event in one line; empty for the last, which has a summary of its own."""
    if isinstance(event, Started):
        data, images, classes = shown(event.data), count(event.num_images), count(event.num_classes)
        return say(
            en=f"{data}: {images} images in {classes} classes", ko=f"{data}: 이미지 {images}장, 클래스 {classes}개"
        )
    if isinstance(event, Note):
        return ("▲ " if event.weight == "warning" else "• ") + harmless(in_language(event.en, event.ko))
    if isinstance(event, Progress):
        ready = ready_text(event.seconds_left)
        return f"{stage_name(event.stage)}: {amount_text(event)}" + (f", {ready}" if ready else "")
    if isinstance(event, StageDone):
        return f"✓ {stage_name(event.stage)}: {duration(event.seconds)}"
    if isinstance(event, EpochDone):
        return epoch_line(event)
    if isinstance(event, TrialDone):
        return trial_line(event)
    assert isinstance(event, Finished)
    return ""


def epoch_line(event: EpochDone) -> str:
    """One epoch in one line, its validation accuracy drawn too; a star marks the best so far."""
    number = f"{event.epoch:>{len(str(event.num_epochs))}}/{event.num_epochs}"
    learned = f"{event.loss:.3f} {percent(event.accuracy)}"
    if event.validation_accuracy is None:
        return say(en=f"Epoch {number}: training {learned}", ko=f"에포크 {number}: 학습 {learned}")
    bar = "█" * round(BAR_WIDTH * event.validation_accuracy)
    star, took = "★" if event.is_best else " ", duration(event.seconds)
    checked = f"{event.validation_loss:.3f} {percent(event.validation_accuracy)} {bar:░<{BAR_WIDTH}} {star} {took}"
    return say(
        en=f"Epoch {number}: training {learned} · validation {checked}",
        ko=f"에포크 {number}: 학습 {learned} · 검증 {checked}",
    )


def trial_line(event: TrialDone) -> str:
    """One trial in one line: what it tried, what came of it, the best so far, the time."""
    total = "" if event.num_trials is None else f"/{event.num_trials}"
    number = f"{event.number:>{len(total) - 1 if total else 1}}{total}"
    tried = settings_text(event.settings)
    if event.failure:
        came = say(en=f"failed: {event.failure}", ko=f"실패: {event.failure}")
    elif event.accuracy is None:  # closed before its first epoch
        came = "–"
    elif event.pruned:
        reached, epochs = percent(event.accuracy), event.epochs
        came = say(en=f"pruned at {reached} after epoch {epochs}", ko=f"{epochs}번째 에포크 뒤 {reached}에서 중단")
    else:
        came = say(en=f"validation {percent(event.accuracy)}", ko=f"검증 {percent(event.accuracy)}")
    star = " ★" if event.best_number == event.number else ""
    parts = [f"{tried} · {came}{star}"]
    if event.best is not None and not star:
        best = f"{percent(event.best)} ({event.best_number})"
        parts.append(say(en=f"best {best}", ko=f"최고 {best}"))
    parts.append(duration(event.seconds))
    if event.seconds_left is not None and event.seconds_left >= 1:
        left = duration(round(event.seconds_left)).replace(".0 s", " s")
        parts.append(say(en=f"{left} left", ko=f"{left} 남음"))
    line = " · ".join(parts)
    return say(en=f"Trial {number}: {line}", ko=f"시도 {number}: {line}")


def settings_text(settings: Mapping[str, str | int | float]) -> str:
    """Settings in one line, the strategy first and by its name alone.

    Examples
    --------
    >>> settings_text({"strategy": "scratch", "lr": 0.0123, "width": 48})
    'scratch lr=0.0123 width=48'
    """
    values = {name: value if isinstance(value, str) else f"{value:g}" for name, value in settings.items()}
    return " ".join(value if name == "strategy" else f"{name}={value}" for name, value in values.items())


def amount_text(event: Progress) -> str:
    """How far it is: ``1,200 / 3,000``, or the number alone where the total is not known; of a download in megabytes."""
    if event.stage == "download":
        done, total = (f"{num_bytes / 1e6:,.1f} MB" for num_bytes in (event.done, event.total))
        return f"{done} / {total}" if event.total else done
    return f"{count(event.done)} / {count(event.total)}" if event.total else count(event.done)


def ready_text(seconds_left: float | None) -> str:
    """How long it will take and when it will be done; empty before there is a measure."""
    if seconds_left is None:
        return ""
    left = duration(max(1, round(seconds_left)))
    clock = (datetime.now().astimezone() + timedelta(seconds=seconds_left)).strftime("%H:%M:%S")
    left = left.replace(".0 s", " s")
    return say(en=f"{left} left, done at {clock}", ko=f"{left} 남음, {clock} 완료 예정")


def stage_name(stage: str) -> str:
    """What a stage does, in words."""
    words = {
        "open": say(en="Preparing", ko="준비"),
        "read": say(en="Reading images", ko="이미지 읽기"),
        "learn": say(en="Learning", ko="학습"),
        "write": say(en="Writing the run", ko="결과 쓰기"),
        "evaluate": say(en="Measuring", ko="측정"),
        "predict": say(en="Predicting", ko="예측"),
        "download": say(en="Downloading", ko="내려받기"),
        "fetch": say(en="Fetching images", ko="이미지 받기"),
        "unpack": say(en="Unpacking", ko="압축 풀기"),
        "check": say(en="Looking at files", ko="파일 살펴보기"),
        "compare": say(en="Comparing", ko="비교"),
        "gather": say(en="Gathering images", ko="이미지 모으기"),
        "train": say(en="Training", ko="학습"),
        "views": say(en="Running the frozen layers", ko="고정된 층 실행"),
        "features": say(en="Running the network", ko="신경망 실행"),
        "tune": say(en="Searching", ko="탐색"),
    }
    return words.get(stage, stage)


@contextmanager
def finishing_on_interrupt() -> Iterator[Callable[[], bool]]:
    """A function that tells whether Ctrl-C was pressed; a second Ctrl-C stops at once.

    Where the process was started so that it ignores Ctrl-C (``nohup``, ``&``), it goes on ignoring it.
    """
    presses = 0

    def first_or_second(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  Python's form of a handler
        nonlocal presses
        presses += 1
        if presses > 1:
            raise KeyboardInterrupt
        words = say(
            en="Finishing with what is there; press Ctrl-C again to abort.",
            ko="지금까지 읽은 것으로 마무리합니다. 바로 중단하려면 Ctrl-C를 한 번 더 누르세요.",
        )
        erase = "\r\x1b[2K" if sys.stderr.isatty() else ""
        os.write(sys.stderr.fileno(), f"{erase}{words}\n".encode())  # a handler may not use the stream it interrupts

    def pressed() -> bool:
        if presses > 1:  # what was running then has swallowed the interrupt; some packages do while they are imported
            raise KeyboardInterrupt
        return presses == 1

    before = signal.getsignal(signal.SIGINT)
    if before != signal.SIG_IGN:
        signal.signal(signal.SIGINT, first_or_second)
    try:
        yield pressed
    finally:
        if before != signal.SIG_IGN:
            signal.signal(signal.SIGINT, before)
