"""Folds where images have several labels: groups stay together, and every label is spread as evenly as they allow.

Iterative stratification (Sechidis, Tsoumakas and Vlahavas 2011, doi:10.1007/978-3-642-23808-6_10): the rarest label that is
left is dealt first, each of its groups to the fold that lacks this label most, for what is rare cannot be mended later.
"""

from __future__ import annotations

import numpy as np

from hubel.core.arrays import Bool
from hubel.core.types import Labels, Mask

Targets = Bool[np.ndarray, "n k"]
"""The labels that each image has."""


def label_folds(targets: Targets, groups: Labels, num_folds: int, generator: np.random.Generator) -> Labels:
    """The fold of each image, from 0 to `num_folds` − 1, of shape (n).

    Among a label's groups the largest come first. Of folds that lack the label alike, the one that lacks images most is
    taken, and of those any. Images without a label are dealt last, to even the folds' sizes.

    Parameters
    ----------
    targets
        The labels of each image.
    groups
        A number for each image, equal for those that must not be parted.
    num_folds
        How many folds.
    generator
        Decides among equals.

    Examples
    --------
    >>> targets = np.array([[1, 0], [1, 0], [1, 1], [1, 1]], bool)
    >>> folds = label_folds(targets, np.arange(4), 2, np.random.default_rng(0))
    >>> np.bincount(folds, targets[:, 1]).tolist(), np.bincount(folds).tolist()
    ([1.0, 1.0], [2, 2])
    """
    _, places, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    counts = np.zeros((len(sizes), targets.shape[1]), np.int64)  # of each label in each group
    np.add.at(counts, places, targets)
    lacking = np.tile(counts.sum(0) / num_folds, (num_folds, 1))  # f k
    room = np.full(num_folds, len(targets) / num_folds)
    fold_of = np.full(len(sizes), -1, np.int64)

    def deal(group: int, need: np.ndarray) -> None:
        """Put a group where the need is greatest."""
        fold = max(range(num_folds), key=lambda fold: (need[fold], room[fold], luck[fold]))
        fold_of[group] = fold
        lacking[fold] -= counts[group]
        room[fold] -= sizes[group]

    while True:
        left = counts[fold_of < 0].sum(0)
        if not left.any():
            break
        rarest = int(np.argmin(np.where(left > 0, left, np.iinfo(np.int64).max)))
        own = generator.permutation(np.flatnonzero((fold_of < 0) & (counts[:, rarest] > 0)))
        luck = generator.permutation(num_folds)
        for group in own[np.argsort(-counts[own, rarest], kind="stable")].tolist():
            deal(group, lacking[:, rarest])
    rest = generator.permutation(np.flatnonzero(fold_of < 0))
    luck = generator.permutation(num_folds)
    for group in rest[np.argsort(-sizes[rest], kind="stable")].tolist():
        deal(group, room)
    folds: Labels = fold_of[places]
    return folds


def label_holdout(targets: Targets, groups: Labels, fraction: float, generator: np.random.Generator) -> Mask:
    """True for the images kept to measure with: one of as many folds as make up the whole.

    Parameters
    ----------
    targets, groups, generator
        As in `label_folds`.
    fraction
        One over a whole number, such as 0.2.
    """
    held: Mask = label_folds(targets, groups, round(1 / fraction), generator) == 0
    return held


def label_table(label_sets: tuple[tuple[int, ...], ...], num_classes: int) -> Targets:
    """The sets as rows of true and false, of shape (s k).

    Examples
    --------
    >>> label_table(((), (0, 1)), 2).tolist()
    [[False, False], [True, True]]
    """
    table = np.zeros((len(label_sets), num_classes), bool)
    for row, found in zip(table, label_sets, strict=True):
        row[list(found)] = True
    return table
