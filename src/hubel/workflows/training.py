"""`train`: from a source of labelled images to a run folder."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import TypeVar

from hubel.core.errors import MissingExtraError
from hubel.core.events import Event, Note, Progress, StageDone, Started
from hubel.core.files import cache_root
from hubel.core.launch import this_launch
from hubel.core.rundir import new_run_folder, safe_run_name
from hubel.data.cache import Cache
from hubel.data.dataset import Dataset, without_spare_validation
from hubel.data.kept import source_info
from hubel.data.licences import find_origins
from hubel.data.sources import open_dataset
from hubel.evaluate.conformal import check_enough
from hubel.evaluate.report import load_template
from hubel.evaluate.wishes import check_wishes
from hubel.train.head import never
from hubel.train.learn import Learned
from hubel.train.options import TrainOptions
from hubel.train.session import (
    Session,
    gather,
    keep_better,
    kept_examples,
    mean_features,
    next_view,
)
from hubel.workflows.fine_tuning import fine_tune, fine_tune_within
from hubel.workflows.from_scratch import CHECKPOINTS, GRAPH, open_training, train_from_scratch
from hubel.workflows.grouping import column_of
from hubel.workflows.opening import called, command_called, open_source, source_name
from hubel.workflows.run_folder import write_run
from hubel.workflows.tasks import Task, check_fits, task_of

Result = TypeVar("Result")
Improve = Callable[[Session, Learned], Generator[Event, None, Learned]]
"""What may make something better of what was learned; it returns that itself where it does not."""


def everything(dataset: Dataset) -> Dataset:
    """All of a data set."""
    return dataset


def train(
    source: str,
    options: TrainOptions,
    *,
    command: str = "",
    stop: Callable[[], bool] = never,
    select: Callable[[Dataset], Dataset] = everything,
    rows: Path | None = None,
) -> Iterator[Event]:
    """Make a classifier of a source of labelled images; the last event says where it is.

    Parameters
    ----------
    source
        A folder of class folders, a table, an archive, Parquet files, an address, or the name of a set.
    options
        What the user chose.
    command
        The command line, for the card.
    stop
        Asked while images are read; once True, the run is finished with the images read so far.
    select
        What to take of the data.
    rows
        Where pixels and features are kept; by default in the cache.

    Raises
    ------
    HubelError
        When the data cannot be learned from, the base cannot be opened or the run cannot be written.
    """
    started = time.monotonic()
    root = cache_root()
    log: list[Event] = []
    path = yield from recorded(open_source(source, stop=stop), log)
    if path != source:
        started = time.monotonic()  # the budget is for the images, not for fetching and unpacking them
    trimmed = everything if options.scratch or options.tuning else without_spare_validation  # it chooses the epoch
    dataset = select(trimmed(open_dataset(path, reading=options.labels)))
    check_fits(options, dataset)
    paths = [example.path for example in dataset.examples]
    origins = find_origins(path, dataset.root, paths, info=source_info(dataset.root))
    check_wishes(options.at_least, dataset.classes)
    column = column_of(path, options.by, paths) if options.by else None
    if options.accept_error:
        check_enough(len(dataset.examples), options.accept_error)  # before hours are spent on reading
    wanted = options.out or Path("runs") / safe_run_name(source_name(source))
    log.append(Started(dataset.root if path == source else called(source), len(dataset.examples), len(dataset.classes)))
    yield log[-1]
    with Cache(rows or root / "rows") as cache, new_run_folder(wanted, note=claim_note(root)) as (folder, final):
        session, notes = open_training(dataset, options, folder=root, cache=cache, stop=stop, started=started)
        session.by_values = list(column.values) if column else None
        session.origins, session.source = origins, called(source)
        opening: list[Event] = [*(Note(*note) for note in dataset.notes), *notes, StageDone("open", session.elapsed())]
        log += opening
        yield from opening
        task = task_of(dataset)
        kept = (root if rows is None else rows.parent) / CHECKPOINTS
        learning = partial(fine_tune if options.tuning else train_from_scratch, folder=folder, checkpoints=kept)
        plain = not (options.scratch or options.tuning)
        improve = (
            partial(fine_tune_within, folder=folder, checkpoints=kept) if options.budget and options.improve else None
        )
        learned = yield from recorded(read_and_learn(session, task, improve) if plain else learning(session), log)
        judge = partial(task.judge, session, learned, command_called(command, source))
        num_told = len(log)
        finished = write_run(folder, final, session, judge=judge, log=log)
        # also the last moments to stop before anything is published
        yield from (event for event in log[num_told:] if not isinstance(event, Note) or event.weight == "warning")
        (folder / GRAPH).unlink(missing_ok=True)
    yield replace(finished, seconds=session.elapsed())


def claim_note(root: Path) -> Path | None:
    """Where a launch by torchrun notes its run folder, so that its next try, after a kill, takes the same one."""
    launch = this_launch()
    return None if launch is None else root / "claims" / f"{safe_run_name(launch.name)}.json"


def warm_up() -> None:
    """Load meanwhile what learning and the report need; what is not installed is said when its turn comes."""
    with suppress(ImportError, MissingExtraError):
        import_module("scipy.optimize")
        load_template()


def recorded(events: Generator[Event, None, Result], log: list[Event]) -> Generator[Event, None, Result]:
    """Pass events on and keep those that are worth reading later."""
    while True:
        try:
            event = next(events)
        except StopIteration as end:
            result: Result = end.value
            return result
        if not isinstance(event, Progress):
            log.append(event)
        yield event


def read_and_learn(session: Session, task: Task, improve: Improve | None = None) -> Generator[Event, None, Learned]:
    """Read the plain view and learn; try another view as long as the user wants it, or it helps and there is time.

    `improve`, where given, has the first try at what was learned from the plain view.
    """
    learned: Learned | None = None
    view: str | None = "plain"
    Thread(target=warm_up, daemon=True).start()
    while view is not None:
        begun = session.elapsed()
        if session.views:
            yield Note(
                f"Trying another view of each image: {view}.", f"이미지마다 다른 시점을 시도합니다: {view}.", "step"
            )
        yield from gather(session, view)
        read = session.elapsed()
        yield StageDone("read", read - begun)
        candidate = task.learn(
            mean_features(session), kept_examples(session), session.options.seed, stop=session.is_late
        )
        yield StageDone("learn", session.elapsed() - read)
        learned, notes = keep_better(session, learned, candidate)
        yield from notes
        if improve is not None and session.options.views is None and view == "plain":
            learned = yield from improve(session, learned)
            if learned is not candidate:
                return learned
        view = next_view(session, learned) if learned is candidate else None
    assert learned is not None
    return learned
