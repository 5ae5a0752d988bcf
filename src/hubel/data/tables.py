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
from hubel.data.flag_columns import find_flags, flagged
from hubel.data.names import class_name, shown

TABLE_SUFFIXES = (".csv", ".tsv", ".txt", ".jsonl", ".ndjson")

_JSON_SUFFIXES = (".jsonl", ".ndjson")
_DELIMITERS = ",;\t|"
_FURTHER = "further"
# What users call each column, the surest name first; small letters, without spaces, hyphens and underscores.
_ALIASES = {
    "file": (
        *("filename", "file", "filepath", "path", "image", "imagename", "imagepath", "imagefile", "img", "imgpath"),
        *("파일명", "파일이름", "파일", "파일경로", "경로", "이미지"),
    ),
    "label": ("label", "class", "classname", "target", "category", "라벨", "레이블", "클래스", "분류", "정답"),
    "split": ("split", "subset", "set", "partition", "분할", "구분"),
    "group": ("group", "groupid", "그룹", "묶음"),
    "licence": ("licence", "license", "라이선스"),
    "source": ("source", "출처"),
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


def read_column(path: Path, column: str) -> Iterator[tuple[str, str]]:
    """Each image of a table with the word in one further column, which may have any name; empty where there is none.

    Parameters
    ----------
    path
        A file with one of `TABLE_SUFFIXES`.
    column
        Its name as the table writes it; capitals and spaces around it do not matter.

    Raises
    ------
    DataError
        When the table has no such column, or cannot be read.
    """
    folder = _folder_of(path)
    for _, record in _records(path, ("file",), column):
        name = _resolve(folder, record.get("file", ""))
        if name:
            yield name, class_name(record.get(_FURTHER, ""))


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
    folder = _folder_of(path)
    for line, record in _records(path, required):
        yield Row(
            line=line,
            path=_resolve(folder, record.get("file", "")),
            label=class_name(record.get("label", "")),
            split=record.get("split", ""),
            group=record.get("group", ""),
        )


def read_origins(path: Path) -> Iterator[tuple[str, str, str]]:
    """Each image of a table with its licence and its source, empty where there is none.

    A table whose first line has neither column gives nothing, and is read no further.

    Parameters
    ----------
    path
        A file with one of `TABLE_SUFFIXES`.

    Raises
    ------
    DataError
        When the table cannot be read.
    """
    folder = _folder_of(path)
    for _, record in _records(path, ("file",)):
        if "licence" not in record and "source" not in record:
            return
        yield _resolve(folder, record.get("file", "")), record.get("licence", ""), record.get("source", "")


def _folder_of(path: Path) -> str:
    return "" if path.parent == Path() else str(path.parent)


def _records(path: Path, required: tuple[str, ...], further: str = "") -> Iterator[tuple[int, dict[str, str]]]:
    """Each line's number and its words by column; `further` names a column of the user's, whose words come as `_FURTHER`."""
    wanted = (*required, _FURTHER) if further else required
    try:
        with path.open(encoding=_encoding_of(path), newline="") as opened:
            records = _json_records if path.suffix.lower() in _JSON_SUFFIXES else _csv_records
            yield from records(opened, path, wanted, further)
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


def _csv_records(
    opened: TextIO, path: Path, required: tuple[str, ...], further: str
) -> Iterator[tuple[int, dict[str, str]]]:
    header = opened.readline()
    offset = 1
    if header.casefold().startswith("sep="):
        header, offset = opened.readline(), 2
    delimiter, cells = max(
        ((delimiter, next(csv.reader([header], delimiter=delimiter), [])) for delimiter in _DELIMITERS),
        key=lambda candidate: len(_columns(candidate[1])),
    )
    columns = _columns(cells, further)
    unlabelled = "label" in required and "label" not in columns and "file" in columns
    flags = find_flags(opened, cells, columns.values(), delimiter) if unlabelled else {}
    _require(columns | dict.fromkeys(("label",) if flags else (), 0), required, cells, path, 1, further)
    reader = csv.reader(opened, delimiter=delimiter, strict=True)
    line = offset + 1
    try:
        for values in reader:
            if any(values[len(cells) :]):
                _misfit(path, line, len(values), len(cells))
            if any(values):
                words = {name: values[at].strip() for name, at in columns.items() if at < len(values)}
                yield line, words | ({"label": flagged(values, flags)} if flags else {})
            line = offset + reader.line_num + 1
    except csv.Error as error:
        _unreadable(path, line, str(error), error)


def _json_records(
    opened: TextIO, path: Path, required: tuple[str, ...], further: str
) -> Iterator[tuple[int, dict[str, str]]]:
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
            columns = _columns(keys, further)
            _require(columns, required, keys, path, line, further)
        words = {name: record[keys[at]] for name, at in columns.items()}
        for name in ("licence", "source"):  # remarks, which others write as whole records: these say nothing here
            if isinstance(words.get(name), dict | list):
                words[name] = ""
        several = words.get("label")
        if isinstance(several, list) and all(isinstance(label, str | int) for label in several):
            words["label"] = json.dumps(several, ensure_ascii=False)  # told from a name by being written as a list
        yield line, {name: _json_text(value, path, line) for name, value in words.items()}


def _json_text(value: object, path: Path, line: int) -> str:
    if value is None or value != value:  # noqa: PLR0124  NaN, which tables write for a gap
        return ""
    if isinstance(value, float) and value.is_integer():  # how a column of numbers with gaps is written
        return str(int(value))
    if isinstance(value, str | int | float):
        return str(value).strip()
    return _unreadable(path, line, f"{value!r:.40}", None)


def _columns(cells: list[str], further: str = "") -> dict[str, int]:
    """Where each known column, and a further one of the user's, stands in a header; the surest name wins."""
    names = [class_name(cell).strip().casefold().translate({ord(mark): None for mark in " _-"}) for cell in cells]
    found = {}
    exact = [class_name(cell).strip().casefold() for cell in cells]
    if further and class_name(further).strip().casefold() in exact:
        found[_FURTHER] = exact.index(class_name(further).strip().casefold())
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


def _require(
    columns: dict[str, int], required: tuple[str, ...], cells: list[str], path: Path, line: int = 1, further: str = ""
) -> None:
    missing = [name for name in required if name not in columns]
    if not missing:
        return
    found = ", ".join(shown(cell.strip()) for cell in cells[:12]) or "-"
    names = {"file": "file_name", _FURTHER: shown(further)}
    table, wanted = shown(str(path)), ", ".join(names.get(name, name) for name in missing)
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
