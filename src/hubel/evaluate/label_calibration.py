"""From scores to probabilities, and from these to labels, where an image may have several.

Each label's probability is σ(s), s = z / T. Where cross-validation shows it to be better, s is aₖ z / T + bₖ (Platt 1999), the
counterpart of vector scaling (`calibrators`), with aₖ normal around 1 and bₖ around 0. A label is given from F*/2 on, where F* is the
largest F1 to expect: that threshold is the one which reaches it (Lipton, Elkan and Naryanaswamy 2014, arXiv:1402.1892).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hubel.core.arrays import Bool, Float, Int
from hubel.core.decision import Calibration, Method
from hubel.core.errors import MissingExtraError
from hubel.core.types import Logits, Probabilities
from hubel.evaluate.calibration import HIGHEST_TEMPERATURE, LOWEST_TEMPERATURE
from hubel.evaluate.calibration_choice import FEWEST_FOR_OTHERS, MOST_SCORES, NOISE
from hubel.evaluate.multilabel import PerLabel, binary_log_losses

Targets = Bool[np.ndarray, "n k"]
"""The labels that each image has."""
Folds = Int[np.ndarray, " n"]
"""The fold of each image; images of one group are in one fold."""

METHODS: tuple[Method, ...] = ("temperature", "vector")
LOWEST_THRESHOLD = 0.2
"""Of a label that cannot be told, F1 is largest when every image gets it. Nobody wants that: what is less likely than one in five
is not said."""
NUM_HALVINGS = 60


class ChosenLabels(NamedTuple):
    """Temperature, what follows it, and thresholds (k); and what each image gets from a fit to the other folds (n, k)."""

    temperature: float
    calibration: Calibration
    thresholds: PerLabel
    cross_fitted: Probabilities
    given: Targets


def choose_labels(logits: Logits, targets: Targets, folds: Folds) -> ChosenLabels:
    """Choose calibration and thresholds on out-of-fold scores.

    The temperature stays alone unless the mean of the paired differences of the images' losses is beyond noise.

    Parameters
    ----------
    logits
        Out-of-fold scores.
    targets
        The labels that each image has.
    folds
        Those of the cross-validation the scores come from.
    """
    enough = len(targets) >= FEWEST_FOR_OTHERS and logits.size <= MOST_SCORES * 10
    tried = METHODS if enough else METHODS[:1]
    fitted = {method: cross_fit(logits, targets, folds, method=method) for method in tried}
    losses = {method: binary_log_losses(found, targets).mean(1) for method, found in fitted.items()}
    best: Method = "temperature"
    if "vector" in losses:
        gain = losses["temperature"] - losses["vector"]
        best = "vector" if gain.mean() > NOISE * gain.std(ddof=1) / np.sqrt(len(gain)) else best
    temperature, calibration = fit_labels(logits, targets, best)
    given = np.zeros(targets.shape, bool)
    for fold in np.unique(folds):
        inside = folds == fold
        others = fitted[best][~inside] if not inside.all() else fitted[best]
        given[inside] = fitted[best][inside] >= choose_thresholds(others)
    return ChosenLabels(
        temperature,
        calibration.model_copy(update={"losses": {method: float(found.mean()) for method, found in losses.items()}}),
        choose_thresholds(fitted[best]),
        fitted[best],
        given,
    )


def label_probabilities(logits: Logits, temperature: float, calibration: Calibration | None) -> Probabilities:
    """The probabilities that the exported graph gives for these scores, of shape (n, k).

    Examples
    --------
    >>> label_probabilities(np.array([[0.0, 1000.0]]), 2.0, None).tolist()
    [[0.5, 1.0]]
    """
    scores = logits / logits.dtype.type(temperature)
    if calibration is not None and calibration.method == "vector":
        kind = logits.dtype.type
        scores = scores * np.array(calibration.scale, kind) + np.array(calibration.offset, kind)
    return sigmoid(scores)


def choose_thresholds(probabilities: Probabilities) -> PerLabel:
    """From which probability on each label is given, of shape (k); from 0.2 to 0.5.

    Parameters
    ----------
    probabilities
        Calibrated, of images like those to come: what is expected of F1 follows from them alone.

    Examples
    --------
    >>> print(*choose_thresholds(np.array([[0.9], [0.8], [0.1], [0.0]])).round(3))
    0.447
    """
    falling = -np.sort(-probabilities.astype(np.float64), axis=0)  # n k
    given = np.arange(1, len(falling) + 1)[:, None]
    best = (2 * falling.cumsum(0) / (given + falling.sum(0))).max(0)
    thresholds: PerLabel = np.clip(best / 2, LOWEST_THRESHOLD, 0.5).astype(np.float32)  # the graph is no finer
    return thresholds


def fit_labels(logits: Logits, targets: Targets, method: Method) -> tuple[float, Calibration]:
    """The temperature, and what follows it under one method; the record has no losses yet."""
    scores = logits.astype(np.float64)
    temperature = fit_label_temperature(scores, targets)
    if method == "temperature":
        return temperature, Calibration(method=method, losses={})
    scale, offset = fit_scaling(scores / temperature, targets)
    return temperature, Calibration(
        method="vector", losses={}, scale=tuple(scale.tolist()), offset=tuple(offset.tolist())
    )


def fit_label_temperature(scores: Logits, targets: Targets) -> float:
    """The temperature that minimises the mean log loss of all labels on softened targets, within its usual range.

    Of a label that n₁ images have and n₀ have not, targets are (n₁ + 1)/(n₁ + 2) and 1/(n₀ + 2) (Platt 1999), so that scores
    which never err do not ask for certainty. The loss is convex in 1/T: its slope is halved until it is found.

    Examples
    --------
    >>> scores = np.repeat([[4.0], [-4.0]], 40, axis=0)
    >>> round(fit_label_temperature(scores, scores > 0), 2)
    1.08
    """
    softened = soft_targets(targets)

    def slope(inverse: float) -> float:
        return float(((sigmoid(scores * inverse) - softened) * scores).mean())

    low, high = 1 / HIGHEST_TEMPERATURE, 1 / LOWEST_TEMPERATURE
    if slope(low) >= 0:
        return HIGHEST_TEMPERATURE if slope(low) > 0 else 1.0
    if slope(high) <= 0:
        return LOWEST_TEMPERATURE
    for _ in range(NUM_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if slope(middle) < 0 else (low, middle)
    return 2 / (low + high)


def fit_scaling(scores: Logits, targets: Targets) -> tuple[PerLabel, PerLabel]:
    """The aₖ and bₖ that are likeliest, when they are normal around 1 and 0 with deviation 1; each of shape (k)."""
    try:
        from scipy.optimize import minimize
    except ImportError as error:
        raise MissingExtraError("scipy", "train") from error
    num_images, num_labels = scores.shape
    softened = soft_targets(targets)

    def objective(flat: np.ndarray) -> tuple[float, np.ndarray]:
        scale, offset = flat[:num_labels], flat[num_labels:]
        moved = scores * scale + offset
        loss = float((np.logaddexp(0, moved) - softened * moved).sum())
        loss += float(((scale - 1) ** 2).sum() + (offset**2).sum()) / 2
        residual = sigmoid(moved) - softened
        slope = np.concatenate([(residual * scores).sum(0) + scale - 1, residual.sum(0) + offset])
        return loss / num_images, slope / num_images

    start = np.concatenate([np.ones(num_labels), np.zeros(num_labels)])
    found = minimize(objective, start, jac=True, method="L-BFGS-B", options={"maxiter": 200, "ftol": 1e-10}).x
    return found[:num_labels], found[num_labels:]


def soft_targets(targets: Targets) -> Float[np.ndarray, "n k"]:
    """Targets with one image's worth of doubt on either side of each label."""
    positive, negative = targets.sum(0), (~targets).sum(0)
    softened: np.ndarray = np.where(targets, (positive + 1) / (positive + 2), 1 / (negative + 2))
    return softened


def cross_fit(logits: Logits, targets: Targets, folds: Folds, *, method: Method) -> Probabilities:
    """The probabilities of each image by a fit to the other folds."""
    found = np.empty(logits.shape, logits.dtype)
    for fold in np.unique(folds):
        inside = folds == fold
        fitted = (1.0, None) if inside.all() else fit_labels(logits[~inside], targets[~inside], method)
        found[inside] = label_probabilities(logits[inside], *fitted)
    return found


def sigmoid(scores: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(−s)), safe for scores of any size."""
    powers = np.exp(-np.abs(scores))
    found: np.ndarray = np.where(scores >= 0, 1, powers) / (1 + powers)
    return found.astype(scores.dtype, copy=False)
