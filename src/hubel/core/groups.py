"""What the card and the report say of groups of images: each group's figures, and the largest gap between two."""

from __future__ import annotations

from hubel.core.frozen import Frozen


class GroupFigures(Frozen):
    """The figures of the images of one group, with 95 % intervals; `compared` is False for a group of too few images."""

    name: str
    num_images: int
    compared: bool
    accuracy: float
    accuracy_interval: tuple[float, float]
    balanced_accuracy: float
    balanced_accuracy_interval: tuple[float, float]
    macro_f1: float
    macro_f1_interval: tuple[float, float]
    log_loss: float
    log_loss_interval: tuple[float, float]


class Gap(Frozen):
    """The largest difference in accuracy between two groups.

    `interval` is the 95 % interval for all pairs of groups together; `p_value` how often groups that are treated alike
    show as large a gap somewhere.
    """

    best: str
    worst: str
    difference: float
    interval: tuple[float, float]
    p_value: float


class GroupReport(Frozen):
    """How a model does on the groups that a column names; `num_without` images have nothing in it."""

    column: str
    num_without: int
    groups: tuple[GroupFigures, ...]
    gap: Gap | None
