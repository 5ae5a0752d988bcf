"""Lettering: text of any script drawn into an image, without a box where no font knows a character.

Pillow brings one font, with the letters of English. For anything else a font of this machine is looked for among names
that are usual on Linux, macOS and Windows. A character that none of them has is spelled out.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from PIL import ImageDraw, ImageFont

from hubel.evaluate.numbers import visible

FONT_NAMES: dict[str, int] = {
    "NotoSansCJK-Regular.ttc": 1,
    "NotoSansCJKkr-Regular.otf": 0,
    "NotoSansKR-Regular.otf": 0,
    "NotoSansKR-Regular.ttf": 0,
    "Pretendard-Regular.otf": 0,
    "AppleSDGothicNeo.ttc": 0,
    "malgun.ttf": 0,
    "NanumGothic.ttf": 0,
    "NotoSans-Regular.ttf": 0,
    "DejaVuSans.ttf": 0,
    "segoeui.ttf": 0,
    "Arial Unicode.ttf": 0,
    "msyh.ttc": 0,
    "YuGothM.ttc": 0,
    "PingFang.ttc": 0,
    "Hiragino Sans GB.ttc": 0,
    "NotoSansArabic-Regular.ttf": 0,
    "NotoSansHebrew-Regular.ttf": 0,
    "NotoSansThai-Regular.ttf": 0,
    "NotoSansDevanagari-Regular.ttf": 0,
    "LeelawUI.ttf": 0,
    "Nirmala.ttc": 0,
    "FreeSans.ttf": 0,
    "NotoEmoji-Regular.ttf": 0,
    "seguisym.ttf": 0,
    "seguiemj.ttf": 0,
    "Symbola.ttf": 0,
}
"""Files to look for, the first that has the characters is taken; and which font of a collection (of Noto's, the Korean)."""

MAX_LETTERS = 200
"""A longer text is cut before it is measured."""
MAX_MARKS = 2
"""Marks on one letter; a pile of them would cover the neighbours."""
ELLIPSIS = "..."
"""Three full stops: the one character stands in the middle of the line in Korean fonts."""


@dataclass(frozen=True, slots=True)
class FontFile:
    """A font: a file and its place in it, or Pillow's own where `path` is empty."""

    path: str
    index: int


BUILT_IN = FontFile("", 0)


@dataclass(frozen=True, slots=True)
class Style:
    """How a text looks: its size in pixels, its colour, which end stands at the given place, and whether it is bold."""

    size: float
    colour: str
    align: Literal["left", "centre", "right"] = "left"
    bold: bool = False


def font_folders() -> tuple[str, ...]:
    """Where Linux, macOS and Windows keep fonts; the folders need not exist."""
    home = Path.home()
    windows = [Path(os.environ.get("WINDIR", "C:/Windows")) / "Fonts"] if os.name == "nt" else []
    folders = (
        *windows,
        Path(os.environ.get("LOCALAPPDATA") or home / "AppData/Local") / "Microsoft/Windows/Fonts",
        Path(os.environ.get("XDG_DATA_HOME") or home / ".local/share") / "fonts",
        home / ".fonts",
        home / "Library/Fonts",
        Path("/Library/Fonts"),
        Path("/System/Library/Fonts"),
        Path("/usr/local/share/fonts"),
        Path("/usr/share/fonts"),
    )
    return tuple(map(str, folders))


def spelled(text: str, folders: tuple[str, ...]) -> str:
    r"""A text as it can be drawn with the fonts in these folders: on one line, and what no font has is spelled out.

    A symbol becomes its name, anything else its escape.

    Examples
    --------
    >>> spelled("two\nlines", ())
    'two\\nlines'
    >>> spelled("\U0001f431 고", ())
    ':cat face: \\uace0'
    """
    return "".join(part for part, _ in _runs(text, folders))


def can_draw(text: str, folders: tuple[str, ...]) -> bool:
    """Whether fonts for all of its characters are there."""
    return spelled(text, folders) == text


def text_width(text: str, size: float, folders: tuple[str, ...]) -> float:
    """How many pixels it takes from its beginning to its end."""
    return sum(_font(file, size).getlength(part) for part, file in _runs(text, folders))


def fitted(text: str, width: float, size: float, *, folders: tuple[str, ...]) -> str:
    """The text, or as much of it as fits with an ellipsis for the rest.

    Examples
    --------
    >>> fitted("hippopotamus", 60, 16, folders=())
    'hippo...'
    """
    text = spelled(text[:MAX_LETTERS], folders)
    if text_width(text, size, folders) <= width:
        return text
    fewest, most = 0, len(text)
    while most - fewest > 1:
        middle = (fewest + most) // 2
        fits = text_width(text[:middle].rstrip() + ELLIPSIS, size, folders) <= width
        fewest, most = (middle, most) if fits else (fewest, middle)
    return text[:fewest].rstrip() + ELLIPSIS


def draw_text(
    draw: ImageDraw.ImageDraw, place: tuple[float, float], text: str, style: Style, *, folders: tuple[str, ...]
) -> float:
    """Draw one line with its baseline at `place`; returns its width in pixels."""
    runs = list(_runs(text, folders))
    widths = [_font(file, style.size).getlength(part) for part, file in runs]
    shift = {"left": 0.0, "centre": 0.5, "right": 1.0}[style.align]
    x = place[0] - shift * sum(widths)
    for (part, file), width in zip(runs, widths, strict=True):
        stroke = style.size * 0.022 if style.bold else 0
        font = _font(file, style.size)
        draw.text((x, place[1]), part, style.colour, font, anchor="ls", stroke_width=stroke)
        x += width
    return sum(widths)


@lru_cache(maxsize=4096)
def _runs(text: str, folders: tuple[str, ...]) -> tuple[tuple[str, FontFile], ...]:
    """The text in pieces, each with its font: one for all if there is one, else for every character the first that has it."""
    text = _drawable(text)
    fonts = _candidates(text, folders)
    whole = next((file for file in fonts if all(_has(file, character) for character in text)), None)
    if whole:
        return ((text, whole),) if text else ()
    runs: list[tuple[str, FontFile]] = []
    for character in text:
        owner = next((file for file in fonts if _has(file, character)), None)
        piece = character if owner else _named(character)
        file = owner or BUILT_IN
        if runs and runs[-1][1] == file:
            runs[-1] = (runs[-1][0] + piece, file)
        else:
            runs.append((piece, file))
    return tuple(runs)


def _drawable(text: str) -> str:
    """In one spelling, without what cannot be seen and without piles of marks."""
    kept: list[str] = []
    marks = 0
    for character in unicodedata.normalize("NFC", visible(text)):
        category = unicodedata.category(character)
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        if category == "Zs":
            kept.append(" ")
        elif category != "Cf" and marks <= MAX_MARKS and not "\ufe00" <= character <= "\ufe0f":
            kept.append(character)
    return "".join(kept)


def _named(character: str) -> str:
    """A symbol's name, or any other character's escape, in letters that every font has."""
    name = unicodedata.name(character, "")
    if name and unicodedata.category(character) in {"So", "Sm", "Sk"}:
        return f":{name.lower()}:"
    return character.encode("unicode_escape").decode("ascii")


def _candidates(text: str, folders: tuple[str, ...]) -> tuple[FontFile, ...]:
    """Fonts are looked for only where the one that is always there does not do."""
    if all(_has(BUILT_IN, character) for character in text):
        return (BUILT_IN,)
    return (BUILT_IN, *_installed(folders))


@lru_cache(maxsize=4096)
def _installed(folders: tuple[str, ...]) -> tuple[FontFile, ...]:
    """The known fonts in these folders that can be opened, in the order of `FONT_NAMES`."""
    found = dict(_files_named(folders))
    files = (FontFile(found[name], index) for name, index in FONT_NAMES.items() if name in found)
    return tuple(file for file in files if _opens(file))


def _files_named(folders: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for folder in reversed(folders):
        for root, inner, names in os.walk(folder):
            inner.sort()
            yield from ((name, str(Path(root) / name)) for name in names if name in FONT_NAMES)


def _opens(file: FontFile) -> bool:
    try:
        _font(file, 16)
    except OSError:  # a damaged file, or a font of pictures in other sizes
        return False
    return True


@lru_cache(maxsize=4096)
def _font(file: FontFile, size: float) -> ImageFont.FreeTypeFont:
    if file.path:
        return ImageFont.truetype(file.path, size, index=file.index)
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font


@lru_cache(maxsize=4096)
def _has(file: FontFile, character: str) -> bool:
    """Whether it draws something else than what it draws for a character that no font can have."""
    font = _font(file, 16)
    if character == " ":
        return True
    drawn = font.getmask(character)
    missing = font.getmask("\uffff")
    return drawn.getbbox() is not None and (drawn.size, bytes(drawn)) != (missing.size, bytes(missing))
