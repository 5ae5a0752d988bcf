"""The canvas of `picture.png` and what every such picture is made of: headline, cards, footer; written so that it stays small."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageOps

from hubel.core.card import Card
from hubel.core.files import write_atomically
from hubel.core.language import current_language
from hubel.evaluate.lettering import Style, can_draw, draw_text, fitted, font_folders, text_width
from hubel.evaluate.numbers import PERCENT, percent
from hubel.evaluate.report import ImageResult, Report
from hubel.evaluate.sentences import Both
from hubel.evaluate.shapes import (
    CARD,
    INK,
    LINE,
    PAPER,
    RIGHT,
    RIGHT_FILL,
    SOFT,
    TRACK,
    WRONG,
    Box,
    draw_cross,
    draw_meter,
    draw_rounded,
    draw_tick,
    mixed,
    rounded_mask,
)

SIZE_PX = (1600, 900)
MAX_BYTES = 400_000
PHOTO_BITS = (6, 5, 4, 3, 2)
"""Bits of each colour that photos may keep: the first that makes the file small enough. Six look like eight."""
NUM_COLUMNS = 5

LEFT, LEFT_END = 64, 504
GRID, CARD_PX, GAP = 576, 176, 20
CARD_HEIGHT = 324
TOPS = (64, 462)
HEADING_PX = 36
ROUND = 10

Draw = Callable[..., Image.Image]
"""A function that draws a report, given it, the folders of fonts, and as `photo_bits` how fine photos are."""

IS_RIGHT = Both("right", "맞음")
IS_WRONG = Both("wrong", "틀림")


@dataclass(frozen=True, slots=True)
class Canvas:
    """The picture while it is drawn: where fonts are looked for, whether its words are Korean, and how fine photos are."""

    image: Image.Image
    draw: ImageDraw.ImageDraw
    folders: tuple[str, ...]
    korean: bool
    photo_bits: int

    def said(self, text: Both) -> str:
        """The text in the picture's language."""
        return text.ko if self.korean else text.en

    def text(self, x: float, y: float, text: str, style: Style) -> float:
        """Write one line with its baseline at y; returns its width."""
        return draw_text(self.draw, (x, y), text, style, folders=self.folders)

    def fitted(self, text: str, width: float, size: float) -> str:
        """As much of a text as fits."""
        return fitted(text, width, size, folders=self.folders)


def save_picture(report: Report, path: Path, draw: Draw) -> None:
    """Write what `draw` makes of a report, with photos as fine as 400 kB allow."""
    sizes = (encoded_png(draw(report, font_folders(), photo_bits=bits)) for bits in PHOTO_BITS)
    write_atomically(path, next(encoded for encoded in sizes if len(encoded) <= MAX_BYTES))


def new_canvas(folders: tuple[str, ...], *, photo_bits: int) -> Canvas:
    """An empty picture, for the user's language where a font has its letters, else for English."""
    image = Image.new("RGB", SIZE_PX, PAPER)
    korean = current_language() == "ko" and can_draw("한글", folders)
    return Canvas(image, ImageDraw.Draw(image), folders, korean, photo_bits)


def draw_headline(canvas: Canvas, title: str, headline: str, *, figure: float, interval: tuple[float, float]) -> None:
    """The run's name, its figure in large letters, what that is, and its interval."""
    width = LEFT_END - LEFT
    canvas.text(LEFT, 82, canvas.fitted(title, width, 24), Style(24, INK, bold=True))
    written = percent(figure)
    size = min(116, 116 * width / text_width(written, 116, canvas.folders))
    canvas.text(LEFT - 4, 206, written, Style(size, INK, bold=True))
    canvas.text(LEFT, 252, canvas.fitted(headline, width, 24), Style(24, INK))
    left, right = (LEFT + round(end * width) for end in interval)
    draw_rounded(canvas.image, (LEFT, 280, LEFT_END, 294), TRACK, radius=6)
    draw_rounded(canvas.image, (LEFT, 280, right, 294), mixed(TRACK, RIGHT_FILL, 0.45), radius=6)
    draw_rounded(canvas.image, (LEFT, 280, left, 294), RIGHT_FILL, radius=6)
    point = min(LEFT + round(figure * width), LEFT_END - 2)
    draw_rounded(canvas.image, (point - 2, 275, point + 2, 299), INK, radius=2)
    low, high = map(percent, interval)
    ends = Both(f"95{PERCENT} certainty: {low} to {high}", f"95{PERCENT} 신뢰구간: {low} ~ {high}")
    canvas.text(LEFT, 326, canvas.said(ends), Style(20, SOFT))


def draw_frame(canvas: Canvas, place: tuple[int, int], result: ImageResult, *, card: Card, right: bool) -> None:
    """The photo of a card and whether its answer is right."""
    left, top = place
    box: Box = (left, top, left + CARD_PX, top + CARD_HEIGHT)
    draw_rounded(canvas.image, box, LINE, radius=ROUND)
    draw_rounded(canvas.image, (box[0] + 1, box[1] + 1, box[2] - 1, box[3] - 1), CARD, radius=ROUND - 1)
    photo = fitted_photo(result, CARD_PX - 2, cropped=card.image.resize == "crop", bits=canvas.photo_bits)
    mask = rounded_mask((CARD_PX - 2, CARD_PX + 2 * ROUND), ROUND - 1).crop((0, 0, CARD_PX - 2, CARD_PX - 2))
    canvas.image.paste(photo, (left + 1, top + 1), mask)
    draw_mark, colour = (draw_tick, RIGHT) if right else (draw_cross, WRONG)
    draw_mark(canvas.image, (left + 14, top + CARD_PX + 16), 17, colour=colour)
    verdict = canvas.said(IS_RIGHT if right else IS_WRONG)
    canvas.text(left + 39, top + CARD_PX + 31, verdict, Style(18, colour, bold=True))


def draw_bar(canvas: Canvas, place: tuple[int, int], name: str, probability: float, *, truth: bool, fill: str) -> None:
    """A class of a card with its probability in figures and as a bar; a tick where it is true."""
    left, baseline = place
    width = canvas.text(left + CARD_PX - 14, baseline, percent(probability, digits=0), Style(17, SOFT, align="right"))
    start = left + 14
    if truth:
        draw_tick(canvas.image, (start, baseline - 12), 13, colour=RIGHT)
        start += 18
    shown = canvas.fitted(name, left + CARD_PX - 22 - width - start, 17)
    canvas.text(start, baseline, shown, Style(17, INK, bold=truth))
    draw_meter(canvas.image, (left + 14, baseline + 9, left + CARD_PX - 14, baseline + 15), probability, colour=fill)


def fitted_photo(result: ImageResult, side: int, *, cropped: bool, bits: int) -> Image.Image:
    """The thumbnail as a square: cut where the model cuts, else whole on a quiet ground."""
    with Image.open(io.BytesIO(result.thumbnail), formats=("JPEG",)) as opened:
        photo = opened.convert("RGB")
    resized = (ImageOps.fit if cropped else ImageOps.contain)(photo, (side, side), Image.Resampling.BICUBIC)
    square = Image.new("RGB", (side, side), TRACK)
    square.paste(ImageOps.posterize(resized, bits), ((side - resized.width) // 2, (side - resized.height) // 2))
    return square


def draw_footer(canvas: Canvas, report: Report) -> None:
    """What made the model, in one line."""
    card = report.card
    parts = (
        f"hubel {card.provenance.versions.get('hubel', '')}".strip(),
        card.base.name,
        f"{card.image.size} px",
        card.provenance.created[:10],
    )
    canvas.text(LEFT, 858, canvas.fitted(" · ".join(parts), SIZE_PX[0] - 2 * LEFT, 16), Style(16, SOFT))


def encoded_png(image: Image.Image) -> bytes:
    """The picture as the bytes of a PNG."""
    encoded = io.BytesIO()
    image.save(encoded, "PNG")
    return encoded.getvalue()
