"""Features of data sets through hubel's own reader, base and engine, for benchmarks of what comes after them."""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from _measure import evenly, pictures
from PIL import Image

from hubel.core.files import cache_root
from hubel.core.types import FeatureMatrix, Labels
from hubel.data.cache import Cache
from hubel.data.dataset import Dataset, Example
from hubel.train.learn import Examples
from hubel.train.options import TrainOptions
from hubel.train.session import gather, mean_features, open_session


@dataclass(frozen=True, slots=True)
class Featured:
    """A data set as the head sees it: features (n d), labels (n) and contents of its images, and its classes."""

    name: str
    features: FeatureMatrix
    labels: Labels
    contents: Sequence[str]
    classes: Sequence[str]

    def examples(self, rows: np.ndarray, labels: Labels, num_classes: int) -> Examples:
        """Some of the images as `train.learn` takes them, under these labels."""
        nothing = [None] * len(rows)
        return Examples(labels, [self.contents[row] for row in rows], nothing, nothing, num_classes)


def featured(name: str, folder: Path, *, limit: int) -> Featured:
    """The features of at most so many images of a folder of class folders, evenly over the classes (256 px, one view)."""
    files = pictures(folder)
    classes = sorted({file.parent.name for file in files})
    chosen = [
        file
        for label in classes
        for file in evenly([file for file in files if file.parent.name == label], limit // len(classes))
    ]
    examples = tuple(Example(str(file), classes.index(file.parent.name), None, None) for file in chosen)
    options = TrainOptions(size=256, views=1, resize="squash")
    with Cache(cache_root() / "rows") as cache:
        session, _ = open_session(
            Dataset(str(folder), tuple(classes), examples, ()), options, folder=cache_root(), cache=cache,
            stop=lambda: False, started=time.monotonic(),
        )  # fmt: skip
        deque(gather(session, "plain"), maxlen=0)
        kept = session.kept
        labels = np.array([examples[index].label for index in kept])
        return Featured(name, mean_features(session), labels, [session.extraction.contents[i] for i in kept], classes)


def drawn_pictures(folder: Path, count: int, seed: int) -> Path:
    """A folder of ``noise`` (of every coarseness) and ``blank`` pictures (plain colours and gradients)."""
    noise = np.random.default_rng(seed)
    kinds: dict[str, Callable[[], np.ndarray]] = {"noise": lambda: coarse_noise(noise), "blank": lambda: blank(noise)}
    for kind, draw in kinds.items():
        (folder / kind).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            Image.fromarray(draw()).save(folder / kind / f"{number:03}.png")
    return folder


def coarse_noise(noise: np.random.Generator) -> np.ndarray:
    """Random pixels, enlarged by a random factor, in colour or grey."""
    side = int(2 ** noise.uniform(2, 8))
    pixels = noise.integers(0, 256, (side, side, 3), dtype=np.uint8)
    if noise.random() < 0.3:
        pixels = pixels[:, :, :1].repeat(3, 2)
    return np.asarray(Image.fromarray(pixels).resize((256, 256), Image.Resampling.BILINEAR))


def blank(noise: np.random.Generator) -> np.ndarray:
    """One colour, or a gradient between two."""
    first, second = noise.integers(0, 256, (2, 3))
    share = np.linspace(0, 1, 256)[:, None, None] if noise.random() < 0.5 else np.zeros((256, 1, 1))
    return np.broadcast_to(first * (1 - share) + second * share, (256, 256, 3)).astype(np.uint8)


def shuffled(count: int, seed: int) -> np.ndarray:
    """The numbers below `count` in random order."""
    order = list(range(count))
    random.Random(seed).shuffle(order)
    return np.array(order)
