"""`evaluate`: how a finished run does on labelled images it was given afterwards."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hubel.core.card import Card, Metrics
from hubel.core.errors import DataError
from hubel.core.events import Progress
from hubel.core.language import say
from hubel.core.parallel import batches, map_in_order
from hubel.core.types import Probabilities
from hubel.data.dataset import Example
from hubel.data.images import UnreadableImage
from hubel.data.sources import open_dataset
from hubel.evaluate.metrics import measure
from hubel.runtime.engines import BATCH_SIZE
from hubel.workflows.opening import resolve_source
from hubel.workflows.predicting import load_predictor, probabilities_of

Answers = tuple[Probabilities, list[UnreadableImage | None]]
"""What `probabilities_of` returns."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How a run does on labelled images; `set_aside` are (path, refusal, detail) of the files that could not be read."""

    card: Card
    metrics: Metrics
    set_aside: tuple[tuple[str, str, str], ...]
    notes: tuple[tuple[str, str], ...]
    seconds: float


def evaluate(run: Path, source: str, *, engine: str | None = None) -> Iterator[Progress | Evaluation]:
    """Measure a run on labelled images: on the source's test images if it names some, else on all; the result comes last.

    Parameters
    ----------
    run
        A run folder.
    source
        A folder of class folders, a table or a built-in set; its classes must be the run's.
    engine
        Take this engine instead of the fastest.

    Raises
    ------
    ModelError
        When the run cannot be opened or has drifted.
    DataError
        When the data have a class that the model does not know, or no readable image.
    """
    started = time.monotonic()
    predictor = load_predictor(run, engine=engine)
    dataset = open_dataset(resolve_source(source), classes=predictor.card.classes)
    chosen = [example for example in dataset.examples if example.split == "test"] or list(dataset.examples)
    probabilities, labels, set_aside = [], [], []

    def work(batch: list[Example]) -> tuple[list[Example], Answers]:
        return batch, probabilities_of(predictor, [example.path for example in batch])

    for batch, (rows, refusals) in map_in_order(work, batches(chosen, BATCH_SIZE), workers=predictor.engine.workers):
        probabilities.append(rows)
        for example, refusal in zip(batch, refusals, strict=True):
            if refusal is None:
                labels.append(example.label)
            else:
                set_aside.append((example.path, str(refusal.refusal), refusal.detail))
        yield Progress("evaluate", len(labels) + len(set_aside), len(chosen), None)
    if not labels:
        raise no_readable_images(source, len(chosen))
    metrics = measure(np.concatenate(probabilities), np.array(labels), classes=predictor.card.classes, protocol="test")
    yield Evaluation(predictor.card, metrics, tuple(set_aside), dataset.notes, time.monotonic() - started)


def no_readable_images(source: str, num_files: int) -> DataError:
    """None of the files could be read."""
    return DataError(
        say(
            en=f"There is nothing to measure in {source}: none of its {num_files} images could be read. Give a folder with readable images.",
            ko=f"{source} 에는 평가할 것이 없습니다: 이미지 {num_files}장 가운데 읽을 수 있는 것이 없습니다. 읽을 수 있는 이미지가 있는 폴더를 지정하세요.",
        )
    )
