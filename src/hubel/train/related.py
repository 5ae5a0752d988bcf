"""Images that belong together, and so must stay on one side of every split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hubel.core.types import Labels, Mask
from hubel.data.near import NearPair, near_groups, near_pairs
from hubel.data.series import find_series
from hubel.data.split import group_duplicates
from hubel.train.traces import fingerprints_in, times_in

LEAST_GROUPS = 3
"""Two to tell strengths apart, one to be held out."""


@dataclass(frozen=True, slots=True)
class Related:
    """What was found among n images: near duplicates as pairs of rows and as groups, and series."""

    pairs: tuple[NearPair, ...]
    near: Labels
    series: Labels


def find_related(traces: np.ndarray, paths: Sequence[str]) -> Related:
    """The near duplicates and series among images.

    Parameters
    ----------
    traces
        What `trace_of` gave of each, of shape (n, TRACE_BYTES).
    paths
        The same n files.
    """
    fingerprints = fingerprints_in(traces)
    pairs = tuple(near_pairs(fingerprints))
    series = find_series(paths, times_in(traces), fingerprints=fingerprints)
    return Related(pairs, near_groups(len(paths), pairs), series)


def joined_groups(groups: Labels, labels: Labels, for_training: Mask, related: Related | None) -> Labels:
    """The groups of copies and of the user's, with near duplicates and series joined to them.

    A class that near duplicates or a series would leave in fewer than `LEAST_GROUPS` pieces to learn from could not be
    measured; there they do not count.

    Parameters
    ----------
    groups
        What `group_duplicates` gave.
    labels
        The class of each image.
    for_training
        Where an image is not kept by the user to measure with.
    related
        What was found among the images.
    """
    for ties in () if related is None else (related.near, related.series):
        joined = join(groups, ties)
        free = np.isin(labels, too_joined_classes(labels[for_training], groups[for_training], joined[for_training]))
        groups = join(groups, np.where(free, len(labels) + np.arange(len(labels)), ties)) if free.any() else joined
    return groups


def join(groups: Labels, ties: Labels) -> Labels:
    """Groups by either; counted up from first appearance.

    Examples
    --------
    >>> join(np.array([0, 0, 1, 2]), np.array([0, 1, 1, 2])).tolist()
    [0, 0, 0, 1]
    """
    return group_duplicates([str(group) for group in groups], [str(tie) for tie in ties])


def too_joined_classes(labels: Labels, before: Labels, joined: Labels) -> list[int]:
    """The classes that ties leave in fewer than `LEAST_GROUPS` groups, of which they had more.

    Examples
    --------
    >>> too_joined_classes(np.array([0, 0, 0, 1, 1, 1]), np.arange(6), np.array([0, 0, 0, 1, 2, 3]))
    [0]
    """
    num_before, num_joined = (num_groups(labels, groups) for groups in (before, joined))
    return np.flatnonzero((num_joined < LEAST_GROUPS) & (num_joined < num_before)).tolist()


def num_groups(labels: Labels, groups: Labels) -> np.ndarray:
    """The number of groups in each class, of shape (k)."""
    return np.bincount(np.unique(np.stack([labels, groups]), axis=1)[0])
