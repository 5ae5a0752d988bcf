"""``split.csv``: which part each image was in, written so that it can be read back to the last byte.

The file is for programs first: UTF-8, commas, one line an image. In names and labels the percent sign, control
characters and bytes that are not UTF-8 are written as ``%`` and two hexadecimal digits, as in web addresses; all other
characters stand for themselves. A name that begins with ``=``, ``+``, ``-`` or ``@`` is not changed either: the name is
exact, so a spreadsheet may take it for a formula.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from hubel.core.errors import DataError
from hubel.core.files import write_atomically
from hubel.core.language import say
from hubel.data.dataset import SPLITS, Split
from hubel.data.names import shown

_COLUMNS = ["file", "label", "split", "fold", "content"]
_TO_ESCAPE = re.compile("[%\x00-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]")
_ESCAPED = re.compile("%(?:u([0-9A-F]{4})|([0-9A-F]{2}))")


@dataclass(frozen=True, slots=True)
class SplitRow:
    """One image's place: `label` is the class's name, `fold` None outside of cross-validation, `content` its hash."""

    file: str
    label: str
    split: Split | None
    fold: int | None
    content: str


def write_split_csv(path: Path, rows: Iterable[SplitRow]) -> None:
    """Write `split.csv`, whole or not at all."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for row in rows:
        fold = "" if row.fold is None else row.fold
        writer.writerow([escape_name(row.file), escape_name(row.label), row.split or "", fold, row.content])
    write_atomically(path, text.getvalue())


def read_split_csv(path: Path) -> tuple[SplitRow, ...]:
    """Exactly the rows that `write_split_csv` was given.

    Raises
    ------
    DataError
        When the file is missing or was not written by hubel.
    """
    try:
        with path.open(encoding="utf-8", newline="") as opened:
            reader = csv.reader(opened, strict=True)
            if next(reader, []) != _COLUMNS:
                raise ValueError("line 1: " + ",".join(_COLUMNS))
            return tuple(_row(values, line) for line, values in enumerate(reader, start=2))
    except (OSError, ValueError, csv.Error) as error:
        file, reason = shown(str(path)), shown(str(error))
        raise DataError(
            say(
                en=f"The split {file} cannot be read: {reason}. Restore the file, or train again.",
                ko=f"분할 파일 {file} 을 읽을 수 없습니다: {reason}. 파일을 복원하거나 다시 학습하세요.",
            )
        ) from error


def escape_name(name: str) -> str:
    r"""A name on one line of valid UTF-8; `unescape_name` gives it back.

    Examples
    --------
    >>> escape_name("100%\n고양이\udcff.jpg")
    '100%25%0A고양이%FF.jpg'
    """
    return _TO_ESCAPE.sub(_escape, name)


def unescape_name(text: str) -> str:
    """The name that `escape_name` was given."""
    return _ESCAPED.sub(_unescape, text)


def _escape(found: re.Match[str]) -> str:
    code = ord(found.group())
    if 0xDC80 <= code <= 0xDCFF:  # Python's stand-in for a byte that is not UTF-8
        return f"%{code - 0xDC00:02X}"
    return f"%{code:02X}" if code < 0x80 else f"%u{code:04X}"


def _unescape(found: re.Match[str]) -> str:
    wide, narrow = found.groups()
    code = int(wide or narrow, 16)
    return chr(code if wide or code < 0x80 else code + 0xDC00)


def _row(values: list[str], line: int) -> SplitRow:
    if len(values) != len(_COLUMNS) or values[2] not in ("", *SPLITS):
        raise ValueError(f"line {line}: {','.join(values)[:80]}")
    file, label, split, fold, content = values
    return SplitRow(
        unescape_name(file),
        unescape_name(label),
        cast(Split, split) if split else None,
        int(fold) if fold else None,
        content,
    )
