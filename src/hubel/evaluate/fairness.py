"""Whether a model serves every group of images alike: figures for each group, and the largest gap between two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hubel.core.arrays import Float, Int
from hubel.core.errors import DataError
from hubel.core.groups import Gap, GroupFigures, GroupReport
from hubel.core.language import say
from hubel.core.types import Labels, Mask, Probabilities
from hubel.evaluate.figures import (
    balanced_accuracy,
    confusion,
    depending,
    figure_intervals,
    log_losses,
    macro_f1,
)
from hubel.evaluate.intervals import CONFIDENCE, design_effect, difference_interval, freedom_of

FEWEST = 20
"""A group of fewer images is shown, but not compared: hardly any gap could be seen."""
MOST_GROUPS = 200
NUM_SHUFFLES = 1999


@dataclass(frozen=True, slots=True)
class Column:
    """What the user compares by: the name of the column, and its value for each image, empty where there is none."""

    name: str
    values: Sequence[str]


@dataclass(frozen=True, slots=True)
class AnswerSet:
    """What a model says of n images, (n k) and (n), and their classes.

    `units` is a number for each image, equal for those that are alike, or None; `cross_validated` says that the answers are
    out-of-fold ones.
    """

    probabilities: Probabilities
    answers: Labels
    labels: Labels
    units: Labels | None = None
    cross_validated: bool = False

    def among(self, rows: Mask) -> AnswerSet:
        """Those of some images."""
        units = None if self.units is None else self.units[rows]
        return AnswerSet(
            self.probabilities[rows], self.answers[rows], self.labels[rows], units, cross_validated=self.cross_validated
        )


def measure_groups(answers: AnswerSet, column: Column, *, random: np.random.Generator) -> GroupReport:
    """The figures of each group, and the largest gap in accuracy with its interval and test.

    The interval of the gap holds for all pairs of groups together (Bonferroni), so that picking the largest is paid for. The
    p-value is the share of shuffles of the groups among the images that show as large a gap between any two.

    Parameters
    ----------
    answers
        What the model says of the images.
    column
        The group of each image.
    random
        Shuffles.

    Raises
    ------
    DataError
        When the column names no group, or so many that it can only name single images.
    """
    names = sorted({value for value in column.values if value})
    if not 0 < len(names) <= MOST_GROUPS:
        raise no_groups(column, names)
    places = {name: index for index, name in enumerate(names)}
    values = np.array([places.get(value, -1) for value in column.values])
    figures = tuple(group_figures(name, answers.among(values == place)) for name, place in places.items())
    compared = [place for place, group in enumerate(figures) if group.compared]
    gap = None
    if len(compared) > 1:
        rows = np.isin(values, compared)
        gap = largest_gap(
            answers.among(rows),
            np.searchsorted(compared, values[rows]),
            [names[place] for place in compared],
            random=random,
        )
    return GroupReport(
        column=column.name, num_without=sum(not value for value in column.values), groups=figures, gap=gap
    )


def group_figures(name: str, answers: AnswerSet) -> GroupFigures:
    """The headline figures of one group."""
    intervals = figure_intervals(
        answers.probabilities,
        answers.labels,
        answers=answers.answers,
        groups=answers.units,
        cross_validated=answers.cross_validated,
    )
    counts = confusion(answers.labels, answers.answers, answers.probabilities.shape[1])
    return GroupFigures(
        name=name,
        num_images=len(answers.labels),
        compared=len(answers.labels) >= FEWEST,
        accuracy=float((answers.answers == answers.labels).mean()),
        accuracy_interval=intervals.accuracy,
        balanced_accuracy=balanced_accuracy(counts)[0],
        balanced_accuracy_interval=intervals.balanced_accuracy,
        macro_f1=macro_f1(counts)[0],
        macro_f1_interval=intervals.macro_f1,
        log_loss=float(log_losses(answers.probabilities, answers.labels)[0].mean()),
        log_loss_interval=intervals.log_loss,
    )


def largest_gap(answers: AnswerSet, values: Labels, names: Sequence[str], *, random: np.random.Generator) -> Gap:
    """The groups with the highest and the lowest accuracy, and whether chance explains them.

    Parameters
    ----------
    answers
        What the model says of the images.
    values
        The group of each, an index of `names`.
    names
        The groups, at least two.
    random
        Shuffles.
    """
    right = answers.answers == answers.labels
    sizes = np.bincount(values)
    shares = np.bincount(values, weights=right) / sizes
    best, worst = int(shares.argmax()), int(shares.argmin())
    if best == worst:  # all alike: any two show it
        best, worst = 0, 1
    difference = float(shares[best] - shares[worst])
    inflation = depending(answers.units, len(right), cross_validated=answers.cross_validated).of_shares
    counted = []
    for place in (best, worst):
        inside = values == place
        units = answers.among(inside).units
        number = float(inside.sum()) / (inflation * design_effect(right[inside].astype(np.float64), units))
        counted.append((float(shares[place]), number, freedom_of(units)))
    num_pairs = len(sizes) * (len(sizes) - 1) // 2
    gaps = shuffled_gaps(right, values, units=answers.units, random=random)
    return Gap(
        best=names[best],
        worst=names[worst],
        difference=difference,
        interval=difference_interval(*counted, confidence=1 - (1 - CONFIDENCE) / num_pairs),
        p_value=(1 + int((gaps >= difference - 1e-12).sum())) / (1 + NUM_SHUFFLES),
    )


def shuffled_gaps(
    right: Mask, values: Labels, *, units: Labels | None, random: np.random.Generator
) -> Float[np.ndarray, " t"]:
    """The largest gap in each shuffle of the groups among the images."""
    sizes = np.bincount(values)
    codes = None if units is None else np.unique(units, return_inverse=True)[1]
    if codes is None or not one_value_each(values, codes):
        drawn: Int[np.ndarray, "t g"] = random.multivariate_hypergeometric(sizes, int(right.sum()), NUM_SHUFFLES)
        shares = drawn / sizes
        gaps: np.ndarray = shares.max(axis=1) - shares.min(axis=1)
        return gaps
    totals, rights = np.bincount(codes).astype(np.float64), np.bincount(codes, weights=right)
    of_unit = np.zeros(len(totals), np.int64)
    of_unit[codes] = values
    gaps = np.empty(NUM_SHUFFLES)
    for number in range(NUM_SHUFFLES):
        mixed = random.permutation(of_unit)
        shares = np.bincount(mixed, rights, len(sizes)) / np.maximum(np.bincount(mixed, totals, len(sizes)), 1)
        gaps[number] = shares.max() - shares.min()
    return gaps


def one_value_each(values: Labels, codes: Labels) -> bool:
    """Whether all images of a unit belong to one group."""
    first = np.zeros(codes.max() + 1, np.int64)
    first[codes] = values
    return bool((first[codes] == values).all())


def no_groups(column: Column, names: Sequence[str]) -> DataError:
    """The column names nothing that images could be grouped by."""
    name, number, images = column.name, len(names), len(column.values)
    return DataError(
        say(
            en=f"The column {name} has {number} different values for {images} images, so it names no groups to compare. "
            f"Choose a column with 1 to {MOST_GROUPS} values, such as the camera or the place.",
            ko=f"{name} 열에는 이미지 {images}장에 서로 다른 값이 {number}개 있어 비교할 그룹이 되지 않습니다. "
            f"카메라나 장소처럼 값이 1개에서 {MOST_GROUPS}개인 열을 고르세요.",
        )
    )
