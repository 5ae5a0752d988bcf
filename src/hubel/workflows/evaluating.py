"""`evaluate`: how a finished run does on labelled images it was given afterwards."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from hubel.core.answers import AS_MADE, AnswerFigures, Limits
from hubel.core.card import Card, Metrics
from hubel.core.decision import Wish
from hubel.core.errors import DataError
from hubel.core.events import Note, Progress
from hubel.core.files import content_key
from hubel.core.language import say
from hubel.core.multi_label import MultiLabelMetrics
from hubel.core.parallel import batches, map_in_order
from hubel.data.dataset import Example
from hubel.data.images import UnreadableImage, read_file
from hubel.data.label_folds import label_table
from hubel.data.sources import open_dataset
from hubel.data.split import group_duplicates
from hubel.data.split_file import read_split_csv
from hubel.evaluate.conformal import answer_figures
from hubel.evaluate.deciding import decide
from hubel.evaluate.fairness import AnswerSet
from hubel.evaluate.metrics import measure
from hubel.runtime.engines import BATCH_SIZE
from hubel.runtime.predictor import Said
from hubel.workflows.grouping import column_of, with_groups
from hubel.workflows.label_evaluation import evaluate_labels
from hubel.workflows.limits import answers_of, limited
from hubel.workflows.not_for_labels import refuse_options
from hubel.workflows.opening import open_source
from hubel.workflows.predicting import load_predictor, said_of
from hubel.workflows.promising import promising

Answers = tuple[Said, list[UnreadableImage | None]]
"""What `said_of` returns."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How a run does on labelled images; `set_aside` are (path, refusal, detail) of the files that could not be read.

    `answers` says how often each of the three answers was given; `labels` more of a model that gives several labels.
    """

    card: Card
    metrics: Metrics
    set_aside: tuple[tuple[str, str, str], ...]
    notes: tuple[tuple[str, str], ...]
    seconds: float
    answers: AnswerFigures | None = None
    labels: MultiLabelMetrics | None = None


def evaluate(
    run: Path,
    source: str,
    *,
    engine: str | None = None,
    by: str | None = None,
    at_least: Sequence[Wish] = (),
    limits: Limits = AS_MADE,
) -> Iterator[Progress | Note | Evaluation]:
    """Measure a run on labelled images: on the source's test images if it names some, else on all; the result comes last.

    Parameters
    ----------
    run
        A run folder.
    source
        Whatever `train` takes; its classes must be the run's.
    engine
        The engine, or "fastest" (see `runtime.open_predictor`).
    by
        Measure each group of images, too, that this column of the table names.
    at_least
        Promises of precision or recall, instead of the run's own.
    limits
        When an image is unknown, and when several classes are named, instead of the run's own.

    Raises
    ------
    ModelError
        When the run cannot be opened or has drifted.
    UsageError
        When a promise cannot be kept.
    DataError
        When the data have a class that the model does not know, or no readable image.
    """
    started = time.monotonic()
    predictor = promising(load_predictor(run, engine=engine), at_least)
    predictor = limited(predictor, limits)
    several = predictor.card.task == "multi-label"
    refuse_options(several=several, by=by)
    resolved = yield from open_source(source)
    dataset = open_dataset(resolved, classes=predictor.card.classes, reading="several" if several else "one")
    chosen = [example for example in dataset.examples if example.split == "test"] or list(dataset.examples)
    column = column_of(resolved, by, [example.path for example in chosen]) if by else None
    parts, kept, set_aside = [], [], []

    def work(batch: list[Example]) -> tuple[list[Example], Answers]:
        return batch, said_of(predictor, [example.path for example in batch])

    for batch, (part, refusals) in map_in_order(work, batches(chosen, BATCH_SIZE), workers=predictor.engine.workers):
        parts.append(part)
        for example, refusal in zip(batch, refusals, strict=True):
            if refusal is None:
                kept.append(example)
            else:
                set_aside.append((example.path, str(refusal.refusal), refusal.detail))
        yield Progress("evaluate", len(kept) + len(set_aside), len(chosen), None)
    if not kept:
        raise no_readable_images(source, len(chosen))
    said, labels = together(parts), np.array([example.label for example in kept])
    rows = said.probabilities
    groups = group_duplicates([example.path for example in kept], [example.group for example in kept])
    classes = predictor.card.classes
    if several:
        notes = (*dataset.notes, *learned_from(predictor.folder, [example.path for example in kept]))
        targets = label_table(dataset.label_sets or (), len(classes))[labels]
        judged = evaluate_labels(said, targets, groups, card=predictor.card)
        seconds = time.monotonic() - started
        yield Evaluation(
            predictor.card, judged.metrics, tuple(set_aside), notes, seconds, judged.answers, judged.labels
        )
        return
    answers = decide(rows, predictor.card.decision, classes=classes)
    metrics = measure(rows, labels, classes=classes, protocol="test", groups=groups, answers=answers)
    if column is not None:
        values = dict(zip((example.path for example in chosen), column.values, strict=True))
        of_kept = replace(column, values=[values[example.path] for example in kept])
        metrics = with_groups(metrics, AnswerSet(rows, answers, labels, groups), of_kept)
    named, known = answers_of(said, answers, card=predictor.card)
    figures = answer_figures(named, known, labels, groups)
    notes = (*dataset.notes, *learned_from(predictor.folder, [example.path for example in kept]))
    seconds = time.monotonic() - started
    yield Evaluation(predictor.card, metrics, tuple(set_aside), notes, seconds, figures)


def learned_from(run: Path, paths: Sequence[str]) -> Iterator[tuple[str, str]]:
    """A remark on images that the run has learned from, if there are any: they say nothing about new ones."""
    try:
        learned = {row.content for row in read_split_csv(run / "split.csv") if row.split in (None, "train")}
        number = sum(content_key(read_file(path)) in learned for path in paths)
    except (DataError, UnreadableImage):  # a run without its split.csv, or a file that went away meanwhile
        return
    if number:
        yield (
            f"The model has learned from {number} of these {len(paths)} images, so the figures look better than they are. Measure on others.",
            f"모델이 이 이미지 {len(paths)}장 가운데 {number}장으로 학습했으므로 수치가 실제보다 좋게 나옵니다. 다른 이미지로 평가하세요.",
        )


def together(parts: Sequence[Said]) -> Said:
    """What was said of all images, from what was said of each batch."""
    scores = [part.unknown_scores for part in parts if part.unknown_scores is not None]
    joined = np.concatenate(scores) if len(scores) == len(parts) else None
    return Said(np.concatenate([part.probabilities for part in parts]), joined)


def no_readable_images(source: str, num_files: int) -> DataError:
    """None of the files could be read."""
    return DataError(
        say(
            en=f"There is nothing to measure in {source}: none of its {num_files} images could be read. Give a folder with readable images.",
            ko=f"{source} 에는 평가할 것이 없습니다: 이미지 {num_files}장 가운데 읽을 수 있는 것이 없습니다. 읽을 수 있는 이미지가 있는 폴더를 지정하세요.",
        )
    )
