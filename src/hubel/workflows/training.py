"""`train`: from a source of labelled images to a run folder."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from threading import Thread

from hubel.core.errors import MissingExtraError
from hubel.core.events import Event, Note, Progress, StageDone, Started
from hubel.core.files import cache_root
from hubel.core.rundir import new_run_folder, safe_run_name
from hubel.data.cache import Cache
from hubel.data.dataset import without_spare_validation
from hubel.data.sources import open_dataset
from hubel.evaluate.report import load_template
from hubel.train.learn import Learned, learn
from hubel.train.options import TrainOptions
from hubel.train.session import (
    Session,
    gather,
    keep_better,
    kept_examples,
    mean_features,
    next_view,
    open_session,
)
from hubel.workflows.opening import resolve_source
from hubel.workflows.run_folder import write_run


def never() -> bool:
    """Nobody asks to stop."""
    return False


def train(
    source: str, options: TrainOptions, *, command: str = "", stop: Callable[[], bool] = never
) -> Iterator[Event]:
    """Make a classifier of a source of labelled images; the last event says where it is.

    Parameters
    ----------
    source
        A folder of class folders, a table, or the name of a built-in set.
    options
        What the user chose.
    command
        The command line, for the card.
    stop
        Asked while images are read; once True, the run is finished with the images read so far.

    Raises
    ------
    HubelError
        When the data cannot be learned from, the base cannot be opened or the run cannot be written.
    """
    started = time.monotonic()
    root = cache_root()
    dataset = without_spare_validation(open_dataset(resolve_source(source)))
    wanted = options.out or Path("runs") / safe_run_name(Path(source).absolute().name)
    log: list[Event] = [Started(dataset.root, len(dataset.examples), len(dataset.classes))]
    yield log[0]
    with Cache(root / "rows") as cache, new_run_folder(wanted) as (folder, final):
        session, notes = open_session(dataset, options, folder=root, cache=cache, stop=stop, started=started)
        log += [*(Note(*note) for note in dataset.notes), *notes, StageDone("open", session.elapsed())]
        yield from log[1:]
        learned = yield from recorded(read_and_learn(session), log)
        finished = write_run(folder, final, session, learned=learned, command=command, log=log)
    yield replace(finished, seconds=session.elapsed())


def warm_up() -> None:
    """Load meanwhile what learning and the report need; what is not installed is said when its turn comes."""
    with suppress(ImportError, MissingExtraError):
        import_module("scipy.optimize")
        load_template()


def recorded(events: Generator[Event, None, Learned], log: list[Event]) -> Generator[Event, None, Learned]:
    """Pass events on and keep those that are worth reading later."""
    while True:
        try:
            event = next(events)
        except StopIteration as end:
            learned: Learned = end.value
            return learned
        if not isinstance(event, Progress):
            log.append(event)
        yield event


def read_and_learn(session: Session) -> Generator[Event, None, Learned]:
    """Read the plain view and learn; try another view as long as the user wants it, or it helps and there is time."""
    learned: Learned | None = None
    view: str | None = "plain"
    Thread(target=warm_up, daemon=True).start()
    while view is not None:
        begun = session.elapsed()
        yield from gather(session, view)
        read = session.elapsed()
        yield StageDone("read", read - begun)
        candidate = learn(mean_features(session), kept_examples(session), session.options.seed)
        yield StageDone("learn", session.elapsed() - read)
        learned, notes = keep_better(session, learned, candidate)
        yield from notes
        view = next_view(session, learned) if learned is candidate else None
    assert learned is not None
    return learned
