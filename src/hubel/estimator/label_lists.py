"""Labels of images that may have several: lists of labels, or a matrix of zeros and ones, as scikit-learn has them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

import numpy as np

from hubel.core.arrays import Bool
from hubel.core.language import say
from hubel.estimator.bases import InputError
from hubel.estimator.inputs import different_lengths

Indicator = Bool[np.ndarray, "n k"]
"""The labels that each image has."""


@dataclass(frozen=True, slots=True)
class LabelLists:
    """The labels, sorted, (k), and which of them each image has, (n k)."""

    classes: np.ndarray
    targets: Indicator

    def named(self, names: Sequence[str]) -> list[list[str]]:
        """The labels of each image, called so."""
        return [[names[index] for index in np.flatnonzero(row).tolist()] for row in self.targets]


def label_lists(labels: Any, num_images: int) -> LabelLists | None:
    """The labels of images that may have several; None where each has one.

    Parameters
    ----------
    labels
        A list of lists, tuples or sets of labels; or a matrix of zeros and ones, dense or sparse, with a column for each
        label.
    num_images
        How many images there are.

    Raises
    ------
    InputError
        When there are more or fewer rows than images, labels of several kinds, or fewer than two labels.

    Examples
    --------
    >>> found = label_lists([["cat"], ["cat", "dog"], []], 3)
    >>> found.classes.tolist(), found.targets.tolist()
    (['cat', 'dog'], [[True, False], [True, True], [False, False]])
    >>> label_lists(["cat", "dog"], 2) is None
    True
    """
    rows = labels.toarray() if hasattr(labels, "toarray") else labels
    if isinstance(rows, np.ndarray):
        if rows.ndim != 2 or rows.shape[1] < 2:
            return None
        found = from_matrix(rows)
    elif isinstance(rows, list | tuple) and rows and all(isinstance(row, list | tuple | AbstractSet) for row in rows):
        widths = {len(row) for row in rows}
        if widths == {1} or not widths - {0}:
            return None
        matrix = len(widths) == 1 and all(is_flag(value) for row in rows for value in row)
        found = from_matrix(np.array(rows)) if matrix else from_lists([list(row) for row in rows])
    else:
        return None
    if len(found.targets) != num_images:
        raise different_lengths(num_images, len(found.targets))
    if len(found.classes) < 2:
        raise InputError(
            say(
                en=f"Images with several labels need at least 2 different ones, but y has {len(found.classes)}. Add labels, or give "
                "one label for each image.",
                ko=f"레이블이 여럿인 이미지에는 서로 다른 레이블이 2개 이상 필요하지만 y에는 {len(found.classes)}개뿐입니다. 레이블을 추가하거나 "
                "이미지마다 레이블을 하나씩 주세요.",
            )
        )
    return found


def as_columns(found: LabelLists, classes: np.ndarray) -> Indicator:
    """The same labels as columns of these classes; a matrix names its columns by their order.

    Raises
    ------
    InputError
        When there is a label that is none of them.
    """
    places = {value: index for index, value in enumerate(classes.tolist())}
    own = found.classes.tolist()
    if own == list(range(len(classes))):  # a matrix
        return found.targets
    strange = [str(value) for value in own if value not in places]
    if strange:
        value, known = ", ".join(strange[:5]), ", ".join(map(str, classes.tolist()[:10]))
        raise InputError(
            say(
                en=f"Labels in y that the model does not know: {value}. It knows: {known}. Leave them out.",
                ko=f"y에 모델이 모르는 레이블이 있습니다: {value}. 아는 레이블: {known}. 그 레이블을 빼세요.",
            )
        )
    targets = np.zeros((len(found.targets), len(classes)), bool)
    targets[:, [places[value] for value in own]] = found.targets
    return targets


def from_matrix(rows: np.ndarray) -> LabelLists:
    """Labels called by the numbers of their columns."""
    if not all(is_flag(value) for value in np.unique(rows).tolist()):
        value = ", ".join(map(str, np.unique(rows).tolist()[:5]))
        raise InputError(
            say(
                en=f"A matrix of labels holds zeros and ones, but y holds {value}. Give 1 where an image has a label, else 0.",
                ko=f"레이블 행렬은 0과 1로 이루어져야 하지만 y에는 {value} 값이 있습니다. 이미지에 레이블이 있으면 1, 없으면 0을 주세요.",
            )
        )
    return LabelLists(np.arange(rows.shape[1]), rows.astype(bool))


def from_lists(rows: list[list[Any]]) -> LabelLists:
    """Labels called by what stands in the lists."""
    try:
        classes = np.array(sorted({value for row in rows for value in row}))
    except TypeError as error:
        raise InputError(
            say(
                en=f"The labels in y cannot be sorted: {error}. Give labels of one kind, all strings or all numbers.",
                ko=f"y의 레이블을 정렬할 수 없습니다: {error}. 모두 문자열이거나 모두 숫자인 레이블을 주세요.",
            )
        ) from error
    places = {value: index for index, value in enumerate(classes.tolist())}
    targets = np.zeros((len(rows), len(classes)), bool)
    for target, row in zip(targets, rows, strict=True):
        target[[places[value] for value in row]] = True
    return LabelLists(classes, targets)


def is_flag(value: Any) -> bool:
    """Whether a value is zero or one."""
    return not isinstance(value, str) and not isinstance(value, Iterable) and value in (0, 1)
