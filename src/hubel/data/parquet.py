"""Parquet files of images in the form of Hugging Face data sets, written out as image files and a table.

A row holds the encoded image (a struct of ``bytes`` and ``path``, or plain binary) and its label (text, or a number whose
name stands in the schema's metadata). Splits come from file names such as ``train-00000-of-00003.parquet``, or from the
folder. Bytes are written as they are; a few rows are in memory at a time.
"""

from __future__ import annotations

import csv
import json
import os
import re
import time
from collections import Counter
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hubel.core.errors import DataError, MissingExtraError
from hubel.core.events import Progress
from hubel.core.language import say
from hubel.data.dataset import Note, Split, split_named
from hubel.data.kept import TABLE
from hubel.data.names import natural_key, shown
from hubel.data.sniff import sniff_format

SUFFIX = ".parquet"

_IMAGE_NAMES = ("image", "img", "picture", "photo", "bytes")
_LABEL_NAMES = ("label", "labels", "fine_label", "class", "class_label", "target", "category", "y")
_ROWS_AT_ONCE = 64
_FILES_IN_A_FOLDER = 1000
_SECONDS_BETWEEN_EVENTS = 0.1
_EXTENSIONS = {"JPEG": ".jpg", "TIFF": ".tif", "HEIF": ".heic"}


@dataclass(frozen=True, slots=True)
class _Columns:
    """Which column holds the images and which the labels, and what the labels' numbers are called."""

    image: str
    label: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """How much was written, and remarks on what was not."""

    num_files: int
    num_bytes: int
    notes: tuple[Note, ...]


def find_parquet(path: Path) -> list[Path]:
    """The Parquet files that a source is made of: itself, or those in a folder, its ``data`` folder or its split folders.

    Empty when the source is something else.
    """
    if path.suffix.lower() == SUFFIX:
        return [path]
    if not path.is_dir() or not os.access(path, os.R_OK | os.X_OK):
        return []
    found, inner, class_folders = list[Path](), list[Path](), False
    with os.scandir(path) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.name.lower().endswith(SUFFIX):
                found.append(Path(entry.path))
            elif entry.is_dir():
                is_inner = entry.name == "data" or split_named(entry.name) is not None
                inner += [Path(entry.path)] if is_inner and os.access(entry.path, os.R_OK | os.X_OK) else []
                class_folders = class_folders or not is_inner
    if found and class_folders:
        return []  # class folders, with a Parquet file beside them
    found += [one for folder in inner for one in folder.iterdir() if one.name.lower().endswith(SUFFIX)]
    return sorted(found, key=lambda one: natural_key(str(one)))


def write_parquet(paths: Sequence[Path], target: Path) -> Generator[Progress, None, Written]:
    """Write the images of Parquet files below `target`, with a table `TABLE` of their labels and splits.

    Raises
    ------
    DataError
        When a file is damaged, or holds no images with labels.
    MissingExtraError
        When pyarrow is not installed.
    """
    chosen, left_out = _with_split(paths)
    target.mkdir(parents=True, exist_ok=True)
    skipped: Counter[str] = Counter()
    num_files = num_bytes = 0
    with (target / TABLE).open("w", encoding="utf-8", newline="") as opened:
        table = csv.writer(opened, lineterminator="\n")
        table.writerow(["file_name", "label", "split", "source"])
        rows = _rows([path for path, _ in chosen])
        last = 0.0
        for done, total, shard, image, label, source in rows:
            if image is None or label is None:
                skipped["image" if image is None else "label"] += 1
                continue
            split = chosen[shard][1]
            place = _place(split, num_files, image)
            (target / place).parent.mkdir(parents=True, exist_ok=True)
            (target / place).write_bytes(image)
            table.writerow([place, label, split or "", source])
            num_files, num_bytes = num_files + 1, num_bytes + len(image)
            if time.monotonic() - last > _SECONDS_BETWEEN_EVENTS:
                last = time.monotonic()
                yield Progress("unpack", done, total, None)
    if not num_files:
        raise _nothing_in(paths[0], skipped)
    return Written(num_files, num_bytes, tuple(_notes(skipped, left_out)))


def _with_split(paths: Sequence[Path]) -> tuple[list[tuple[Path, Split | None]], list[Path]]:
    """Each file with its split; where some have one, those without are left out."""
    found = [(path, _split_of(path)) for path in paths]
    if not any(split for _, split in found):
        return found, []
    return [(path, split) for path, split in found if split], [path for path, split in found if not split]


def _split_of(path: Path) -> Split | None:
    return split_named(re.split(r"[-_.]", path.name, maxsplit=1)[0]) or split_named(path.parent.name)


def _rows(
    paths: Sequence[Path],
) -> Generator[tuple[int, int, int, bytes | None, str | None, str], None, None]:
    """Of every row: how many were before it and are in all, its file's index, image, label and own file name."""
    try:
        from pyarrow import ArrowException, parquet
    except ImportError as error:
        raise MissingExtraError("pyarrow", "parquet") from error
    path = paths[0]
    try:
        total = sum(parquet.read_metadata(path).num_rows for path in paths)
        done = 0
        for shard, path in enumerate(paths):
            with parquet.ParquetFile(path) as opened:
                columns = _find_columns(opened.schema_arrow, path)
                for batch in opened.iter_batches(_ROWS_AT_ONCE, columns=[columns.image, columns.label]):
                    for row in batch.to_pylist():
                        done += 1
                        image, source = _image_of(row[columns.image])
                        yield done, total, shard, image, _label_of(row[columns.label], columns.names), source
    except (ArrowException, OSError, UnicodeDecodeError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # the disk, not the file
            raise
        raise _damaged(path, error) from error


def _find_columns(schema: Any, path: Path) -> _Columns:
    """The columns by what the metadata say of them, else by their types and names."""
    features = _features(schema)
    images = [name for name, one in features.items() if one.get("_type") == "Image"]
    images += [name for name in _IMAGE_NAMES if name in schema.names and _holds_bytes(schema.field(name).type)]
    images += [field.name for field in schema if _holds_bytes(field.type)]
    labels = [name for name, one in features.items() if one.get("_type") == "ClassLabel"]
    by_name = [name for name in _LABEL_NAMES if name in schema.names and name not in images]
    labels = [name for name in by_name if name in labels] or labels or by_name
    if not images or not labels:
        raise _no_columns(path, schema.names)
    names = features.get(labels[0], {}).get("names") or ()
    return _Columns(images[0], labels[0], tuple(map(str, names)))


def _features(schema: Any) -> dict[str, dict[str, Any]]:
    """What the writer says of each column; empty when it says nothing that can be understood."""
    try:
        written = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
        features = written["info"]["features"]
        return {name: one for name, one in features.items() if name in schema.names and isinstance(one, dict)}
    except (ValueError, KeyError, TypeError, AttributeError):  # another writer's metadata
        return {}


def _holds_bytes(kind: Any) -> bool:
    from pyarrow import types

    if types.is_struct(kind):
        return any(
            kind.field(at).name == "bytes" and _holds_bytes(kind.field(at).type) for at in range(kind.num_fields)
        )
    return bool(types.is_binary(kind) or types.is_large_binary(kind))


def _image_of(value: Any) -> tuple[bytes | None, str]:
    if isinstance(value, dict):
        return value.get("bytes"), str(value.get("path") or "")
    return value, ""


def _label_of(value: Any, names: tuple[str, ...]) -> str | None:
    """The name of a label; None where there is none, as in the test files of competitions, which say -1."""
    if value is None or value in ("", -1):
        return None
    if isinstance(value, list):  # several labels, or none
        return json.dumps([name for one in value if (name := _label_of(one, names))], ensure_ascii=False)
    if names and isinstance(value, int):
        return names[value] if 0 <= value < len(names) else None
    return str(value)


def _place(split: Split | None, number: int, image: bytes) -> str:
    kind = sniff_format(image) or ""
    extension = _EXTENSIONS.get(kind, f".{kind.lower()}" if kind else "")
    return f"{split or 'images'}/{number // _FILES_IN_A_FOLDER:04}/{number:07}{extension}"


def _notes(skipped: Counter[str], left_out: list[Path]) -> list[Note]:
    notes: list[Note] = []
    if skipped["image"]:
        number = skipped["image"]
        notes.append(
            (f"Rows without an image in them, ignored: {number}", f"이미지가 들어 있지 않아 무시한 행: {number}개")
        )
    if skipped["label"]:
        number = skipped["label"]
        notes.append((f"Rows without a label, ignored: {number}", f"레이블이 없어 무시한 행: {number}개"))
    if left_out:
        number, first = len(left_out), shown(left_out[0].name)
        notes.append(
            (
                f"Parquet files that are neither train, validation nor test, not read: {number} ({first})",
                f"train, validation, test 가운데 어느 것도 아니어서 읽지 않은 Parquet 파일: {number}개 ({first})",
            )
        )
    return notes


def _nothing_in(path: Path, skipped: Counter[str]) -> DataError:
    value, images, labels = shown(str(path)), skipped["image"], skipped["label"]
    return DataError(
        say(
            en=f"There is no labelled image in {value}: {images} rows without the bytes of an image, {labels} without a label. "
            "Give a file whose rows hold both.",
            ko=f"{value} 에 레이블이 있는 이미지가 없습니다: 이미지 바이트가 없는 행 {images}개, 레이블이 없는 행 {labels}개. "
            "둘 다 들어 있는 파일을 지정하세요.",
        )
    )


def _no_columns(path: Path, names: Sequence[str]) -> DataError:
    value, found = shown(str(path)), ", ".join(map(shown, names[:12])) or "-"
    return DataError(
        say(
            en=f"The Parquet file {value} has no column of images with one of labels; its columns: {found}. "
            "Needed are image (a struct with bytes) and label, as Hugging Face data sets of images have them.",
            ko=f"Parquet 파일 {value} 에 이미지 열과 레이블 열이 함께 있지 않습니다. 있는 열: {found}. "
            "Hugging Face 이미지 데이터셋처럼 image(바이트가 든 struct)와 label 열이 필요합니다.",
        )
    )


def _damaged(path: Path, error: Exception) -> DataError:
    value, reason = shown(str(path)), shown(str(error))[:200]
    return DataError(
        say(
            en=f"The Parquet file {value} cannot be read: {reason}. Copy or download it again.",
            ko=f"Parquet 파일 {value} 를 읽을 수 없습니다: {reason}. 다시 복사하거나 내려받으세요.",
        )
    )
