"""``predictions.csv``: what a run said of the images that its figures stand on, read back."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hubel.core.errors import ModelError
from hubel.core.language import say
from hubel.data.names import shown
from hubel.data.split_file import unescape_name

_COLUMNS = ("file", "label", "predicted", "probability_of_label")


@dataclass(frozen=True, slots=True)
class PredictionRow:
    """One image: its file, the names of its class and of the answer, and the probability given to its class."""

    file: str
    label: str
    predicted: str
    probability_of_label: float


def read_predictions(path: Path) -> tuple[PredictionRow, ...]:
    """The rows of `predictions.csv` in their order; columns that are not needed here may be there.

    Raises
    ------
    ModelError
        When the file is missing or was not written by hubel.
    """
    try:
        with path.open(encoding="utf-8", newline="") as opened:
            return tuple(_rows(csv.DictReader(opened, strict=True)))
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
        file, reason = shown(str(path)), shown(str(error))
        raise ModelError(
            say(
                en=f"The answers {file} cannot be read: {reason}. Restore the file, or give labelled images for both models to judge.",
                ko=f"답 파일 {file} 을 읽을 수 없습니다: {reason}. 파일을 복원하거나, 두 모델이 함께 판정할 라벨 있는 이미지를 주세요.",
            )
        ) from error


def _rows(reader: csv.DictReader[str]) -> Iterator[PredictionRow]:
    for row in reader:
        file, label, predicted, probability = (row[column] for column in _COLUMNS)
        yield PredictionRow(unescape_name(file), label, predicted, float(probability))
