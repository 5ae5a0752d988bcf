"""How a network of one's own was trained: what the card records of it, epoch by epoch."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from hubel.core.frozen import Frozen

Ending = Literal["epochs", "patience", "budget", "stopped"]
"""Why a training ended: all epochs done, no better epoch in sight, the time over, the user's wish."""


class EpochRecord(Frozen):
    """One epoch: mean loss (nats) and accuracy while learning, the same on validation images, and the rate it ended with."""

    epoch: int
    learning_rate: float
    loss: float
    accuracy: float
    validation_loss: float
    validation_accuracy: float
    seconds: float


class Training(Frozen):
    """One training: its seed, its epochs, which of them was kept, and why it ended."""

    seed: int
    epochs: tuple[EpochRecord, ...] = Field(min_length=1)
    kept_epoch: int
    ended: Ending


class Learning(Frozen):
    """How the network under the head was trained on the user's own images.

    `settings` is the recipe as it was resolved; with several `trainings`, which differ by their seed, scores are averaged.
    `num_validation` images chose the epoch and the calibration; `num_parameters` are those of one network.
    """

    network: str
    start: str
    settings: dict[str, Any]
    num_parameters: int
    num_train: int
    num_validation: int
    trainings: tuple[Training, ...] = Field(min_length=1)

    @property
    def num_epochs(self) -> int:
        """All epochs of all trainings."""
        return sum(len(training.epochs) for training in self.trainings)


def overfit_from(training: Training) -> int | None:
    """The epoch after which the validation loss only rose beyond its lowest while the training loss went on falling; else None.

    The rise counts from a twentieth on, for less is scatter.
    """
    losses = [epoch.validation_loss for epoch in training.epochs]
    lowest = min(range(len(losses)), key=losses.__getitem__)
    last = training.epochs[-1]
    rises = last.validation_loss > 1.05 * losses[lowest]
    return training.epochs[lowest].epoch if rises and last.loss < training.epochs[lowest].loss else None
