"""Near duplicates: what was done to a picture does not hide it, and what is merely like it is left alone."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageOps

from hubel.core.arrays import UInt8
from hubel.data import near_candidates
from hubel.data.fingerprint import FINGERPRINT_SHAPE, fingerprint
from hubel.data.images import read_image
from hubel.data.near import NearPair, near_groups, near_pairs
from hubel.data.near_candidates import search


def scene(noise: np.random.Generator, *, width: int = 160, height: int = 120) -> Image.Image:
    """A picture with shapes of many sizes, unlike any other."""
    coarse = noise.integers(0, 256, (5, 6, 3)).astype(np.uint8)
    picture = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(picture)
    for _ in range(25):
        left, top = int(noise.integers(0, width)), int(noise.integers(0, height))
        right, bottom = left + int(noise.integers(5, width // 3)), top + int(noise.integers(5, height // 3))
        colour = tuple(noise.integers(0, 256, 3).tolist())
        (draw.ellipse if noise.random() < 0.5 else draw.rectangle)((left, top, right, bottom), fill=colour)
    return picture


def encoded(picture: Image.Image, quality: int) -> Image.Image:
    data = io.BytesIO()
    picture.save(data, "JPEG", quality=quality)
    return Image.open(io.BytesIO(data.getvalue())).convert("RGB")


def with_caption(picture: Image.Image) -> Image.Image:
    changed = picture.copy()
    draw = ImageDraw.Draw(changed)
    draw.rectangle((0, int(picture.height * 0.86), picture.width, picture.height), fill="black")
    draw.text((10, int(picture.height * 0.87)), "a caption", fill="white")
    return changed


def with_line_below(picture: Image.Image) -> Image.Image:
    changed = Image.new("RGB", (picture.width, int(picture.height * 1.12)), "white")
    changed.paste(picture, (0, 0))
    ImageDraw.Draw(changed).text((10, picture.height), "a caption", fill="black")
    return changed


def cropped(left: float, top: float, right: float, bottom: float) -> Callable[[Image.Image], Image.Image]:
    def crop(picture: Image.Image) -> Image.Image:
        width, height = picture.size
        return picture.crop((width * left, height * top, width * (1 - right), height * (1 - bottom)))

    return crop


CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "encoded anew": lambda picture: encoded(picture, 40),
    "resized": lambda picture: picture.resize((picture.width // 2, picture.height // 2)),
    "brightened": lambda picture: ImageEnhance.Brightness(picture).enhance(1.3),
    "darkened": lambda picture: ImageEnhance.Brightness(picture).enhance(0.6),
    "mirrored": ImageOps.mirror,
    "cropped at a corner": cropped(0.1, 0.1, 0, 0),
    "cropped at the other corner": cropped(0, 0, 0.1, 0.1),
    "cropped on all sides": cropped(0.05, 0.05, 0.05, 0.05),
    "cropped at the right": cropped(0, 0, 0.1, 0),
    "captioned": with_caption,
    "with a line below": with_line_below,
    "mirrored and cropped": lambda picture: ImageOps.mirror(cropped(0.1, 0, 0, 0.1)(picture)),
}


def prints_of(pictures: list[Image.Image]) -> UInt8[np.ndarray, "n 48 48"]:
    return np.stack([fingerprint(np.asarray(picture)) for picture in pictures])


@pytest.mark.parametrize("change", CHANGES)
def test_copy_is_found_whatever_was_done_to_it(change: str) -> None:
    noise = np.random.default_rng(1)
    scenes = [scene(noise) for _ in range(30)]
    copies = [CHANGES[change](picture) for picture in scenes[:10]]
    found = {(pair.first, pair.second) for pair in near_pairs(prints_of([*scenes, *copies]))}
    expected = {(number, 30 + number) for number in range(10)}
    assert len(found & expected) >= 9, f"{len(found & expected)} of 10"
    assert not found - expected


def test_different_pictures_are_no_pairs() -> None:
    noise = np.random.default_rng(2)
    assert near_pairs(prints_of([scene(noise) for _ in range(200)])) == []


def test_blank_pictures_and_slopes_are_no_pairs() -> None:
    blank = [Image.new("RGB", (60, 60), (level, level, level)) for level in (0, 0, 128, 130, 255, 255)]
    slopes = [
        Image.fromarray(np.linspace(low, high, 60).astype(np.uint8)[None, :].repeat(60, 0)).convert("RGB")
        for low, high in ((0, 255), (10, 250), (30, 200), (255, 0))
    ]
    assert near_pairs(prints_of([*blank, *slopes])) == []


def test_different_things_on_one_background_are_no_pairs() -> None:
    noise = np.random.default_rng(3)
    pictures = []
    for _ in range(40):
        picture = Image.new("RGB", (120, 120), "white")
        thing = scene(noise, width=60, height=60)
        picture.paste(thing, (30, 30))
        pictures.append(picture)
    assert near_pairs(prints_of(pictures)) == []


def test_equal_fingerprints_are_joined_to_the_first() -> None:
    prints = prints_of([scene(np.random.default_rng(4))] * 4)
    assert near_pairs(prints) == [NearPair(0, 1, 1.0), NearPair(0, 2, 1.0), NearPair(0, 3, 1.0)]


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_pictures_have_no_pairs(count: int) -> None:
    assert near_pairs(np.zeros((count, *FINGERPRINT_SHAPE), np.uint8)) == []


def test_pairs_do_not_depend_on_the_call() -> None:
    noise = np.random.default_rng(5)
    scenes = [scene(noise) for _ in range(20)]
    prints = prints_of([*scenes, *map(with_caption, scenes)])
    before = prints.copy()
    assert near_pairs(prints) == near_pairs(prints)
    assert np.array_equal(prints, before)


def test_groups_join_pairs_of_pairs() -> None:
    assert near_groups(5, [NearPair(0, 3, 1.0), NearPair(3, 4, 0.8)]).tolist() == [0, 1, 2, 0, 0]


def test_fingerprint_of_the_squashed_square_is_that_of_the_picture() -> None:
    picture = scene(np.random.default_rng(6), width=600, height=400)
    square = picture.resize((256, 256), Image.Resampling.BILINEAR)
    whole, fitted = (fingerprint(np.asarray(each)).astype(int) for each in (picture, square))
    assert np.abs(whole - fitted).mean() < 1.5


def test_search_by_parts_finds_what_exact_search_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    noise = np.random.default_rng(7)
    vectors = noise.normal(size=(4000, 32)).astype(np.float32)
    vectors[2000:] = vectors[:2000] + 0.5 * noise.normal(size=(2000, 32))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    found = {}
    for limit in (30_000, 1000):
        monkeypatch.setattr(near_candidates, "EXACT_UP_TO", limit)
        pairs = search(vectors, [(0, [vectors])])
        found[limit] = {
            (min(pair), max(pair)) for pair in zip(pairs.still.tolist(), pairs.moving.tolist(), strict=True)
        }
    planted = {(row, row + 2000) for row in range(2000)}
    assert len(planted & found[1000]) >= 0.95 * len(planted & found[30_000])


@pytest.mark.slow
def test_listed_overlaps_of_two_data_sets_are_found(shared_data: Callable[[str], object]) -> None:
    from pathlib import Path

    from support import shared_folder

    roots = {name: Path(str(shared_data(name))) for name in ("animals3", "catsdogs")}
    lines = (shared_folder() / "overlap_animals3_catsdogs.tsv").read_text(encoding="utf-8").splitlines()
    listed = [line.split("\t") for line in lines[:60]]
    files = [roots[name.partition("/")[0]] / name.partition("/")[2] for pair in listed for name in pair]
    prints = np.stack([fingerprint(read_image(file, shorter_side=256)) for file in files])
    found = {(pair.first, pair.second) for pair in near_pairs(prints)}
    assert sum((2 * row, 2 * row + 1) in found for row in range(len(listed))) >= 0.95 * len(listed)
