"""How strange an image is to a model, and from where on it is called unknown.

The score (`core.familiar`) is the cosine distance to the nearest of a few remembered images and class means, together with the
head's doubt. It was compared with nine others by `benchmarks/unknown.py`; the nearest neighbour is that of Sun et al. 2022
(arXiv:2204.06507), with a memory small enough for the model file. The limit is chosen on out-of-fold scores: every training
image is compared with what is remembered of the other folds, and doubted by the head that lacks its own fold.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np

from hubel.core.answers import UnknownLimit
from hubel.core.decision import Calibration
from hubel.core.familiar import MOST_DOUBT, SMALLEST_DISTANCE, Familiar
from hubel.core.types import FeatureMatrix, Labels, Logits, Mask, UnknownScores
from hubel.evaluate.conformal import ROUNDING, conformal_limit, group_weights
from hubel.evaluate.intervals import quantile

NUM_REMEMBERED = 512
"""Images that are remembered beside the class means, in all; the model file grows by 2 bytes a feature for each."""
FLOOR = 0.1
"""A feature's size is never taken for less than this share of all features' size, or noise in dead ones would count."""
ROWS_AT_ONCE = 4096


@dataclass(frozen=True, slots=True)
class Seen:
    """The n images that the scores stand on: features (n d), the graph's scores (n k) out of fold, labels, folds and groups."""

    features: FeatureMatrix
    logits: Logits
    labels: Labels
    folds: Labels
    groups: Labels | None


def fit_familiar(seen: Seen, generator: np.random.Generator) -> tuple[Familiar, UnknownScores]:
    """What the model remembers, and the out-of-fold score of each image, of shape (n).

    Parameters
    ----------
    seen
        The training images.
    generator
        Draws the images that are remembered, evenly over the classes.
    """
    inverse_size = inverse_sizes(seen.features)
    chosen = draw_evenly(seen.labels, NUM_REMEMBERED, generator)
    directions = unit_rows(seen.features[chosen], inverse_size)
    num_classes = seen.logits.shape[1]
    sums, counts = fold_sums(seen, inverse_size, num_classes)
    log_distances = np.empty(len(seen.labels), np.float32)
    for fold in range(len(sums)):
        means = class_means(sums.sum(0) - sums[fold], counts.sum(0) - counts[fold])
        remembered = np.concatenate([directions[seen.folds[chosen] != fold], means]).T
        inside = np.flatnonzero(seen.folds == fold)
        log_distances[inside] = log_distance(seen.features[inside], inverse_size, remembered)
    doubts = energies(seen.logits)
    whole = np.concatenate([directions, class_means(sums.sum(0), counts.sum(0))]).T.astype(np.float16)
    familiar = Familiar(
        inverse_size, np.ascontiguousarray(whole), centre_and_spread(log_distances), centre_and_spread(doubts)
    )
    return familiar, joined(familiar, log_distances, doubts)


def unknown_scores(familiar: Familiar, features: FeatureMatrix, logits: Logits) -> UnknownScores:
    """The score of each image, of shape (n), as the exported graph computes it.

    Parameters
    ----------
    familiar
        What the model remembers.
    features
        Shape (n, d).
    logits
        The graph's, of shape (n, k).
    """
    distances = log_distance(features, familiar.inverse_size, familiar.remembered)
    return joined(familiar, distances, energies(logits))


def choose_unknown(scores: UnknownScores, groups: Labels | None, *, reject: float) -> UnknownLimit:
    """The limit that images of the known classes exceed in at most a share `reject` (`evaluate.conformal`).

    With too few images for that, it lies where a normal distribution of the scores would have that share beyond it, allowing
    for how badly few images tell its mean and deviation (Student's prediction bound), and never below the largest score.

    Parameters
    ----------
    scores
        Out of fold.
    groups
        The group of each image, or None.
    reject
        Between 0 and 1/2.

    Examples
    --------
    >>> round(choose_unknown(np.arange(1.0, 1000.0), None, reject=0.01).threshold, 2)
    990.0
    >>> choose_unknown(np.array([0.0, 1.0, 2.0]), None, reject=0.01).extrapolated
    True
    """
    num_groups = group_weights(len(scores), groups)[1]
    limit = conformal_limit(scores, groups, error=reject)
    extrapolated = limit == inf
    if extrapolated:
        reach = quantile(1 - 2 * reject, max(num_groups - 1, 1)) * np.sqrt(1 + 1 / num_groups)
        limit = max(float(scores.max()), float(scores.mean() + reach * scores.std(ddof=min(1, len(scores) - 1))))
    return UnknownLimit(
        reject=reject,
        threshold=limit + ROUNDING * max(1.0, abs(limit)),
        num_images=len(scores),
        num_groups=num_groups,
        extrapolated=extrapolated,
    )


def known_images(scores: UnknownScores | None, limit: UnknownLimit | None, *, num_images: int) -> Mask:
    """False where an image is unknown; True everywhere where there is no score or no limit. Shape (n)."""
    if scores is None or limit is None:
        return np.ones(num_images, bool)
    known: Mask = scores <= limit.threshold
    return known


def graph_logits(logits: Logits, temperature: float, calibration: Calibration | None) -> Logits:
    """The head's scores as the graph's ``logits`` have them: after the temperature and vector scaling, (n k)."""
    scaled = logits / temperature
    if calibration is not None and calibration.method == "vector":
        scaled = scaled * np.array(calibration.scale) + np.array(calibration.offset)
    found: Logits = scaled.astype(np.float32)
    return found


def inverse_sizes(features: FeatureMatrix) -> np.ndarray:
    """One over the root mean square of each feature, with a floor, of shape (d)."""
    squares = np.zeros(features.shape[1])
    for start in range(0, len(features), ROWS_AT_ONCE):
        wide = features[start : start + ROWS_AT_ONCE].astype(np.float32)
        squares += np.einsum("nd,nd->d", wide, wide)
    squares /= len(features)
    sizes = np.sqrt(squares) + FLOOR * np.sqrt(squares.mean())
    inverse: np.ndarray = (1 / np.maximum(sizes, 1e-12)).astype(np.float32)
    return inverse


def draw_evenly(labels: Labels, count: int, generator: np.random.Generator) -> np.ndarray:
    """Positions of so many images, one class after the other in turn, in order.

    Examples
    --------
    >>> draw_evenly(np.array([0, 0, 0, 0, 1]), 2, np.random.default_rng(0)).tolist()[1]
    4
    """
    order = generator.permutation(len(labels))
    own = labels[order]
    ranks = np.empty(len(labels), np.int64)
    for label in np.unique(labels):
        inside = np.flatnonzero(own == label)
        ranks[inside] = np.arange(len(inside))
    return np.sort(order[np.argsort(ranks, kind="stable")[:count]])


def fold_sums(seen: Seen, inverse_size: np.ndarray, num_classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Sums of the unit rows by fold and class (f k d), and how many there are (f k)."""
    num_folds = int(seen.folds.max()) + 1
    sums = np.zeros((num_folds * num_classes, len(inverse_size)), np.float32)
    places = seen.folds * num_classes + seen.labels
    for start in range(0, len(places), ROWS_AT_ONCE):
        own = places[start : start + ROWS_AT_ONCE]
        order = np.argsort(own, kind="stable")
        first = np.flatnonzero(np.diff(own[order], prepend=-1))
        rows = unit_rows(seen.features[start : start + ROWS_AT_ONCE][order], inverse_size)
        sums[own[order][first]] += np.add.reduceat(rows, first)
    counts = np.bincount(places, minlength=len(sums)).reshape(num_folds, num_classes)
    return sums.reshape(num_folds, num_classes, -1), counts


def class_means(sums: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The directions of the classes' means, (k d); classes without images are left out."""
    present = sums[counts > 0]
    directions: np.ndarray = present / np.maximum(np.linalg.norm(present, axis=1, keepdims=True), 1e-12)
    return directions


def unit_rows(features: FeatureMatrix, inverse_size: np.ndarray) -> FeatureMatrix:
    """Each row over the features' sizes, with length one."""
    rows = features.astype(np.float32) * inverse_size
    directions: FeatureMatrix = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    return directions


def log_distance(features: FeatureMatrix, inverse_size: np.ndarray, remembered: np.ndarray) -> UnknownScores:
    """The logarithm of each image's distance to the nearest remembered direction, of shape (n)."""
    found = np.empty(len(features), np.float32)
    for start in range(0, len(features), ROWS_AT_ONCE):
        part = slice(start, start + ROWS_AT_ONCE)
        found[part] = 1 - (unit_rows(features[part], inverse_size) @ remembered).max(1)
    return np.log(np.maximum(found, SMALLEST_DISTANCE))


def energies(logits: Logits) -> UnknownScores:
    """−log Σ exp(scores) of each image, of shape (n)."""
    highest = logits.max(1)
    found: UnknownScores = -(highest + np.log(np.exp(logits - highest[:, None]).sum(1)))
    return found


def centre_and_spread(values: UnknownScores) -> tuple[float, float]:
    """The median, and half the distance between the quantiles that are one deviation from it in a normal distribution."""
    low, centre, high = np.quantile(values.astype(np.float64), [0.1587, 0.5, 0.8413])
    return float(centre), max(float(high - low) / 2, 1e-3)


def joined(familiar: Familiar, log_distances: UnknownScores, doubts: UnknownScores) -> UnknownScores:
    """The score from its two parts, of shape (n)."""
    (centre, spread), (doubt_centre, doubt_spread) = familiar.distance, familiar.doubt
    doubtful = np.clip((doubts - doubt_centre) / doubt_spread, 0, MOST_DOUBT)
    found: UnknownScores = (log_distances - centre) / spread + doubtful - familiar.shift
    return found
