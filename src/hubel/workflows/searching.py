"""A search while it runs: trials are begun, heard of, pruned, and told of, until there is a reason to end."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Literal

from hubel.core.events import EpochDone, Event, Progress, StageDone, TrialDone
from hubel.train.crew import Alone, Crew, News, Processes
from hubel.train.material import Material
from hubel.train.strategies import Broken
from hubel.train.study import Row, Study, ranked

SECONDS_AFTER = 5.0
"""What is kept of a budget beside the training of the best."""
Ending = Literal["trials", "budget", "stopped", "exhausted"]
"""Why a search ended: all trials done, the time over, the user's wish, every combination tried."""


@dataclass(slots=True)
class Limits:
    """When a search ends, and how long it may still take."""

    trials: int | None
    deadline: float | None
    train_best: bool
    workers: int
    stop: Callable[[], bool]

    def reason(self, study: Study) -> Ending | None:
        """Why to end at once; None to go on."""
        if self.stop():
            return "stopped"
        return "budget" if self.seconds_left(study.rows()) <= 0 else None

    def may_begin(self, study: Study) -> bool:
        """Whether there is another trial to begin."""
        return self.trials is None or len(study.rows()) < self.trials

    def seconds_left(self, rows: list[Row]) -> float:
        """What the budget leaves for trials; infinite without one."""
        if self.deadline is None:
            return math.inf
        after = max((row.seconds for row in rows), default=0.0) + SECONDS_AFTER if self.train_best else 0.0
        return self.deadline - after - time.monotonic()

    def expected(self, rows: list[Row]) -> float | None:
        """How many seconds it will go on, from how long trials took; None before there is a measure."""
        done = [row.seconds for row in rows if row.state != "running"]
        left = self.seconds_left(rows)
        if self.trials is not None and done:
            left = min(left, (self.trials - len(done)) * sum(done) / len(done) / self.workers)
        return max(left, 0.0) if math.isfinite(left) else None


def search(study: Study, material: Material, limits: Limits) -> Generator[Event, None, Ending]:
    """Run trials until there is a reason to end; returns the reason.

    Parameters
    ----------
    study
        What proposes them and keeps what came out.
    material
        What they learn from and are judged on.
    limits
        When to end, and how many run at the same time.
    """
    begun = time.monotonic()
    if not limits.may_begin(study):
        return "trials"
    crew: Crew = (
        Alone(material, lambda: limits.reason(study) is not None)
        if limits.workers == 1
        else Processes(material, limits.workers, study.folder)
    )
    try:
        ended: Ending | None = None
        while ended is None:
            ended = yield from one_round(study, crew, limits)
    finally:
        crew.close()
    yield StageDone("tune", time.monotonic() - begun)
    return ended


def one_round(study: Study, crew: Crew, limits: Limits) -> Generator[Event, None, Ending | None]:
    """Begin what can be begun, hear what is new; why the search is at its end, or None."""
    if reason := limits.reason(study):
        return reason
    ended: Ending = "trials"
    while crew.num_free() and limits.may_begin(study):
        job = study.next_job()
        if job is None:
            ended = "exhausted"
            break
        crew.begin(job)
    if not study.running:
        return ended
    news = crew.wait()
    if news is not None:
        yield from noted(study, crew, limits, news)
    return None


def noted(study: Study, crew: Crew, limits: Limits, news: News) -> Iterator[Event]:
    """Write down what happened in a trial, and say so where it is worth a line."""
    number, what = news.number, news.what
    if isinstance(what, EpochDone):
        if not study.must_prune(number, what):
            crew.go_on(number)
            rows = study.rows()
            done = sum(row.state != "running" for row in rows)
            yield Progress("tune", done, limits.trials or 0, limits.expected(rows))
            return
        crew.drop(number)
        study.prune(number, news.seconds)
    elif isinstance(what, Broken):
        study.fail(number, what.reason, news.seconds)
    elif what.complete:
        study.complete(number, what, news.seconds)
    else:
        study.running.pop(number)  # cut short; it is taken up again when the search goes on
        return
    yield trial_done(study.rows(), number, limits)


def trial_done(rows: list[Row], number: int, limits: Limits) -> TrialDone:
    """A trial beside the best so far."""
    row = next(row for row in rows if row.number == number)
    best = next((row for row in ranked(rows) if row.state == "complete"), None)
    return TrialDone(
        number=number,
        num_trials=limits.trials,
        settings=dict(row.settings),
        accuracy=row.accuracy,
        pruned=row.state == "pruned",
        failure=row.reason,
        epochs=row.epochs,
        best=best.accuracy if best else None,
        best_number=best.number if best else None,
        seconds=row.seconds,
        seconds_left=limits.expected(rows),
    )
