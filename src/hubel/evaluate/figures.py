"""A 95 % interval for every headline figure, from the same answers as the figures themselves.

Shares of images (accuracy, recall, precision) have Wilson's interval. F1 = 2J/(1 + J) of a class, where J is the share
of right answers among the images that are or are called the class, so its interval is that of a share too. Means over
classes have Wilson's interval with as many images as give the variance of the figure by its linearisation
(infinitesimal jackknife, Efron 1982), on a confusion matrix smoothed so that a class without a mistake is not taken for
faultless, and with Student's quantile where a few images decide. Losses have the score interval of a mean. Images of one group count for less (`design_effect`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hubel.core.arrays import Float
from hubel.core.types import Labels, Mask, Probabilities
from hubel.evaluate.intervals import (
    Interval,
    Values,
    design_effect,
    freedom_of,
    mean_interval,
    wilson_interval,
)

SMOOTHING = 1.0
"""So many made-up images join each class, as often right as all images are; for variances only."""
MADE_UP_MISTAKES = 10
"""So many mistakes must be seen before the variance of a loss is believed as much as the one the model expects."""
EXCESS_OF_SHARES, EXCESS_OF_LOSSES, MANY = 1000, 2000, 2000
"""A cross-validated estimate from n images varies about 1 + excess / (n + many) times as much around what the shipped model is
worth as one on n fresh images does: the heads of the folds are others than the one shipped. Measured
(`benchmarks/intervals.py`, `LAB.md`), for no formula is known that needs no further fits."""

LARGEST_BRIER = 2.0
"""That of an image for which another class is certain."""

Counts = Float[np.ndarray, "k k"]
"""A confusion matrix that need not be whole, or a value for each of its cells."""
Figure = Callable[[Counts], tuple[float, Counts]]
"""A mean over classes, and what an image in each cell adds to it, times the number of images; zero on average."""


def nothing_lost(_counts: Counts) -> float:
    """The figure is right on average."""
    return 0.0


@dataclass(frozen=True, slots=True)
class MeanOverClasses:
    """A figure that is a mean over classes.

    `of_answers` says what a class is counted by: its images (0), its answers (1), or half of each. `lost_to_chance` is by how
    much the measured figure lies below the true one on average.
    """

    figure: Figure
    of_answers: float
    lost_to_chance: Callable[[Counts], float] = nothing_lost


@dataclass(frozen=True, slots=True)
class FigureIntervals:
    """The 95 % intervals of the headline figures; of a class that nothing measures, None."""

    accuracy: Interval
    balanced_accuracy: Interval
    macro_precision: Interval
    macro_f1: Interval
    log_loss: Interval
    brier: Interval
    precision: tuple[Interval | None, ...]
    recall: tuple[Interval | None, ...]
    f1: tuple[Interval | None, ...]


@dataclass(frozen=True, slots=True)
class Dependence:
    """How the answers hang together: groups of images that are alike, and folds that share what they learned from.

    The factors say by how much folds widen the variance of shares and of losses.
    """

    groups: Labels | None
    of_shares: float = 1.0
    of_losses: float = 1.0
    cross_validated: bool = False

    def share(self, right: Mask, rows: Mask | None = None) -> Interval | None:
        """The interval of the share of right answers among some rows; None when there are none."""
        inside = right if rows is None else right[rows]
        groups = self.groups if rows is None or self.groups is None else self.groups[rows]
        if not len(inside):
            return None
        number = len(inside) / (self.of_shares * design_effect(inside.astype(np.float64), groups))
        return wilson_interval(float(inside.mean()) * number, number, freedom=freedom_of(groups))


def depending(groups: Labels | None, num_images: int, *, cross_validated: bool) -> Dependence:
    """How answers hang together, by their groups and by whether they are out-of-fold ones.

    Examples
    --------
    >>> depending(None, 500, cross_validated=True).of_shares
    1.4
    """
    if not cross_validated:
        return Dependence(groups)
    number = num_images if groups is None else len(np.unique(groups))
    of_shares, of_losses = (1 + excess / (number + MANY) for excess in (EXCESS_OF_SHARES, EXCESS_OF_LOSSES))
    return Dependence(groups, of_shares, of_losses, cross_validated=True)


def figure_intervals(
    probabilities: Probabilities,
    labels: Labels,
    *,
    answers: Labels | None = None,
    groups: Labels | None = None,
    cross_validated: bool = False,
) -> FigureIntervals:
    """The intervals of what `measure` measures.

    Parameters
    ----------
    probabilities, labels
        What `measure` is given.
    answers
        The answered classes, where they are not simply the most probable ones.
    groups
        A number for each image, equal for those that are alike (a burst, a patient, near duplicates).
    cross_validated
        Whether the answers are out-of-fold ones, whose folds learned from shared images.

    Examples
    --------
    >>> sure = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    >>> low, high = figure_intervals(sure, np.array([0, 1, 1])).accuracy
    >>> f"{low:.2f} {high:.2f}"
    '0.21 0.94'
    """
    dependence = depending(groups, len(labels), cross_validated=cross_validated)
    if answers is None:
        answers = probabilities.argmax(axis=1)
    num_classes = probabilities.shape[1]
    right = answers == labels
    counts = confusion(labels, answers, num_classes)

    def macro(mean: MeanOverClasses) -> Interval:
        return macro_interval(mean, counts, labels, answers, dependence)

    accuracy = dependence.share(right)
    assert accuracy is not None
    return FigureIntervals(
        accuracy=accuracy,
        balanced_accuracy=macro(MeanOverClasses(balanced_accuracy, of_answers=0.0)),
        macro_precision=macro(MeanOverClasses(macro_precision, of_answers=1.0)),
        macro_f1=macro(MeanOverClasses(macro_f1, of_answers=0.5, lost_to_chance=f1_lost_to_chance)),
        log_loss=loss_interval(*log_losses(probabilities, labels), right, dependence),
        brier=capped(loss_interval(*brier_scores(probabilities, labels), right, dependence), LARGEST_BRIER),
        precision=tuple(dependence.share(right, answers == index) for index in range(num_classes)),
        recall=tuple(dependence.share(right, labels == index) for index in range(num_classes)),
        f1=tuple(
            f1_of_jaccard(dependence.share(right, (labels == index) | (answers == index)))
            for index in range(num_classes)
        ),
    )


def confusion(labels: Labels, answers: Labels, num_classes: int) -> Counts:
    """How often each class (row) is answered as each class (column)."""
    cells = np.bincount(labels * num_classes + answers, minlength=num_classes**2)
    return cells.reshape(num_classes, num_classes).astype(np.float64)


def f1_of_jaccard(interval: Interval | None) -> Interval | None:
    """The interval of F1 = 2J/(1 + J), which rises with J.

    Examples
    --------
    >>> f1_of_jaccard((0.5, 1.0))
    (0.6666666666666666, 1.0)
    """
    if interval is None:
        return None
    low, high = interval
    return 2 * low / (1 + low), 2 * high / (1 + high)


def macro_interval(
    mean: MeanOverClasses, counts: Counts, labels: Labels, answers: Labels, dependence: Dependence
) -> Interval:
    """Wilson's interval of a mean over classes, with as many images as its variance stands for.

    The variance is the sum of what each class brings, with Bessel's factor n/(n − 1), and as it hangs on few images where one
    small class brings most of it, Student's quantile stands for the normal one, with Satterthwaite's (1946) freedom.
    """
    measured, influence = mean.figure(counts)
    smooth = smoothed(counts)
    centre, smooth_influence = mean.figure(smooth)
    sizes = np.maximum(by_class(counts, mean.of_answers) + SMOOTHING, 1.5)
    parts = by_class(smooth * smooth_influence**2, mean.of_answers) / smooth.sum() * sizes / (sizes - 1)
    variance = float(parts.sum()) / counts.sum()
    alike = design_effect(influence[labels, answers], dependence.groups)
    known = variance > 0 and 0 < centre < 1  # not so when there is a single class
    number = (centre * (1 - centre) / variance if known else len(labels)) / (alike * dependence.of_shares)
    freedom = float(parts.sum() ** 2 / (parts**2 / (sizes - 1)).sum()) if known else np.inf
    middle = min(1.0, measured + alike * mean.lost_to_chance(counts))
    return wilson_interval(middle * number, number, freedom=min(freedom, freedom_of(dependence.groups)))


def by_class(values: Counts, of_answers: float) -> Float[np.ndarray, " k"]:
    """Sums over the images of each class (0), over its answers (1), or something between."""
    sums: np.ndarray = (1 - of_answers) * values.sum(axis=1) + of_answers * values.sum(axis=0)
    return sums


def smoothed(counts: Counts) -> Counts:
    """The matrix with `SMOOTHING` images more for each class that occurs, right as often as all images are.

    Two more are right and wrong, one each, shared out evenly among the classes (after Price and Bonett 2004,
    doi:10.1016/S0167-9473(03)00113-5).
    """
    total, right = counts.sum(), counts.trace()
    share = (right + 1) / (total + 2)
    present = counts.sum(axis=1) > 0
    num_present = int(np.count_nonzero(present))
    even = 1 / num_present
    added = np.full((len(counts), len(counts)), (SMOOTHING * (1 - share) + even) / max(num_present - 1, 1))
    np.fill_diagonal(added, SMOOTHING * share + even)
    added *= np.outer(
        present, present
    )  # a class without images stays without, so that the mean leaves it out as measured
    result: Counts = counts + added
    return result


def balanced_accuracy(counts: Counts) -> tuple[float, Counts]:
    """The mean recall of the classes that occur."""
    support = counts.sum(axis=1)
    recall = _ratio(counts.diagonal(), support)
    num_present = np.count_nonzero(support)
    by_class = _ratio(np.full(len(counts), counts.sum() / num_present), support)
    influence = (np.eye(len(counts)) - recall[:, None]) * by_class[:, None]
    return float(recall[support > 0].mean()), influence


def macro_precision(counts: Counts) -> tuple[float, Counts]:
    """The mean precision of the classes that occur."""
    support, called = counts.sum(axis=1), counts.sum(axis=0)
    precision = _ratio(counts.diagonal(), called)
    present = support > 0
    by_answer = _ratio(np.where(present, counts.sum() / np.count_nonzero(present), 0.0), called)
    influence = (np.eye(len(counts)) - precision[None, :]) * by_answer[None, :]
    return float(precision[present].mean()), influence


def macro_f1(counts: Counts) -> tuple[float, Counts]:
    """The mean F1 of the classes that occur."""
    support, called = counts.sum(axis=1), counts.sum(axis=0)
    f1 = _ratio(2 * counts.diagonal(), support + called)
    present = support > 0
    weight = _ratio(np.where(present, counts.sum() / np.count_nonzero(present), 0.0), support + called)
    influence = 2 * np.eye(len(counts)) * weight[:, None] - (f1 * weight)[:, None] - (f1 * weight)[None, :]
    return float(f1[present].mean()), influence


def f1_lost_to_chance(counts: Counts) -> float:
    """By how much few images lower the measured macro F1: F(1 − F) / (images + answers) of each class, to second order.

    With Poisson counts, and D = images + answers of a class, the bias of F = 2 right/D is −Cov(2 right, D)/D² + F Var(D)/D².
    """
    support, called = counts.sum(axis=1), counts.sum(axis=0)
    f1 = _ratio(2 * counts.diagonal(), support + called)
    return float(_ratio(f1 * (1 - f1), support + called)[support > 0].mean())


def log_losses(probabilities: Probabilities, labels: Labels) -> tuple[Values, float]:
    """Each image's −ln p(true class), and the variance that the model itself expects of it."""
    wide = probabilities.astype(np.float64)
    smallest = float(np.finfo(probabilities.dtype).eps)
    losses = -np.log(wide.clip(smallest, 1 - smallest))  # n k
    return losses[np.arange(len(labels)), labels], expected_variance(wide, losses)


def brier_scores(probabilities: Probabilities, labels: Labels) -> tuple[Values, float]:
    """Each image's squared distance from the truth, and the variance that the model itself expects of it."""
    wide = probabilities.astype(np.float64)
    scores = 1 - 2 * wide + (wide**2).sum(axis=1, keepdims=True)  # n k
    return scores[np.arange(len(labels)), labels], expected_variance(wide, scores)


def expected_variance(probabilities: Probabilities, losses: Probabilities) -> float:
    """The variance of a loss when the truth is drawn from the model's own probabilities."""
    mean = (probabilities * losses).sum(axis=1)
    square = (probabilities * losses**2).sum(axis=1)
    return float((square - mean**2).mean() + mean.var())


def loss_interval(losses: Values, expected: float, right: Mask, dependence: Dependence) -> Interval:
    """The interval of a mean loss.

    A few large losses make most of its variance, and too few mistakes show none of them: without any, the measured variance
    would give an interval that holds the truth one time in three. So the expected variance, where it is larger, counts as
    much as `MADE_UP_MISTAKES` mistakes do. A temperature fitted to hardly any mistake is cautious, and expects more and larger
    losses than come; of answers that it was fitted to, the middle of both variances counts instead.
    """
    measured = float(losses.var(ddof=1)) if len(losses) > 1 else expected
    num_wrong, larger = int((~right).sum()), max(measured, expected)
    believed = (measured + larger) / 2 if dependence.cross_validated else larger
    variance = (num_wrong * measured + MADE_UP_MISTAKES * believed) / (num_wrong + MADE_UP_MISTAKES)
    alike = design_effect(losses, dependence.groups)
    number = len(losses) / (alike * dependence.of_losses)
    return mean_interval(float(losses.mean()), variance, number, freedom=freedom_of(dependence.groups))


def capped(interval: Interval, most: float) -> Interval:
    """The part of an interval up to the largest value that the figure can have."""
    low, high = interval
    return min(low, most), min(high, most)


def _ratio(above: np.ndarray, below: np.ndarray) -> Float[np.ndarray, " k"]:
    """Above over below, 0 where there is nothing to divide by."""
    result: np.ndarray = np.divide(above, below, out=np.zeros(len(below)), where=below > 0)
    return result
