"""Who runs the trials of a search: this process by itself, or several others at the same time.

Both are asked in the same way: `begin` gives a trial to whoever is free, `wait` tells what happened next, `go_on` and `drop`
answer an epoch. Only the one who asks knows the search; those who train know pictures and settings.
"""

from __future__ import annotations

import multiprocessing
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hubel.core.errors import HubelError, MissingExtraError, ModelError, UsageError
from hubel.core.events import EpochDone
from hubel.core.language import say
from hubel.core.parallel import usable_cores
from hubel.train.material import Material
from hubel.train.strategies import STRATEGIES, Broken, Score, Settings, Trial
from hubel.train.study import Job

SECONDS_TO_WAIT = 0.2
"""After so long without news, it is looked whether to stop."""
SECONDS_TO_END = 10.0
"""What a process may take to end by itself."""


@dataclass(frozen=True, slots=True)
class News:
    """What happened in a trial: an epoch, which wants an answer, or how it ended after so many seconds."""

    number: int
    what: EpochDone | Score | Broken
    seconds: float


def started(material: Material, settings: Settings, stop: Callable[[], bool]) -> Trial:
    """A trial that has not begun."""
    return STRATEGIES[str(settings["strategy"])].try_out(material, settings, stop)


def step(trial: Trial) -> EpochDone | Score | Broken:
    """Train until there is something to tell. What only these settings make impossible ends this trial and not the search.

    Raises
    ------
    HubelError
        When other settings would fare no better: a package is missing, or the data cannot be learned from.
    """
    try:
        return next(trial)
    except StopIteration as end:
        ended: Score = end.value
        return ended
    except MissingExtraError:
        raise
    except (UsageError, ModelError) as error:
        return Broken(str(error))


class Alone:
    """One trial at a time, in this process and with all its threads."""

    def __init__(self, material: Material, stop: Callable[[], bool]) -> None:
        self.material, self.stop = material, stop
        self.running: tuple[Job, Trial, float] | None = None

    def num_free(self) -> int:
        """One or none."""
        return int(self.running is None)

    def begin(self, job: Job) -> None:
        """Begin it."""
        self.running = job, started(self.material, job.settings, self.stop), time.monotonic()

    def wait(self) -> News:
        """Train to the next epoch."""
        assert self.running is not None
        job, trial, begun = self.running
        what = step(trial)
        if not isinstance(what, EpochDone):
            self.running = None
        return News(job.number, what, time.monotonic() - begun)

    def go_on(self, number: int) -> None:
        """It goes on when it is waited for."""

    def drop(self, number: int) -> None:
        """End it."""
        assert self.running is not None
        assert self.running[0].number == number
        self.close()

    def close(self) -> None:
        """End what runs."""
        if self.running is not None:
            self.running[1].close()
            self.running = None


@dataclass(slots=True)
class Worker:
    """A process that trains, the line to it, and what it does now."""

    process: BaseProcess
    line: Connection
    job: Job | None = None
    begun: float = 0.0


@contextmanager
def talking_to(worker: Worker) -> Iterator[None]:
    """Say it when there is nobody on the line any more.

    Raises
    ------
    HubelError
        When the process has ended.
    """
    try:
        yield
    except (EOFError, OSError) as error:
        worker.process.join(SECONDS_TO_END)
        raise lost(worker.process.exitcode) from error


class Processes:
    """Several processes that share the pictures in memory, each with its part of the threads.

    Parameters
    ----------
    material
        What trials see.
    num_workers
        How many processes.
    folder
        Where the arrays are put for as long as it lasts.
    """

    def __init__(self, material: Material, num_workers: int, folder: Path) -> None:
        context = multiprocessing.get_context(
            "spawn"
        )  # a copy of a process whose threads run would wait for them for ever
        self.ended = context.Event()
        self.folder = TemporaryDirectory(dir=folder, prefix=".arrays-")
        stored, threads = material.store(Path(self.folder.name)), max(1, usable_cores() // num_workers)
        self.workers = []
        for _ in range(num_workers):
            ours, theirs = context.Pipe()
            arguments = (stored, Path(self.folder.name), theirs, self.ended, threads)
            process = context.Process(target=work, args=arguments, daemon=True)
            process.start()
            theirs.close()
            self.workers.append(Worker(process, ours))

    def num_free(self) -> int:
        """How many have nothing to do."""
        return sum(worker.job is None for worker in self.workers)

    def begin(self, job: Job) -> None:
        """Send it to the first who is free."""
        worker = next(worker for worker in self.workers if worker.job is None)
        worker.job, worker.begun = job, time.monotonic()
        with talking_to(worker):
            worker.line.send(job)

    def wait(self) -> News | None:
        """What the first to say something says.

        Raises
        ------
        HubelError
            When a trial failed for a reason that the user should know, or a process ended by itself.
        """
        for line in wait([worker.line for worker in self.workers if worker.job], SECONDS_TO_WAIT):
            worker = next(worker for worker in self.workers if worker.line is line)
            assert worker.job is not None
            number = worker.job.number
            with talking_to(worker):
                what = worker.line.recv()
            if isinstance(what, Failed):
                raise what.error()
            if not isinstance(what, EpochDone):
                worker.job = None
            return News(number, what, time.monotonic() - worker.begun)
        return None

    def go_on(self, number: int) -> None:
        """Say so."""
        self.answer(number, True)

    def drop(self, number: int) -> None:
        """Say so; the worker is free then."""
        self.answer(number, False).job = None

    def answer(self, number: int, word: bool) -> Worker:
        """Send an answer to the one who has this trial."""
        worker = next(worker for worker in self.workers if worker.job and worker.job.number == number)
        with talking_to(worker):
            worker.line.send(word)
        return worker

    def close(self) -> None:
        """Let them end, or end them."""
        self.ended.set()
        for worker in self.workers:
            worker.line.close()
        for worker in self.workers:
            worker.process.join(SECONDS_TO_END)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
        self.folder.cleanup()


Crew = Alone | Processes
"""Those who train: `num_free`, `begin`, `wait`, `go_on`, `drop` and `close` mean the same for both."""


@dataclass(frozen=True, slots=True)
class Failed:
    """An error of a worker on its way: its text and exit code."""

    text: str
    exit_code: int

    def error(self) -> HubelError:
        """The error again."""
        error = HubelError(self.text)
        error.exit_code = self.exit_code
        return error


def work(stored: Material, folder: Path, line: Connection, ended: Any, threads: int) -> None:
    """A worker's life: trials one after the other, until the line is cut or everybody goes home."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one who asks; it says when to stop
    parent = multiprocessing.parent_process()
    assert parent is not None

    def stop() -> bool:
        return bool(ended.is_set()) or not parent.is_alive()

    material = stored.restore(folder)
    if "pixels" in material.train or material.above is not None:
        import torch

        torch.set_num_threads(threads)
    try:
        while not stop():
            trial = started(material, line.recv().settings, stop)
            going_on = True
            while going_on:
                what = step(trial)
                line.send(what)
                going_on = isinstance(what, EpochDone) and line.recv()
            trial.close()
    except HubelError as error:
        line.send(Failed(str(error), error.exit_code))
    except (EOFError, OSError):
        return  # whoever asked is gone


def lost(exit_code: int | None) -> HubelError:
    """The error for a process that ended by itself."""
    return HubelError(
        say(
            en=f"A worker ended unexpectedly (exit code {exit_code}); perhaps memory ran out. Use fewer --workers; the same command goes "
            "on from here.",
            ko=f"작업 프로세스가 예기치 않게 끝났습니다(종료 코드 {exit_code}). 메모리가 모자랐을 수 있습니다. --workers를 줄여 보세요. 같은 명령을 "
            "다시 실행하면 이어서 합니다.",
        )
    )
