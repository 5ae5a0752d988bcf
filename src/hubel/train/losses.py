"""What the head minimises: log loss of one class among several, or of each label by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hubel.core.arrays import Bool, Float
from hubel.core.types import Labels, Logits

PieceLoss = Callable[[np.ndarray, Labels, np.ndarray], float]
"""The loss of some rows from their scores (n f k), labels (n) and shares of the mean (n f); the scores become residuals."""
MeanLoss = Callable[[Logits, Labels, np.ndarray], float]
"""The mean loss of finished scores (n k) of images with these labels and weights (n), in nats."""
LabelTable = Bool[np.ndarray, "s k"]
"""The labels that each of s sets holds."""


@dataclass(frozen=True, slots=True)
class Loss:
    """A loss, as the solver walks down it piece by piece, and as held-out scores are judged by it."""

    of_piece: PieceLoss
    of_all: MeanLoss


def softmax_piece(scores: np.ndarray, labels: Labels, share: np.ndarray) -> float:
    """The loss of one class among several."""
    rows = np.arange(len(labels))
    scores -= scores.max(2, keepdims=True)
    true_scores = scores[rows, :, labels]  # (n, f)
    np.exp(scores, out=scores)
    sums = scores.sum(2)  # (n, f)
    loss = float(np.sum(share * (np.log(sums) - true_scores), dtype=np.float64))
    scores *= (share / sums)[:, :, None]
    scores[rows, :, labels] -= share
    return loss


def weighted_log_loss(logits: Logits, labels: Labels, weights: np.ndarray) -> float:
    """Mean of −log p(true class) in nats, each image counted by its weight."""
    wide = logits.astype(np.float64)
    wide = wide - wide.max(1, keepdims=True)
    losses = np.log(np.exp(wide).sum(1)) - wide[np.arange(len(labels)), labels]
    return float(np.average(losses, weights=weights))


SOFTMAX = Loss(softmax_piece, weighted_log_loss)


def sigmoid_loss(table: LabelTable, num_images: int) -> Loss:
    """The sum of the losses of k labels, each by itself: −t log σ(z) − (1 − t) log σ(−z).

    While learning, targets are 1 − ε/2 and ε/2 with ε = 1/(n + 1): together one image's worth of doubt. So the minimum is
    finite for a label that no image of a fold has, and lies at a probability of about 1/2n (Platt 1999).

    Parameters
    ----------
    table
        Which labels each set holds; an image's label is the number of its set.
    num_images
        n.
    """
    doubt = 1 / (num_images + 1)
    targets = (table * (1 - doubt) + doubt / 2).astype(np.float32)

    def of_piece(scores: np.ndarray, labels: Labels, share: np.ndarray) -> float:
        wanted = targets[labels][:, None]  # n 1 k
        powers = np.exp(-np.abs(scores))
        losses = np.maximum(scores, 0) + np.log1p(powers) - wanted * scores
        loss = float(np.sum(share[:, :, None] * losses, dtype=np.float64))
        np.divide(np.where(scores >= 0, np.float32(1), powers), 1 + powers, out=scores)  # σ
        scores -= wanted
        scores *= share[:, :, None]
        return loss

    def of_all(logits: Logits, labels: Labels, weights: np.ndarray) -> float:
        return float(np.average(label_losses(logits, table[labels]).sum(1), weights=weights))

    return Loss(of_piece, of_all)


def label_losses(logits: Logits, targets: Bool[np.ndarray, "n k"]) -> Float[np.ndarray, "n k"]:
    """−log of the probability given to what is so, for each label of each image, in nats.

    Examples
    --------
    >>> label_losses(np.array([[0.0, 100.0]]), np.array([[True, True]])).round(4).tolist()
    [[0.6931, 0.0]]
    """
    wide = logits.astype(np.float64)
    signed = np.where(targets, -wide, wide)
    return np.logaddexp(0, signed)
