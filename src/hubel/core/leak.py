"""Leaks: measured images that the model has learned from, and what a split that parts copies would have claimed."""

from __future__ import annotations

from hubel.core.frozen import Frozen


class Leak(Frozen):
    """Measured images whose like the model has learned from, because the user's own split parts them.

    `num_exact` are the same to the byte, `num_near` near duplicates of others; `num_others` are left without them, of which
    `accuracy_of_others` are right, with its 95 % interval; both None where none is left.
    """

    num_exact: int
    num_near: int
    num_others: int
    accuracy_of_others: float | None = None
    interval_of_others: tuple[float, float] | None = None


class LeakTax(Frozen):
    """Cross-validated accuracy with the images split at random, and with images that belong together on one side.

    `difference` is the first minus the second, with its 95 % interval; `num_images` images lie in `num_groups` groups of
    two or more, among the `num_measured` that both figures stand on; `num_near` of all images have a near duplicate, and
    `num_in_series` are in a series.
    """

    naive_accuracy: float
    honest_accuracy: float
    difference: float
    difference_interval: tuple[float, float]
    num_images: int
    num_groups: int
    num_measured: int
    num_near: int = 0
    num_in_series: int = 0
