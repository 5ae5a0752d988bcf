"""One rule: how well a single property predicts the class of an image, by counting, cross-validated.

A property splits the images into kinds (JPEG and PNG; 500 × 375 and 640 × 480). The rule answers with the class that
is most frequent, relative to its size, among the training images of that kind (Holte 1993, "Very simple classification
rules perform well on most commonly used datasets").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hubel.core.arrays import Float, Int
from hubel.core.types import Labels

NUM_FOLDS = 5
STANDARD_ERRORS = 3.0
"""The margin: several properties are tried on every data set, and none should be blamed by chance."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """How well a property predicts the class.

    `accuracy` is the mean over classes, `chance` what guessing gives, `skill` the way from chance to certainty, from 0
    to 1, less the margin; `most_telling` the class told best from all others, with its own accuracy and skill.
    """

    accuracy: float
    chance: float
    skill: float
    most_telling: int
    telling_accuracy: float
    telling_skill: float


def predict_by_one_rule(
    kinds: Sequence[str], labels: Labels, groups: Labels, generator: np.random.Generator
) -> Prediction:
    """How well the kind alone predicts the class.

    Parameters
    ----------
    kinds
        The kind of each of n images.
    labels
        Their classes, 0 to k - 1, each with at least one image.
    groups
        Images of one group stay in one fold, so that copies predict nothing.
    generator
        Deals out the folds.
    """
    numbers = np.unique(np.array(kinds), return_inverse=True)[1]
    num_classes = int(labels.max()) + 1
    folds = generator.integers(0, NUM_FOLDS, int(groups.max()) + 1)[groups]
    right, told = count_answers(numbers, labels, folds, num_classes)
    sizes = np.bincount(labels, minlength=num_classes).astype(float)
    both = np.stack([sizes, np.maximum(len(labels) - sizes, 1)], axis=1)  # k 2
    # Copies are no further evidence: the margin counts groups.
    different = np.bincount(np.unique(np.stack([groups, labels]), axis=1)[1], minlength=num_classes).astype(float)
    others = np.maximum(different.sum() - different, 1)
    accuracy, error = mean_and_error(right / sizes, different)
    alone = [
        mean_and_error(shares, evidence)
        for shares, evidence in zip(told / both, np.stack([different, others], axis=1), strict=True)
    ]
    best = max(range(num_classes), key=lambda label: alone[label][0] - STANDARD_ERRORS * alone[label][1])
    telling, telling_error = alone[best]
    chance = 1 / num_classes
    return Prediction(
        accuracy=accuracy,
        chance=chance,
        skill=(accuracy - STANDARD_ERRORS * error - chance) / (1 - chance),
        most_telling=best,
        telling_accuracy=telling,
        telling_skill=2 * (telling - STANDARD_ERRORS * telling_error) - 1,
    )


def count_answers(
    kinds: Int[np.ndarray, " n"], labels: Labels, folds: Int[np.ndarray, " n"], num_classes: int
) -> tuple[Float[np.ndarray, " k"], Float[np.ndarray, "k 2"]]:
    """How many images the rule, learned on the other folds, tells rightly.

    Returns
    -------
    tuple
        For each class, its images that were given it, of shape (k); and, when each class is asked for alone, how many of
        its own images and how many of the others were told rightly, of shape (k, 2).
    """
    right, told = np.zeros(num_classes), np.zeros((num_classes, 2))
    num_kinds = int(kinds.max()) + 1
    for fold in range(NUM_FOLDS):
        test = folds == fold
        learned = counts_of(kinds[~test], labels[~test], num_kinds, num_classes)
        asked = counts_of(kinds[test], labels[test], num_kinds, num_classes)
        share = (learned + 1 / num_kinds) / (learned.sum(axis=0) + 1)  # of each class, by kind
        right += (asked * (share.argmax(axis=1)[:, None] == np.arange(num_classes))).sum(axis=0)
        is_class = share > (share.sum(axis=1, keepdims=True) - share) / max(num_classes - 1, 1)
        told[:, 0] += (asked * is_class).sum(axis=0)
        told[:, 1] += ((asked.sum(axis=1, keepdims=True) - asked) * ~is_class).sum(axis=0)
    return right, told


def counts_of(
    kinds: Int[np.ndarray, " n"], labels: Labels, num_kinds: int, num_classes: int
) -> Float[np.ndarray, "kinds k"]:
    """How many images of each kind are of each class."""
    flat = np.bincount(kinds * num_classes + labels, minlength=num_kinds * num_classes)
    return flat.reshape(num_kinds, num_classes).astype(float)


def mean_and_error(shares: Float[np.ndarray, " m"], numbers: Float[np.ndarray, " m"]) -> tuple[float, float]:
    """The mean of some shares, and its standard error; each share counted with one right and one wrong answer more.

    The two more keep 5 of 5 from having no error at all (Agresti and Coull 1998).
    """
    smooth = (shares * numbers + 1) / (numbers + 2)
    error = np.sqrt((smooth * (1 - smooth) / (numbers + 2)).sum()) / len(shares)
    return float(shares.mean()), float(error)
