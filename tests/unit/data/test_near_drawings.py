"""Near duplicates among drawings: what many pictures share, a frame, a backdrop, axes, a kind of stroke, makes no copies."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from hubel.core.arrays import UInt8
from hubel.data.fingerprint import fingerprint
from hubel.data.near import near_groups, near_pairs
from hubel.data.near_frames import frame_sides, without_frames

Pictures = list[Image.Image]
GLYPHS = "ABCDEFGHIJKLMNPQRSTUVWXYZ23456789@#$%&?!+=>"
WORDS = [
    "the",
    "of",
    "image",
    "train",
    "class",
    "folder",
    "model",
    "answer",
    "near",
    "copy",
    "figure",
    "light",
    "house",
]


def prints_of(pictures: Pictures) -> UInt8[np.ndarray, "n 48 48"]:
    return np.stack([fingerprint(np.asarray(picture.convert("RGB"))) for picture in pictures])


def num_glued(prints: UInt8[np.ndarray, "n 48 48"]) -> int:
    """How many pictures are counted as copies of another."""
    return len(prints) - len(set(near_groups(len(prints), near_pairs(prints)).tolist()))


def tile(noise: np.random.Generator, patches: int, side: int) -> Image.Image:
    colours = noise.integers(0, 256, (patches, patches, 3)).astype(np.uint8)
    return Image.fromarray(colours).resize((side, side), Image.Resampling.BICUBIC)


def framed(picture: Image.Image, width: int, colour: str) -> Image.Image:
    changed = Image.new("RGB", (picture.width + 2 * width, picture.height + 2 * width), colour)
    changed.paste(picture, (width, width))
    return changed


def smooth_tiles_in_black() -> Pictures:
    noise = np.random.default_rng(1)
    return [framed(tile(noise, 3, 96), 16, "black") for _ in range(60)]


def small_tiles_in_wide_white() -> Pictures:
    noise = np.random.default_rng(2)
    return [framed(tile(noise, 3, 56), 36, "white") for _ in range(60)]


def tiles_in_frames_of_any_width() -> Pictures:
    noise = np.random.default_rng(3)
    return [framed(tile(noise, 4, 100), int(noise.integers(4, 30)), "grey") for _ in range(60)]


def glyphs_on(draw_backdrop: Callable[[ImageDraw.ImageDraw], object], ink: str) -> Callable[[], Pictures]:
    def pictures() -> Pictures:
        icons = []
        for glyph in GLYPHS:
            icon = Image.new("RGB", (96, 96), "white")
            draw = ImageDraw.Draw(icon)
            draw_backdrop(draw)
            draw.text((48, 48), glyph, anchor="mm", font=ImageFont.load_default(56), fill=ink)
            icons.append(icon)
        return icons

    return pictures


def charts() -> Pictures:
    noise = np.random.default_rng(4)
    pictures = []
    for number in range(100):
        chart = Image.new("RGB", (320, 240), "white")
        draw = ImageDraw.Draw(chart)
        draw.rectangle((40, 16, 304, 210), outline="black", width=2)
        for line in range(1, 5):
            draw.line((40, 16 + line * 39, 304, 16 + line * 39), fill="lightgrey")
            draw.text((10, 10 + line * 39), str(100 - 20 * line), fill="black")
        if number % 2:
            walk = noise.normal(size=60).cumsum()
            walk = (walk - walk.min()) / np.ptp(walk)
            points = [(42 + 4.4 * step, 205 - 180 * float(height)) for step, height in enumerate(walk)]
            draw.line(points, fill="crimson", width=3)
        else:
            for bar, height in enumerate(noise.random(8) * 180):
                draw.rectangle((52 + 31 * bar, 208 - float(height), 72 + 31 * bar, 208), fill="royalblue")
        pictures.append(chart)
    return pictures


def windows() -> Pictures:
    """Screenshots of one program with different text in it."""
    noise = np.random.default_rng(5)
    font = ImageFont.load_default(11)
    pictures = []
    for _ in range(60):
        window = Image.new("RGB", (320, 240), "white")
        draw = ImageDraw.Draw(window)
        draw.rectangle((0, 0, 320, 22), fill="dimgrey")
        draw.rectangle((0, 22, 60, 240), fill="gainsboro")
        for entry, word in enumerate(WORDS[:9]):
            draw.text((6, 28 + 22 * entry), word, fill="black", font=font)
        for top in range(30, 228, 14):
            words = noise.choice(WORDS, int(noise.integers(0, 8)))
            draw.text((70, top), " ".join(words.tolist()), fill="black", font=font)
        pictures.append(window)
    return pictures


DRAWINGS: dict[str, Callable[[], Pictures]] = {
    "smooth tiles in a black frame": smooth_tiles_in_black,
    "small tiles in a wide white frame": small_tiles_in_wide_white,
    "tiles in frames of any width": tiles_in_frames_of_any_width,
    "glyphs": glyphs_on(lambda draw: draw.rectangle((0, 0, 96, 96), fill="white"), "black"),
    "glyphs on a round square": glyphs_on(
        lambda draw: draw.rounded_rectangle((6, 6, 90, 90), 20, fill="navy"), "white"
    ),
    "glyphs in a circle": glyphs_on(lambda draw: draw.ellipse((4, 4, 92, 92), outline="black", width=5), "black"),
    "charts with the same axes": charts,
    "windows of one program": windows,
}


@pytest.mark.parametrize("drawings", DRAWINGS)
def test_different_drawings_of_one_kind_are_no_pairs(drawings: str) -> None:
    assert near_pairs(prints_of(DRAWINGS[drawings]())) == []


@pytest.mark.parametrize("scale", [1, 6])
def test_hardly_any_handwritten_digits_are_taken_for_copies(scale: int) -> None:
    digits = pytest.importorskip("sklearn.datasets").load_digits().images
    pictures = [Image.fromarray((digit * 15).astype(np.uint8)) for digit in digits]
    prints = prints_of([picture.resize((8 * scale, 8 * scale), Image.Resampling.NEAREST) for picture in pictures])
    assert num_glued(prints) <= 0.01 * len(prints)


@pytest.mark.parametrize("colour", ["black", "white"])
def test_picture_and_its_framed_copy_are_a_pair(colour: str) -> None:
    noise = np.random.default_rng(6)
    tiles = [tile(noise, 12, 96) for _ in range(20)]
    copies = [framed(picture, 12, colour) for picture in tiles[:5]]
    found = {(pair.first, pair.second) for pair in near_pairs(prints_of([*tiles, *copies]))}
    assert found == {(number, 20 + number) for number in range(5)}


def test_frame_is_measured_on_all_sides() -> None:
    picture = framed(tile(np.random.default_rng(7), 12, 192), 24, "white")  # 24 of 240 are 4.8 of 48
    assert frame_sides(prints_of([picture])).tolist() == [[5, 5, 5, 5]]


def test_bars_above_and_below_are_a_frame() -> None:
    picture = tile(np.random.default_rng(8), 12, 240)
    ImageDraw.Draw(picture).rectangle((0, 0, 240, 29), fill="black")
    ImageDraw.Draw(picture).rectangle((0, 210, 240, 240), fill="black")
    assert frame_sides(prints_of([picture]))[0, 2:].tolist() == [0, 0]
    assert (frame_sides(prints_of([picture]))[0, :2] >= 6).all()


def test_thing_on_a_plain_ground_and_blank_pictures_have_no_frame() -> None:
    thing = Image.new("RGB", (120, 120), "white")
    ImageDraw.Draw(thing).ellipse((20, 20, 100, 100), fill="navy")
    prints = prints_of([thing, Image.new("RGB", (60, 60), "white"), tile(np.random.default_rng(9), 12, 96)])
    assert not frame_sides(prints).any()
    assert without_frames(prints) is prints
