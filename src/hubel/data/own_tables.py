"""The tables that hubel writes of a run and reads back to the last byte: ``split.csv``, ``ledger.csv``, ``predictions.csv``.

They are for programs first: UTF-8, commas, one line a row. In words the percent sign, control characters and bytes that are
not UTF-8 are written as ``%`` and two hexadecimal digits, as in web addresses; all other characters stand for themselves. A
name that begins with ``=``, ``+``, ``-`` or ``@`` is not changed either: the name is exact, so a spreadsheet may take it for
a formula.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from hubel.core.files import write_atomically

Value = str | int | None

_TO_ESCAPE = re.compile("[%\x00-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]")
_ESCAPED = re.compile("%(?:u([0-9A-F]{4})|([0-9A-F]{2}))")


def write_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[Value]]) -> None:
    """Write a table, whole or not at all; None stands as an empty field."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_written(value) for value in row])
    write_atomically(path, text.getvalue())


def read_table(path: Path, columns: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """The rows of a table with exactly these columns, each as what to call it in an error, and its words.

    Raises
    ------
    OSError, ValueError, csv.Error
        When the file is missing, or no such table.
    """
    with path.open(encoding="utf-8", newline="") as opened:
        reader = csv.reader(opened, strict=True)
        if next(reader, []) != list(columns):
            raise ValueError("line 1: " + ",".join(columns))
        for line, values in enumerate(reader, start=2):
            place = f"line {line}: {','.join(values)[:80]}"
            if len(values) != len(columns):
                raise ValueError(place)
            yield place, [unescape_name(value) if "%" in value else value for value in values]


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


def _written(value: Value) -> str | int:
    if value is None:
        return ""
    # Most words need no escapes, and looking for them takes the time.
    plain = isinstance(value, int) or (value.isascii() and value.isprintable() and "%" not in value)
    return value if plain else escape_name(str(value))


def _escape(found: re.Match[str]) -> str:
    code = ord(found.group())
    if 0xDC80 <= code <= 0xDCFF:  # Python's stand-in for a byte that is not UTF-8
        return f"%{code - 0xDC00:02X}"
    return f"%{code:02X}" if code < 0x80 else f"%u{code:04X}"


def _unescape(found: re.Match[str]) -> str:
    wide, narrow = found.groups()
    code = int(wide or narrow, 16)
    return chr(code if wide or code < 0x80 else code + 0xDC00)
