"""The labelled images of one source, and whether a model can learn from them."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from hubel.core.errors import DataError
from hubel.core.language import say
from hubel.data.names import shown

Split = Literal["train", "validation", "test"]
"""The part that the user gave an image to."""
Note = tuple[str, str]
"""A remark in English and in Korean."""

SPLITS: tuple[Split, ...] = ("train", "validation", "test")
JOIN = "+"
"""Between the classes of a set, in names of folders and files."""
NO_LABEL = "none"
"""What an empty set of classes is called."""

_SPLIT_NAMES: dict[str, Split] = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
}


@dataclass(frozen=True, slots=True)
class Example:
    """One image: where it lies, the index of its class (or of its set of classes), and what the user says of it.

    `path` may hold surrogates, for names that are not UTF-8. Images of one `group` (a burst, a patient) stay together.
    """

    path: str
    label: int
    split: Split | None
    group: str | None


@dataclass(frozen=True, slots=True)
class Dataset:
    """All images of one source in a fixed order, with the class map and remarks on what was left out.

    Where images have several classes or none, `label_sets` are the different sets of class indices that occur, and an
    example's `label` is the index of its set. Else it is None, and a `label` is the index of a class.
    """

    root: str
    classes: tuple[str, ...]
    examples: tuple[Example, ...]
    notes: tuple[Note, ...]
    label_sets: tuple[tuple[int, ...], ...] | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """What each `label` is called: the class, or the classes of the set."""
        if self.label_sets is None:
            return self.classes
        return tuple(joined_name([self.classes[index] for index in found]) for found in self.label_sets)

    def class_counts(self, examples: Iterable[Example]) -> Counter[int]:
        """How many of these images each class has; one with several counts for each."""
        counts = Counter(example.label for example in examples)
        if self.label_sets is None:
            return counts
        of_classes: Counter[int] = Counter()
        for label, number in counts.items():
            of_classes.update(dict.fromkeys(self.label_sets[label], number))
        return of_classes


def joined_name(classes: Iterable[str]) -> str:
    """What a set of classes is called.

    Examples
    --------
    >>> joined_name(["cat", "dog"]), joined_name([])
    ('cat+dog', 'none')
    """
    return JOIN.join(classes) or NO_LABEL


def split_named(name: str) -> Split | None:
    """The split that a folder's name or a table's word means, or None; capitals do not matter.

    Examples
    --------
    >>> split_named("Valid")
    'validation'
    """
    return _SPLIT_NAMES.get(name.casefold())


def without_spare_validation(dataset: Dataset) -> Dataset:
    """The data without the validation part where a test part measures: nothing would be chosen by it.

    Strengths and temperature come from a cross-validation within the training part, so reading the validation images
    would cost time and change nothing. Without a test part they are what the figures stand on, and stay.
    """
    splits = Counter(example.split for example in dataset.examples)
    num_spare = splits["validation"]
    if not splits["test"] or not num_spare:
        return dataset
    note = (
        f"The {num_spare} validation images are not read: cross-validation within train chooses, and test measures.",
        f"검증 이미지 {num_spare}장은 읽지 않습니다: 선택은 학습 이미지 안의 교차 검증으로, 평가는 테스트 이미지로 합니다.",
    )
    kept = tuple(example for example in dataset.examples if example.split != "validation")
    return replace(dataset, examples=kept, notes=(*dataset.notes, note))


def check_trainable(dataset: Dataset, minimum: int = 2) -> None:
    """Refuse data that no classifier can be learnt from.

    Call it again on the data that are left when unreadable files have been set aside.

    Parameters
    ----------
    dataset
        What `open_dataset` returned; images of the validation and test splits do not count.
    minimum
        How many training images every class needs.

    Raises
    ------
    DataError
        When no image is for training, there are fewer than two classes, or a class has fewer images than `minimum`.
    """
    root = shown(dataset.root)
    training = [example for example in dataset.examples if example.split in (None, "train")]
    counts = dataset.class_counts(training)
    if not training:
        num_images = len(dataset.examples)
        raise DataError(
            say(
                en=f"There is no image to learn from in {root}: none of its {num_images} images is for training. "
                "Add a folder train, or give a folder with one folder of images for each class.",
                ko=f"{root} 에 학습할 이미지가 없습니다: 이미지 {num_images}장 가운데 학습용이 없습니다. "
                "train 폴더를 추가하거나, 클래스마다 이미지 폴더가 하나씩 있는 폴더를 지정하세요.",
            )
        )
    if len(dataset.classes) < 2:
        raise _one_class(dataset)
    smallest = sorted(range(len(dataset.classes)), key=lambda label: counts[label])
    too_small = [label for label in smallest if counts[label] < minimum]
    if too_small:
        raise _classes_too_small([(dataset.classes[label], counts[label]) for label in too_small], root, minimum)


def _one_class(dataset: Dataset) -> DataError:
    root, only = shown(dataset.root), shown(dataset.classes[0])
    inside = _folders_inside(Path(dataset.root) / dataset.classes[0])
    if inside:
        deeper, names = shown(str(Path(dataset.root) / dataset.classes[0])), ", ".join(map(shown, inside[:5]))
        return DataError(
            say(
                en=f"A classifier needs at least two classes, but {root} has only one: {only}. "
                f"That folder holds the folders {names}. If those are the classes, give {deeper} instead.",
                ko=f"분류기에는 클래스가 둘 이상 필요하지만 {root} 에는 {only} 하나뿐입니다. "
                f"그 폴더 안에 {names} 폴더가 있습니다. 그것이 클래스라면 대신 {deeper} 를 지정하세요.",
            )
        )
    return DataError(
        say(
            en=f"A classifier needs at least two classes, but {root} has only one: {only}. "
            "Add a folder with images of something else.",
            ko=f"분류기에는 클래스가 둘 이상 필요하지만 {root} 에는 {only} 하나뿐입니다. "
            "다른 대상의 이미지를 담은 폴더를 추가하세요.",
        )
    )


def _folders_inside(path: Path) -> list[str]:
    if not path.is_dir() or not os.access(path, os.R_OK | os.X_OK):
        return []
    return sorted(inner.name for inner in path.iterdir() if inner.is_dir() and not inner.name.startswith("."))


def _classes_too_small(classes: list[tuple[str, int]], root: str, minimum: int) -> DataError:
    smallest = ", ".join(f"{shown(name)}: {count}" for name, count in classes[:5]) + (" …" if len(classes) > 5 else "")
    num_small = len(classes)
    return DataError(
        say(
            en=f"Each class needs at least {minimum} readable images to learn from, but in {root} {num_small} of the "
            f"classes have fewer ({smallest}). Add images to them, or take these classes out.",
            ko=f"클래스마다 읽을 수 있는 학습 이미지가 {minimum}장 이상 필요하지만, {root} 의 클래스 {num_small}개는 "
            f"그보다 적습니다({smallest}). 이미지를 추가하거나 그 클래스를 빼세요.",
        )
    )
