"""Classes of very different sizes: what is done about them, chosen by cross-validation.

A regularised head is shy of rare classes: its scores say less of them than the images do. Two remedies are tried. *Adjustment*
adds τ · log(1/πₖ) to the score of class k with the share πₖ of the images (logit adjustment after learning, Menon et al. 2021,
arXiv:2007.07314). *Weights* let an image of class k count 1/πₖ while learning, and adjust then. In both τ is the one with the
lowest cross-validated log loss, so probabilities mean classes as frequent as in the data, and the label is the likeliest one.

Two others give the same linear head and are not tried: balanced sampling is weighting plus noise, and the logit-adjusted loss
has the minimum of the plain one with its offsets moved, for the offsets are not penalised.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from hubel.core.arrays import Float
from hubel.core.decision import Balance, Handling
from hubel.core.errors import MissingExtraError
from hubel.core.types import FeatureMatrix, Labels, Logits
from hubel.train.head import STRENGTHS, Head, Strength, choose_strength, never
from hubel.train.losses import weighted_log_loss

PerClass = Float[np.ndarray, " k"]
"""One number for each class."""

UNBALANCED = 2.0
"""Nothing is done unless the largest class has more than so many times the images of the smallest."""
MOST_LOST = 0.01
"""The cross-validated accuracy may fall by a point."""
NOISE = 2.0
"""Nothing or weights must be better than adjustment by so many standard errors; with one, the choice did harm (`LAB.md`)."""
EXPECTED_ADJUSTMENT = 1.0
"""τ is taken for normal around 0 with this deviation: a handful of rare images must not move it without bounds."""
LARGEST_ADJUSTMENT = 5.0
STEEPEST = 3.0
"""Scores are scaled by at most e to this power while τ is sought."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way: its strength with out-of-fold scores that are already adjusted, and what is added to raw scores (k)."""

    handling: Handling
    strength: Strength
    adjustment: float
    shift: PerClass


@dataclass(frozen=True, slots=True)
class Balanced:
    """What was chosen; `record` is None where the classes are of like sizes and there was nothing to choose."""

    strength: Strength
    weighted: bool
    shift: PerClass
    record: Balance | None


def choose_balance(
    features: FeatureMatrix,
    labels: Labels,
    num_classes: int,
    folds: np.ndarray,
    *,
    stop: Callable[[], bool] = never,
) -> Balanced:
    """Choose strength, weights and adjustment.

    Adjustment is taken, unless nothing or weights reach a higher macro-F1 beyond noise, or it costs accuracy.

    Parameters
    ----------
    features, labels, num_classes, folds, stop
        As in `head.choose_strength`.
    """
    plain = choose_strength(features, labels, num_classes, folds, weights=np.ones(len(labels)), stop=stop)
    if not differ_in_size(labels, num_classes):
        return Balanced(plain, False, np.zeros(num_classes, np.float32), None)
    near = STRENGTHS.index(plain.regularisation)
    weighted = choose_strength(
        features, labels, num_classes, folds,
        weights=image_weights(labels, num_classes), strengths=STRENGTHS[max(0, near - 1) : near + 1], stop=stop,
    )  # fmt: skip
    ways = candidates(plain, weighted, labels, num_classes)
    chosen = best_of(ways, labels, num_classes)
    loss = weighted_log_loss(chosen.strength.out_of_fold, labels, np.ones(len(labels)))
    strength = replace(chosen.strength, losses=plain.losses | {chosen.strength.regularisation: loss})
    return Balanced(
        strength, chosen.handling == "weights", chosen.shift, recorded(ways[0], chosen, labels, num_classes)
    )


def candidates(plain: Strength, weighted: Strength, labels: Labels, num_classes: int) -> list[Candidate]:
    """Nothing, adjustment and weights.

    Parameters
    ----------
    plain, weighted
        What cross-validation found without and with weights.
    labels, num_classes
        The true classes, and how many there are.
    """
    return [
        Candidate("none", plain, 0.0, np.zeros(num_classes, np.float32)),
        adjusted("adjustment", plain, labels, num_classes),
        adjusted("weights", weighted, labels, num_classes),
    ]


def best_of(ways: list[Candidate], labels: Labels, num_classes: int) -> Candidate:
    """The adjustment among nothing, adjustment and weights, unless another is better beyond noise or it costs accuracy.

    Parameters
    ----------
    ways
        What `candidates` gave.
    labels, num_classes
        The true classes, and how many there are.
    """
    answers = [way.strength.out_of_fold.argmax(axis=1) for way in ways]
    figures = [macro_f1_and_accuracy(answer, labels, num_classes) for answer in answers]
    allowed = [place for place in range(len(ways)) if figures[place][1] >= figures[0][1] - MOST_LOST]
    best = 1 if 1 in allowed else 0
    for place in allowed:
        noise = NOISE * deviation_between(answers[place], answers[best], labels, num_classes)
        if figures[place][0] > figures[best][0] + noise:
            best = place
    return ways[best]


def adjusted(handling: Handling, strength: Strength, labels: Labels, num_classes: int) -> Candidate:
    """A way with the adjustment that its scores need."""
    rarity = log_rarity(labels, num_classes)
    adjustment, scale = fit_adjustment(strength.out_of_fold, labels, rarity)
    shift = (adjustment / scale * rarity).astype(np.float32)
    scores = strength.out_of_fold + shift
    return Candidate(handling, replace(strength, out_of_fold=scores), adjustment, shift)


def fit_adjustment(logits: Logits, labels: Labels, rarity: PerClass) -> tuple[float, float]:
    """The τ and β that minimise the log loss of softmax(β · logits + τ · rarity), plus τ² / 2 nats over all images.

    Parameters
    ----------
    logits
        Out-of-fold scores, of shape (n, k).
    labels
        The true classes.
    rarity
        What `log_rarity` says.
    """
    try:
        from scipy.optimize import minimize
    except ImportError as error:
        raise MissingExtraError("scipy", "train") from error
    wide, rows = logits.astype(np.float64), np.arange(len(labels))

    def objective(flat: np.ndarray) -> tuple[float, np.ndarray]:
        scale, adjustment = np.exp(flat[0]), flat[1]
        moved = scale * wide + adjustment * rarity
        moved -= moved.max(axis=1, keepdims=True)
        true_scores = moved[rows, labels]
        residual = np.exp(moved)
        sums = residual.sum(axis=1)
        residual /= sums[:, None]
        residual[rows, labels] -= 1
        penalty = (adjustment / EXPECTED_ADJUSTMENT) ** 2 / 2
        loss = float((np.log(sums) - true_scores).sum() + penalty) / len(labels)
        slopes = [scale * (residual * wide).sum(), (residual @ rarity).sum() + adjustment / EXPECTED_ADJUSTMENT**2]
        return loss, np.array(slopes) / len(labels)

    bounds = [(-STEEPEST, STEEPEST), (-LARGEST_ADJUSTMENT, LARGEST_ADJUSTMENT)]
    found = minimize(objective, np.zeros(2), jac=True, method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-12}).x
    return float(found[1]), float(np.exp(found[0]))


def recorded(before: Candidate, chosen: Candidate, labels: Labels, num_classes: int) -> Balance:
    """What the card says of the choice."""
    figures = [
        macro_f1_and_accuracy(way.strength.out_of_fold.argmax(axis=1), labels, num_classes) for way in (before, chosen)
    ]
    return Balance(
        handling=chosen.handling,
        frequencies=tuple((np.bincount(labels, minlength=num_classes) / len(labels)).tolist()),
        adjustment=chosen.adjustment,
        macro_f1_before=figures[0][0],
        macro_f1=figures[1][0],
        accuracy_before=figures[0][1],
        accuracy=figures[1][1],
    )


def differ_in_size(labels: Labels, num_classes: int) -> bool:
    """Whether the classes that occur are of so different sizes that something should be done."""
    counts = np.bincount(labels, minlength=num_classes)
    present = counts[counts > 0]
    return bool(present.max() > UNBALANCED * present.min())


def image_weights(labels: Labels, num_classes: int) -> Float[np.ndarray, " n"]:
    """One weight per image, so that every class weighs the same; mean 1. Shape (n)."""
    weights: np.ndarray = np.exp(log_rarity(labels, num_classes))[labels]
    return weights


def shifted(head: Head, shift: PerClass) -> Head:
    """The head with so much added to each class's scores."""
    return replace(head, bias=head.bias + shift)


def log_rarity(labels: Labels, num_classes: int) -> PerClass:
    """How many times smaller a class is than the mean of them, as a logarithm; 0 for one without images. Shape (k).

    Examples
    --------
    >>> log_rarity(np.array([0, 0, 0, 1]), 3).round(3).tolist()
    [-0.405, 0.693, 0.0]
    """
    counts = np.bincount(labels, minlength=num_classes)
    mean = len(labels) / np.count_nonzero(counts)
    rarity: np.ndarray = np.log(mean / np.where(counts > 0, counts, mean))
    return rarity


def macro_f1_and_accuracy(answers: Labels, labels: Labels, num_classes: int) -> tuple[float, float]:
    """The mean F1 over the classes that occur, and the share of right answers."""
    support = np.bincount(labels, minlength=num_classes)
    answered = np.bincount(answers, minlength=num_classes)
    right = np.bincount(labels[answers == labels], minlength=num_classes)
    f1 = 2 * right / np.maximum(support + answered, 1)
    return float(f1[support > 0].mean()), float(right.sum() / len(labels))


def deviation_between(answers: Labels, others: Labels, labels: Labels, num_classes: int) -> float:
    """The standard error of the difference of two macro figures, from the images that only one of both gets right."""
    support = np.bincount(labels, minlength=num_classes)
    differing = (answers == labels) != (others == labels)
    return float(np.sqrt((1.0 / support[labels[differing]] ** 2).sum()) / np.count_nonzero(support))
