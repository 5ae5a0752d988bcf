"""Which way from scores to probabilities: the one temperature, unless cross-validation shows another to be better."""

from __future__ import annotations

from statistics import NormalDist
from typing import NamedTuple, get_args

import numpy as np

from hubel.core.arrays import Float, Int
from hubel.core.decision import Calibration, Method
from hubel.core.types import Labels, Logits, Probabilities
from hubel.evaluate.calibration import softmax
from hubel.evaluate.calibrators import calibrate, fit_calibration

Folds = Int[np.ndarray, " n"]
"""The fold of each image; images of one group are in one fold."""

METHODS: tuple[Method, ...] = get_args(Method)
NOISE = NormalDist().inv_cdf(0.95)
"""Another method must be better than the temperature by so many standard errors: a one-sided paired test at 5 %."""
FEWEST_FOR_OTHERS = 50
"""With fewer images nothing but a temperature is tried: the test below means little."""
MOST_SCORES = 100_000
"""With more scores, images times classes, nothing else is tried either: six fits of each method would slow training down."""


class ChosenCalibration(NamedTuple):
    """The temperature, what follows it, and what each image gets from a fit to the other folds (n, k)."""

    temperature: float
    calibration: Calibration
    cross_fitted: Probabilities


def choose_calibration(logits: Logits, labels: Labels, folds: Folds) -> ChosenCalibration:
    """Fit every method to all folds but one and judge it on that one, by log loss; then fit the best to all.

    The temperature stays unless the mean of the paired differences of the images' losses is beyond noise.

    Parameters
    ----------
    logits
        Out-of-fold scores, of shape (n, k).
    labels
        The true classes.
    folds
        Those of the cross-validation the scores come from.

    Raises
    ------
    DataError
        When there is no image, a score is not finite, or a label names no class.
    """
    enough = len(labels) >= FEWEST_FOR_OTHERS and logits.size <= MOST_SCORES
    tried = METHODS if enough else METHODS[:1]
    fitted = {method: _cross_fit(logits, labels, folds, method=method) for method in tried}
    losses = {method: _losses(probabilities, labels) for method, probabilities in fitted.items()}
    best: Method = "temperature"
    for method in tried[1:]:
        gain = losses["temperature"] - losses[method]
        beyond_noise = gain.mean() > NOISE * gain.std(ddof=1) / np.sqrt(len(gain))
        if beyond_noise and losses[method].mean() < losses[best].mean():
            best = method
    temperature, calibration = fit_calibration(logits, labels, best)
    means = {method: float(found.mean()) for method, found in losses.items()}
    return ChosenCalibration(temperature, calibration.model_copy(update={"losses": means}), fitted[best])


def _cross_fit(logits: Logits, labels: Labels, folds: Folds, *, method: Method) -> Probabilities:
    """The probabilities of each image by a fit to the other folds."""
    found = np.empty(logits.shape, logits.dtype)
    for fold in np.unique(folds):
        inside = folds == fold
        if inside.all():
            found[inside] = softmax(logits)
            continue
        found[inside] = calibrate(logits[inside], *fit_calibration(logits[~inside], labels[~inside], method))
    return found


def _losses(probabilities: Probabilities, labels: Labels) -> Float[np.ndarray, " n"]:
    """−ln p(true class) of each image, in nats."""
    smallest = np.finfo(probabilities.dtype).eps
    found: np.ndarray = -np.log(probabilities[np.arange(len(labels)), labels].clip(smallest, 1).astype(np.float64))
    return found
