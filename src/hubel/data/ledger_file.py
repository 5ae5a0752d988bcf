"""``ledger.csv``: every file that a run was given, what it was and what became of it.

The form is that of all of a run's tables (`data.own_tables`). The order is the data set's, which depends on names alone, so the same data give the same ledger to the last byte.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

from hubel.core.errors import ModelError
from hubel.core.language import say
from hubel.core.ledger import MOST_NAMED, LedgerSummary
from hubel.data.names import shown
from hubel.data.network import is_url
from hubel.data.own_tables import read_table, write_table

LEDGER = "ledger.csv"
Status = Literal["used", "set aside", "unread"]


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One file.

    `file` is its name below the data set's folder, with ``/`` between folders, or its whole path where it lies elsewhere;
    `sha256` and `num_bytes` are empty and 0 where it could not be opened; `perceptual_hash` is empty unless it was used;
    `part` is train, validation or test, `fold` the fold that judged it; `reason` says why it was set aside; `copies` are
    the files of the run folder that show it, apart by spaces.
    """

    file: str
    sha256: str
    perceptual_hash: str
    num_bytes: int
    label: str
    part: str
    fold: int | None
    group: str
    status: Status
    reason: str
    licence: str
    source: str
    copies: str = ""


def write_ledger(path: Path, rows: Iterable[LedgerRow]) -> None:
    """Write `ledger.csv`, whole or not at all."""
    write_table(path, _COLUMNS, map(_VALUES, rows))


def read_ledger(path: Path) -> tuple[LedgerRow, ...]:
    """Exactly the rows that `write_ledger` was given.

    Raises
    ------
    ModelError
        When the file is missing or was not written by hubel.
    """
    try:
        return tuple(_row(place, words) for place, words in read_table(path, _COLUMNS))
    except (OSError, ValueError, csv.Error) as error:
        file, reason = shown(str(path)), shown(str(error))
        raise ModelError(
            say(
                en=f"The ledger {file} cannot be read: {reason}. Restore the file, or train again.",
                ko=f"원장 파일 {file} 을 읽을 수 없습니다: {reason}. 파일을 복원하거나 다시 학습하세요.",
            )
        ) from error


def summarise(rows: Sequence[LedgerRow]) -> LedgerSummary:
    """The ledger in a few figures, for the card."""
    status = Counter(row.status for row in rows)
    licences = Counter(row.licence for row in rows if row.licence)
    sources = Counter(source_shown(row.source) for row in rows if row.source)
    return LedgerSummary(
        num_files=len(rows),
        num_bytes=sum(row.num_bytes for row in rows),
        num_used=status["used"],
        num_set_aside=status["set aside"],
        num_unread=status["unread"],
        licences=most_common(licences),
        sources=most_common(sources),
        num_without_licence=len(rows) - licences.total(),
        num_without_source=len(rows) - sources.total(),
    )


def most_common(counts: Counter[str]) -> dict[str, int]:
    """The largest counts, in an order that depends on nothing else."""
    ordered = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    return {shown(name): number for name, number in ordered[:MOST_NAMED]}


def source_shown(source: str) -> str:
    """An address's host; any other source as it is.

    Examples
    --------
    >>> source_shown("https://example.org/a/1.jpg"), source_shown("our own camera")
    ('example.org', 'our own camera')
    """
    return (urlsplit(source).hostname or source) if is_url(source) else source


def _row(place: str, read: list[str]) -> LedgerRow:
    words: list[Any] = [*read]
    if words[8] not in get_args(Status):
        raise ValueError(place)
    words[3], words[6] = int(words[3]), int(words[6]) if words[6] else None
    fields_of_row: dict[str, Any] = dict(zip(_FIELDS, words, strict=True))
    return LedgerRow(**fields_of_row)


_FIELDS = [field.name for field in fields(LedgerRow)]
_VALUES = attrgetter(*_FIELDS)
_COLUMNS = ["bytes" if name == "num_bytes" else name for name in _FIELDS]
