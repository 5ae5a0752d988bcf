"""The bytes of one image file become upright sRGB pixels, or a reason why not.

Ordinary JPEGs take a fast decoder that lets other threads run; everything else, and every JPEG that decoder
objects to, goes through Pillow, whose verdict stands. Both give the same pixels (a test compares them).
"""

from __future__ import annotations

import importlib
import io
import threading
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import simplejpeg
from PIL import Image, ImageFile, features

from hubel.core.types import Pixels
from hubel.data.colour import image_pixels, profiled_pixels
from hubel.data.jpeg_header import JpegHeader, scan_jpeg
from hubel.data.orientation import file_orientation, find_orientation, turn_upright
from hubel.data.refusal import DEFAULT_LIMITS, Limits, Refusal, UnreadableImage
from hubel.data.sniff import declares_no_pixels, ends_early, is_beginning, sniff_format, sniff_other


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What an image's header says, before any pixel is decoded.

    `width` and `height` are those of the upright image; `orientation` is EXIF's 1 to 8; `mode` is Pillow's.
    """

    width: int
    height: int
    format: str
    mode: str
    orientation: int


def decode_image(data: bytes, name: str, *, shorter_side: int | None = None, limits: Limits = DEFAULT_LIMITS) -> Pixels:
    """The upright sRGB pixels of an image file's content.

    Parameters
    ----------
    data
        The whole content.
    name
        What messages call it.
    shorter_side
        When given, a JPEG may be decoded at 1/2, 1/4 or 1/8 if its shorter side stays at least 1.5 times this.
    limits
        Checked against the header.

    Returns
    -------
    Pixels
        ``(h w 3)``.

    Raises
    ------
    UnreadableImage
        With the reason.
    """
    image_format = _check_format(data, name)
    if image_format == "JPEG":
        header = scan_jpeg(data)
        if header is not None and header.is_plain:
            factor = choose_factor(header.width, header.height, shorter_side)
            _check_jpeg_size(header, factor, name, limits)
            pixels = _decode_plain_jpeg(data, header, factor)
            if pixels is not None:
                return pixels
    return _decode_by_pillow(data, name, image_format, shorter_side, limits)


def decode_facts(data: bytes, name: str, *, limits: Limits = DEFAULT_LIMITS) -> ImageFacts:
    """What the header says; refuses what no reading within the limits could decode.

    Raises
    ------
    UnreadableImage
        With the reason.
    """
    image_format = _check_format(data, name)
    header = scan_jpeg(data) if image_format == "JPEG" else None
    if header is not None and header.is_plain:
        _check_jpeg_size(header, 8, name, limits)
        width, height = header.width, header.height
        mode = "L" if header.num_components == 1 else "RGB"
        orientation = find_orientation(header.exif, header.xmp)
    else:
        with _open_by_pillow(data, name, image_format, limits) as image:
            (width, height), mode = image.size, image.mode
            orientation = file_orientation(image.info)
    if orientation >= 5:
        width, height = height, width
    return ImageFacts(width, height, image_format, mode, orientation)


def choose_factor(width: int, height: int, shorter_side: int | None) -> int:
    """The largest of 1, 2, 4, 8 by which a JPEG may be decoded smaller.

    The shorter side stays at least 1.5 times what is asked for: the antialiased resize that follows then differs
    from that of the full image by less than bilinear differs from bicubic (docs/stages/data.md has the numbers).

    Examples
    --------
    >>> choose_factor(4000, 3000, 224), choose_factor(500, 375, 224), choose_factor(4000, 3000, None)
    (8, 1, 1)
    """
    if shorter_side is None:
        return 1
    shorter = min(width, height)
    for factor in (8, 4, 2):
        if shorter >= factor * shorter_side * 1.5:
            return factor
    return 1


_one_large_image_at_a_time = threading.Lock()
_LARGE_PIXELS = 25_000_000
_COSTLY_FORMATS = frozenset({"WEBP", "AVIF", "HEIF"})
_PLUGINS = {
    "JPEG": "PIL.JpegImagePlugin:JpegImageFile",
    "PNG": "PIL.PngImagePlugin:PngImageFile",
    "BMP": "PIL.BmpImagePlugin:BmpImageFile",
    "GIF": "PIL.GifImagePlugin:GifImageFile",
    "WEBP": "PIL.WebPImagePlugin:WebPImageFile",
    "TIFF": "PIL.TiffImagePlugin:TiffImageFile",
    "AVIF": "PIL.AvifImagePlugin:AvifImageFile",
    "PPM": "PIL.PpmImagePlugin:PpmImageFile",
    "HEIF": "pillow_heif:HeifImageFile",
}


def _check_format(data: bytes, name: str) -> str:
    """The format of the content, when it is one that hubel reads."""
    if not data:
        raise UnreadableImage(Refusal.EMPTY, "", name)
    image_format = sniff_format(data)
    if image_format is None:
        if is_beginning(data):
            raise UnreadableImage(Refusal.TRUNCATED, f"{len(data)} bytes", name)
        other, is_image = sniff_other(data)
        raise UnreadableImage(Refusal.UNSUPPORTED_FORMAT if is_image else Refusal.NOT_AN_IMAGE, other, name)
    return image_format


def _check_jpeg_size(header: JpegHeader, factor: int, name: str, limits: Limits) -> None:
    # A progressive JPEG keeps the coefficients of the whole image, whatever the scale it is decoded at.
    decoded = header.width * header.height // (1 if header.is_progressive else factor * factor)
    if decoded > limits.max_pixels or header.width * header.height > 4 * limits.max_pixels:
        raise UnreadableImage(Refusal.TOO_LARGE, f"{header.width} × {header.height}", name)


def _check_size(size: tuple[int, int], image_format: str, name: str, limits: Limits) -> None:
    width, height = size
    if width <= 0 or height <= 0:
        raise UnreadableImage(Refusal.ZERO_SIZE, f"{width} × {height}", name)
    if width * height * (2 if image_format in _COSTLY_FORMATS else 1) > limits.max_pixels:
        raise UnreadableImage(Refusal.TOO_LARGE, f"{width} × {height}", name)


def _turn_to_decode(num_pixels: int) -> AbstractContextManager[object]:
    """Large images wait for each other, so that memory does not grow with the number of threads."""
    return _one_large_image_at_a_time if num_pixels > _LARGE_PIXELS else nullcontext()


def _decode_plain_jpeg(data: bytes, header: JpegHeader, factor: int) -> Pixels | None:
    """The pixels by the fast decoder; None when it objects to anything, so that Pillow decides."""
    if header.icc and header.num_components == 1:
        return None  # a grey profile needs grey pixels
    width, height = -(-header.width // factor), -(-header.height // factor)
    with _turn_to_decode(header.width * header.height if header.is_progressive else width * height):
        try:
            # These least sizes allow exactly this factor: any smaller scale falls below them.
            pixels: Pixels = simplejpeg.decode_jpeg(data, "RGB", min_height=height, min_width=width)
        except ValueError:
            return None
        if header.icc:
            pixels = profiled_pixels(pixels, header.icc)
        if header.exif or header.xmp:
            pixels = turn_upright(pixels, find_orientation(header.exif, header.xmp))
    return pixels


def _decode_by_pillow(data: bytes, name: str, image_format: str, shorter_side: int | None, limits: Limits) -> Pixels:
    unlimited = Limits(4 * limits.max_pixels, limits.max_bytes) if image_format == "JPEG" else limits
    with _open_by_pillow(data, name, image_format, unlimited) as image:
        num_pixels = image.width * image.height
        if image_format == "JPEG":
            factor = choose_factor(image.width, image.height, shorter_side)
            if factor > 1:
                image.draft(None, (image.width // factor, image.height // factor))
            if not image.info.get("progressive"):
                num_pixels = image.width * image.height
            if num_pixels > limits.max_pixels:
                raise UnreadableImage(Refusal.TOO_LARGE, f"{image.width} × {image.height}", name)
        with _turn_to_decode(num_pixels * (2 if image_format in _COSTLY_FORMATS else 1)):
            try:
                image.load()
                # Only after loading: PNG may have its EXIF at the end, and TIFF turns itself while loading.
                orientation = 1 if image_format == "TIFF" else file_orientation(image.info)
                return turn_upright(image_pixels(image), orientation)
            except Exception as error:  # a hostile file can make a decoder raise anything
                raise _refuse(error, data, image_format, name) from error


def _open_by_pillow(data: bytes, name: str, image_format: str, limits: Limits) -> ImageFile.ImageFile:
    """The image with its header read and within the limits.

    The format's own class is called, not `Image.open`: that would warn at a limit which is not ours and which
    could only be changed for the whole process, and would try parsers that hubel has no use for.
    """
    if image_format in {"AVIF", "WEBP"} and not features.check(image_format.lower()):
        raise UnreadableImage(Refusal.UNSUPPORTED_FORMAT, f"{image_format}, which this Pillow cannot read", name)
    # These decoders may fill in what is lost: what a file without its end shows cannot be told from what was there.
    if image_format in {"JPEG", "AVIF", "HEIF"} and ends_early(data, image_format):
        raise UnreadableImage(Refusal.TRUNCATED, image_format, name)
    module, _, plugin = _PLUGINS[image_format].partition(":")
    try:
        opener: Any = getattr(importlib.import_module(module), plugin)
    except ImportError as error:
        if image_format != "HEIF":
            raise
        raise UnreadableImage(Refusal.NEEDS_PLUGIN, "pillow-heif", name) from error
    try:
        image: ImageFile.ImageFile = opener(io.BytesIO(data))
    except Exception as error:  # a hostile file can make a parser raise anything
        raise _refuse(error, data, image_format, name) from error
    _check_size(image.size, image_format, name, limits)
    return image


def _refuse(error: Exception, data: bytes, image_format: str, name: str) -> UnreadableImage:
    """What a decoder's exception means, looked up in the file rather than in the words of the exception."""
    detail = f"{image_format}: {error}" if str(error) else f"{image_format}: {type(error).__name__}"
    bombs = (MemoryError, Image.DecompressionBombError, Image.DecompressionBombWarning)
    if isinstance(error, bombs):
        return UnreadableImage(Refusal.TOO_LARGE, detail, name)
    if declares_no_pixels(data, image_format):
        return UnreadableImage(Refusal.ZERO_SIZE, detail, name)
    cut_short = ends_early(data, image_format)
    if cut_short is None:  # only the decoder knows
        cut_short = isinstance(error, EOFError) or "truncated" in str(error).lower()
    if cut_short:
        return UnreadableImage(Refusal.TRUNCATED, detail, name)
    if "unknown pixel mode" in str(error):  # a sound TIFF, of a kind that Pillow has no mode for
        return UnreadableImage(Refusal.UNSUPPORTED_FORMAT, detail, name)
    return UnreadableImage(Refusal.CORRUPT, detail, name)
