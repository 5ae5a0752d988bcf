"""What probabilities are worth, measured against the truth: one function, one record.

Accuracies and scores are better when high, losses and errors when low. Where scikit-learn has a figure, this
one equals it to 1e-9.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from hubel.core.arrays import Float, Int
from hubel.core.card import ClassMetrics, Metrics
from hubel.core.types import Labels, Probabilities
from hubel.evaluate.calibration_error import calibration_error, classwise_errors
from hubel.evaluate.checks import check_labels, check_probabilities
from hubel.evaluate.figures import figure_intervals

Protocol = Literal["test", "validation", "cross-validation", "holdout"]
"""Where the measured images came from, and so how far the figures can be trusted."""
ConfusionMatrix = Int[np.ndarray, "k k"]
"""Images counted by true class (row) and answered class (column)."""

NUM_BINS = 15


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """The images whose top-1 probability lies in (lower, upper]: what the model claimed and what was so.

    An empty bin has zeros for both; look at `num_images` first.
    """

    lower: float
    upper: float
    num_images: int
    confidence: float
    accuracy: float


def measure(
    probabilities: Probabilities,
    labels: Labels,
    *,
    classes: Sequence[str],
    protocol: Protocol,
    groups: Labels | None = None,
    answers: Labels | None = None,
) -> Metrics:
    """Everything the card records about the quality of these answers.

    Macro figures are means over the classes that occur in `labels`. A class without a single image cannot be
    measured: to count it as 0 would make the model look worse, as 1 better. So `macro_recall` always equals
    `balanced_accuracy`, and all macro figures equal scikit-learn's with ``labels=np.unique(labels)``. Answers
    wasted on an absent class still lower the recall of the true one. In `per_class` it keeps its place with
    support 0 and zeros, which readers must show as "not measured".

    Parameters
    ----------
    probabilities
        Calibrated probabilities of images the model had not learned from.
    labels
        Their true classes.
    classes
        The class names in column order.
    protocol
        Where the images came from. For cross-validation, all out-of-fold answers together.
    groups
        A number for each image, equal for those that are alike (a burst, a patient, near duplicates), which tell less than
        as many others and so widen the intervals. None when each is its own.
    answers
        The answered classes, where a decision makes them other than the most probable ones.

    Raises
    ------
    DataError
        When there is no image, a row is no probability distribution, a label names no class, or there are
        more or fewer class names than columns.

    Examples
    --------
    >>> sure = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    >>> metrics = measure(sure, np.array([0, 1, 1]), classes=("cat", "dog"), protocol="test")
    >>> round(metrics.accuracy, 3), metrics.confusion
    (0.667, ((1, 0), (1, 1)))
    """
    num_images, num_classes = probabilities.shape
    check_labels(labels, num_images=num_images, num_classes=num_classes)
    check_probabilities(probabilities, num_names=len(classes))
    answers = probabilities.argmax(axis=1) if answers is None else answers
    confusion = confusion_matrix(labels, answers, num_classes=num_classes)
    right = confusion.diagonal()
    support = confusion.sum(axis=1)
    answered = confusion.sum(axis=0)
    precision = _ratio(right, answered)
    recall = _ratio(right, support)
    f1 = _ratio(2 * right, support + answered)
    present = support > 0
    share = support / num_images
    calibration = calibration_error(probabilities, labels, num_bins=NUM_BINS)
    by_class = classwise_errors(probabilities, labels, num_bins=NUM_BINS)
    intervals = figure_intervals(
        probabilities, labels, answers=answers, groups=groups, cross_validated=protocol == "cross-validation"
    )
    return Metrics(
        protocol=protocol,
        num_images=num_images,
        accuracy=float(right.sum() / num_images),
        accuracy_interval=intervals.accuracy,
        balanced_accuracy=float(recall[present].mean()),
        macro_precision=float(precision[present].mean()),
        macro_recall=float(recall[present].mean()),
        macro_f1=float(f1[present].mean()),
        weighted_precision=float(precision @ share),
        weighted_recall=float(recall @ share),
        weighted_f1=float(f1 @ share),
        log_loss=log_loss(probabilities, labels),
        brier=brier(probabilities, labels),
        ece=calibration.plain,
        ece_corrected=calibration.corrected,
        ece_interval=calibration.interval,
        balanced_accuracy_interval=intervals.balanced_accuracy,
        macro_precision_interval=intervals.macro_precision,
        macro_f1_interval=intervals.macro_f1,
        log_loss_interval=intervals.log_loss,
        brier_interval=intervals.brier,
        num_groups=num_images if groups is None else len(np.unique(groups)),
        per_class=tuple(
            ClassMetrics(
                name=name,
                precision=float(precision[index]),
                recall=float(recall[index]),
                f1=float(f1[index]),
                support=int(support[index]),
                ece=by_class[index] if support[index] else None,
                precision_interval=intervals.precision[index],
                recall_interval=intervals.recall[index],
                f1_interval=intervals.f1[index],
            )
            for index, name in enumerate(classes)
        ),
        confusion=tuple(tuple(int(count) for count in row) for row in confusion),
    )


def confusion_matrix(labels: Labels, answers: Labels, *, num_classes: int) -> ConfusionMatrix:
    """How often each class (row) was answered as each class (column).

    Parameters
    ----------
    labels
        True class indices.
    answers
        Answered class indices.
    num_classes
        Rows and columns of the result, whether or not they occur.

    Examples
    --------
    >>> confusion_matrix(np.array([0, 0, 1]), np.array([0, 1, 1]), num_classes=2).tolist()
    [[1, 1], [0, 1]]
    """
    cells = labels.astype(np.int64) * num_classes + answers
    return np.bincount(cells, minlength=num_classes**2).reshape(num_classes, num_classes)  # k k


def log_loss(probabilities: Probabilities, labels: Labels) -> float:
    """Mean −ln p(true class), in nats; p is kept one rounding step away from 0 and 1, as in scikit-learn."""
    smallest = np.finfo(probabilities.dtype).eps
    of_truth = probabilities[np.arange(len(labels)), labels].clip(smallest, 1 - smallest)
    return float(-np.log(of_truth.astype(np.float64)).mean())


def brier(probabilities: Probabilities, labels: Labels) -> float:
    """Squared distance from the one-hot truth: sum over classes, mean over images, from 0 to 2 (Brier 1950)."""
    distance = probabilities.astype(np.float64)
    distance[np.arange(len(labels)), labels] -= 1
    return float((distance**2).sum(axis=1).mean())


def reliability(
    probabilities: Probabilities, labels: Labels, *, num_bins: int = NUM_BINS
) -> tuple[ReliabilityBin, ...]:
    """Claimed against true accuracy in bins of equal width over the top-1 probability.

    Parameters
    ----------
    probabilities
        One row for each image.
    labels
        True class indices.
    num_bins
        How many bins share (0, 1]; bin m is ((m−1)/M, m/M] (Guo et al. 2017, arXiv:1706.04599).

    Returns
    -------
    tuple of ReliabilityBin
        `num_bins` of them in rising order, empty ones included.
    """
    confidence = probabilities.max(axis=1).astype(np.float64)
    right = probabilities.argmax(axis=1) == labels
    edges = np.linspace(0, 1, num_bins + 1)
    places = np.digitize(confidence, edges[1:-1], right=True)
    counts = np.bincount(places, minlength=num_bins)
    claimed = _ratio(np.bincount(places, weights=confidence, minlength=num_bins), counts)
    true = _ratio(np.bincount(places, weights=right, minlength=num_bins), counts)
    return tuple(
        ReliabilityBin(
            lower=float(edges[index]),
            upper=float(edges[index + 1]),
            num_images=int(counts[index]),
            confidence=float(claimed[index]),
            accuracy=float(true[index]),
        )
        for index in range(num_bins)
    )


def expected_calibration_error(bins: Sequence[ReliabilityBin]) -> float:
    """How far claimed and true accuracy lie apart, averaged over images (Naeini et al. 2015; arXiv:1706.04599)."""
    num_images = sum(part.num_images for part in bins)
    return sum(part.num_images * abs(part.accuracy - part.confidence) for part in bins) / num_images


def _ratio(above: np.ndarray, below: np.ndarray) -> Float[np.ndarray, " k"]:
    """Above over below, 0 where there is nothing to divide by."""
    result: np.ndarray = np.divide(above, below, out=np.zeros(len(below)), where=below > 0)
    return result
