"""Whatever a picture's mode, depth and colour space: sRGB pixels of 8 bits.

Large pictures are converted strip by strip, so that no second full copy of them ever exists.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

from hubel.core.arrays import Shaped, UInt8
from hubel.core.types import Pixels
from hubel.data.refusal import Refusal, UnreadableImage

AnyArray = Shaped[np.ndarray, "..."]
"""An array of any shape and type."""


def image_pixels(image: Image.Image) -> Pixels:
    """The pixels of a loaded PIL image, in sRGB over white, not turned.

    Alpha, palettes with transparency and transparent colours are laid over white. An ICC profile that differs
    from sRGB is applied. 16-bit values keep their upper 8 bits. 32-bit integers and floats have no declared
    range: integers up to 255 and floats up to 255 are taken as they are, integers up to 65535 as 16 bits,
    floats in [0, 1] times 255; anything else is stretched from its least to its greatest finite value.

    Returns
    -------
    Pixels
        ``(h w 3)``.
    """
    width, height = image.size
    deep_range = _find_range(image) if image.mode in {"I", "F"} else (0.0, 0.0)
    if height <= _strip_rows(width):
        return _strip_pixels(image, deep_range)
    pixels = np.empty((height, width, 3), np.uint8)
    for top, strip in _strips(image):
        pixels[top : top + strip.height] = _strip_pixels(strip, deep_range)
    return pixels


def array_pixels(array: AnyArray) -> Pixels:
    """The pixels of an array that can be understood in one way only; a copy.

    Parameters
    ----------
    array
        ``(h w)``, ``(h w 1)``, ``(h w 3)`` or, with alpha, ``(h w 4)``; uint8, bool, uint16 (the upper 8 bits
        stay) or float in [0, 1].

    Raises
    ------
    UnreadableImage
        ``ambiguous-array`` for other shapes, types and ranges; ``zero-size`` without pixels.

    Examples
    --------
    >>> array_pixels(np.ones((2, 2), bool))[0, 0].tolist()
    [255, 255, 255]
    """
    name = f"<array {array.dtype} {array.shape}>"
    if array.ndim not in {2, 3} or (array.ndim == 3 and array.shape[2] not in {1, 3, 4}):
        raise UnreadableImage(Refusal.AMBIGUOUS_ARRAY, f"shape {array.shape}", name)
    if array.size == 0:
        raise UnreadableImage(Refusal.ZERO_SIZE, f"shape {array.shape}", name)
    if array.dtype == np.uint8:
        values = array
    elif array.dtype == np.bool_:
        values = array.astype(np.uint8) * np.uint8(255)
    elif array.dtype == np.uint16:
        values = (array >> 8).astype(np.uint8)
    elif array.dtype.kind == "f":
        low, high = float(array.min()), float(array.max())
        if not (low >= 0 and high <= 1):  # NaN fails both
            raise UnreadableImage(Refusal.AMBIGUOUS_ARRAY, f"floats from {low:g} to {high:g}", name)
        values = np.rint(array.astype(np.float32) * 255).astype(np.uint8)
    else:
        raise UnreadableImage(Refusal.AMBIGUOUS_ARRAY, f"dtype {array.dtype}", name)
    if values.ndim == 3 and values.shape[2] == 4:
        return image_pixels(Image.fromarray(np.ascontiguousarray(values)))
    grey_or_rgb = values if values.ndim == 3 else values[:, :, None]  # (h w 1) or (h w 3)
    return np.array(np.broadcast_to(grey_or_rgb, (*grey_or_rgb.shape[:2], 3)), order="C")


def profiled_pixels(pixels: Pixels, profile: bytes) -> Pixels:
    """RGB pixels moved from the colour space of an ICC profile to sRGB; the same array when there is no difference."""
    if _find_transform(profile, "RGB") is None:
        return pixels
    image = Image.fromarray(pixels)
    image.info["icc_profile"] = profile
    return image_pixels(image)


_STRIP_PIXELS = 1_000_000


def _strip_rows(width: int) -> int:
    return max(1, _STRIP_PIXELS // width)


def _strips(image: Image.Image) -> Iterator[tuple[int, Image.Image]]:
    """The image cut into bands of about a million pixels, with the row each begins at."""
    width, height = image.size
    rows = _strip_rows(width)
    for top in range(0, height, rows):
        yield top, image.crop((0, top, width, min(height, top + rows)))


def _strip_pixels(image: Image.Image, deep_range: tuple[float, float]) -> Pixels:
    if image.mode in {"I", "F"} or image.mode.startswith("I;16"):
        grey = _deep_grey(image, deep_range)
        return np.repeat(grey[:, :, None], 3, axis=2)  # h w 3
    return np.asarray(_over_white(image))


def _over_white(image: Image.Image) -> Image.Image:
    """An 8-bit image of any mode as RGB, its profile applied, its alpha laid over white."""
    profile = image.info.get("icc_profile") or b""
    if not image.has_transparency_data:
        return _to_rgb(image, profile)
    with_alpha = (image.convert("LA") if image.mode == "La" else image).convert("RGBA")
    is_grey = image.mode in {"L", "LA", "La"}
    opaque = _to_rgb(with_alpha.getchannel("R") if is_grey else with_alpha.convert("RGB"), profile)
    white = Image.new("RGB", image.size, "white")
    white.paste(opaque, mask=with_alpha.getchannel("A"))
    return white


def _to_rgb(image: Image.Image, profile: bytes) -> Image.Image:
    """An image without alpha as sRGB."""
    if profile and image.mode != "LAB":
        space = {"1": "L", "L": "L", "CMYK": "CMYK"}.get(image.mode, "RGB")
        transform = _find_transform(bytes(profile), space)
        if transform is not None:
            moved = ImageCms.applyTransform(image.convert(space), transform)
            assert moved is not None  # None only when asked to work in place
            return moved
    return image if image.mode == "RGB" else image.convert("RGB")


@lru_cache(maxsize=64)
def _find_transform(profile: bytes, space: str) -> ImageCms.ImageCmsTransform | None:
    """The transform from a profile to sRGB; None when the profile is sRGB, broken, or of another colour space.

    A broken or misplaced profile says nothing about the pixels, which are whole: viewers ignore it, and so do we.
    Whether it is sRGB is told by what it does to colours, not by its name: within 2 of 255 is no difference.
    """
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if source.profile.xcolor_space.strip() != {"L": "GRAY"}.get(space, space):
            return None
        target = ImageCms.createProfile("sRGB")
        transform = ImageCms.buildTransform(source, target, space, "RGB")
        if space == "CMYK":
            return transform
        steps = np.linspace(0, 255, 9 if space == "RGB" else 256).round().astype(np.uint8)
        grid = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(27, 27, 3) if space == "RGB" else steps[None]
        moved = ImageCms.applyTransform(Image.fromarray(np.ascontiguousarray(grid)), transform)
    except (OSError, ValueError, TypeError, ImageCms.PyCMSError):
        return None
    grid_rgb = grid if space == "RGB" else np.repeat(grid[:, :, None], 3, axis=2)
    difference = np.abs(np.asarray(moved).astype(int) - grid_rgb.astype(int)).max()
    return transform if difference > 2 else None


def _find_range(image: Image.Image) -> tuple[float, float]:
    """The least and greatest finite value of a 32-bit image; (0, 0) when none is finite."""
    low, high = np.inf, -np.inf
    for _, strip in _strips(image):
        values = np.asarray(strip)
        finite = values[np.isfinite(values)]
        if finite.size:
            low, high = min(low, float(finite.min())), max(high, float(finite.max()))
    return (low, high) if low <= high else (0.0, 0.0)


def _deep_grey(image: Image.Image, deep_range: tuple[float, float]) -> UInt8[np.ndarray, "h w"]:
    """Grey of more than 8 bits as 8 bits, ``(h w)``; the rule stands in `image_pixels`."""
    values = np.asarray(image)
    low, high = deep_range
    if image.mode.startswith("I;16"):
        grey = (values >> 8).astype(np.uint8)
    elif image.mode == "I" and low >= 0 and high <= 255:
        grey = values.astype(np.uint8)
    elif image.mode == "I" and low >= 0 and high <= 65535:
        grey = (values >> 8).astype(np.uint8)
    else:
        finite = np.nan_to_num(values.astype(np.float64), nan=low, posinf=high, neginf=low)
        if low >= 0 and high <= 1:
            finite *= 255
        elif low < 0 or high > 255:
            finite = (finite - low) * (255 / max(high - low, np.finfo(np.float64).tiny))
        grey = np.rint(finite.clip(0, 255)).astype(np.uint8)
    transparent = image.info.get("transparency")
    if isinstance(transparent, int):
        grey[values == transparent] = 255
    return grey
