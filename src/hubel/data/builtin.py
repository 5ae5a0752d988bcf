"""Real images that come inside scikit-image and scikit-learn, written out as a folder of PNG files.

From then on they are a user's folder like any other. Nothing is downloaded: only files of the installed packages are
read.
"""

from __future__ import annotations

import importlib.util
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from PIL import Image

from hubel.core.arrays import UInt8
from hubel.core.errors import DataError, MissingExtraError, UsageError
from hubel.core.files import current_umask
from hubel.core.language import say
from hubel.data.names import nearest, shown

BuiltinName = Literal["faces", "digits", "textures"]
"""faces: 100 faces and 100 other patches of photos, 25 × 25. digits: 1,797 handwritten digits, 8 × 8.
textures: 64 patches, 64 × 64, of each of three photos (brick, grass, gravel); easy, for the patches are of one photo."""

BUILTIN_NAMES: tuple[str, ...] = get_args(BuiltinName)

_Grey = UInt8[np.ndarray, "h w"]

_TILE_PX = 64


def write_builtin(name: str, folder: str | Path) -> Path:
    """Write a built-in set of images as class folders, unless they are there already.

    Parameters
    ----------
    name
        One of `BUILTIN_NAMES`.
    folder
        Where the set's own folder is made.

    Returns
    -------
    Path
        ``folder/name``, which holds a folder of PNG files for each class. It appears whole or not at all.

    Raises
    ------
    UsageError
        When there is no such set.
    MissingExtraError
        When the package that holds the images is not installed.
    DataError
        When ``folder/name`` exists but is not this set.
    """
    makers = {"faces": _faces, "digits": _digits, "textures": _textures}
    if name not in makers:
        value, known, close = shown(name), ", ".join(makers), ", ".join(nearest(name, makers)) or "faces"
        raise UsageError(
            say(
                en=f"There is no built-in set of images named {value}; there are {known}. Try {close}.",
                ko=f"{value} 라는 내장 이미지 세트가 없습니다. 있는 것은 {known} 입니다. {close} 를 써 보세요.",
            )
        )
    images = dict(makers[name]())
    target = Path(folder) / name
    if not target.exists():
        _write_all(images, target)
    _check_whole(target, set(images))
    return target


def _faces() -> Iterator[tuple[str, _Grey]]:
    """The first hundred are faces, the others not: patches of Labeled Faces in the Wild, as scikit-image has them."""
    patches = np.load(_inside_skimage("lfw_subset.npy"), allow_pickle=False)
    pixels = np.round(patches * 255).astype(np.uint8)
    for index, image in enumerate(pixels):
        label = "face" if index < 100 else "non-face"
        yield f"{label}/{index % 100:03d}.png", image


def _digits() -> Iterator[tuple[str, _Grey]]:
    """Ink from 0 to 16, stretched over the range of 8 bits."""
    if importlib.util.find_spec("sklearn") is None:
        raise MissingExtraError("sklearn", "train")
    from sklearn.datasets import load_digits

    digits = load_digits()
    pixels = np.round(digits.images * (255 / 16)).astype(np.uint8)
    for index, (image, label) in enumerate(zip(pixels, digits.target, strict=True)):
        yield f"{label}/{index:04d}.png", image


def _textures() -> Iterator[tuple[str, _Grey]]:
    """Each photo cut into tiles that do not overlap."""
    for label in ("brick", "grass", "gravel"):
        with Image.open(_inside_skimage(f"{label}.png")) as opened:
            photo = np.asarray(opened.convert("L"))
        rows, columns = photo.shape[0] // _TILE_PX, photo.shape[1] // _TILE_PX
        for index in range(rows * columns):
            top, left = index // columns * _TILE_PX, index % columns * _TILE_PX
            yield f"{label}/{index:02d}.png", photo[top : top + _TILE_PX, left : left + _TILE_PX]


def _inside_skimage(file: str) -> Path:
    """A data file of the installed scikit-image, found without its loader, which would download what is not there."""
    found = importlib.util.find_spec("skimage")
    for place in (found and found.submodule_search_locations) or ():
        path = Path(place) / "data" / file
        if path.is_file():
            return path
    raise MissingExtraError("skimage", "train")


def _write_all(images: dict[str, _Grey], target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=target.parent, prefix="."))
    try:
        for name, pixels in images.items():
            path = temporary / name
            path.parent.mkdir(exist_ok=True)
            Image.fromarray(pixels).save(path)
        temporary.chmod(0o777 & ~current_umask())
        temporary.rename(target)
    except OSError:
        if not target.is_dir():  # else another process was quicker, and what it wrote is the same
            raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _check_whole(target: Path, expected: set[str]) -> None:
    present = {path.relative_to(target).as_posix() for path in target.rglob("*.png")}
    if present != expected:
        folder, found, wanted = shown(str(target)), len(present), len(expected)
        raise DataError(
            say(
                en=f"The folder {folder} exists but does not hold the built-in images: {found} PNG files instead of {wanted}, "
                "or others. Move it away, or choose another place.",
                ko=f"{folder} 폴더가 이미 있지만 내장 이미지가 아닙니다: PNG 파일이 {wanted}개가 아니라 {found}개이거나 "
                "다른 파일입니다. 폴더를 옮기거나 다른 위치를 지정하세요.",
            )
        )
