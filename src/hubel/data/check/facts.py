"""What is measured of one image, in one decoding: its header, its light, its sharpness, its border, its fingerprint."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image, ImageFilter

from hubel.core.arrays import UInt8
from hubel.core.types import Pixels
from hubel.data.capture_time import capture_time
from hubel.data.decode import decode_facts, decode_image
from hubel.data.fingerprint import Fingerprint, fingerprint

FACTS = np.dtype(
    [
        ("width", "<i4"),
        ("height", "<i4"),
        ("format", "S8"),
        ("mode", "S8"),
        ("orientation", "u1"),
        ("taken", "<f8"),
        ("low", "u1"),
        ("high", "u1"),
        ("spread", "<f4"),
        ("blur", "<f4"),
        ("border", "u1", (3,)),
        ("flat_border", "?"),
        ("grey", "?"),
    ]
)
"""One image's facts. `width` and `height` upright, in pixels; `orientation` EXIF's 1 to 8; `taken` in seconds, NaN when
not said; `low` and `high` the luma that 1 % of the pixels lie below and above; `spread` the greatest standard deviation of a
colour channel; `blur` from 0 (sharp) to 1, NaN for small images; `border` the mean colour of the outermost pixels,
`flat_border` whether they are all alike; `grey` whether the picture shows no colour."""

FACTS_VERSION = 1
"""Raised when the same file gets other facts than before, so that kept ones are not used."""
FACTS_KIND = f"facts:{FACTS_VERSION}"
"""The kind of these rows in the cache."""

LOOKED_AT_PX = 256
"""Light, sharpness and border are judged at this longer side: about what a network sees."""
JUDGED_FROM_PX = 64
"""Below this shorter side every image looks blurred."""
BLUR_RADIUS = 4
FLAT_BORDER = 3.0
COLOURLESS = 8

FactRow = Any
"""One record of `FACTS`; NumPy has no type for records that mypy could check."""


def measure_file(data: bytes, name: str) -> tuple[FactRow, Fingerprint]:
    """The facts and the fingerprint of an image file's content.

    Parameters
    ----------
    data
        The whole content.
    name
        What messages call it.

    Returns
    -------
    tuple
        A record of `FACTS`, and the fingerprint.

    Raises
    ------
    UnreadableImage
        With the reason.
    """
    header = decode_facts(data, name)
    pixels = decode_image(data, name, shorter_side=LOOKED_AT_PX)
    facts = np.zeros((), FACTS)
    facts["width"], facts["height"] = header.width, header.height
    facts["format"], facts["mode"] = header.format.encode(), header.mode.encode()
    facts["orientation"] = header.orientation
    taken = capture_time(data)
    facts["taken"] = np.nan if taken is None else taken
    measure_pixels(pixels, facts)
    return facts, fingerprint(pixels)


def measure_pixels(pixels: Pixels, facts: FactRow) -> None:
    """Fill in what the picture itself shows."""
    picture = Image.fromarray(pixels)
    picture.thumbnail((LOOKED_AT_PX, LOOKED_AT_PX), Image.Resampling.BILINEAR, reducing_gap=2.0)
    grey = picture.convert("L")
    facts["low"], facts["high"] = tails(grey.histogram())
    small = np.asarray(picture.resize((32, 32), Image.Resampling.BOX), np.int16)
    facts["spread"] = max(float(small.std(axis=(0, 1)).max()), spread_of(grey.histogram()))
    facts["grey"] = int((small.max(axis=2) - small.min(axis=2)).max()) <= COLOURLESS
    facts["blur"] = blur_of(grey) if min(grey.size) >= JUDGED_FROM_PX else np.nan
    ring = border_pixels(np.asarray(picture))
    facts["border"] = ring.mean(axis=0).round()
    facts["flat_border"] = bool(ring.std(axis=0).max() < FLAT_BORDER)


def tails(histogram: list[int], share: float = 0.01) -> tuple[int, int]:
    """The values that a share of the pixels lie below and above.

    Examples
    --------
    >>> tails([50, 900, 50], share=0.01), tails([5, 990, 5], share=0.01)
    ((0, 2), (1, 1))
    """
    cumulated = np.cumsum(histogram)
    total = int(cumulated[-1])
    low = int(np.searchsorted(cumulated, share * total, side="right"))
    high = int(np.searchsorted(cumulated, (1 - share) * total, side="left"))
    return low, high


def spread_of(histogram: list[int]) -> float:
    """The standard deviation of the values that a histogram counts.

    Examples
    --------
    >>> spread_of([1, 0, 1])
    1.0
    """
    counts = np.array(histogram, float)
    values = np.arange(len(counts))
    mean = float(counts @ values) / float(counts.sum())
    return float(np.sqrt(counts @ (values - mean) ** 2 / counts.sum()))


def blur_of(grey: Image.Image) -> float:
    """How blurred a grey picture is, from 0 to 1: what blurs little more when it is blurred again was blurred before.

    The share of the differences between neighbours that a box blur leaves, in the direction that keeps less
    (Crété, Dolmiere, Ladret and Nicolas 2007, "The blur effect").

    Examples
    --------
    >>> noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8))
    >>> blur_of(noise) < 0.2 < 0.6 < blur_of(noise.filter(ImageFilter.GaussianBlur(6)))
    True
    """
    left = []
    for axis, radius in ((1, (BLUR_RADIUS, 0)), (0, (0, BLUR_RADIUS))):
        before = neighbour_differences(np.asarray(grey), axis)
        after = neighbour_differences(np.asarray(grey.filter(ImageFilter.BoxBlur(radius))), axis)
        total = int(before.sum(dtype=np.int64))
        lost = int(np.maximum(before - after, 0).sum(dtype=np.int64))
        left.append((total - lost) / total if total else 0.0)
    return max(left)


def neighbour_differences(values: UInt8[np.ndarray, "h w"], axis: int) -> np.ndarray:
    """The absolute differences of neighbours along an axis, as int16."""
    signed = values.astype(np.int16)
    return np.abs(np.diff(signed, axis=axis))


def border_pixels(pixels: UInt8[np.ndarray, "h w 3"]) -> UInt8[np.ndarray, "m 3"]:
    """The pixels of a frame of about 2 % of the shorter side, at least one pixel wide."""
    width = max(1, round(0.02 * min(pixels.shape[:2])))
    sides = (pixels[:width], pixels[-width:], pixels[width:-width, :width], pixels[width:-width, -width:])
    return np.concatenate([side.reshape(-1, 3) for side in sides])  # m 3
