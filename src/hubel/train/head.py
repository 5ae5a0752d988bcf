"""The head: multinomial logistic regression with an L2 penalty, its strength chosen by cross-validation.

For n images with features x, classes k and one-hot targets y, the head minimises

    J(W, b) = −(1/n) Σᵢ wᵢ log softmax(zᵢ W + b)·yᵢ + (λ/2) ‖W‖²,     z = (x − mean) / deviation

(Bishop 2006, Pattern Recognition and Machine Learning, §4.3.4), by SciPy's L-BFGS. All folds of a cross-validation are
solved as one separable problem, so that every pass over the features serves all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from hubel.core.errors import MissingExtraError
from hubel.core.types import Bias, FeatureMatrix, Labels, Logits, Weights
from hubel.runtime.engines import usable_cores

STRENGTHS = tuple(float(value) for value in 10.0 ** np.arange(0.0, -5.1, -0.5))
"""The λ that are tried, strongest first; the search stops when weaker ones no longer help."""
ROWS_AT_ONCE = 1024
"""The piece of work of one thread. Features are widened to float32 in such pieces, so memory does not grow with the data."""
WIDE_BYTES = 2**28
"""Features that take no more than this in float32 are widened once and for all."""
COARSE, FINE = 1e-5, 1e-8
"""The relative decrease of J at which the solver stops: while strengths are compared, and for the head that is kept."""

Piece: TypeAlias = tuple[int, np.ndarray]
"""Some rows of features, and the index of the first."""
Slopes: TypeAlias = tuple[float, np.ndarray, np.ndarray]
EachPiece: TypeAlias = Callable[[Callable[[Piece], Slopes], Iterable[Piece]], Iterable[Slopes]]
"""``map``, or the same by several threads."""


@dataclass(frozen=True, slots=True)
class Head:
    """A linear classifier on raw features: ``logits = features @ weights + bias``."""

    weights: Weights
    bias: Bias
    regularisation: float

    def logits(self, features: FeatureMatrix) -> Logits:
        """Scores of shape (n, k)."""
        parts = [chunk.astype(np.float32) @ self.weights + self.bias for _, chunk in row_chunks(features)]
        return np.concatenate(parts) if parts else np.empty((0, len(self.bias)), np.float32)


@dataclass(frozen=True, slots=True)
class Strength:
    """What cross-validation found: the best λ, its scores on images the fold's head had not seen, and every λ's loss."""

    regularisation: float
    out_of_fold: Logits
    losses: dict[float, float]

    @property
    def loss(self) -> float:
        """The cross-validated log loss of the best λ, in nats."""
        return self.losses[self.regularisation]


@dataclass(frozen=True, slots=True)
class Problem:
    """Features, targets and per-image weights, with the standardisation that the solver works in."""

    features: FeatureMatrix
    labels: Labels
    sample_weights: np.ndarray  # (n, f): the weight of each image in each of the f problems that are solved together
    num_classes: int
    mean: np.ndarray  # (d)
    deviation: np.ndarray  # (d)


def balanced_weights(labels: Labels, num_classes: int) -> np.ndarray:
    """One weight per image, so that every class weighs the same; mean 1. Shape (n)."""
    counts = np.bincount(labels, minlength=num_classes)
    by_class: np.ndarray = len(labels) / (np.count_nonzero(counts) * np.maximum(counts, 1))
    weights: np.ndarray = by_class[labels]
    return weights


def fit_head(
    features: FeatureMatrix, labels: Labels, num_classes: int, regularisation: float, *, weights: np.ndarray
) -> Head:
    """Fit the head on all images.

    Parameters
    ----------
    features, labels
        What the base says of each image, and its class index.
    num_classes
        The number of classes k; a class without images gets a column that never wins.
    regularisation
        λ of the penalty.
    weights
        One weight per image, of shape (n).
    """
    problem = standardise(features, labels, weights[:, None], num_classes)
    solution = solve(problem, regularisation, None, precision=FINE)
    return unstandardise(problem, solution, regularisation)


def choose_strength(
    features: FeatureMatrix, labels: Labels, num_classes: int, folds: np.ndarray, *, weights: np.ndarray
) -> Strength:
    """Try strengths from strong to weak and keep the one with the lowest cross-validated log loss.

    Parameters
    ----------
    features, labels, num_classes, weights
        As in `fit_head`.
    folds
        The fold of each image, of shape (n); a fold's images are scored by the head fitted without them.

    Returns
    -------
    Strength
        With out-of-fold logits of shape (n, k).
    """
    num_folds = int(folds.max()) + 1
    outside = folds[:, None] != np.arange(num_folds)  # (n, f): True where the image trains the fold's head
    problem = standardise(features, labels, weights[:, None] * outside, num_classes)
    losses: dict[float, float] = {}
    best: Strength | None = None
    solution: np.ndarray | None = None
    for regularisation in STRENGTHS:
        solution = solve(problem, regularisation, solution, precision=COARSE)
        scores = held_out_scores(problem, solution, folds)
        losses[regularisation] = weighted_log_loss(scores, labels, weights)
        if best is None or losses[regularisation] < losses[best.regularisation]:
            best = Strength(regularisation, scores, losses)
        elif losses[regularisation] > 1.02 * losses[best.regularisation]:
            break
    assert best is not None
    return best


def standardise(features: FeatureMatrix, labels: Labels, sample_weights: np.ndarray, num_classes: int) -> Problem:
    """The problem with each feature's mean and deviation over all images; a constant feature keeps deviation 1."""
    total = np.zeros(features.shape[1])
    squares = np.zeros(features.shape[1])
    for _, chunk in row_chunks(features):
        wide = chunk.astype(np.float64)
        total += wide.sum(0)
        squares += np.einsum("nd,nd->d", wide, wide)
    mean = total / len(features)
    variance = np.maximum(squares / len(features) - mean**2, 0)
    deviation = np.sqrt(np.where(variance > 1e-10, variance, 1.0))
    fits = features.size * 4 <= WIDE_BYTES
    wide_features = features.astype(np.float32) if fits else features
    return Problem(wide_features, labels, sample_weights, num_classes, mean, deviation)


def solve(problem: Problem, regularisation: float, start: np.ndarray | None, *, precision: float) -> np.ndarray:
    """Minimise J for all f problems at once, from `start` if given; returns (d + 1, f, k), the last row the offsets."""
    try:
        from scipy.optimize import minimize
        from threadpoolctl import threadpool_limits
    except ImportError as error:
        raise MissingExtraError("scipy", "train") from error

    shape = (problem.features.shape[1] + 1, problem.sample_weights.shape[1], problem.num_classes)
    first = np.zeros(shape) if start is None else start

    def objective(flat: np.ndarray) -> tuple[float, np.ndarray]:
        loss, gradient = loss_and_gradient(problem, flat.reshape(shape), regularisation, each=pool.map)
        return loss, gradient.ravel()

    options = {"maxiter": 400, "gtol": 1e-6, "ftol": precision, "maxcor": 10}
    # The cores share the rows, not the products: products this thin are bound by memory, and BLAS threads only wait.
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(usable_cores()) as pool:
        found = minimize(objective, first.ravel(), jac=True, method="L-BFGS-B", options=options)
    return np.asarray(found.x).reshape(shape)


def loss_and_gradient(
    problem: Problem, solution: np.ndarray, regularisation: float, *, each: EachPiece = map
) -> tuple[float, np.ndarray]:
    """J summed over the f problems, and its gradient of shape (d + 1, f, k).

    `each` maps over pieces of rows, in order, so that their sum is the same whoever computes them.
    """
    num_features, num_outputs = len(solution) - 1, solution[0].size
    weights = solution[:-1].reshape(num_features, num_outputs)  # (d, f·k)
    raw = (weights / problem.deviation[:, None]).astype(np.float32)
    offsets = (solution[-1].ravel() - problem.mean @ (weights / problem.deviation[:, None])).astype(np.float32)
    totals = problem.sample_weights.sum(0)  # (f)

    def piece(part: Piece) -> Slopes:
        """The loss of some rows, and its slopes by the raw weights (d, f·k) and offsets (f·k)."""
        wide = part[1].astype(np.float32, copy=False)
        rows, inside = np.arange(len(wide)), slice(part[0], part[0] + len(wide))
        labels = problem.labels[inside]
        scores = (wide @ raw + offsets).reshape(len(wide), *solution.shape[1:])
        scores -= scores.max(2, keepdims=True)
        true_scores = scores[rows, :, labels]  # (n, f)
        np.exp(scores, out=scores)
        sums = scores.sum(2)  # (n, f)
        share = (problem.sample_weights[inside] / totals).astype(np.float32)  # (n, f)
        loss = float(np.sum(share * (np.log(sums) - true_scores), dtype=np.float64))
        scores *= (share / sums)[:, :, None]
        scores[rows, :, labels] -= share
        residual = scores.reshape(len(wide), num_outputs)
        return loss, (residual.T @ wide).T, residual.sum(0, dtype=np.float64)  # faster than wide.T @ residual

    loss = regularisation / 2 * float(np.einsum("dm,dm->", weights, weights))
    slope, slope_offsets = np.zeros((num_features, num_outputs), np.float32), np.zeros(num_outputs)
    for piece_loss, piece_slope, piece_offsets in each(piece, row_chunks(problem.features)):
        loss += piece_loss
        slope += piece_slope
        slope_offsets += piece_offsets
    centred = (slope - np.outer(problem.mean, slope_offsets)) / problem.deviation[:, None]
    gradient = np.concatenate([centred + regularisation * weights, slope_offsets[None]])
    return loss, gradient.reshape(solution.shape)


def held_out_scores(problem: Problem, solution: np.ndarray, folds: np.ndarray) -> Logits:
    """Each image's logits by the head of the fold it was kept out of, of shape (n, k)."""
    scores = np.empty((len(folds), problem.num_classes), np.float32)
    for fold in range(solution.shape[1]):
        head = unstandardise(problem, solution[:, fold : fold + 1], 0.0)
        inside = folds == fold
        scores[inside] = head.logits(problem.features[inside])
    return scores


def unstandardise(problem: Problem, solution: np.ndarray, regularisation: float) -> Head:
    """The head on raw features, from one standardised solution of shape (d + 1, 1, k)."""
    weights = solution[:-1, 0] / problem.deviation[:, None]  # (d, k)
    bias = solution[-1, 0] - problem.mean @ weights
    return Head(weights.astype(np.float32), bias.astype(np.float32), regularisation)


def weighted_log_loss(logits: Logits, labels: Labels, weights: np.ndarray) -> float:
    """Mean of −log p(true class) in nats, each image counted by its weight."""
    wide = logits.astype(np.float64)
    wide = wide - wide.max(1, keepdims=True)
    losses = np.log(np.exp(wide).sum(1)) - wide[np.arange(len(labels)), labels]
    return float(np.average(losses, weights=weights))


def row_chunks(features: FeatureMatrix | Sequence[np.ndarray]) -> Iterator[tuple[int, np.ndarray]]:
    """Pieces of at most `ROWS_AT_ONCE` rows with the index of their first row."""
    for start in range(0, len(features), ROWS_AT_ONCE):
        yield start, np.asarray(features[start : start + ROWS_AT_ONCE])
