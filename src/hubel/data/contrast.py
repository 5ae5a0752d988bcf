"""Local contrast: what is left of a small grey picture when brightness and lighting are taken away.

Linear along each axis, so every step is a product with a small matrix, for many pictures at once.
"""

from __future__ import annotations

import functools

import numpy as np

from hubel.core.arrays import Float32, Shaped
from hubel.data.fingerprint import FINGERPRINT_PX

Maps = Float32[np.ndarray, "n h w"]
"""One value a place, for n small pictures."""
Cells = Float32[np.ndarray, "n cells cells"]
"""The means over a grid of cells."""
Numbers = Shaped[np.ndarray, "n h w"]

FLOOR = 4.0
"""Contrast in grey levels below which a place counts as plain: noise, and what JPEG does to smooth surfaces."""


def local_contrast(pictures: Numbers, sigma: float) -> Maps:
    """How much brighter a place is than its surroundings, in units of the contrast of the surroundings.

    Parameters
    ----------
    pictures
        Grey levels from 0 to 255, of shape (n, 48, 48).
    sigma
        How far the surroundings reach: the deviation of the Gaussian, in pixels.
    """
    detail = without_shading(pictures, sigma)
    spread = np.sqrt(np.maximum(smooth(detail * detail, surroundings(sigma)), 0.0))
    contrast: Maps = detail / (spread + np.float32(FLOOR))
    return contrast


def without_shading(pictures: Numbers, sigma: float) -> Maps:
    """Grey levels minus their Gaussian mean; an even slope of brightness vanishes, up to the very border."""
    wide = pictures.astype(np.float32)
    detail: Maps = wide - smooth(wide, straight_surroundings(sigma))
    return detail


def smooth(pictures: Maps, matrix: np.ndarray) -> Maps:
    """Each picture averaged along both axes by the rows of a (px, px) matrix."""
    smoothed: Maps = matrix @ (pictures @ matrix.T)
    return smoothed


def grid_means(maps: Maps, cells: int, down: tuple[float, float], across: tuple[float, float]) -> Cells:
    """The means over `cells` × `cells` equal parts of a window.

    Parameters
    ----------
    maps
        Square maps.
    cells
        How many parts along each axis.
    down, across
        What the window leaves out at its first and at its last side, as shares of the side.
    """
    px = maps.shape[1]
    means: Cells = cell_matrix(px, cells, *down) @ (maps @ cell_matrix(px, cells, *across).T)
    return means


@functools.cache
def surroundings(sigma: float) -> np.ndarray:
    """Gaussian means of what lies inside the picture, as a (px, px) matrix."""
    places = np.arange(FINGERPRINT_PX)
    shares = np.exp(-0.5 * ((places[:, None] - places) / sigma) ** 2)
    matrix: np.ndarray = (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)
    return matrix


@functools.cache
def straight_surroundings(sigma: float) -> np.ndarray:
    """Gaussian means of a picture continued point-symmetrically beyond its borders, as a (px, px) matrix.

    So continued, a slope goes on as a slope; `surroundings` would bend it, and every border would look like an edge.
    """
    reach = min(FINGERPRINT_PX - 1, int(3 * sigma + 1))
    shares = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    shares /= shares.sum()
    continued = np.pad(np.eye(FINGERPRINT_PX), ((reach, reach), (0, 0)), mode="reflect", reflect_type="odd")
    rows = [shares @ continued[start : start + len(shares)] for start in range(FINGERPRINT_PX)]
    return np.stack(rows).astype(np.float32)


@functools.cache
def cell_matrix(px: int, cells: int, before: float, after: float) -> np.ndarray:
    """Means over the parts of one axis, without a share `before` and `after`, as a (cells, px) matrix."""
    edges = px * (before + (1 - before - after) * np.arange(cells + 1) / cells)
    places = np.arange(px)
    shares = np.clip(np.minimum(edges[1:, None], places + 1) - np.maximum(edges[:-1, None], places), 0, None)
    matrix: np.ndarray = (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)
    return matrix
