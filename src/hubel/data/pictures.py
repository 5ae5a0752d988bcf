"""Small encoded images: thumbnails for the report, lossless copies and a test card for the golden folder."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from hubel.data.images import ImageSource, read_image

THUMBNAIL_PX = 160
GOLDEN_PX = 320


def thumbnail(source: ImageSource) -> bytes:
    """A JPEG of at most `THUMBNAIL_PX` on the longer side.

    Raises
    ------
    UnreadableImage
        When the image can no longer be read.
    """
    encoded = io.BytesIO()
    shrunk(source, THUMBNAIL_PX).save(encoded, "JPEG", quality=82)
    return encoded.getvalue()


def golden_copy(source: ImageSource) -> bytes:
    """A PNG of at most `GOLDEN_PX` on the longer side; it decodes to the same pixels everywhere."""
    encoded = io.BytesIO()
    shrunk(source, GOLDEN_PX).save(encoded, "PNG", compress_level=1)  # a quarter of the time, a tenth larger
    return encoded.getvalue()


def golden_card() -> bytes:
    """A PNG, wider than high, coloured, with edges and fine stripes.

    Whatever the user's images are like, swapped channels, another resize rule or another filter show on it.
    """
    down, across = np.mgrid[0:200, 0:300]
    red = across * 255 // 299
    green = np.where((across - 90) ** 2 + (down - 110) ** 2 < 60**2, 230, 40 + down // 2)
    blue = np.where(across > 190, (across + down) % 9 * 28, 255 - down)
    encoded = io.BytesIO()
    Image.fromarray(np.stack([red, green, blue], axis=2).astype(np.uint8)).save(encoded, "PNG")
    return encoded.getvalue()


def shrunk(source: ImageSource, longer_side: int) -> Image.Image:
    """The upright RGB image, no larger than that."""
    image = Image.fromarray(read_image(source, shorter_side=longer_side))
    image.thumbnail((longer_side, longer_side), Image.Resampling.BILINEAR)
    return image
