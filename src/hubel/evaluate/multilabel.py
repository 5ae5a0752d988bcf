"""What the probabilities of several labels an image are worth, measured against the truth: one function, one record.

Where scikit-learn has a figure, this one equals it to 1e-9. A label that no image has cannot be measured, so means over labels
leave it out, as `metrics.measure` does with classes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hubel.core.arrays import Bool, Float
from hubel.core.card import ClassMetrics, Metrics
from hubel.core.errors import DataError
from hubel.core.language import say
from hubel.core.multi_label import LabelMetrics, MultiLabelMetrics
from hubel.core.types import Probabilities
from hubel.evaluate.calibration_error import error_of
from hubel.evaluate.label_intervals import Answered, label_intervals
from hubel.evaluate.metrics import NUM_BINS, Protocol

Targets = Bool[np.ndarray, "n k"]
"""The labels that each image has."""
PerLabel = Float[np.ndarray, " k"]
"""One number for each label."""


def measure_labels(
    said: Answered, *, classes: Sequence[str], thresholds: Sequence[float], random: np.random.Generator
) -> MultiLabelMetrics:
    """Everything the card records about the quality of these answers.

    Parameters
    ----------
    said
        Probabilities of images that the model had not learned from, the labels they have and were given, and how they
        hang together.
    classes
        The labels' names in column order.
    thresholds
        From which probability on each label is given; for the record.
    random
        Draws the resamples behind the intervals.

    Raises
    ------
    DataError
        When there is no image, a probability is none, or no image has a label.

    Examples
    --------
    >>> sure = np.array([[0.9, 0.2], [0.4, 0.7]])
    >>> said = Answered(sure, np.array([[True, False], [True, True]]), sure >= 0.5)
    >>> found = measure_labels(said, classes=("cat", "dog"), thresholds=(0.5, 0.5), random=np.random.default_rng(0))
    >>> found.mean_average_precision, found.subset_accuracy, round(found.micro_f1, 3)
    (1.0, 0.5, 0.8)
    """
    probabilities, targets, given = said.probabilities, said.targets, said.given
    check_answers(probabilities, targets, num_names=len(classes))
    hits, support, called = (given & targets).sum(0), targets.sum(0), given.sum(0)
    precision, recall, f1 = ratio(hits, called), ratio(hits, support), ratio(2 * hits, support + called)
    present = support > 0
    averages = [
        average_precision(probabilities[:, index], targets[:, index]) if present[index] else None
        for index in range(len(classes))
    ]
    losses = binary_log_losses(probabilities, targets)
    intervals = label_intervals(said, losses, random=random)
    wide = targets.astype(np.int64)
    return MultiLabelMetrics(
        num_images=len(targets),
        mean_average_precision=float(np.mean([found for found in averages if found is not None])),
        mean_average_precision_interval=intervals.mean_average_precision,
        macro_f1=float(f1[present].mean()),
        macro_f1_interval=intervals.macro_f1,
        micro_f1=share(2 * float(hits.sum()), float(support.sum() + called.sum())),
        micro_f1_interval=intervals.micro_f1,
        macro_precision=float(precision[present].mean()),
        macro_recall=float(recall[present].mean()),
        micro_precision=share(float(hits.sum()), float(called.sum())),
        micro_recall=share(float(hits.sum()), float(support.sum())),
        subset_accuracy=float((given == targets).all(1).mean()),
        subset_accuracy_interval=intervals.subset_accuracy,
        hamming_loss=float((given != targets).mean()),
        hamming_loss_interval=intervals.hamming_loss,
        log_loss=float(losses.mean()),
        log_loss_interval=intervals.log_loss,
        ece=error_of(probabilities.ravel(), targets.ravel(), num_bins=NUM_BINS).corrected,
        labels_per_image=float(targets.sum(1).mean()),
        given_per_image=float(given.sum(1).mean()),
        num_without=int((~targets.any(1)).sum()),
        per_label=tuple(
            LabelMetrics(
                name=name,
                support=int(support[index]),
                threshold=float(thresholds[index]),
                average_precision=averages[index],
                precision=float(precision[index]),
                recall=float(recall[index]),
                f1=float(f1[index]),
                log_loss=float(losses[:, index].mean()),
                ece=error_of(probabilities[:, index], targets[:, index], num_bins=NUM_BINS).corrected,
                average_precision_interval=intervals.average_precision[index],
                precision_interval=intervals.precision[index],
                recall_interval=intervals.recall[index],
                f1_interval=intervals.f1[index],
            )
            for index, name in enumerate(classes)
        ),
        together=tuple(tuple(row) for row in (wide.T @ wide).tolist()),
    )


def as_metrics(found: MultiLabelMetrics, said: Answered, *, protocol: Protocol) -> Metrics:
    """The figures that every card has, in the sense in which scikit-learn gives them for labels; without a confusion matrix.

    Accuracy is the share of images with every label right, `balanced_accuracy` the mean recall of the labels.

    Parameters
    ----------
    found
        What `measure_labels` gave.
    said
        What it was given.
    protocol
        Where the images came from.
    """
    weights = np.array([row.support for row in found.per_label], np.float64)
    weights /= weights.sum()
    weighted = {
        name: float(weights @ [getattr(row, name) for row in found.per_label]) for name in ("precision", "recall", "f1")
    }
    distance = said.probabilities.astype(np.float64) - said.targets
    return Metrics(
        protocol=protocol,
        num_images=found.num_images,
        accuracy=found.subset_accuracy,
        accuracy_interval=found.subset_accuracy_interval,
        balanced_accuracy=found.macro_recall,
        macro_precision=found.macro_precision,
        macro_recall=found.macro_recall,
        macro_f1=found.macro_f1,
        weighted_precision=weighted["precision"],
        weighted_recall=weighted["recall"],
        weighted_f1=weighted["f1"],
        log_loss=found.log_loss,
        brier=float((distance**2).sum(1).mean()),
        ece=found.ece,
        macro_f1_interval=found.macro_f1_interval,
        log_loss_interval=found.log_loss_interval,
        num_groups=found.num_images if said.groups is None else len(np.unique(said.groups)),
        per_class=tuple(
            ClassMetrics(
                name=row.name,
                precision=row.precision,
                recall=row.recall,
                f1=row.f1,
                support=row.support,
                ece=row.ece if row.support else None,
                precision_interval=row.precision_interval,
                recall_interval=row.recall_interval,
                f1_interval=row.f1_interval,
            )
            for row in found.per_label
        ),
        confusion=(),
    )


def average_precision(scores: Float[np.ndarray, " n"], true: Bool[np.ndarray, " n"]) -> float:
    """The mean of the precision at every image that has the label, from the highest score down: Σ (Rᵢ − Rᵢ₋₁) Pᵢ.

    Equal scores are one step, so that their order does not count.

    Examples
    --------
    >>> round(average_precision(np.array([0.9, 0.8, 0.3]), np.array([True, False, True])), 4)
    0.8333
    """
    order = np.argsort(-scores, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
    hits = np.cumsum(true[order])[ends]
    return float((np.diff(hits, prepend=0) * hits / (ends + 1)).sum() / hits[-1])


def binary_log_losses(probabilities: Probabilities, targets: Targets) -> Float[np.ndarray, "n k"]:
    """−ln of the probability given to what is so, kept one rounding step away from 0 and 1, in nats."""
    smallest = np.finfo(probabilities.dtype).eps
    of_truth = np.where(targets, probabilities, 1 - probabilities).clip(smallest, 1 - smallest)
    found: np.ndarray = -np.log(of_truth.astype(np.float64))
    return found


def ratio(above: np.ndarray, below: np.ndarray) -> PerLabel:
    """Above over below, 0 where there is nothing to divide by."""
    found: np.ndarray = np.divide(above, below, out=np.zeros(len(below)), where=below > 0)
    return found


def share(above: float, below: float) -> float:
    """Above over below, 0 where there is nothing to divide by."""
    return float(above / below) if below else 0.0


def check_answers(probabilities: Probabilities, targets: Targets, *, num_names: int) -> None:
    """Refuse what cannot be measured.

    Raises
    ------
    DataError
        When there is no image, the shapes differ, a value is no probability, or no image has a label.
    """
    fits = probabilities.shape == targets.shape and probabilities.shape[1] == num_names and len(targets) > 0
    good = fits and bool(((probabilities >= 0) & (probabilities <= 1)).all())
    if not good or not targets.any():
        shapes, labelled = f"{probabilities.shape}, {targets.shape}, {num_names}", int(targets.any(1).sum())
        raise DataError(
            say(
                en="Measuring labels needs a probability from 0 to 1 for every label of every image, and an image with a label; "
                f"got the shapes {shapes} and {labelled} images with labels. Give labelled images of these classes.",
                ko="레이블을 측정하려면 이미지와 레이블마다 0에서 1 사이의 확률이 있어야 하고, 레이블이 있는 이미지가 있어야 합니다. "
                f"받은 값: 모양 {shapes}, 레이블이 있는 이미지 {labelled}장. 이 클래스의 레이블이 있는 이미지를 주세요.",
            )
        )
