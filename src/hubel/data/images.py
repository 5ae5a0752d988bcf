"""Reading images: one reader for the whole product.

A path, bytes, a file object, a PIL image or an array become the same upright sRGB pixels, or an
`UnreadableImage` that says why not. The reader may be called from many threads at once.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
from PIL import Image

from hubel.core.card import ImageSpec
from hubel.core.errors import DataError
from hubel.core.language import say
from hubel.core.types import Pixels
from hubel.data.colour import AnyArray, array_pixels, image_pixels
from hubel.data.decode import ImageFacts, decode_facts, decode_image
from hubel.data.orientation import image_orientation, turn_upright
from hubel.data.refusal import DEFAULT_LIMITS, Limits, Refusal, UnreadableImage
from hubel.data.resize import SquarePixels, fit_image

__all__ = [
    "DEFAULT_LIMITS",
    "ImageFacts",
    "ImageSource",
    "Limits",
    "Refusal",
    "UnreadableImage",
    "load_image",
    "read_facts",
    "read_file",
    "read_image",
]


@runtime_checkable
class BinaryFile(Protocol):
    """Anything that gives bytes: an open file, a `BytesIO`, the body of a response."""

    def read(self, size: int, /) -> bytes:
        """At most so many bytes from the current position."""


ImageSource: TypeAlias = str | bytes | os.PathLike[Any] | BinaryFile | Image.Image | AnyArray
"""Anything that holds one image: a path, an encoded file's bytes or open file, a PIL image, an array."""


def read_image(source: ImageSource, *, shorter_side: int | None = None, limits: Limits = DEFAULT_LIMITS) -> Pixels:
    """The upright sRGB pixels of one image; of an animation, the first frame.

    Parameters
    ----------
    source
        A path, bytes, a binary file object (read from its current position), a PIL image (its current frame,
        turned by the EXIF it still bears), or an array as `array_pixels` takes it.
    shorter_side
        When given, a JPEG may be decoded smaller as long as its shorter side stays at least 1.5 times this.
    limits
        What to refuse before decoding.

    Returns
    -------
    Pixels
        ``(h w 3)``; treat it as read-only.

    Raises
    ------
    UnreadableImage
        With `refusal`, one of the documented list.

    Examples
    --------
    >>> read_image(np.zeros((4, 6), np.uint8)).shape
    (4, 6, 3)
    """
    if isinstance(source, np.ndarray):
        return array_pixels(source)
    if isinstance(source, Image.Image):
        return _pil_pixels(source, limits)
    data, name = _take_bytes(source, limits)
    return decode_image(data, name, shorter_side=shorter_side, limits=limits)


def read_facts(source: ImageSource, limits: Limits = DEFAULT_LIMITS) -> ImageFacts:
    """What the header says: upright width and height, format, mode, orientation. No pixel is decoded.

    Raises
    ------
    UnreadableImage
        When the header already shows that the image cannot be read.

    Examples
    --------
    >>> read_facts(np.zeros((4, 6), np.uint8)).width
    6
    """
    if isinstance(source, np.ndarray):
        height, width = array_pixels(source).shape[:2]
        return ImageFacts(width, height, "array", str(source.dtype), 1)
    if isinstance(source, Image.Image):
        orientation = image_orientation(source)
        width, height = source.size if orientation < 5 else source.size[::-1]
        return ImageFacts(width, height, source.format or "PIL", source.mode, orientation)
    data, name = _take_bytes(source, limits)
    return decode_facts(data, name, limits=limits)


def load_image(source: ImageSource, spec: ImageSpec, *, limits: Limits = DEFAULT_LIMITS) -> SquarePixels:
    """One image as the network takes it: read, then made a square by the spec's rule.

    Returns
    -------
    SquarePixels
        ``(size size 3)``; treat it as read-only.

    Raises
    ------
    UnreadableImage
        With the reason.

    Examples
    --------
    >>> load_image(np.zeros((40, 60), np.uint8), ImageSpec(size=32, resize="squash")).shape
    (32, 32, 3)
    """
    return fit_image(read_image(source, shorter_side=spec.size, limits=limits), spec)


def _pil_pixels(image: Image.Image, limits: Limits) -> Pixels:
    name = f"<PIL image {image.mode} {image.width}×{image.height}>"
    if image.width == 0 or image.height == 0:
        raise UnreadableImage(Refusal.ZERO_SIZE, f"{image.width} × {image.height}", name)
    if image.width * image.height > limits.max_pixels:
        raise UnreadableImage(Refusal.TOO_LARGE, f"{image.width} × {image.height}", name)
    try:
        image.load()
    except Exception as error:  # a lazily opened image decodes only here; its decoder can raise anything
        refusal = Refusal.TRUNCATED if "truncated" in str(error).lower() else Refusal.CORRUPT
        raise UnreadableImage(refusal, str(error), name) from error
    return turn_upright(image_pixels(image), image_orientation(image))


def _take_bytes(source: object, limits: Limits) -> tuple[bytes, str]:
    """An encoded image's whole content, and what to call it."""
    if isinstance(source, str | os.PathLike):
        return read_file(source, limits), os.fsdecode(source)
    if isinstance(source, bytes | bytearray | memoryview):
        data, name = bytes(source), "<bytes>"
    elif hasattr(source, "read"):
        data, name = source.read(limits.max_bytes + 1), str(getattr(source, "name", "<file object>"))
    else:
        data, name = None, ""
    if not isinstance(data, bytes):
        given = type(source).__name__
        raise DataError(
            say(
                en=f"No image can be read from {given}: it gives no bytes. Give a path, bytes, a file opened with 'rb', a PIL image or a NumPy array.",
                ko=f"{given}에서는 바이트가 나오지 않아 이미지를 읽을 수 없습니다. 경로, bytes, 'rb'로 연 파일, PIL 이미지 또는 NumPy 배열을 주세요.",
            )
        )
    if len(data) > limits.max_bytes:
        raise UnreadableImage(Refusal.TOO_MANY_BYTES, f"> {limits.max_bytes}", name)
    return data, name


# Opening a pipe would wait for its other end, were it not for O_NONBLOCK; Windows has neither flag but needs O_BINARY.
_OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def read_file(path: str | os.PathLike[Any], limits: Limits = DEFAULT_LIMITS) -> bytes:
    """The content of a regular file of acceptable size."""
    try:
        descriptor = os.open(path, _OPEN_FLAGS)
    except (OSError, ValueError) as error:
        raise _refuse_path(error, path) from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableImage(Refusal.NOT_A_FILE, "", os.fsdecode(path))
        if status.st_size > limits.max_bytes:
            detail = f"{status.st_size} > {limits.max_bytes}"
            raise UnreadableImage(Refusal.TOO_MANY_BYTES, detail, os.fsdecode(path))
        with open(descriptor, "rb", buffering=0, closefd=False) as file:
            return file.read()
    except OSError as error:
        raise _refuse_path(error, path) from error
    finally:
        os.close(descriptor)


def _refuse_path(error: Exception, path: str | os.PathLike[Any]) -> UnreadableImage:
    """Why a path could not be opened or read."""
    name = os.fsdecode(path)
    detail = getattr(error, "strerror", None) or str(error)
    if isinstance(error, FileNotFoundError | NotADirectoryError | ValueError):  # ValueError: a NUL in the name
        return UnreadableImage(Refusal.MISSING, detail, name)
    if (
        isinstance(error, IsADirectoryError) or Path(os.fsdecode(path)).is_dir()
    ):  # Windows says PermissionError of a folder
        return UnreadableImage(Refusal.NOT_A_FILE, detail, name)
    return UnreadableImage(Refusal.NO_ACCESS, detail, name)
