"""Which way up: the orientation that EXIF or XMP tells, and pixels turned by it."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
from PIL import Image

from hubel.core.arrays import UInt8
from hubel.core.types import Pixels


def turn_upright(pixels: Pixels, orientation: int) -> UInt8[np.ndarray, "_ _ 3"]:
    """The pixels as a viewer would show them.

    Parameters
    ----------
    pixels
        The image as stored.
    orientation
        EXIF's 1 to 8 (CIPA DC-008, tag 0x0112); 5 to 8 exchange width and height.

    Returns
    -------
    array
        ``(h w 3)`` or ``(w h 3)``, contiguous; the same array for orientation 1.

    Examples
    --------
    >>> turn_upright(np.zeros((2, 5, 3), np.uint8), 6).shape
    (5, 2, 3)
    """
    match orientation:
        case 2:
            turned = pixels[:, ::-1]
        case 3:
            turned = pixels[::-1, ::-1]
        case 4:
            turned = pixels[::-1]
        case 5:
            turned = pixels.swapaxes(0, 1)
        case 6:
            turned = pixels[::-1].swapaxes(0, 1)
        case 7:
            turned = pixels[::-1, ::-1].swapaxes(0, 1)
        case 8:
            turned = pixels[:, ::-1].swapaxes(0, 1)
        case _:
            return pixels
    return np.ascontiguousarray(turned)


def find_orientation(exif: bytes, xmp: bytes = b"") -> int:
    """The orientation, 1 to 8, told by EXIF or else by XMP; 1 when absent or invalid.

    Read here rather than by Pillow, which reads every tag, warns of the broken ones, and so costs more.
    """
    found = _exif_orientation(exif) if exif else None
    if found is None and xmp:
        match = re.search(rb"tiff:Orientation(?:=\"|>)([0-9])", xmp)
        found = int(match[1]) if match else None
    return found if found is not None and 1 <= found <= 8 else 1


def file_orientation(info: Mapping[str | tuple[int, int], object]) -> int:
    """The orientation in the metadata that Pillow took from a file (`Image.info`); TIFF is turned by Pillow itself."""
    exif = info.get("exif", b"")
    raw = info.get("Raw profile type exif")  # how ImageMagick writes EXIF into PNG: three lines, then hexadecimal
    if not exif and isinstance(raw, str):
        try:
            exif = bytes.fromhex("".join(raw.split("\n")[3:]))
        except ValueError:
            exif = b""
    xmp = info.get("xmp") or info.get("XML:com.adobe.xmp") or b""
    xmp = xmp.encode() if isinstance(xmp, str) else xmp
    return find_orientation(exif if isinstance(exif, bytes) else b"", xmp if isinstance(xmp, bytes) else b"")


def image_orientation(image: Image.Image) -> int:
    """The orientation that a PIL image in memory still bears; 1 when absent, invalid or unreadable."""
    try:
        orientation = image.getexif().get(0x0112, 1)
    except Exception:  # noqa: BLE001  broken EXIF makes Pillow raise whatever its parser stumbles over; it says nothing
        return 1
    return orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1


def _exif_orientation(exif: bytes) -> int | None:
    """Tag 0x0112 of the first directory; None when it is absent or the block is broken."""
    start = 6 if exif.startswith(b"Exif\0\0") else 0
    match exif[start : start + 2]:
        case b"II":
            order = "little"
        case b"MM":
            order = "big"
        case _:
            return None

    def number(at: int, size: int) -> int:
        return int.from_bytes(exif[at : at + size], "little" if order == "little" else "big")

    directory = start + number(start + 4, 4)
    for entry in range(directory + 2, directory + 2 + 12 * number(directory, 2), 12):
        if entry + 12 > len(exif):
            return None
        if number(entry, 2) == 0x0112:
            return number(entry + 8, 2 if number(entry + 2, 2) == 3 else 4)
    return None
