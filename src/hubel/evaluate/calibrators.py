"""From scores to probabilities where one temperature is not enough: vector scaling and isotonic curves, fitted and applied.

All begin with s = logits / T. Vector scaling gives softmax(a ∘ s + b) (Guo et al. 2017, arXiv:1706.04599). Isotonic curves
are one for each class, from its probability under softmax(s) to the share that was so, and rows are then divided by their
sum (Zadrozny and Elkan 2002, doi:10.1145/775047.775151).
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from hubel.core.arrays import Float
from hubel.core.decision import Calibration, Method
from hubel.core.errors import MissingExtraError
from hubel.core.types import Labels, Logits, Probabilities
from hubel.evaluate.calibration import fit_temperature, softmax

Curve = tuple[tuple[float, ...], tuple[float, ...]]
"""The knots of a rising curve: where, and how high."""

MOST_KNOTS = 16
"""So many a curve at most: the graph computes every one for every class."""


def fit_calibration(logits: Logits, labels: Labels, method: Method) -> tuple[float, Calibration]:
    """The temperature, and what follows it under one method.

    Parameters
    ----------
    logits
        Scores of images the model had not learned from, of shape (n, k).
    labels
        Their true classes.
    method
        Which method.

    Returns
    -------
    tuple
        The temperature, and the record without its losses.

    Raises
    ------
    DataError
        When there is no image, a score is not finite, or a label names no class.
    """
    temperature = fit_temperature(logits, labels)
    scores = logits.astype(np.float64) / temperature
    if method == "vector":
        scale, offset = fit_vector(scores, labels)
        found = Calibration(method=method, losses={}, scale=tuple(scale.tolist()), offset=tuple(offset.tolist()))
    elif method == "isotonic":
        curves = fit_curves(softmax(scores), labels)
        found = Calibration(
            method=method, losses={}, stated=tuple(where for where, _ in curves), true=tuple(high for _, high in curves)
        )
    else:
        found = Calibration(method=method, losses={})
    return temperature, found


def calibrate(logits: Logits, temperature: float, calibration: Calibration | None) -> Probabilities:
    """The probabilities that the exported graph gives for these scores.

    Parameters
    ----------
    logits
        Shape (n, k).
    temperature
        The card's.
    calibration
        The card's; None stands for the temperature alone.

    Returns
    -------
    Probabilities
        Shape (n, k), in the precision of the scores.
    """
    if calibration is None or calibration.method == "temperature":
        return softmax(logits, temperature=temperature)
    kind = logits.dtype.type
    if calibration.method == "vector":
        scores = logits / kind(temperature) * np.array(calibration.scale, kind) + np.array(calibration.offset, kind)
        return softmax(scores)
    stated = softmax(logits, temperature=temperature)
    columns = [
        np.interp(stated[:, index], where, high)
        for index, (where, high) in enumerate(zip(calibration.stated, calibration.true, strict=True))
    ]
    raised = np.stack(columns, axis=1).astype(logits.dtype)  # n k
    result: Probabilities = raised / raised.sum(axis=1, keepdims=True)
    return result


def fit_vector(scores: Logits, labels: Labels) -> tuple[Float[np.ndarray, " k"], Float[np.ndarray, " k"]]:
    """The a and b of softmax(a ∘ s + b) that are likeliest, when a is normal around 1 and b around 0, both with deviation 1.

    It minimises −Σᵢ log softmax(a ∘ sᵢ + b)[yᵢ] + (‖a − 1‖² + ‖b‖²) / 2, so a class with few images stays near where the
    temperature put it.

    Parameters
    ----------
    scores
        Scores after the temperature, (n, k) float64.
    labels
        The true classes.
    """
    try:
        from scipy.optimize import minimize
    except ImportError as error:
        raise MissingExtraError("scipy", "train") from error
    num_images, num_classes = scores.shape
    rows = np.arange(num_images)

    def objective(flat: np.ndarray) -> tuple[float, np.ndarray]:
        scale, offset = flat[:num_classes], flat[num_classes:]
        moved = scores * scale + offset
        moved -= moved.max(axis=1, keepdims=True)
        true_scores = moved[rows, labels]
        residual = np.exp(moved)
        sums = residual.sum(axis=1)
        residual /= sums[:, None]
        residual[rows, labels] -= 1
        loss = float((np.log(sums) - true_scores).sum() + ((scale - 1) ** 2).sum() / 2 + (offset**2).sum() / 2)
        slope = np.concatenate([(residual * scores).sum(axis=0) + scale - 1, residual.sum(axis=0) + offset])
        return loss / num_images, slope / num_images

    start = np.concatenate([np.ones(num_classes), np.zeros(num_classes)])
    found = minimize(objective, start, jac=True, method="L-BFGS-B", options={"maxiter": 200, "ftol": 1e-10}).x
    return found[:num_classes], found[num_classes:]


def fit_curves(stated: Probabilities, labels: Labels) -> list[Curve]:
    """For each class the rising curve nearest to the truth in squares, each step with one more image that was as stated.

    That image keeps a step of few images from claiming certainty. The steps' centres are the knots of the curve.
    """
    try:
        from scipy.optimize import isotonic_regression
    except ImportError as error:
        raise MissingExtraError("scipy", "train") from error
    curves = []
    for label in range(stated.shape[1]):
        order = np.argsort(stated[:, label], kind="stable")
        where, true = stated[order, label].astype(np.float64), (labels[order] == label).astype(np.float64)
        first = np.flatnonzero(np.diff(where, prepend=-1) > 0)  # equal probabilities share one height
        counts = np.diff(first, append=len(where))
        steps = isotonic_regression(np.add.reduceat(true, first) / counts, weights=counts)
        blocks = first[steps.blocks[:-1]]
        curves.append(_curve(where, true, _at_most(blocks, len(where))))
    return curves


def _at_most(blocks: np.ndarray, num_images: int) -> np.ndarray:
    """The starts of the blocks, those of the smallest joined to their neighbours until there are few enough."""
    starts = blocks.tolist()
    while len(starts) > MOST_KNOTS:
        ends = [*starts[1:], num_images]
        sizes = [end - start for start, end in zip(starts, ends, strict=True)]
        pairs = [one + two for one, two in pairwise(sizes)]
        del starts[int(np.argmin(pairs)) + 1]
    return np.array(starts)


def _curve(where: np.ndarray, true: np.ndarray, blocks: np.ndarray) -> Curve:
    counts = np.diff(blocks, append=len(where))
    centres = np.add.reduceat(where, blocks) / counts
    heights = (np.add.reduceat(true, blocks) + centres) / (counts + 1)
    return tuple(centres.tolist()), tuple(np.maximum.accumulate(heights).tolist())
