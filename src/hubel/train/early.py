"""Early stopping: which epoch is the best so far, and whether waiting for a better one still makes sense."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Validation:
    """What was measured on images that are not learned from: mean log loss in nats, and the share of right answers."""

    loss: float
    accuracy: float


@dataclass(slots=True)
class EarlyStopping:
    """Keeps the epoch with the highest accuracy, among equals the one with the lowest loss.

    Waiting begins anew whenever accuracy or loss is better than ever before: while the loss still falls, the accuracy of a
    few hundred images may stand still for long. Epochs count from 1; 0 is before the first.
    """

    patience: int | None
    best_epoch: int = 0
    best_accuracy: float = -math.inf
    best_loss: float = math.inf
    lowest_loss: float = math.inf
    waited: int = 0

    def note(self, epoch: int, found: Validation) -> bool:
        """Take in an epoch; returns whether it is the best so far, or simply the last where nobody waits.

        Examples
        --------
        >>> early = EarlyStopping(patience=1)
        >>> early.note(1, Validation(0.5, 0.8)), early.note(2, Validation(0.6, 0.7)), early.is_over
        (True, False, True)
        """
        better_accuracy, better_loss = found.accuracy > self.best_accuracy, found.loss < self.lowest_loss
        self.waited = 0 if better_accuracy or better_loss else self.waited + 1
        self.lowest_loss = min(self.lowest_loss, found.loss)
        equal = found.accuracy == self.best_accuracy and found.loss < self.best_loss
        is_best = self.patience is None or better_accuracy or equal
        if is_best:
            self.best_epoch, self.best_accuracy, self.best_loss = epoch, found.accuracy, found.loss
        return is_best

    @property
    def is_over(self) -> bool:
        """Whether patience is at its end."""
        return self.patience is not None and self.waited >= self.patience
