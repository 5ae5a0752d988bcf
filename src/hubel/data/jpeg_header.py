"""What a JPEG says before its first scan: size, kind, orientation, profile. No pixel is decoded."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class JpegHeader:
    """What a JPEG's segments before its first scan say.

    `width` and `height` are as stored, before any rotation. `is_plain` is True for what the fast decoder may
    take: 8 bits, grey or YCbCr, nothing contradictory. `exif`, `xmp` and `icc` are empty when absent.
    """

    width: int
    height: int
    num_components: int
    is_progressive: bool
    is_plain: bool
    exif: bytes
    xmp: bytes
    icc: bytes


def scan_jpeg(data: bytes) -> JpegHeader | None:
    """The header of a well-formed JPEG, found by walking its segments; None when anything is out of order.

    Source: ITU-T T.81 annex B; the ICC segments as in ICC.1 annex B.4.
    """
    frame = (0, 0, 0, 0, 0)
    exif = xmp = b""
    profiles: list[bytes] = []
    is_plain = True
    for marker, start, stop in _jpeg_segments(data):
        if marker == 0xE1 and data.startswith(b"Exif\0\0", start):
            is_plain = is_plain and not exif  # several Exif parts are joined by Pillow alone
            exif = data[start:stop]
        elif marker == 0xE1 and data.startswith(_XMP, start):
            xmp = data[start + len(_XMP) : stop]
        elif marker == 0xE2 and data.startswith(b"ICC_PROFILE\0", start):
            profiles.append(data[start:stop])
        elif marker == 0xEE and data.startswith(b"Adobe", start):
            is_plain = is_plain and data[start + 11 : start + 12] == b"\1"  # 0 is RGB or CMYK, 2 is YCCK
        elif marker in _FRAMES:
            if frame[0] or stop - start < 6:
                return None
            frame = (marker, *struct.unpack_from(">BHHB", data, start))
        elif marker == 0xDA:
            break
    else:
        return None
    marker, bits, height, width, num_components = frame
    # Baseline, extended or progressive; the rest is lossless, hierarchical or arithmetic.
    is_plain = is_plain and 0xC0 <= marker <= 0xC2 and bits == 8 and num_components in {1, 3} and width * height > 0
    profile = _join_profile(profiles)
    return JpegHeader(width, height, num_components, marker == 0xC2, is_plain, exif, xmp, profile)


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, first and last byte of the content of every segment up to the first scan; stops short at nonsense."""
    position, end = 2, len(data) - 10
    while position < end and data[position] == 0xFF:
        marker = data[position + 1]
        if marker == 0xFF:  # a fill byte before the marker
            position += 1
            continue
        if marker < 0xC0 or 0xD0 <= marker <= 0xD9:
            return
        start = position + 4
        position += 2 + (data[position + 2] << 8 | data[position + 3])
        yield marker, start, position
        if marker == 0xDA:
            return


def _join_profile(segments: list[bytes]) -> bytes:
    """The ICC profile out of its segments; empty when some are missing."""
    if not segments:
        return b""
    segments.sort()
    if any(len(segment) < 14 or segment[13] != len(segments) for segment in segments):
        return b""
    return b"".join(segment[14:] for segment in segments)


_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
