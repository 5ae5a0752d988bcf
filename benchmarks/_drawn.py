"""Features of images drawn from data sets, read and computed as `hubel train` does with its defaults, kept in hubel's cache."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from _measure import absent, data_set

from hubel.core.files import cache_root
from hubel.core.types import FeatureMatrix, Labels
from hubel.data.cache import Cache
from hubel.data.sources import open_dataset
from hubel.train.options import TrainOptions
from hubel.train.session import gather, mean_features, open_session

PER_CLASS = {"catsdogs": 1500, "animals3": 1000, "cifar10": 300}
"""The most images of a class that are read of each set."""


def features_of(folder: Path, per_class: int, seed: int) -> tuple[FeatureMatrix, Labels, tuple[str, ...]]:
    """Features float16 (n d) of at most so many images of each class, their labels (n), and the class names."""
    dataset = open_dataset(str(folder))
    random = np.random.default_rng(seed)
    labels = np.array([example.label for example in dataset.examples])
    chosen = [random.permutation(np.flatnonzero(labels == label))[:per_class] for label in np.unique(labels)]
    examples = tuple(replace(dataset.examples[row], split=None) for row in np.sort(np.concatenate(chosen)))
    with Cache(cache_root() / "rows") as cache:
        session, _ = open_session(
            replace(dataset, examples=examples), TrainOptions(seed=seed), folder=cache_root(), cache=cache,
            stop=lambda: False, started=time.monotonic(),
        )  # fmt: skip
        deque(gather(session, "plain"), maxlen=0)
        features = mean_features(session)
    return features, np.array([examples[row].label for row in session.kept]), dataset.classes


def data_sets(given: list[str], seed: int) -> Iterator[tuple[str, FeatureMatrix, Labels, tuple[str, ...]]]:
    """Name, features, labels and class names of the sets that are there; those that are not are said."""
    for name in given:
        with data_set(name) as folder:
            if folder is None:
                print(absent(name))
                continue
            yield name, *features_of(folder, PER_CLASS[name], seed)
