"""Views: the ways in which one image is shown to the base. The head sees the mean of their features.

Every view is a slice of the fitted square, without interpolation, so NumPy and an exported graph do exactly the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hubel.core.arrays import UInt8
from hubel.core.types import PixelBatch

ViewBatch = UInt8[np.ndarray, "n v v 3"]
"""Images as a view shows them; v is at most the side of the square."""


@dataclass(frozen=True, slots=True)
class View:
    """Whether the image is mirrored, and what part of its side is cut away on each of the four borders."""

    mirrored: bool
    border: float


VIEWS = {
    "plain": View(mirrored=False, border=0),
    "mirror": View(mirrored=True, border=0),
    "centre": View(mirrored=False, border=1 / 16),
    "centre-mirror": View(mirrored=True, border=1 / 16),
}
"""By name, in the order in which they are added. Cutting the border shows the rest at another scale (He et al. 2015,
arXiv:1512.03385, §4.1, average over scales and flips)."""


def view_names(count: int) -> tuple[str, ...]:
    """The first so many views.

    Examples
    --------
    >>> view_names(2)
    ('plain', 'mirror')
    """
    return tuple(VIEWS)[:count]


def border_px(view: View, size: int) -> int:
    """How many pixels the view cuts away on each side of a square.

    Examples
    --------
    >>> border_px(VIEWS["centre"], 256)
    16
    """
    return round(view.border * size)


def show(pixels: PixelBatch, name: str) -> ViewBatch:
    """The batch as that view shows it, (n h h 3) → (n v v 3) contiguous."""
    view = VIEWS[name]
    cut = border_px(view, pixels.shape[1])
    inner = pixels[:, cut : pixels.shape[1] - cut, cut : pixels.shape[2] - cut]
    return (inner[:, :, ::-1] if view.mirrored else inner).copy(order="C")
