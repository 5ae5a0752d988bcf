"""Images that belong together, and so must stay on one side of every split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hubel.core.types import Labels
from hubel.data.near import NearPair, near_groups, near_pairs
from hubel.data.series import find_series
from hubel.data.split import group_duplicates
from hubel.train.traces import fingerprints_in, times_in


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


def joined_groups(groups: Labels, labels: Labels, related: Related | None) -> Labels:
    """The groups of copies and of the user's, with near duplicates and series joined to them.

    A class that near duplicates or a series would leave in one piece could not be measured at all; there they do not count.

    Parameters
    ----------
    groups
        What `group_duplicates` gave.
    labels
        The class of each image.
    related
        What was found among the images.
    """
    for ties in () if related is None else (related.near, related.series):
        groups = join(groups, loosened(ties, labels, groups))
    return groups


def join(groups: Labels, ties: Labels) -> Labels:
    """Groups by either; counted up from first appearance.

    Examples
    --------
    >>> join(np.array([0, 0, 1, 2]), np.array([0, 1, 1, 2])).tolist()
    [0, 0, 0, 1]
    """
    return group_duplicates([str(group) for group in groups], [str(tie) for tie in ties])


def loosened(ties: Labels, labels: Labels, groups: Labels) -> Labels:
    """The ties without those of the images of every class that would be one group by them, but is several without.

    Examples
    --------
    >>> loosened(np.array([0, 0, 0, 1, 1, 2]), np.array([0, 0, 0, 1, 1, 1]), np.arange(6)).tolist()
    [6, 7, 8, 1, 1, 2]
    """
    joined = join(groups, ties)
    free = np.zeros(len(labels), bool)
    for label in single_group_classes(labels, joined):
        inside = labels == label
        free |= inside & (len(np.unique(groups[inside])) > 1)
    return np.where(free, len(labels) + np.arange(len(labels)), ties)


def single_group_classes(labels: Labels, groups: Labels) -> list[int]:
    """The classes all of whose images are in one group, if they have more than one image."""
    pairs = np.unique(np.stack([labels, groups]), axis=1)
    num_groups = np.bincount(pairs[0])
    return np.flatnonzero((num_groups == 1) & (np.bincount(labels) > 1)).tolist()
