"""``predictions.csv``: what a run said of the images that its figures stand on, written and read back."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from hubel.core.errors import ModelError
from hubel.core.language import say
from hubel.data.names import shown
from hubel.data.own_tables import read_table, write_table

_COLUMNS = ("file", "label", "predicted", "probability", "probability_of_label")


@dataclass(frozen=True, slots=True)
class PredictionRow:
    """One image: its file, the names of its class and of the answer, and the probabilities given to the answer and to its class."""

    file: str
    label: str
    predicted: str
    probability: float
    probability_of_label: float


def write_predictions(path: Path, rows: Iterable[PredictionRow]) -> None:
    """Write `predictions.csv`, whole or not at all."""
    write_table(
        path,
        _COLUMNS,
        (
            (row.file, row.label, row.predicted, f"{row.probability:.6f}", f"{row.probability_of_label:.6f}")
            for row in rows
        ),
    )


def read_predictions(path: Path) -> tuple[PredictionRow, ...]:
    """The rows of `predictions.csv` in their order, probabilities to six digits.

    Raises
    ------
    ModelError
        When the file is missing or was not written by hubel.
    """
    try:
        return tuple(
            PredictionRow(file, label, predicted, float(probability), float(of_label))
            for _, (file, label, predicted, probability, of_label) in read_table(path, _COLUMNS)
        )
    except (OSError, ValueError, csv.Error) as error:
        file, reason = shown(str(path)), shown(str(error))
        raise ModelError(
            say(
                en=f"The answers {file} cannot be read: {reason}. Restore the file, or give labelled images for both models to judge.",
                ko=f"답 파일 {file} 을 읽을 수 없습니다: {reason}. 파일을 복원하거나, 두 모델이 함께 판정할 레이블 있는 이미지를 주세요.",
            )
        ) from error
