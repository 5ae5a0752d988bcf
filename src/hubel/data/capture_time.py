"""When a picture was taken, as its camera noted it."""

from __future__ import annotations

from datetime import UTC, datetime


def capture_time(data: bytes) -> float | None:
    """When a picture was taken, by the camera's own clock, in seconds since 1970; None where its EXIF does not say.

    Parameters
    ----------
    data
        The whole file, of any format that carries EXIF (DateTimeOriginal and SubSecTimeOriginal, CIPA DC-008).
    """
    exif = exif_block(data)
    order = {b"II*\0": "little", b"MM\0*": "big"}.get(exif[:4])
    if order is None:
        return None
    pointer = exif_value(exif, order, exif_number(exif, order, 4, 4), 0x8769)
    if pointer is None:
        return None
    details = exif_number(pointer, order, 0, 4)
    moment, fraction = (exif_value(exif, order, details, tag) for tag in (0x9003, 0x9291))
    seconds = parsed_moment((moment or b"").rstrip(b"\0 ").decode("ascii", "replace"), "%Y:%m:%d %H:%M:%S")
    if seconds is None:
        return None
    digits = (fraction or b"").rstrip(b"\0 ")
    return seconds + (float(b"0." + digits) if digits.isdigit() else 0.0)


def parsed_moment(text: str, form: str) -> float | None:
    """Seconds since 1970, the clock taken as UTC; None for what is no date after 1970."""
    try:
        moment = datetime.strptime(text, form).replace(tzinfo=UTC)
    except ValueError:
        return None
    return moment.timestamp() if moment.year > 1970 else None


_EXIF_MARKS = (b"Exif\0\0", b"eXIf", b"EXIF")
_WINDOW = 2**16
"""A JPEG has its EXIF in its first segments; other formats may have it anywhere."""


def exif_block(data: bytes) -> bytes:
    """The TIFF structure that holds the EXIF, or nothing."""
    stop = _WINDOW if data.startswith(b"\xff\xd8") else len(data)
    for mark in _EXIF_MARKS:
        start = data.find(mark, 0, stop)
        while start >= 0:
            for skipped in (0, 4, 6, 10):  # the size of a WebP chunk, a second mark
                begin = start + len(mark) + skipped
                if data[begin : begin + 4] in (b"II*\0", b"MM\0*"):
                    return data[begin : begin + _WINDOW]
            start = data.find(mark, start + 1, stop)
    return b""


def exif_number(exif: bytes, order: str, at: int, size: int) -> int:
    """An unsigned number; what lies beyond the end counts as nothing."""
    return int.from_bytes(exif[at : at + size], "little" if order == "little" else "big")


def exif_value(exif: bytes, order: str, directory: int, tag: int) -> bytes | None:
    """The bytes of a tag's value, or None where the directory has no such tag."""
    for entry in range(directory + 2, directory + 2 + 12 * exif_number(exif, order, directory, 2), 12):
        if entry + 12 > len(exif):
            return None
        if exif_number(exif, order, entry, 2) == tag:
            size = exif_number(exif, order, entry + 4, 4) * _SIZES.get(exif_number(exif, order, entry + 2, 2), 1)
            start = entry + 8 if size <= 4 else exif_number(exif, order, entry + 8, 4)
            return exif[start : start + min(size, 64)]
    return None


_SIZES = {3: 2, 4: 4}
"""Bytes of a short and a long number; text has one a letter."""
