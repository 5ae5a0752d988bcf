"""The leak tax: what a split that parts copies would have claimed, and what holds."""

from __future__ import annotations

from hubel.core.frozen import Frozen


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
