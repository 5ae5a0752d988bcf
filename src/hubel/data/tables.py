"""Tables of images, CSV or JSON Lines: ``file_name,label[,split,group]``, read line by line.

File names are relative to the table's folder. A CSV may be separated by commas, semicolons, tabs or bars, be UTF-8,
UTF-16 with its mark, or CP949 (Korean Excel), and begin with a byte order mark or Excel's ``sep=``.
"""

from __future__ import annotations

import codecs
import csv
import json
import os
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TextIO

from hubel.core.errors import DataError
from hubel.core.language import say
from hubel.data.names import class_name, shown

TABLE_SUFFIXES = (".csv", ".tsv", ".txt", ".jsonl", ".ndjson")

_JSON_SUFFIXES = (".jsonl", ".ndjson")
_DELIMITERS = ",;\t|"
# What users call each column, the surest name first; small letters, without spaces, hyphens and underscores.
_ALIASES = {
    "file": (
        *("filename", "file", "filepath", "path", "image", "imagename", "imagepath", "imagefile", "img", "imgpath"),
        *("파일명", "파일이름", "파일", "파일경로", "경로", "이미지"),
    ),
    "label": ("label", "class", "classname", "target", "category", "라벨", "레이블", "클래스", "분류", "정답"),
    "split": ("split", "subset", "set", "partition", "분할", "구분"),
    "group": ("group", "groupid", "그룹", "묶음"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: the path of its image, and the words in the other columns (empty when there is none)."""

    line: int
    path: str
    label: str
    split: str
    group: str


def is_table(path: Path) -> bool:
    """Whether a file's name is that of a table."""
    return path.suffix.lower() in TABLE_SUFFIXES


def read_rows(path: Path, required: tuple[str, ...]) -> Iterator[Row]:
    """The rows of a table in its order; only one line is in memory at a time.

    Parameters
    ----------
    path
        A file with one of `TABLE_SUFFIXES`.
    required
        The columns that must be there, out of ``file label split group``.

    Raises
    ------
    DataError
        When the table cannot be read, lacks a column, or a line does not fit its columns; the line is named.
    """
    try:
        with path.open(encoding=_encoding_of(path), newline="") as opened:
            records = _json_records if path.suffix.lower() in _JSON_SUFFIXES else _csv_records
            folder = "" if path.parent == Path() else str(path.parent)
            for line, record in records(opened, path, required):
                yield Row(
                    line=line,
                    path=_resolve(folder, record.get("file", "")),
                    label=class_name(record.get("label", "")),
                    split=record.get("split", ""),
                    group=record.get("group", ""),
                )
    except OSError as error:
        raise DataError(
            say(
                en=f"The table {shown(str(path))} cannot be opened: {error.strerror}. Check the path and its permissions.",
                ko=f"표 {shown(str(path))} 를 열 수 없습니다: {error.strerror}. 경로와 권한을 확인하세요.",
            )
        ) from error


def _encoding_of(path: Path) -> str:
    """The encoding of a text, found by decoding all of it."""
    with path.open("rb") as opened:
        start = opened.read(4)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        candidates: tuple[str, ...] = ("utf-16",)
    elif start.startswith(codecs.BOM_UTF8):
        candidates = ("utf-8-sig",)
    else:
        candidates = ("utf-8", "cp949")
    for encoding in candidates:
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            with path.open("rb") as opened:
                while chunk := opened.read(1 << 16):
                    decoder.decode(chunk)
                decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return encoding
    tried = ", ".join(candidates)
    raise DataError(
        say(
            en=f"The table {shown(str(path))} is not text in an encoding that hubel knows (tried {tried}). "
            "Save it as CSV UTF-8.",
            ko=f"표 {shown(str(path))} 는 hubel이 아는 인코딩의 텍스트가 아닙니다(시도: {tried}). "
            "CSV UTF-8 형식으로 저장하세요.",
        )
    )


def _csv_records(opened: TextIO, path: Path, required: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    header = opened.readline()
    offset = 1
    if header.casefold().startswith("sep="):
        header, offset = opened.readline(), 2
    delimiter, cells = max(
        ((delimiter, next(csv.reader([header], delimiter=delimiter), [])) for delimiter in _DELIMITERS),
        key=lambda candidate: len(_columns(candidate[1])),
    )
    columns = _columns(cells)
    _require(columns, required, cells, path)
    reader = csv.reader(opened, delimiter=delimiter, strict=True)
    line = offset + 1
    try:
        for values in reader:
            if any(values[len(cells) :]):
                _misfit(path, line, len(values), len(cells))
            if any(values):
                yield line, {name: values[at].strip() for name, at in columns.items() if at < len(values)}
            line = offset + reader.line_num + 1
    except csv.Error as error:
        _unreadable(path, line, str(error), error)


def _json_records(opened: TextIO, path: Path, required: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    keys: list[str] = []
    columns: dict[str, int] = {}
    for line, text in enumerate(opened, start=1):
        if not text.strip():
            continue
        try:
            record = json.loads(text)
        except (ValueError, RecursionError) as error:
            _unreadable(path, line, str(error), error)
        if not isinstance(record, dict):
            _unreadable(path, line, text.strip()[:40], None)
        if not keys or keys != list(record):
            keys = list(record)
            columns = _columns(keys)
            _require(columns, required, keys, path, line)
        yield line, {name: _json_text(record[keys[at]], path, line) for name, at in columns.items()}


def _json_text(value: object, path: Path, line: int) -> str:
    if value is None or value != value:  # noqa: PLR0124  NaN, which tables write for a gap
        return ""
    if isinstance(value, float) and value.is_integer():  # how a column of numbers with gaps is written
        return str(int(value))
    if isinstance(value, str | int | float):
        return str(value).strip()
    return _unreadable(path, line, f"{value!r:.40}", None)


def _columns(cells: list[str]) -> dict[str, int]:
    """Where each known column stands in a header; the surest name wins."""
    names = [class_name(cell).strip().casefold().translate({ord(mark): None for mark in " _-"}) for cell in cells]
    found = {}
    for column, aliases in _ALIASES.items():
        alias = next((alias for alias in aliases if alias in names), None)
        if alias is not None:
            found[column] = names.index(alias)
    return found


def _resolve(folder: str, name: str) -> str:
    """The path of a file that a table names, in the spelling in which it exists.

    The table may have another Unicode form (NFC or NFD) than the disk, or the backslashes of Windows.
    """
    if not name:
        return ""
    if name.isascii() and "\\" not in name:
        return os.path.join(folder, name)  # noqa: PTH118  three times as fast, for a million rows
    spellings = (name, name.replace("\\", "/")) if os.sep == "/" else (name,)
    forms = [unicodedata.normalize(form, one) for one in spellings for form in ("NFC", "NFD")]
    candidates = [os.path.join(folder, form) for form in (name, *forms)]  # noqa: PTH118  as above
    return next((path for path in candidates if os.path.exists(path)), candidates[0])  # noqa: PTH110  raises for no name


def _require(columns: dict[str, int], required: tuple[str, ...], cells: list[str], path: Path, line: int = 1) -> None:
    missing = [name for name in required if name not in columns]
    if not missing:
        return
    found = ", ".join(shown(cell.strip()) for cell in cells[:12]) or "-"
    table, wanted = shown(str(path)), ", ".join({"file": "file_name"}.get(name, name) for name in missing)
    raise DataError(
        say(
            en=f"The table {table} lacks the column {wanted}; line {line} has: {found}. "
            "Its first line must name the columns, for example: file_name,label",
            ko=f"표 {table} 에 {wanted} 열이 없습니다. {line}번째 줄에 있는 것: {found}. "
            "첫 줄에 열 이름이 있어야 합니다. 예: file_name,label",
        )
    )


def _misfit(path: Path, line: int, found: int, expected: int) -> NoReturn:
    table = shown(str(path))
    raise DataError(
        say(
            en=f"Line {line} of the table {table} has {found} values, but there are {expected} columns. "
            'Put names that hold a separator between quotes: "a,b.jpg"',
            ko=f"표 {table} 의 {line}번째 줄에 값이 {found}개 있지만 열은 {expected}개입니다. "
            '구분자가 든 이름은 따옴표로 묶으세요: "a,b.jpg"',
        )
    )


def _unreadable(path: Path, line: int, reason: str, cause: Exception | None) -> NoReturn:
    table, what = shown(str(path)), shown(reason)
    raise DataError(
        say(
            en=f"Line {line} of the table {table} cannot be understood: {what}. Correct that line.",
            ko=f"표 {table} 의 {line}번째 줄을 이해할 수 없습니다: {what}. 그 줄을 고치세요.",
        )
    ) from cause
