"""Plain frames: what goes round a picture in one colour says nothing of what it shows, and would agree with every other."""

from __future__ import annotations

import numpy as np

from hubel.core.arrays import Bool, Int
from hubel.data.fingerprint import FINGERPRINT_PX, Fingerprints
from hubel.data.near_align import move

PLAIN = 6
"""Grey levels by which the rows of a frame may differ."""
EDGE = 16
"""Grey levels by which a picture stands out from its frame."""
EDGE_SHARE = 0.6
"""The part of the edge that must stand out at once; the outline of a thing on a plain ground does not."""
WIDEST = 18
"""Pixels; of a picture in a wider frame too little is left to compare."""


def without_frames(fingerprints: Fingerprints) -> Fingerprints:
    """The same pictures, those in a frame cut out of it and stretched to the full square; the others are not copied.

    A frame is a plain margin at the top and at the bottom, or left and right, or all round, that ends in straight edges.

    Parameters
    ----------
    fingerprints
        Of shape (n, 48, 48); they are left as they are.

    Examples
    --------
    >>> picture = np.random.default_rng(0).integers(0, 256, (48, 48)).astype(np.uint8)
    >>> framed = np.pad(picture[4:-4, 4:-4], 4)
    >>> frame_sides(np.stack([picture, framed])).tolist()
    [[0, 0, 0, 0], [5, 5, 5, 5]]
    >>> bool(without_frames(framed[None])[0, 0].any())
    True
    """
    sides = frame_sides(fingerprints)
    framed = np.flatnonzero(sides.any(axis=1))
    if not len(framed):
        return fingerprints
    cleared = fingerprints.copy()
    top, bottom, left, right = sides[framed].T / FINGERPRINT_PX
    motion = np.stack([1 - left - right, left - right, 1 - top - bottom, top - bottom], axis=1)
    moved, _ = move(fingerprints[framed].astype(np.float32), motion)
    cleared[framed] = np.round(moved)
    return cleared


def frame_sides(fingerprints: Fingerprints) -> Int[np.ndarray, "n 4"]:
    """The width of each picture's frame at the top, at the bottom, left and right, in pixels; 0 where there is none."""
    rows, columns = (margins(pictures) for pictures in (fingerprints, fingerprints.transpose(0, 2, 1)))
    likely = np.flatnonzero((rows > 0).all(axis=1) | (columns > 0).all(axis=1))
    sides = np.zeros((len(fingerprints), 4), np.int64)
    for row in likely.tolist():
        picture, (top, bottom), (left, right) = fingerprints[row], rows[row].tolist(), columns[row].tolist()
        if is_framed(picture[:, left : FINGERPRINT_PX - right], top, bottom):
            sides[row, :2] = top + 1, bottom + 1  # the first row within is a mixture of both
        if is_framed(picture[top : FINGERPRINT_PX - bottom].T, left, right):
            sides[row, 2:] = left + 1, right + 1
    return sides


def margins(fingerprints: Fingerprints) -> Int[np.ndarray, "n 2"]:
    """How many rows are plain and alike at the top and at the bottom; 0 where there are too many."""
    low, high = (reduce(axis=2).astype(np.int16) for reduce in (fingerprints.min, fingerprints.max))
    widths = []
    for lows, highs in ((low, high), (low[:, ::-1], high[:, ::-1])):
        plain: Bool[np.ndarray, "n px"] = (highs - lows[:, :1] <= PLAIN) & (highs[:, :1] - lows <= PLAIN)
        width = np.where(plain.all(axis=1), 0, plain.argmin(axis=1))
        widths.append(np.where(width <= WIDEST, width, 0))
    return np.stack(widths, axis=1)  # n 2


def is_framed(picture: np.ndarray, top: int, bottom: int) -> bool:
    """Whether a picture ends at once, in straight lines, at the margins above and below it."""
    if not (top and bottom):
        return False
    edges = ((picture[0], picture[top + 1]), (picture[-1], picture[-bottom - 2]))
    return all(
        float(np.mean(np.abs(within.astype(np.int16) - margin.astype(np.int16)) > EDGE)) >= EDGE_SHARE
        for margin, within in edges
    )
