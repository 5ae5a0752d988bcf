"""A fingerprint: a small grey picture of a picture, enough to tell whether two files show the same photograph."""

from __future__ import annotations

import numpy as np
from PIL import Image

from hubel.core.arrays import UInt8
from hubel.core.types import Pixels

FINGERPRINT_PX = 48
FINGERPRINT_SHAPE = (FINGERPRINT_PX, FINGERPRINT_PX)
FINGERPRINT_VERSION = 2
"""Raised when the same pixels get another fingerprint than before, so that kept ones are not used."""
FINGERPRINT_KIND = f"fingerprint:{FINGERPRINT_VERSION}"
"""The kind of these rows in the cache: ``cache.rows(FINGERPRINT_KIND, FINGERPRINT_SHAPE, np.uint8)``."""

Fingerprint = UInt8[np.ndarray, "48 48"]
"""One image, squashed to a grey square."""
Fingerprints = UInt8[np.ndarray, "n 48 48"]
"""The fingerprints of n images."""


def fingerprint(pixels: Pixels) -> Fingerprint:
    """The picture as a grey square of `FINGERPRINT_PX`, by antialiased bilinear resampling.

    Parameters
    ----------
    pixels
        Upright RGB pixels of any size; a square that the picture was squashed to gives nearly the same fingerprint as
        the picture itself.

    Returns
    -------
    Fingerprint
        Luma (ITU-R BT.601), of shape (48, 48).

    Examples
    --------
    >>> fingerprint(np.full((40, 60, 3), 200, np.uint8))[0, :3].tolist()
    [200, 200, 200]
    """
    picture = Image.fromarray(pixels)
    if pixels.shape[0] * pixels.shape[1] <= GREY_FIRST_PIXELS:
        picture = picture.convert("L")
    small = picture.resize(FINGERPRINT_SHAPE, Image.Resampling.BILINEAR, reducing_gap=2.0)
    return np.asarray(small.convert("L"))


GREY_FIRST_PIXELS = 2**18
"""Up to so many pixels it is faster to take the colour away before resampling; both orders give the same to rounding."""
