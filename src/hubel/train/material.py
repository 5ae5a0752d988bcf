"""What the trials of a search learn from and are judged on, as arrays that several processes can share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import count, takewhile
from pathlib import Path

import numpy as np

from hubel.train.head import Head
from hubel.train.recipes import Recipe
from hubel.train.scratch import Scratch

Arrays = Mapping[str, np.ndarray]
"""By name: ``labels`` and ``groups``, and as strategies need them ``pixels`` (n size size 3), ``features`` (n d), those of changed
views (`view_name`), and rows (n m) from below a cut (`row_name`)."""


@dataclass(frozen=True, slots=True)
class Above:
    """What trials that learn on top of a base know beside the arrays.

    Parameters
    ----------
    base
        A name that `models.foreign.load_torch_module` takes.
    size
        The side of its input in pixels.
    recipe
        How what is above a cut learns, flips settled.
    head
        Fitted on the frozen base, to begin with.
    about
        By what the base, the images and their order are known.
    """

    base: str
    size: int
    recipe: Recipe
    head: Head
    about: tuple[str, ...]


def view_name(number: int) -> str:
    """The array with the features of a changed view; they count from 1."""
    return f"features-{number}"


def row_name(place: int, number: int) -> str:
    """The array with what the steps below a cut at this place make of a view, the plain one being 0."""
    return f"rows-{place}-{number}"


def views_in(arrays: Arrays, name: Callable[[int], str], first: int) -> list[np.ndarray]:
    """The arrays of all views that are there, from the first number on."""
    return [arrays[one] for one in takewhile(arrays.__contains__, map(name, count(first)))]


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
    above
        What learning above a cut of a base needs, where that is tried.
    """

    train: Arrays
    tuning: Arrays
    num_classes: int
    num_images: int
    key: str
    scratch: Scratch
    seed: int
    checkpoints: Path
    above: Above | None = None

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
            return {
                path.stem.removeprefix(f"{part}-"): np.load(path, mmap_mode="c", allow_pickle=False) for path in files
            }

        return replace(self, train=arrays("train"), tuning=arrays("tuning"))
