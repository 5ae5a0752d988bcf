"""A source of labelled images, opened: class folders, split folders, or a table become one `Dataset`.

Only names are read here. Whether a file is an image that can be read is for the reader to say.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

from hubel.core.errors import DataError
from hubel.core.language import say
from hubel.data.class_map import given_map, new_map
from hubel.data.dataset import SPLITS, Dataset, Example, Note, Split, check_trainable, split_named
from hubel.data.folders import ClassFolder, Layout, find_class_folders, read_class_folders
from hubel.data.label_sets import LabelReading, Understood, joined_cell, understand_folders, understand_labels
from hubel.data.listing import list_images
from hubel.data.names import natural_key, nearest, shown
from hubel.data.tables import Row, is_table, read_rows
from hubel.data.walk import Tally, tally_notes
from hubel.data.wrong_source import given_path, missing_source, no_class_folders, no_images, not_a_source

__all__ = ["Dataset", "Example", "Note", "Split", "check_trainable", "list_images", "open_dataset"]


def open_dataset(
    source: str | Path, *, classes: Sequence[str] | None = None, reading: LabelReading = "auto"
) -> Dataset:
    """All labelled images of a source, in an order that depends on names alone.

    Parameters
    ----------
    source
        A folder with a folder of images for each class; a folder with train, validation (val, valid) and test folders
        of such folders; or a CSV or JSON Lines table with the columns file_name, label and, if wanted, split and group.
    classes
        The class map of a saved model, kept in its order. Without it the classes are the names found, in natural order.
    reading
        Whether an image may have several classes or none; see `label_sets`.

    Returns
    -------
    Dataset
        Classes without any image are left out of a new map; `notes` says so, and whatever else was left out.

    Raises
    ------
    DataError
        When there is nothing that can be used, or a class is not in the given map.
    UsageError
        When the source is empty.
    """
    path = given_path(source)
    if os.path.isdir(path):  # noqa: PTH112  Path.is_dir raises for names that are too long
        return _open_folder(path, classes, reading)
    if not os.path.lexists(path):
        raise missing_source(path)
    if path.is_file() and is_table(path):
        return _open_table(path, classes, reading)
    raise not_a_source(path)


def _open_folder(path: Path, classes: Sequence[str] | None, reading: LabelReading) -> Dataset:
    root, tally = str(path), Tally()
    layout = find_class_folders(root, tally)
    if root in tally.unreadable:
        raise not_a_source(path)
    images = read_class_folders(root, layout.folders, tally)
    if not any(images):
        raise no_class_folders(root, layout.loose) if layout.loose else no_images(root, tally)
    names = {folder.name for folder in layout.folders}
    used = {folder.name for folder, paths in zip(layout.folders, images, strict=True) if paths}
    found = understand_folders(used, reading, classes=classes)
    class_map = new_map(found.classes) if classes is None else given_map(found.classes, classes, root)
    labels, label_sets = found.numbered(class_map)
    if classes is None:
        _check_learnt(layout, images, found, root)
    order = sorted(
        (index for index, folder in enumerate(layout.folders) if folder.name in used),
        key=lambda index: (labels[layout.folders[index].name], _split_order(layout.folders[index])),
    )
    examples = tuple(
        Example(image, labels[layout.folders[index].name], layout.folders[index].split, None)
        for index in order
        for image in images[index]
    )
    notes = [*found.notes, *layout.notes, *class_map.notes, *_empty_notes(names - used), *_loose_notes(layout.loose)]
    return Dataset(root, class_map.classes, examples, (*notes, *tally_notes(tally)), label_sets)


def _open_table(path: Path, classes: Sequence[str] | None, reading: LabelReading) -> Dataset:
    table = shown(str(path))
    rows: dict[str, Row] = {}
    unlabelled: dict[str, Row] = {}
    left_out: Counter[str] = Counter()
    for row in read_rows(path, ("file", "label")):
        if not row.path or not row.label:
            left_out["incomplete"] += 1
            if row.path:
                unlabelled.setdefault(row.path, row)
        elif row.path in rows:
            rows[row.path] = _same_or_joined(rows[row.path], row, table, reading)
            left_out["repeated"] += 1
        else:
            rows[row.path] = row
    found = understand_labels({row.label for row in rows.values()}, reading, classes=classes)
    if found.several:  # an empty cell says that the image has none of the classes
        left_out["incomplete"] -= len(unlabelled)
        rows |= {name: row for name, row in unlabelled.items() if name not in rows}
        found = replace(found, parts=found.parts | {"": ()})
    if not rows:
        raise no_images(str(path), Tally())
    if not any(os.path.exists(name) for name in rows):  # noqa: PTH110  as above
        raise _no_file_exists(next(iter(rows.values())), table)
    class_map = new_map(found.classes) if classes is None else given_map(found.classes, classes, str(path))
    labels, label_sets = found.numbered(class_map)
    examples = tuple(
        Example(name, labels[row.label], _split_of(row, table), row.group or None) for name, row in rows.items()
    )
    notes = (*found.notes, *class_map.notes, *_row_notes(left_out))
    return Dataset(str(path.parent), class_map.classes, examples, notes, label_sets)


def _check_learnt(layout: Layout, images: list[list[str]], found: Understood, root: str) -> None:
    """Refuse a class that is tested but never trained."""
    by_split: dict[Split | None, set[str]] = {split: set() for split in (None, *SPLITS)}
    for folder, paths in zip(layout.folders, images, strict=True):
        if paths:
            by_split[folder.split].update(found.parts[folder.name])
    if not by_split["train"]:
        return
    only_tested = sorted((by_split["validation"] | by_split["test"]) - by_split["train"], key=natural_key)
    if only_tested:
        source, named = shown(root), ", ".join(map(shown, only_tested[:5]))
        close = ", ".join(shown(name) for one in only_tested[:5] for name in nearest(one, by_split["train"])[:1]) or "-"
        raise DataError(
            say(
                en=f"Classes in the validation or test folder of {source} without an image in train: {named}. Similar names in train: {close}. "
                "Add training images for them, or remove their folders.",
                ko=f"{source} 의 검증 또는 테스트 폴더에는 있지만 학습 이미지가 없는 클래스입니다: {named}. 학습 폴더의 비슷한 이름: {close}. "
                "학습 이미지를 추가하거나 그 폴더를 빼세요.",
            )
        )


def _split_order(folder: ClassFolder) -> int:
    return SPLITS.index(folder.split) if folder.split else 0


def _split_of(row: Row, table: str) -> Split | None:
    if not row.split:
        return None
    split = split_named(row.split)
    if split is None:
        line, word = row.line, shown(row.split)
        raise DataError(
            say(
                en=f"Line {line} of the table {table} has the split {word}. Write train, validation or test, or nothing.",
                ko=f"표 {table} 의 {line}번째 줄의 분할 값은 {word}입니다. train, validation, test 가운데 하나를 쓰거나 비워 두세요.",
            )
        )
    return split


def _same_or_joined(first: Row, second: Row, table: str, reading: LabelReading) -> Row:
    """The line that stands for two of the same file: either, or where labels may be several one with both."""
    if reading != "several":
        _check_same(first, second, table)
        return first
    _check_same(replace(first, label=""), replace(second, label=""), table)
    return first if first.label == second.label else replace(first, label=joined_cell(first.label, second.label))


def _check_same(first: Row, second: Row, table: str) -> None:
    for column in ("label", "split", "group"):
        before, after = (shown(cast(str, getattr(row, column))) for row in (first, second))
        if before != after:
            file, first_line, second_line = shown(first.path), first.line, second.line
            raise DataError(
                say(
                    en=f"The table {table} names {file} twice with a different {column}: {before} in line {first_line}, "
                    f"{after} in line {second_line}. Keep the right one, or if images have several labels, add --multi-label.",
                    ko=f"표 {table} 에 {file} 이 {column} 값만 다르게 두 번 있습니다: {first_line}번째 줄은 {before}, "
                    f"{second_line}번째 줄은 {after}. 맞는 것만 남기거나, 이미지에 레이블이 여럿이라면 --multi-label을 붙이세요.",
                )
            )


def _no_file_exists(row: Row, table: str) -> DataError:
    path = shown(str(Path(row.path).absolute()))
    return DataError(
        say(
            en=f"None of the files that the table {table} names exists; the first would be {path}. "
            "Write the names relative to the table's own folder, or as whole paths.",
            ko=f"표 {table} 에 적힌 파일이 하나도 없습니다. 첫 파일의 경로는 {path} 입니다. "
            "표가 있는 폴더를 기준으로 한 경로나 전체 경로를 쓰세요.",
        )
    )


def _empty_notes(empty: set[str]) -> list[Note]:
    if not empty:
        return []
    listed = ", ".join(map(shown, sorted(empty, key=natural_key)[:5])) + (" …" if len(empty) > 5 else "")
    return [
        (f"Class folders without an image, ignored: {len(empty)} ({listed})",
         f"이미지가 없어 무시한 클래스 폴더: {len(empty)}개 ({listed})")
    ]  # fmt: skip


def _loose_notes(loose: tuple[str, ...]) -> list[Note]:
    if not loose:
        return []
    first = shown(loose[0])
    return [
        (f"Images outside of the class folders, ignored: {len(loose)} ({first})",
         f"클래스 폴더 밖에 있어 무시한 이미지: {len(loose)}개 ({first})")
    ]  # fmt: skip


def _row_notes(left_out: Counter[str]) -> list[Note]:
    notes: list[Note] = []
    if left_out["incomplete"]:
        number = left_out["incomplete"]
        notes.append(
            (
                f"Lines without a file name or label, ignored: {number}",
                f"파일 이름이나 레이블이 없어 무시한 줄: {number}개",
            )
        )
    if left_out["repeated"]:
        number = left_out["repeated"]
        notes.append(
            (f"Lines that name the same file again, ignored: {number}", f"같은 파일을 다시 적어 무시한 줄: {number}개")
        )
    return notes
