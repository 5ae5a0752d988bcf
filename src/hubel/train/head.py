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
from hubel.core.parallel import usable_cores
from hubel.core.types import Bias, FeatureMatrix, Labels, Logits, Weights
from hubel.train.losses import SOFTMAX, Loss

STRENGTHS = tuple(float(value) for value in 10.0 ** np.arange(0.0, -5.1, -0.5))
"""The λ that are tried, strongest first; the search stops when weaker ones no longer help."""
USUAL_STRENGTH = STRENGTHS[3]
"""What is seldom far from the best (`LAB.md`, 2026-11-22), for when there is no time to try."""
ROWS_AT_ONCE = 1024
"""The piece of work of one thread. Features are widened to float32 in such pieces, so memory does not grow with the data."""
WIDE_BYTES = 2**28
"""Features that take no more than this in float32 are widened once and for all."""
SOLVER_BYTES = 2**28
"""What the solver's memory of earlier steps may take, as far as three steps allow."""
TOGETHER = 2**20
"""Folds with more unknowns than this are solved one after the other, which keeps memory small for many classes."""
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
    mean: np.ndarray  # (d, f): over the images of each problem alone, so that held-out ones tell nothing of themselves
    deviation: np.ndarray  # (d, f)
    loss: Loss = SOFTMAX


def fit_head(
    features: FeatureMatrix,
    labels: Labels,
    num_classes: int,
    regularisation: float,
    *,
    weights: np.ndarray,
    loss: Loss = SOFTMAX,
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
    loss
        What is minimised; J's first term is that of one class among several.
    """
    problem = standardise(features, labels, weights[:, None], num_classes, loss)
    solution = solve(problem, regularisation, None, precision=FINE)
    return unstandardise(problem, solution, 0, regularisation)


def never() -> bool:
    """There is time enough, and nobody asks to stop."""
    return False


def choose_strength(  # noqa: PLR0913  the problem, and how to search
    features: FeatureMatrix,
    labels: Labels,
    num_classes: int,
    folds: np.ndarray,
    *,
    weights: np.ndarray,
    strengths: Sequence[float] = STRENGTHS,
    stop: Callable[[], bool] = never,
    loss: Loss = SOFTMAX,
) -> Strength:
    """Try strengths from strong to weak and keep the one with the lowest cross-validated log loss.

    Parameters
    ----------
    features, labels, num_classes, weights, loss
        As in `fit_head`.
    folds
        The fold of each image, of shape (n); a fold's images are scored by the head fitted without them.
    strengths
        The λ to try, strongest first.
    stop
        Asked before the first and after each; once True, `USUAL_STRENGTH` or the best so far is taken.

    Returns
    -------
    Strength
        With out-of-fold logits of shape (n, k).
    """
    num_folds = int(folds.max()) + 1
    outside = folds[:, None] != np.arange(num_folds)  # (n, f): True where the image trains the fold's head
    features = widened(features)
    together = (features.shape[1] + 1) * num_folds * num_classes <= TOGETHER
    parts = [np.arange(num_folds)] if together else list(np.arange(num_folds)[:, None])
    problems = [standardise(features, labels, weights[:, None] * outside[:, part], num_classes, loss) for part in parts]
    solutions: list[np.ndarray | None] = [None] * len(parts)
    losses: dict[float, float] = {}
    best: Strength | None = None
    for regularisation in (USUAL_STRENGTH,) if stop() else strengths:
        scores = np.empty((len(labels), num_classes), np.float32)
        for place, (part, problem) in enumerate(zip(parts, problems, strict=True)):
            solution = solve(problem, regularisation, solutions[place], precision=COARSE)
            solutions[place] = solution
            inside = np.isin(folds, part)
            scores[inside] = held_out_scores(problem, solution, folds - part[0])[inside]
        losses[regularisation] = loss.of_all(scores, labels, weights)
        if best is None or losses[regularisation] < losses[best.regularisation]:
            best = Strength(regularisation, scores, losses)
        if losses[regularisation] > 1.02 * losses[best.regularisation] or stop():
            break
    assert best is not None
    return best


def standardise(
    features: FeatureMatrix, labels: Labels, sample_weights: np.ndarray, num_classes: int, loss: Loss = SOFTMAX
) -> Problem:
    """The problems with each feature's mean and deviation over their images; a constant feature keeps deviation 1."""
    inside = (sample_weights > 0).astype(np.float64)  # (n, f)
    total = np.zeros((features.shape[1], inside.shape[1]))
    squares = np.zeros_like(total)
    for start, chunk in row_chunks(features):
        wide, members = chunk.astype(np.float64), inside[start : start + len(chunk)]
        total += wide.T @ members
        squares += np.square(wide).T @ members
    mean = total / inside.sum(0)
    variance = np.maximum(squares / inside.sum(0) - mean**2, 0)
    deviation = np.sqrt(np.where(variance > 1e-10, variance, 1.0))
    return Problem(widened(features), labels, sample_weights, num_classes, mean, deviation, loss)


def widened(features: FeatureMatrix) -> FeatureMatrix:
    """The features in float32, unless that takes too much memory."""
    return features.astype(np.float32, copy=False) if features.size * 4 <= WIDE_BYTES else features


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

    # The solver keeps 2 · maxcor + 5 vectors of the size of the solution.
    corrections = int(np.clip(SOLVER_BYTES / (16 * first.size) - 2, 3, 10))
    options = {"maxiter": 400, "gtol": 1e-6, "ftol": precision, "maxcor": corrections}
    # The cores share the rows, not the products: products this thin are bound by memory, and BLAS threads only wait.
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(usable_cores()) as pool:
        found = minimize(objective, first.ravel(), jac=True, method="L-BFGS-B", options=options)
    # Also where the iterations or the line search end before `success`: the loss never rises on the way, and the held-out
    # loss, not the solver's own test, decides between strengths.
    return np.asarray(found.x).reshape(shape)


def loss_and_gradient(
    problem: Problem, solution: np.ndarray, regularisation: float, *, each: EachPiece = map
) -> tuple[float, np.ndarray]:
    """J summed over the f problems, and its gradient of shape (d + 1, f, k).

    `each` maps over pieces of rows, in order, so that their sum is the same whoever computes them.
    """
    num_features, num_outputs = len(solution) - 1, solution[0].size
    weights = solution[:-1]  # (d, f, k)
    unscaled = weights / problem.deviation[:, :, None]
    raw = unscaled.reshape(num_features, num_outputs).astype(np.float32)
    offsets = (solution[-1] - np.einsum("df,dfk->fk", problem.mean, unscaled)).ravel().astype(np.float32)
    totals = problem.sample_weights.sum(0)  # (f)

    def piece(part: Piece) -> Slopes:
        """The loss of some rows, and its slopes by the raw weights (d, f·k) and offsets (f·k)."""
        wide = part[1].astype(np.float32, copy=False)
        inside = slice(part[0], part[0] + len(wide))
        scores = (wide @ raw + offsets).reshape(len(wide), *solution.shape[1:])
        share = (problem.sample_weights[inside] / totals).astype(np.float32)  # (n, f)
        loss = problem.loss.of_piece(scores, problem.labels[inside], share)
        residual = scores.reshape(len(wide), num_outputs)
        return loss, (residual.T @ wide).T, residual.sum(0, dtype=np.float64)  # faster than wide.T @ residual

    loss = regularisation / 2 * float(np.einsum("dfk,dfk->", weights, weights))
    slope, slope_offsets = np.zeros((num_features, num_outputs), np.float32), np.zeros(num_outputs)
    for piece_loss, piece_slope, piece_offsets in each(piece, row_chunks(problem.features)):
        loss += piece_loss
        slope += piece_slope
        slope_offsets += piece_offsets
    by_problem, offsets_by_problem = slope.reshape(weights.shape), slope_offsets.reshape(solution[-1].shape)
    centred = (by_problem - problem.mean[:, :, None] * offsets_by_problem) / problem.deviation[:, :, None]
    return loss, np.concatenate([centred + regularisation * weights, offsets_by_problem[None]])


def held_out_scores(problem: Problem, solution: np.ndarray, folds: np.ndarray) -> Logits:
    """Each image's logits by the head of the fold it was kept out of, of shape (n, k)."""
    scores = np.empty((len(folds), problem.num_classes), np.float32)
    for fold in range(solution.shape[1]):
        head = unstandardise(problem, solution, fold, 0.0)
        inside = folds == fold
        scores[inside] = head.logits(problem.features[inside])
    return scores


def unstandardise(problem: Problem, solution: np.ndarray, place: int, regularisation: float) -> Head:
    """The head on raw features of one of the problems, from the standardised solution of all, (d + 1, f, k)."""
    weights = solution[:-1, place] / problem.deviation[:, place, None]  # (d, k)
    bias = solution[-1, place] - problem.mean[:, place] @ weights
    return Head(weights.astype(np.float32), bias.astype(np.float32), regularisation)


def row_chunks(features: FeatureMatrix | Sequence[np.ndarray]) -> Iterator[tuple[int, np.ndarray]]:
    """Pieces of at most `ROWS_AT_ONCE` rows with the index of their first row."""
    for start in range(0, len(features), ROWS_AT_ONCE):
        yield start, np.asarray(features[start : start + ROWS_AT_ONCE])
