"""Cross-validation beyond one round of folds: repeated, nested, and how even folds are."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hubel.core.arrays import Int
from hubel.core.types import Labels
from hubel.data.split import stratified_folds

Rounds = Int[np.ndarray, "r n"]
"""One fold for each image in each round; −1 where an image takes no part."""

UNEVEN = 0.5
"""A class is uneven when a fold has more or less of it than the mean by more than this share, and by more than one image."""


def repeated_folds(
    labels: Labels, groups: Labels, *, num_folds: int, num_rounds: int, generator: np.random.Generator
) -> Rounds:
    """Independent rounds of stratified folds with groups kept together, of shape (num_rounds, n).

    Parameters
    ----------
    labels, groups
        The class and the group of each image.
    num_folds, num_rounds
        How many folds a round has, and how many rounds there are.
    generator
        Draws every round anew.

    Examples
    --------
    >>> rounds = repeated_folds(
    ...     np.repeat([0, 1], 6), np.arange(12), num_folds=3, num_rounds=2, generator=np.random.default_rng(0)
    ... )
    >>> rounds.shape, np.bincount(rounds[1]).tolist()
    ((2, 12), [4, 4, 4])
    """
    return np.stack([stratified_folds(labels, groups, num_folds, generator) for _ in range(num_rounds)])


def nested_folds(
    labels: Labels, groups: Labels, *, num_outer: int, num_inner: int, generator: np.random.Generator
) -> Iterator[tuple[np.ndarray, np.ndarray, Labels]]:
    """For each outer fold the rows to choose and learn with, the rows to measure, and the inner folds of the former.

    What is chosen by the inner folds is measured on images that took no part in choosing; no group is on both sides of
    either (Varma and Simon 2006, on the bias of choosing and measuring by the same folds).

    Parameters
    ----------
    labels, groups
        The class and the group of each image.
    num_outer, num_inner
        How many folds to measure by, and how many to choose by.
    generator
        Draws both.

    Yields
    ------
    tuple
        Rows inside (m), rows outside (n − m), and the inner fold of each row inside (m).
    """
    outer = stratified_folds(labels, groups, num_outer, generator)
    for fold in range(num_outer):
        inside, outside = np.flatnonzero(outer != fold), np.flatnonzero(outer == fold)
        yield inside, outside, stratified_folds(labels[inside], groups[inside], num_inner, generator)


def uneven_classes(labels: Labels, folds: Labels) -> list[tuple[int, int, int]]:
    """The classes that folds hold very different numbers of: (class, fewest, most), the most uneven first.

    Examples
    --------
    >>> uneven_classes(np.array([0, 0, 0, 0, 0, 0, 1, 1, 1, 1]), np.array([0, 0, 0, 0, 0, 1, 0, 0, 1, 1]))
    [(0, 1, 5)]
    """
    if not len(labels):
        return []
    counts = np.zeros((int(labels.max()) + 1, int(folds.max()) + 1), np.int64)
    np.add.at(counts, (labels, folds), 1)
    mean = counts.mean(axis=1)
    furthest = np.abs(counts - mean[:, None]).max(axis=1)
    uneven = np.flatnonzero((furthest > UNEVEN * mean) & (furthest > 1))
    order = uneven[np.argsort(-furthest[uneven] / mean[uneven], kind="stable")]
    return [(int(label), int(counts[label].min()), int(counts[label].max())) for label in order]
