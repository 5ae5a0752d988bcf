"""Which images are learnt from and which are kept to measure with: even over the classes, duplicates on one side.

All functions depend on the order of their input; `open_dataset` gives an order that depends on names alone, so the
same folder and seed give the same split.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from heapq import heapify, heapreplace

import numpy as np

from hubel.core.errors import DataError, UsageError
from hubel.core.language import say
from hubel.core.types import Labels, Mask
from hubel.data.dataset import SPLITS, Split
from hubel.data.split_file import SplitRow, read_split_csv, write_split_csv

__all__ = [
    "SplitRow",
    "cross_split_duplicates",
    "group_duplicates",
    "holdout",
    "read_split_csv",
    "stratified_folds",
    "write_split_csv",
]


def group_duplicates(contents: Sequence[str], groups: Sequence[str | None]) -> Labels:
    """The group of each image: images of equal content, or of one group of the user's, are together.

    Both ties carry on: a copy of an image in a burst belongs to the burst.

    Parameters
    ----------
    contents
        A hash of each image's content.
    groups
        The user's group of each image, or None.

    Returns
    -------
    Labels
        A number for each image, counted up in the order of first appearance, of shape (n,).

    Examples
    --------
    >>> group_duplicates(["a", "b", "a", "c"], [None, "burst", "burst", None]).tolist()
    [0, 0, 0, 1]
    """
    first_of: dict[tuple[str, str], int] = {}
    parent = list(range(len(contents)))
    for index, (content, group) in enumerate(zip(contents, groups, strict=True)):
        _join(parent, first_of.setdefault(("content", content), index), index)
        if group is not None:
            _join(parent, first_of.setdefault(("group", group), index), index)
    numbers: dict[int, int] = {}
    return np.array([numbers.setdefault(_root(parent, index), len(numbers)) for index in range(len(parent))], np.int64)


def stratified_folds(labels: Labels, groups: Labels, num_folds: int, generator: np.random.Generator) -> Labels:
    """The fold of each image, for cross-validation: groups stay together, classes are spread as evenly as they allow.

    Groups of several classes are dealt first, the largest first, to the fold that has the smallest share of their
    classes; then each class's own groups go, the largest first, to the fold with the fewest images of that class.

    Parameters
    ----------
    labels
        The class of each image.
    groups
        What `group_duplicates` returned.
    num_folds
        How many folds.
    generator
        Decides among equals.

    Returns
    -------
    Labels
        Folds from 0 to `num_folds` - 1, of shape (n,).

    Raises
    ------
    DataError
        When there are fewer groups than folds.
    UsageError
        When there are fewer than two folds.
    """
    if num_folds < 2:
        raise UsageError(
            say(
                en=f"Cross-validation needs at least 2 folds, got {num_folds}. Ask for 2 or more.",
                ko=f"교차 검증에는 폴드가 2개 이상 필요하지만 {num_folds}개를 받았습니다. 2 이상을 지정하세요.",
            )
        )
    members, pure, mixed = _members(labels, groups, generator)
    if len(members) < num_folds:
        num_groups = len(members)
        raise DataError(
            say(
                en=f"{num_folds} folds need as many images that differ, but there are {num_groups} (copies and groups count once). "
                "Add images, or use fewer folds.",
                ko=f"폴드 {num_folds}개에는 서로 다른 이미지가 그만큼 필요하지만 {num_groups}개뿐입니다(복사본과 그룹은 하나로 셉니다). "
                "이미지를 추가하거나 폴드 수를 줄이세요.",
            )
        )
    num_classes = int(labels.max()) + 1
    class_sizes = np.bincount(labels, minlength=num_classes)
    counts = np.zeros((num_folds, num_classes), np.int64)
    fold_of = [-1] * len(labels)  # a list: filled one by one, which arrays are slow at
    for group in sorted(mixed, key=lambda group: -len(members[group])):
        inside = np.bincount(labels[members[group]], minlength=num_classes)
        shares = ((2 * counts + inside) * inside / np.maximum(class_sizes, 1) ** 2).sum(axis=1)  # f
        fold = min(range(num_folds), key=lambda fold: (shares[fold], counts[fold].sum()))
        counts[fold] += inside
        for image in members[group]:
            fold_of[image] = fold
    for label, own in pure.items():
        totals = counts.sum(axis=1)
        order = generator.permutation(num_folds)
        heap = [(int(counts[fold, label]), int(totals[fold]), int(order[fold]), fold) for fold in range(num_folds)]
        heapify(heap)
        for group in sorted(own, key=lambda group: -len(members[group])):
            count, total, rank, fold = heap[0]
            size = len(members[group])
            heapreplace(heap, (count + size, total + size, rank, fold))
            for image in members[group]:
                fold_of[image] = fold
        for count, _, _, fold in heap:
            counts[fold, label] = count
    return np.array(fold_of, np.int64)


def holdout(labels: Labels, groups: Labels, fraction: float, generator: np.random.Generator) -> Mask:
    """True for the images kept to measure with: about a fraction of each class, whole groups only.

    Each class keeps at least one image to learn from, and gives at least one to measure with if its groups allow.

    Parameters
    ----------
    labels
        The class of each image.
    groups
        What `group_duplicates` returned.
    fraction
        The part to keep apart, between 0 and 1.
    generator
        Draws the groups.

    Raises
    ------
    UsageError
        When the fraction is not between 0 and 1.
    """
    if not 0 < fraction < 1:
        raise UsageError(
            say(
                en=f"The part to hold out must lie between 0 and 1, got {fraction}. Try 0.2.",
                ko=f"떼어 둘 비율은 0과 1 사이여야 하지만 {fraction}을 받았습니다. 0.2를 써 보세요.",
            )
        )
    members, pure, mixed = _members(labels, groups, generator)
    num_classes = int(labels.max()) + 1 if len(labels) else 0
    class_sizes = np.bincount(labels, minlength=num_classes)
    wanted = np.minimum(np.maximum(np.round(fraction * class_sizes), 1), class_sizes - 1)
    taken = np.zeros(num_classes, np.int64)
    held = np.zeros(len(labels), bool)
    for group in mixed:
        inside = np.bincount(labels[members[group]], minlength=num_classes)
        if np.all(taken + inside <= np.where(inside > 0, wanted, np.inf)):
            taken += inside
            held[members[group]] = True
    for label, own in pure.items():
        room, chosen = int(wanted[label] - taken[label]), list[int]()
        for group in own:
            size = len(members[group])
            if size <= room:
                room -= size
                chosen += members[group]
        taken[label] = wanted[label] - room
        held[chosen] = True
    for label in np.flatnonzero((taken == 0) & (class_sizes > 0)).tolist():
        _take_smallest(label, members, labels, held)
    return held


def cross_split_duplicates(contents: Sequence[str], splits: Sequence[Split | None]) -> tuple[tuple[int, int], ...]:
    """Images that the user's own split has on both sides: the index in the earlier part, and that of its copy.

    Training comes before validation and validation before test; images without a split count as training.

    Examples
    --------
    >>> cross_split_duplicates(["a", "b", "a"], ["test", "train", "train"])
    ((2, 0),)
    """
    ranks = [0 if split is None else SPLITS.index(split) for split in splits]
    earliest: dict[str, int] = {}
    for index, content in enumerate(contents):
        first = earliest.setdefault(content, index)
        if ranks[index] < ranks[first]:
            earliest[content] = index
    return tuple(
        (earliest[content], index) for index, content in enumerate(contents) if ranks[earliest[content]] < ranks[index]
    )


def _root(parent: list[int], index: int) -> int:
    while parent[index] != index:
        parent[index] = parent[parent[index]]
        index = parent[index]
    return index


def _join(parent: list[int], first: int, second: int) -> None:
    """Union of two trees; the smaller index stays the root, so trees grow from first appearances."""
    if first != second:
        low, high = sorted((_root(parent, first), _root(parent, second)))
        parent[high] = low


def _members(
    labels: Labels, groups: Labels, generator: np.random.Generator
) -> tuple[dict[int, list[int]], dict[int, list[int]], list[int]]:
    """The images of each group, the groups of a single class by class, and those of several; groups in random order."""
    members: defaultdict[int, list[int]] = defaultdict(list)
    order = generator.permutation(len(labels))
    for index, group in zip(order.tolist(), groups[order].tolist(), strict=True):
        members[group].append(index)
    pure: defaultdict[int, list[int]] = defaultdict(list)
    mixed: list[int] = []
    classes = labels.tolist()
    for group, images in members.items():
        label = classes[images[0]]
        if all(classes[image] == label for image in images):
            pure[label].append(group)
        else:
            mixed.append(group)
    return dict(members), {label: pure[label] for label in sorted(pure)}, mixed


def _take_smallest(label: int, members: dict[int, list[int]], labels: Labels, held: Mask) -> None:
    """Hold out the smallest group of a class that leaves every class something to learn from, if there is one."""
    for group in sorted(members, key=lambda group: len(members[group])):
        images = members[group]
        inside = np.unique(labels[images])
        if label in inside:
            left = ~held
            left[images] = False
            if np.isin(inside, labels[left]).all():
                held[images] = True
                return
