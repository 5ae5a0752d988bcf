"""What bytes are, told from the bytes alone: the format, and whether the end is missing.

Nothing here decodes pixels or trusts a file's name.
"""

from __future__ import annotations

import codecs

from hubel.data.jpeg_header import scan_jpeg


def sniff_format(data: bytes) -> str | None:
    """The image format of these bytes, or None when they are no image that hubel reads.

    Returns
    -------
    str or None
        ``JPEG PNG BMP GIF WEBP TIFF AVIF HEIF PPM``; see `sniff_other` for everything else.

    Examples
    --------
    >>> sniff_format(b"GIF89a")
    'GIF'
    """
    for magic, image_format in _SUPPORTED:
        if data.startswith(magic):
            return image_format
    if data[:2] == b"BM" and b"\0" in data[2:26]:  # two letters alone are too weak a sign: text may begin so
        return "BMP"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp":
        return _iso_format(data)
    if data[:1] == b"P" and data[1:2] in b"123456fy" and data[2:3].isspace():
        return "PPM"
    return None


def sniff_other(data: bytes) -> tuple[str, bool]:
    """What bytes without a supported image are, and whether that is an image all the same.

    Returns
    -------
    tuple of str and bool
        A short name such as ``"PDF"`` (empty when unknown), and True for images of a format hubel leaves alone.

    Examples
    --------
    >>> sniff_other(b"%PDF-1.7")
    ('PDF', False)
    """
    for magic, name, is_image in _OTHERS:
        if data.startswith(magic):
            return name, is_image
    head = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    if data[4:8] == b"ftyp":
        brand = data[8:12].decode("ascii", "replace").strip()
        found = (f"ISO media, brand {brand}", brand in {"crx", "jxl", "mif3"})
    elif b"<svg" in head.lower():
        found = ("SVG", True)
    elif b"<html" in head.lower() or head.lower().startswith(b"<!doctype html"):
        found = ("HTML", False)
    elif data[4:6] in {b"\x11\xaf", b"\x12\xaf"}:
        found = ("FLI", True)
    elif data[-18:-2] == b"TRUEVISION-XFILE":
        found = ("TGA", True)
    else:
        found = ("text" if _is_text(head) else "", False)
    return found


def ends_early(data: bytes, image_format: str) -> bool | None:
    """Whether the container shows that its end is missing; None when it cannot tell. Asked only once decoding failed."""
    if len(data) < 26:
        return True
    check = _END_CHECKS.get(image_format)
    return None if check is None else check(data)


def is_beginning(data: bytes) -> bool:
    """Whether these few bytes are how a supported file begins, but too few to be one.

    Examples
    --------
    >>> is_beginning(b"GIF8")
    True
    """
    return any(magic.startswith(data) for magic, _ in _SUPPORTED)


def declares_no_pixels(data: bytes, image_format: str) -> bool:
    """Whether the header says that width or height is zero; asked only once decoding failed."""
    match image_format:
        case "PNG":
            return len(data) >= 24 and b"\0\0\0\0" in (data[16:20], data[20:24])
        case "GIF":
            return len(data) >= 10 and b"\0\0" in (data[6:8], data[8:10])
        case "JPEG":
            header = scan_jpeg(data)
            return header is not None and 0 in (header.width, header.height)
        case "BMP":
            return len(data) >= 26 and b"\0\0\0\0" in (data[18:22], data[22:26])
        case _:
            return False


def _iso_format(data: bytes) -> str | None:
    """AVIF or HEIF, when one of the brands in the `ftyp` box says so (ISO/IEC 23008-12)."""
    length = int.from_bytes(data[:4], "big")
    brands = {data[at : at + 4] for at in (8, *range(16, min(length, 256, len(data)), 4))}
    if brands & {b"avif", b"avis"}:
        return "AVIF"
    if brands & {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"hevm", b"hevs"}:
        return "HEIF"
    return "HEIF" if data[8:12] in {b"mif1", b"msf1"} else None


def _is_text(head: bytes) -> bool:
    """Whether bytes are UTF-8 without control characters; the last character may be cut."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        text = decoder.decode(head)
    except UnicodeDecodeError:
        return False
    return bool(text) and not any(ord(letter) < 9 or 13 < ord(letter) < 32 for letter in text)


def _jpeg_ends_early(data: bytes) -> bool:
    """Whether a JPEG has no end marker after its first scan."""
    return data.rfind(b"\xff\xd9") <= max(data.find(b"\xff\xda"), 0)


def _gif_ends_early(data: bytes) -> bool:
    return b"\x3b" not in data[-64:]


def _riff_ends_early(data: bytes) -> bool:
    return int.from_bytes(data[4:8], "little") + 8 > len(data)


def _chunks_end_early(data: bytes) -> bool:
    """Whether a PNG's chunks run past the end of the file before IEND."""
    position = 8
    while position + 8 <= len(data):
        kind = data[position + 4 : position + 8]
        if not kind.isalpha():  # damage, after which lengths mean nothing
            return False
        if kind == b"IEND":
            return position + 12 > len(data)
        position += 12 + int.from_bytes(data[position : position + 4], "big")
    return True


def _boxes_end_early(data: bytes) -> bool:
    """Whether one of the boxes that make up an ISO media image runs past the end of the file."""
    position = 0
    while position + 8 <= len(data):
        length = int.from_bytes(data[position : position + 4], "big")
        if data[position + 4 : position + 8] not in {b"ftyp", b"meta", b"mdat", b"moov", b"free", b"skip", b"idat"}:
            return False  # what cameras append is no part of the image
        if length == 1:
            length = int.from_bytes(data[position + 8 : position + 16], "big")
        if length < 8:  # 0 means "until the end of the file"
            return False
        position += length
    return position > len(data)


_END_CHECKS = {
    "JPEG": _jpeg_ends_early,
    "PNG": _chunks_end_early,
    "GIF": _gif_ends_early,
    "WEBP": _riff_ends_early,
    "AVIF": _boxes_end_early,
    "HEIF": _boxes_end_early,
}


_SUPPORTED: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
)

_OTHERS: tuple[tuple[bytes, str, bool], ...] = (
    (b"8BPS", "Photoshop", True),
    (b"\0\0\x01\0", "ICO", True),
    (b"\0\0\x02\0", "CUR", True),
    (b"icns", "ICNS", True),
    (b"DDS ", "DDS", True),
    (b"BLP1", "BLP", True),
    (b"BLP2", "BLP", True),
    (b"\xff\x4f\xff\x51", "JPEG 2000", True),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000", True),
    (b"\xff\x0a", "JPEG XL", True),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL", True),
    (b"/* XPM */", "XPM", True),
    (b"#define ", "XBM", True),
    (b"\x01\xda", "SGI", True),
    (b"\x0a\x05\x01", "PCX", True),
    (b"P7\n", "PAM", True),
    (b"v/1\x01", "OpenEXR", True),
    (b"#?RADIANCE", "Radiance HDR", True),
    (b"qoif", "QOI", True),
    (b"%!PS", "PostScript", True),
    (b"\xc5\xd0\xd3\xc6", "EPS", True),
    (b"\xd7\xcd\xc6\x9a", "WMF", True),
    (b"SIMPLE  =", "FITS", True),
    (b"FUJIFILMCCD-RAW", "camera raw", True),
    (b"II\x2a\0\x10\0\0\0CR", "camera raw", True),
    (b"%PDF", "PDF", False),
    (b"PK\x03\x04", "ZIP", False),
    (b"PK\x05\x06", "ZIP", False),
    (b"\x1f\x8b", "gzip", False),
    (b"\xd0\xcf\x11\xe0", "OLE document", False),
    (b"\0\x05\x16\x07", "AppleDouble sidecar", False),
    (b"\0\0\0\x01Bud1", "macOS folder settings", False),
    (b"\x1aE\xdf\xa3", "Matroska video", False),
    (b"RIFF", "RIFF media", False),
)
