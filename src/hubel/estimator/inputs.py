"""Images and labels as a caller of scikit-learn has them, checked, and written as a table of files that training reads."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from hubel.core.language import say
from hubel.core.parallel import map_in_order, usable_cores
from hubel.data.images import ImageSource, UnreadableImage, read_image
from hubel.data.names import class_name
from hubel.estimator.bases import InputError

TABLE = "images.jsonl"


def is_source(images: object) -> bool:
    """Whether this names labelled data instead of being a sequence of images."""
    return isinstance(images, str | os.PathLike)


def image_sequence(images: Any) -> list[ImageSource]:
    """The images one by one; no pixel is looked at.

    Parameters
    ----------
    images
        A sequence of paths, encoded bytes, PIL images or arrays; or one array of shape (n h w) or (n h w c).

    Raises
    ------
    InputError
        When this is one image, a matrix of features, empty, or holds something else.

    Examples
    --------
    >>> len(image_sequence(np.zeros((2, 8, 8, 3), np.uint8)))
    2
    """
    if isinstance(images, str | bytes | os.PathLike | Image.Image):
        raise _one_image(type(images).__name__)
    if not isinstance(images, Iterable) or isinstance(images, Mapping | AbstractSet):
        raise _not_images(type(images).__name__)
    shape = getattr(images, "shape", None)
    if shape is not None and len(shape) == 3 and shape[2] in (1, 3, 4):
        raise _one_image(f"{type(images).__name__} {shape}")
    if shape is not None and len(shape) not in (1, 3, 4):
        raise _not_images(f"{type(images).__name__} {shape}")
    items = list(images)
    if not items:
        raise InputError(
            say(
                en="There is no image: X has 0 samples, while a minimum of 1 is required. Give at least one image.",
                ko="이미지가 없습니다: X의 샘플이 0개입니다. 이미지를 하나 이상 주세요.",
            )
        )
    for position, item in enumerate(items):
        if not (isinstance(item, str | bytes | os.PathLike | Image.Image | np.ndarray) or hasattr(item, "read")):
            raise _not_images(f"X[{position}]: {type(item).__name__}")
    return items


def check_labels(labels: Any, num_images: int) -> tuple[np.ndarray, np.ndarray]:
    """The classes, sorted, of shape (k), and the index of each image's class, of shape (n); as scikit-learn checks labels.

    Raises
    ------
    ValueError
        When the labels are not one for each image, not finite, continuous, of several kinds, of one class, or alone in theirs.
    """
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_array, column_or_1d

    column = column_or_1d(check_array(labels, ensure_2d=False, dtype=None, input_name="y"), warn=True)
    if len(column) != num_images:
        raise different_lengths(num_images, len(column))
    try:
        check_classification_targets(column)
        classes, indices = np.unique(column, return_inverse=True)
    except TypeError as error:  # None among strings
        raise InputError(
            say(
                en=f"The labels in y cannot be sorted: {error}. Give labels of one kind, all strings or all numbers.",
                ko=f"y의 레이블을 정렬할 수 없습니다: {error}. 모두 문자열이거나 모두 숫자인 레이블을 주세요.",
            )
        ) from error
    counts = np.bincount(indices)
    if len(classes) < 2:
        raise InputError(
            say(
                en=f"A classifier needs at least 2 classes, but y has one class: {classes[0]}. Add images of something else.",
                ko=f"분류기에는 클래스가 2개 이상 필요하지만 y에는 {classes[0]} 하나뿐입니다. 다른 대상의 이미지를 추가하세요.",
            )
        )
    if counts.min() < 2:
        alone = classes[counts.argmin()]
        raise InputError(
            say(
                en=f"Each class needs at least 2 images, but {alone} has one. Add images of it, or take it out.",
                ko=f"클래스마다 이미지가 2장 이상 필요하지만 {alone} 에는 한 장뿐입니다. 이미지를 추가하거나 그 클래스를 빼세요.",
            )
        )
    return classes, indices


def names_of(classes: np.ndarray) -> list[str]:
    """What the classes are called in the run folder: as they are written, numbered where that would make two of them one.

    Examples
    --------
    >>> names_of(np.array([3, 10]))
    ['3', '10']
    >>> names_of(np.array(["a", "a "]))
    ['0 a', '1 a']
    """
    names = [class_name(str(label)).strip() for label in classes.tolist()]
    if len(set(names)) == len(names) and all(names):
        return names
    return [f"{number} {name}".strip() for number, name in enumerate(names)]


def write_table(folder: Path, images: Sequence[ImageSource], names: Sequence[str | list[str]]) -> str:
    """Write a table of the images with their class names, or lists of several, and return its path; what has no file of its own gets one.

    Images in memory become PNG files, which lose nothing, numbered by their place in the sequence. A file that comes twice
    is copied, for a table takes every file once.

    Raises
    ------
    InputError
        When an image in memory cannot be read.
    """
    folder.mkdir()
    paths = [os.fsdecode(image) if isinstance(image, str | os.PathLike) else None for image in images]
    first = {path: position for position, path in reversed(list(enumerate(paths)))}

    def work(position: int) -> str:
        path, place = paths[position], folder / f"{position:06}"
        if path is None:
            return _written(images[position], place, position)
        is_plain = first[path] == position and path == path.strip()  # a table has no blanks around its words
        return str(Path(path).absolute()) if is_plain else _copied(path, place)

    table = folder / TABLE
    with table.open("w", encoding="ascii") as opened:
        files = map_in_order(work, range(len(images)), workers=usable_cores())
        for file, name in zip(files, names, strict=True):
            opened.write(json.dumps({"file_name": file, "label": name}) + "\n")
    return str(table)


def unreadable(position: int, error: UnreadableImage) -> InputError:
    """The image at that place cannot be read, and no answer can be left out."""
    return InputError(f"X[{position}]: {error}")


def no_labels() -> InputError:
    """A sequence of images does not say what they show."""
    return InputError(
        say(
            en="ImageClassifier requires y to be passed, but the target y is None. Give one label for each image, "
            "or as X the path of a folder with one folder of images for each class.",
            ko="레이블 y가 None입니다. 이미지마다 레이블을 하나씩 주거나, 클래스마다 이미지 폴더가 하나씩 있는 폴더의 경로를 X로 주세요.",
        )
    )


def different_lengths(num_images: int, num_labels: int) -> InputError:
    """There must be one label for each image."""
    return InputError(
        say(
            en=f"Found input variables with inconsistent numbers of samples: {num_images} images in X, {num_labels} labels in y. "
            "Give one label for each image.",
            ko=f"X의 이미지는 {num_images}장인데 y의 레이블은 {num_labels}개입니다. 이미지마다 레이블을 하나씩 주세요.",
        )
    )


def labels_twice(source: Any) -> InputError:
    """Labelled data bring their labels."""
    name = os.fsdecode(source)
    return InputError(
        say(
            en=f"X names labelled data ({name}), which has its own labels, but y was given too. Leave y out, or give a list of images.",
            ko=f"X는 레이블이 있는 데이터({name})의 이름인데 y도 주었습니다. y를 빼거나 이미지 목록을 주세요.",
        )
    )


def files_set_aside(count: int) -> str:
    """What `fit` warns of."""
    return say(
        en=f"Files that could not be read were set aside: {count}. The report lists them with their reasons.",
        ko=f"읽을 수 없어 제쳐 둔 파일: {count}개. 보고서에 이유와 함께 적혀 있습니다.",
    )


def _written(image: ImageSource, place: Path, position: int) -> str:
    """The file of an image in memory: encoded bytes as they are, pixels without loss."""
    if isinstance(image, bytes):
        place.write_bytes(image)
        return place.name
    try:
        pixels = read_image(image)
    except UnreadableImage as error:
        raise unreadable(position, error) from error
    Image.fromarray(pixels).save(place.with_suffix(".png"), compress_level=1)
    return place.with_suffix(".png").name


def _copied(path: str, place: Path) -> str:
    """The copy of a file; where there is no file, its path, which training sets aside with the reason."""
    try:
        shutil.copyfile(path, place)
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return str(Path(path).absolute())
    return place.name


def _one_image(given: str) -> InputError:
    return InputError(
        say(
            en=f"X must be a sequence of images, but it is a single thing: {given}. For one image give a list: [image].",
            ko=f"X는 이미지의 목록이어야 하지만 하나만 받았습니다: {given}. 이미지가 하나라면 목록으로 주세요: [image].",
        )
    )


def _not_images(given: str) -> InputError:
    return InputError(
        say(
            en=f"Expected images in X, got {given}. Give a list of paths, PIL images or arrays, or one array of shape "
            "(n, height, width, 3). A matrix of features, dense or sparse, is no image.",
            ko=f"X에는 이미지가 있어야 하지만 {given} 을(를) 받았습니다. 경로, PIL 이미지, 배열의 목록이나 (n, 높이, 너비, 3) 모양의 "
            "배열을 주세요. 특성 행렬(밀집이든 희소든)은 이미지가 아닙니다.",
        )
    )
