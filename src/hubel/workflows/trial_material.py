"""From a data set to what the trials of a search see: pictures and features, read once, without the images that measure."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass

from hubel.core.events import Event
from hubel.data.dataset import Dataset
from hubel.train.material import Material
from hubel.train.options import TrainOptions
from hubel.train.roomy import most_in_memory
from hubel.train.scratch import Division, divide
from hubel.train.session import data_sha256, kept_examples
from hubel.train.space import Space
from hubel.train.strategies import STRATEGIES
from hubel.workflows.from_scratch import (
    CHECKPOINTS,
    check_division,
    kept_pixels,
    open_scratch_session,
    scratch_of,
    task_of_pixels,
)
from hubel.workflows.reading import Places, gathered
from hubel.workflows.trial_base import arrays_on_base


@dataclass(frozen=True, slots=True)
class Prepared:
    """What trials see, and how the images of the data set were shared out.

    `paths` and `labels` are of those that were read, `data_sha256` is of their contents, classes and parts.
    """

    material: Material
    division: Division
    paths: list[str]
    labels: list[str]
    data_sha256: str


def prepare(dataset: Dataset, options: TrainOptions, space: Space, places: Places) -> Generator[Event, None, Prepared]:
    """Read what the strategies need; every file is decoded once for the pictures and once for the base.

    Parameters
    ----------
    dataset
        All images.
    options
        With the training from scratch that trials change, and the base for features.
    space
        What is searched.
    places
        Where things are kept.

    Raises
    ------
    HubelError
        When there is nothing to learn from, or an extra is missing.
    """
    needs = {STRATEGIES[strategy].needs for strategy in space.strategies}
    own = open_scratch_session(
        dataset, options, cache=places.cache, stop=places.stop, started=time.monotonic()
    )[0]  # fmt: skip
    yield from gathered(own)
    examples = kept_examples(own)
    division = divide(examples, options.seed)
    check_division(division, examples)
    train, tuning = (
        {"labels": examples.labels[rows], "groups": division.groups[rows]} for rows in (division.train, division.tuning)
    )
    key, above = "", None
    if "pixels" in needs:
        pixels = yield from kept_pixels(own, division, most_in_memory())
        task = task_of_pixels(own, pixels, examples, division)
        train["pixels"], tuning["pixels"], key = task.pixels, task.tuning_pixels, task.key
    if needs - {"pixels"}:
        found = yield from arrays_on_base(own, examples, division, options, space, places)
        train, tuning, above = train | found.train, tuning | found.tuning, found.above
    material = Material(
        train, tuning, examples.num_classes, len(dataset.examples), key, scratch_of(options), options.seed,
        places.root / CHECKPOINTS, above,
    )  # fmt: skip
    names, kept = dataset.names, own.kept
    labels = [names[dataset.examples[index].label] for index in kept]
    return Prepared(material, division, [own.paths[index] for index in kept], labels, data_sha256(own))
