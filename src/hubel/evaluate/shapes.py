"""Shapes with smooth edges drawn into an image, and the colours of a report."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageColor, ImageDraw

# The light colours of report.css.
PAPER = "#faf9f6"
CARD = "#ffffff"
INK = "#1c1e21"
SOFT = "#595e66"
LINE = "#e3e0d9"
TRACK = "#eceae4"
RIGHT = "#17697a"
WRONG = "#ab4518"
RIGHT_FILL = "#4ba3b5"
WRONG_FILL = "#e08a5b"

FINER = 4
"""Shapes are drawn this much larger and shrunk, which makes their edges smooth."""

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels; the last two are outside."""

TICK = ((0.08, 0.55), (0.38, 0.85), (0.95, 0.15))
CROSS = ((0.12, 0.12), (0.88, 0.88)), ((0.88, 0.12), (0.12, 0.88))
ARROW = ((0.0, 0.5), (0.95, 0.5)), ((0.6, 0.15), (0.95, 0.5), (0.6, 0.85))


def mixed(colour: str, other: str, share: float) -> str:
    """A colour between two.

    Examples
    --------
    >>> mixed("#ffffff", "#000000", 0.5)
    '#808080'
    """
    pairs = zip(ImageColor.getrgb(colour), ImageColor.getrgb(other), strict=True)
    return "#" + "".join(f"{round(one + (two - one) * share):02x}" for one, two in pairs)


def rounded_mask(size: tuple[int, int], radius: float) -> Image.Image:
    """A white rectangle with round corners on black, of that size in pixels."""
    width, height = (side * FINER for side in size)
    mask = Image.new("L", (width, height))
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, width - 1, height - 1), radius * FINER, fill=255)
    return mask.resize(size, Image.Resampling.BOX)


def draw_rounded(image: Image.Image, box: Box, colour: str, *, radius: float) -> None:
    """Fill a rectangle with round corners; an empty one is left out."""
    left, top, right, bottom = box
    if right > left and bottom > top:
        image.paste(ImageColor.getrgb(colour), box, rounded_mask((right - left, bottom - top), radius))


def draw_meter(image: Image.Image, box: Box, share: float, *, colour: str) -> None:
    """A horizontal bar filled from the left; whatever is more than nothing shows."""
    left, top, right, bottom = box
    radius = (bottom - top) / 2
    draw_rounded(image, box, TRACK, radius=radius)
    filled = max(round((right - left) * share), bottom - top if share > 0.005 else 0)
    draw_rounded(image, (left, top, left + filled, bottom), colour, radius=radius)


def draw_tick(image: Image.Image, place: tuple[int, int], size: int, *, colour: str) -> None:
    """A check mark in a square of `size` pixels, whose left upper corner is `place`."""
    _draw_strokes(image, place, size, strokes=(TICK,), colour=colour)


def draw_cross(image: Image.Image, place: tuple[int, int], size: int, *, colour: str) -> None:
    """A cross in a square of `size` pixels, whose left upper corner is `place`."""
    _draw_strokes(image, place, size, strokes=CROSS, colour=colour)


def draw_arrow(image: Image.Image, place: tuple[int, int], size: int, *, colour: str) -> None:
    """An arrow to the right in a square of `size` pixels, whose left upper corner is `place`."""
    _draw_strokes(image, place, size, strokes=ARROW, colour=colour)


def _draw_strokes(
    image: Image.Image,
    place: tuple[int, int],
    size: int,
    *,
    strokes: Sequence[Sequence[tuple[float, float]]],
    colour: str,
) -> None:
    side, width = size * FINER, max(round(size * FINER * 0.14), 1)
    mask = Image.new("L", (side, side))
    draw = ImageDraw.Draw(mask)
    for stroke in strokes:
        draw.line([(x * side, y * side) for x, y in stroke], fill=255, width=width, joint="curve")
    image.paste(ImageColor.getrgb(colour), place, mask.resize((size, size), Image.Resampling.BOX))
