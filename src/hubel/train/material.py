"""What the trials of a search learn from and are judged on, as arrays that several processes can share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from hubel.train.scratch import Scratch

Arrays = Mapping[str, np.ndarray]
"""By name: ``labels`` and ``groups``, and as strategies need them ``pixels`` (n size size 3) and ``features`` (n d)."""


@dataclass(frozen=True, slots=True)
class Material:
    """All that trials see. Of the images that measure there is nothing in it.

    Parameters
    ----------
    train, tuning
        What is learned from, and what judges; see `Arrays`.
    num_classes
        How many classes there are.
    num_images
        How many images the data set has, which decides the epochs of some recipes.
    key
        By what the images and their order are known.
    scratch
        The network and the recipe that trials change.
    seed
        The same for every trial, so that they differ by their settings alone.
    checkpoints
        Where interrupted trainings are kept.
    """

    train: Arrays
    tuning: Arrays
    num_classes: int
    num_images: int
    key: str
    scratch: Scratch
    seed: int
    checkpoints: Path

    def store(self, folder: Path) -> Material:
        """Write the arrays into a folder; what is returned is without them, small enough to be sent to another process."""
        for part, arrays in (("train", self.train), ("tuning", self.tuning)):
            for name, array in arrays.items():
                np.save(folder / f"{part}-{name}.npy", array)
        return replace(self, train={}, tuning={})

    def restore(self, folder: Path) -> Material:
        """The arrays again, as pages of memory that all processes share."""

        def arrays(part: str) -> Arrays:
            files = folder.glob(f"{part}-*.npy")
            return {path.stem.removeprefix(f"{part}-"): np.load(path, mmap_mode="c") for path in files}

        return replace(self, train=arrays("train"), tuning=arrays("tuning"))
