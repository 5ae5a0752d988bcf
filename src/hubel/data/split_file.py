"""``split.csv``: which part each image was in, written so that it can be read back to the last byte."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import cast

from hubel.core.errors import DataError
from hubel.core.language import say
from hubel.data.dataset import SPLITS, Split
from hubel.data.names import shown
from hubel.data.own_tables import read_table, write_table

_COLUMNS = ("file", "label", "split", "fold", "content")
_VALUES = attrgetter(*_COLUMNS)


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
    write_table(path, _COLUMNS, map(_VALUES, rows))


def read_split_csv(path: Path) -> tuple[SplitRow, ...]:
    """Exactly the rows that `write_split_csv` was given.

    Raises
    ------
    DataError
        When the file is missing or was not written by hubel.
    """
    try:
        return tuple(_row(place, words) for place, words in read_table(path, _COLUMNS))
    except (OSError, ValueError, csv.Error) as error:
        file, reason = shown(str(path)), shown(str(error))
        raise DataError(
            say(
                en=f"The split {file} cannot be read: {reason}. Restore the file, or train again.",
                ko=f"분할 파일 {file} 을 읽을 수 없습니다: {reason}. 파일을 복원하거나 다시 학습하세요.",
            )
        ) from error


def _row(place: str, words: list[str]) -> SplitRow:
    file, label, split, fold, content = words
    if split not in ("", *SPLITS):
        raise ValueError(place)
    return SplitRow(file, label, cast(Split, split) if split else None, int(fold) if fold else None, content)
