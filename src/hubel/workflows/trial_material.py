"""From a data set to what the trials of a search see: pictures and features, read once, without the images that measure."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from hubel.core.errors import DataError
from hubel.core.events import Event, StageDone
from hubel.core.language import say
from hubel.data.cache import Cache
from hubel.data.dataset import Dataset
from hubel.train.material import Material
from hubel.train.options import TrainOptions
from hubel.train.roomy import most_in_memory
from hubel.train.scratch import Division, divide
from hubel.train.session import Session, data_sha256, gather, kept_examples, mean_features, open_session
from hubel.train.strategies import STRATEGIES
from hubel.workflows.from_scratch import (
    CHECKPOINTS,
    check_division,
    kept_pixels,
    open_scratch_session,
    scratch_of,
    task_of_pixels,
)


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


@dataclass(frozen=True, slots=True)
class Places:
    """The cache's folder, the cache, and what asks to stop."""

    root: Path
    cache: Cache
    stop: Callable[[], bool]


def prepare(
    dataset: Dataset, options: TrainOptions, strategies: tuple[str, ...], places: Places
) -> Generator[Event, None, Prepared]:
    """Read what the strategies need; every file is decoded once for the pictures and once for the base.

    Parameters
    ----------
    dataset
        All images.
    options
        With the training from scratch that trials change, and the base for features.
    strategies
        That will be tried.
    places
        Where things are kept.

    Raises
    ------
    HubelError
        When there is nothing to learn from, or an extra is missing.
    """
    needs = {STRATEGIES[strategy].needs for strategy in strategies}
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
    key = ""
    if "pixels" in needs:
        pixels = yield from kept_pixels(own, division, most_in_memory())
        task = task_of_pixels(own, pixels, examples, division)
        train["pixels"], tuning["pixels"], key = task.pixels, task.tuning_pixels, task.key
    if "features" in needs:
        features = yield from features_of(own, options, places)
        train["features"], tuning["features"] = features[division.train], features[division.tuning]
    material = Material(
        train, tuning, examples.num_classes, len(dataset.examples), key, scratch_of(options), options.seed,
        places.root / CHECKPOINTS,
    )  # fmt: skip
    names, kept = dataset.names, own.kept
    labels = [names[dataset.examples[index].label] for index in kept]
    return Prepared(material, division, [own.paths[index] for index in kept], labels, data_sha256(own))


def gathered(session: Session) -> Generator[Event, None, None]:
    """Read all files; a search is not begun with a part of them."""
    begun = time.monotonic()
    yield from gather(session, "plain")
    if session.stop():
        raise KeyboardInterrupt
    yield StageDone("read", time.monotonic() - begun)


def features_of(own: Session, options: TrainOptions, places: Places) -> Generator[Event, None, np.ndarray]:
    """What the frozen base says of the images that `own` has read, (n d) float16."""
    read = tuple(own.dataset.examples[index] for index in own.kept)
    plain = replace(options, scratch=None, size=None)
    session, notes = open_session(
        replace(own.dataset, examples=read), plain, folder=places.root, cache=places.cache, stop=places.stop,
        started=time.monotonic(),
    )  # fmt: skip
    yield from notes
    yield from gathered(session)
    if len(session.kept) != len(read):
        raise gone(len(read) - len(session.kept))
    return mean_features(session)


def gone(number: int) -> DataError:
    """The error for files that changed while they were read."""
    return DataError(
        say(
            en=f"{number} images could be read at first and not again: files are changing. Run the command again when they no longer do.",
            ko=f"이미지 {number}장을 처음에는 읽었지만 다시 읽을 수 없었습니다: 파일이 바뀌고 있습니다. 바뀌지 않을 때 명령을 다시 실행하세요.",
        )
    )
