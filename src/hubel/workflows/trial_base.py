"""What trials see that learn on top of a base: its features, those of changed views, and rows from below each cut, made once."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hubel.core.errors import DataError
from hubel.core.events import Event
from hubel.core.language import say
from hubel.train.fine import MOST_ROW_BYTES, FineTuning
from hubel.train.learn import Examples
from hubel.train.material import Above, row_name, view_name
from hubel.train.options import TrainOptions
from hubel.train.recipes import Recipe
from hubel.train.scratch import Division
from hubel.train.session import Session, mean_features, open_session
from hubel.train.space import Space
from hubel.train.strategies import STRATEGIES, fine_recipe
from hubel.workflows.fine_sets import Probe, changed_features, row_sets, sha256_of_images
from hubel.workflows.fine_tuning import fit_probe, flips_settled
from hubel.workflows.from_scratch import scratch_of
from hubel.workflows.reading import Places, gathered

if TYPE_CHECKING:
    from hubel.models.cut import Base


@dataclass(frozen=True, slots=True)
class OnBase:
    """Arrays of the images that are learned from and of those that judge, by name, and what learning above a cut needs."""

    train: dict[str, np.ndarray]
    tuning: dict[str, np.ndarray]
    above: Above | None


def arrays_on_base(
    own: Session, examples: Examples, division: Division, options: TrainOptions, space: Space, places: Places
) -> Generator[Event, None, OnBase]:
    """Run the base on the images that `own` has read, in as many ways as the strategies of a search need.

    Parameters
    ----------
    own
        Knows which images could be read.
    examples, division
        Of these.
    options
        With the base, and the training from scratch that says how many epochs were asked for.
    space
        What is searched.
    places
        Where things are kept.

    Raises
    ------
    HubelError
        When files are changing, or an extra is missing.
    """
    session = yield from opened(own, options, places)
    features = mean_features(session)
    needs = {STRATEGIES[strategy].needs for strategy in space.strategies}
    found = OnBase({"features": features[division.train]}, {"features": features[division.tuning]}, None)
    if not needs & {"views", "rows"}:
        return found
    probe = fit_probe(session, examples, division)
    recipe = yield from flips_settled(session, probe)
    if "views" in needs:
        views = yield from changed_features(session, recipe, division.train)
        found.train.update({view_name(number): view for number, view in enumerate(views, 1)})
    if "rows" in needs:
        yield from add_rows(found, session, probe, recipe, space.words("unfreeze") or (FineTuning().unfreeze,))
    about = (session.extractor.base_key, sha256_of_images(session, probe))
    return replace(found, above=Above(options.model, session.extractor.spec.size, recipe, probe.head, about))


def opened(own: Session, options: TrainOptions, places: Places) -> Generator[Event, None, Session]:
    """The base, and what it says of the same images.

    Without the budget, by which the size would be another one than that of the training in the end.
    """
    read = tuple(own.dataset.examples[index] for index in own.kept)
    tuning = FineTuning(recipe=fine_recipe(scratch_of(options)))
    plain = replace(options, scratch=None, size=None, budget=None, tuning=tuning)
    session, notes = open_session(
        replace(own.dataset, examples=read), plain, folder=places.root, cache=places.cache, stop=places.stop,
        started=time.monotonic(),
    )  # fmt: skip
    yield from notes
    yield from gathered(session)
    if len(session.kept) != len(read):
        raise gone(len(read) - len(session.kept))
    return session


def add_rows(
    found: OnBase, session: Session, probe: Probe, recipe: Recipe, unfreezing: tuple[str, ...]
) -> Generator[Event, None, None]:
    """What the base makes of the images below each cut; where memory is too small for one, its trials will say so."""
    from hubel.models.cut import Cut, find_cut, halve, steps_of
    from hubel.models.foreign import load_torch_module

    base: Base = load_torch_module(session.options.model)
    size = session.extractor.spec.size
    steps = steps_of(base, size)
    cuts = sorted({find_cut(unfreeze, steps).place for unfreeze in unfreezing})
    for place in cuts:
        lower, _ = halve(base, Cut(place), size)
        sets = yield from row_sets(session, probe, lower, recipe, limit_bytes=MOST_ROW_BYTES // len(cuts))
        if session.stop():
            raise KeyboardInterrupt
        if sets is not None:
            learned, judged = sets
            found.train.update({row_name(place, number): view.numpy() for number, view in enumerate(learned.views)})
            found.tuning[row_name(place, 0)] = judged.views[0].numpy()


def gone(number: int) -> DataError:
    """The error for files that changed while they were read."""
    return DataError(
        say(
            en=f"{number} images could be read at first and not again: files are changing. Run the command again when they no longer do.",
            ko=f"이미지 {number}장을 처음에는 읽었지만 다시 읽을 수 없었습니다: 파일이 바뀌고 있습니다. 바뀌지 않을 때 명령을 다시 실행하세요.",
        )
    )
