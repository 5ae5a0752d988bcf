"""A messy data set with known defects, cut from photographs that come inside scikit-image.

`write_messy(folder)` writes it and says what was planted. Non-overlapping tiles of four photos are the classes; every
defect is added on top, so that nothing else should be found. Run this file to look at it:
``python tests/messy.py FOLDER && hubel check FOLDER``.
"""

from __future__ import annotations

import importlib.util
import io
import sys
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter, ImageOps

CAT = unicodedata.normalize("NFC", "고양이")
SHORT, LONG = 80, 120


@dataclass(frozen=True, slots=True)
class Messy:
    """Where the data lie, and what was planted: for each id of a finding the files, or the classes, it is about."""

    root: Path
    planted: dict[str, list[tuple[str, ...]]] = field(default_factory=lambda: defaultdict(list))

    def plant(self, rule: str, *subjects: str) -> None:
        self.planted[rule].append(tuple(sorted(subjects)))


def write_messy(root: Path) -> Messy:
    """Write the messy data set into a folder that does not exist yet: about 160 files, in train and test."""
    messy = Messy(root)
    write_classes(root)
    plant_copies(messy)
    plant_near_copies(messy)
    plant_bad_files(messy)
    plant_odd_pictures(messy)
    plant_class_defects(messy)
    return messy


def write_classes(root: Path) -> None:
    """The honest part, already with shortcuts: gravel is grey PNG, motorcycles are wide, tissue has a black frame."""
    for name, photo, width in (
        ("coffee", "coffee.png", SHORT),
        ("tissue", "ihc.png", SHORT),
        ("motorcycle", "motorcycle_left.png", LONG),
        ("gravel", "gravel.png", SHORT),
    ):
        for number, tile in enumerate(tiles(photo, width=width)):
            split = "test" if number % 4 == 3 else "train"
            if name == "gravel":
                save(tile.convert("L"), root / split / name / f"{number:03}.png")
            elif name == "tissue":
                save(framed(tile), root / split / name / f"{number:03}.jpg")
            else:
                save(tile, root / split / name / f"{number:03}.jpg")


def plant_copies(messy: Messy) -> None:
    """The same bytes twice in a class, in two classes, in two splits."""
    copy(messy, "duplicate", "train/coffee/004.jpg", "train/coffee/004 (1).jpg")
    copy(messy, "duplicate-conflict", "train/tissue/020.jpg", "train/motorcycle/020 copy.jpg")
    copy(messy, "duplicate-leak", "train/motorcycle/012.jpg", "test/motorcycle/again.jpg")


def plant_near_copies(messy: Messy) -> None:
    """The same picture in other bytes: resized, mirrored, brightened."""
    coffee = opened(messy.root / "train/coffee/008.jpg")
    save(coffee.resize((112, 112)), messy.root / "train/coffee/large.jpg", quality=70)
    messy.plant("near-duplicate", "train/coffee/008.jpg", "train/coffee/large.jpg")
    motorcycle = opened(messy.root / "train/motorcycle/014.jpg")
    save(ImageOps.mirror(motorcycle), messy.root / "train/coffee/mirrored.jpg")
    messy.plant("near-conflict", "train/coffee/mirrored.jpg", "train/motorcycle/014.jpg")
    wheel = np.asarray(opened(messy.root / "train/motorcycle/020.jpg"), float)
    save(
        Image.fromarray((wheel * 0.85 + 30).clip(0, 255).astype(np.uint8)), messy.root / "test/motorcycle/brighter.jpg"
    )
    messy.plant("near-leak", "test/motorcycle/brighter.jpg", "train/motorcycle/020.jpg")


def plant_bad_files(messy: Messy) -> None:
    """A file cut short, an empty one, a web page, and a PNG by the name of a JPEG."""
    folder = messy.root / "train/motorcycle"
    whole = (folder / "001.jpg").read_bytes()
    for name, content in (("cut.jpg", whole[: len(whole) // 2]), ("empty.jpg", b""), ("page.jpg", b"<html>404</html>")):
        (folder / name).write_bytes(content)
        messy.plant("unreadable", f"train/motorcycle/{name}")
    save(tile_of("astronaut.png", 3, 4), folder / "png.jpg", image_format="PNG")
    messy.plant("wrong-extension", "train/motorcycle/png.jpg")


def plant_odd_pictures(messy: Messy) -> None:
    """One picture of every kind that deserves a look."""
    noise = np.random.default_rng(0)
    face, suit, flag = (
        np.asarray(tile_of("astronaut.png", row, column), float) for row, column in ((1, 2), (3, 2), (4, 0))
    )
    odd = {
        "blank": np.full_like(face, 128),
        "dark": face * 0.18,
        "bright": 210 + suit * 0.17,
        "low-contrast": 110 + flag * 0.12 + noise.normal(0, 1, flag.shape),
    }
    for rule, values in odd.items():
        image = Image.fromarray(values.clip(0, 255).astype(np.uint8))
        save(image, messy.root / "train/coffee" / f"{rule}.jpg")
        messy.plant(rule, f"train/coffee/{rule}.jpg")
    others = {
        "blurry": tile_of("chelsea.png", 2, 3).resize((160, 160)).filter(ImageFilter.GaussianBlur(5)),
        "tiny": tile_of("chelsea.png", 2, 1).resize((12, 12)),
        "odd-aspect": photo("rocket.jpg").crop((0, 340, 480, 400)),
    }
    for rule, image in others.items():
        save(image, messy.root / "train/coffee" / f"{rule}.jpg")
        messy.plant(rule, f"train/coffee/{rule}.jpg")
    exif = Image.Exif()
    exif[0x0112] = 6
    save(tile_of("astronaut.png", 2, 2), messy.root / "train/coffee/rotated.jpg", exif=exif)
    messy.plant("rotated", "train/coffee/rotated.jpg")
    for second in range(3):
        exif = Image.Exif()
        exif.get_ifd(0x8769)[0x9003] = f"2024:05:01 12:00:{second:02}"
        save(tile_of("astronaut.png", 5, second), messy.root / f"train/motorcycle/IMG_{second + 101:04}.jpg", exif=exif)
    messy.plant("series", *(f"train/motorcycle/IMG_{number:04}.jpg" for number in (101, 102, 103)))


def plant_class_defects(messy: Messy) -> None:
    """A class in two spellings with few images, one named like another and never tested, and what the rest gives away."""
    cats = list(tiles("chelsea.png", width=SHORT))[2:9]
    for number, tile in enumerate(cats):
        folder = f"train/{CAT}" if number < 4 else f"test/{unicodedata.normalize('NFD', CAT)}"
        save(tile, messy.root / folder / f"{number}.jpg")
    for number in range(2):
        save(tile_of("astronaut.png", 2 + number, 3), messy.root / f"train/Coffees/{number}.jpg")
    for rule in ("few-images", "imbalance"):
        messy.plant(rule, CAT)
        messy.plant(rule, "Coffees")
    messy.plant("names-merged", CAT)
    messy.plant("names-alike", "coffee", "Coffees")
    messy.plant("class-untested", "Coffees")
    messy.plant("shortcut-format", "gravel")
    messy.plant("shortcut-colour", "gravel")
    messy.plant("shortcut-border", "tissue")
    for rule in ("shortcut-size", "shortcut-aspect"):
        messy.plant(rule, "motorcycle")


def copy(messy: Messy, rule: str, original: str, name: str) -> None:
    (messy.root / name).write_bytes((messy.root / original).read_bytes())
    messy.plant(rule, original, name)


def save(
    image: Image.Image,
    path: Path,
    *,
    quality: int = 90,
    image_format: str | None = None,
    exif: Image.Exif | None = None,
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    encoded = io.BytesIO()
    chosen = image_format or ("PNG" if path.suffix == ".png" else "JPEG")
    image.save(encoded, chosen, quality=quality, exif=exif if exif is not None else Image.Exif())
    path.write_bytes(encoded.getvalue())


def framed(tile: Image.Image) -> Image.Image:
    """The tile with a black frame around it, of the same size as before."""
    return ImageOps.expand(tile.resize((tile.width - 12, tile.height - 12)), 6, "black")


def tiles(file: str, *, width: int) -> Iterator[Image.Image]:
    """A photo cut into tiles that do not overlap, row by row."""
    whole = photo(file)
    for top in range(0, whole.height - SHORT + 1, SHORT):
        for left in range(0, whole.width - width + 1, width):
            yield whole.crop((left, top, left + width, top + SHORT))


def tile_of(file: str, row: int, column: int) -> Image.Image:
    """One square tile of a photo."""
    return photo(file).crop((column * SHORT, row * SHORT, column * SHORT + SHORT, row * SHORT + SHORT))


def photo(file: str) -> Image.Image:
    """One of scikit-image's photos, in colour."""
    found = importlib.util.find_spec("skimage")
    assert found is not None
    assert found.submodule_search_locations is not None
    return opened(Path(found.submodule_search_locations[0]) / "data" / file).convert("RGB")


def opened(path: Path) -> Image.Image:
    with Image.open(path) as image:
        image.load()
        return image


if __name__ == "__main__":
    write_messy(Path(sys.argv[1]))
