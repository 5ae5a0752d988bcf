"""`compare`: two finished runs on the same images, side by side."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from hubel.core.card import Card
from hubel.core.rundir import MODEL
from hubel.core.seeds import generator
from hubel.data.images import UnreadableImage
from hubel.data.kept import Step
from hubel.data.pictures import thumbnail
from hubel.data.predictions_file import PredictionRow, read_predictions
from hubel.data.split_file import SplitRow, read_split_csv
from hubel.evaluate.compare import Comparison, Judgement, compare_answers
from hubel.evaluate.compare_page import ComparePage, ModelFacts, ShownDisagreement, write_compare_page
from hubel.evaluate.verdict import flattered
from hubel.runtime.predictor import Predictor
from hubel.runtime.probe import seconds_per_image
from hubel.workflows.judging import Judged, judge
from hubel.workflows.not_for_labels import refuse_comparing
from hubel.workflows.predicting import load_predictor
from hubel.workflows.unlike import no_common_answers, no_shared_class, other_classes

ROUNDS = 3
"""How often each model's speed is measured, in turns."""
MOST_SHOWN = 100
"""So many of the images on which the two differ stand in the page."""
SPLIT = "split.csv"
PREDICTIONS = "predictions.csv"


@dataclass(frozen=True, slots=True)
class Contender:
    """One of the two runs: its size on disk, its speed here with all cores, and how many of the images it learned from."""

    folder: Path
    card: Card
    engine: str
    model_bytes: int
    seconds_per_image: float
    num_learned_from: int


@dataclass(frozen=True, slots=True)
class Disagreement:
    """An image on which the two differ: where it lies, its class, and both answers with the probability of its class."""

    path: str
    label: str
    first: str
    second: str
    first_of_truth: float
    second_of_truth: float


@dataclass(frozen=True, slots=True)
class Compared:
    """Two runs, compared on `source`, or, where that is None, on the images both were measured on when they were made."""

    first: Contender
    second: Contender
    source: str | None
    classes: tuple[str, ...]
    comparison: Comparison
    disagreements: tuple[Disagreement, ...]
    set_aside: tuple[tuple[str, str, str], ...]
    notes: tuple[tuple[str, str], ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Answered:
    """What both runs say of some images, as `compare_answers` takes it, and what the result says beside it."""

    judged: Judged
    cross_validated: bool
    notes: tuple[tuple[str, str], ...] = ()


def compare(
    first: Path, second: Path, source: str | None = None, *, shared_classes: bool = False, engine: str | None = None
) -> Iterator[Step | Compared]:
    """Compare two runs, image by image; the result comes last.

    Parameters
    ----------
    first, second
        Two run folders.
    source
        Labelled images for both to judge, as `evaluate` takes them. Without them, the images that both were measured on when
        they were made, and had not learned from; found by content, so the files may have moved.
    shared_classes
        Where the runs have different classes: compare on images of the classes that both know. An answer outside of them is
        a wrong one.
    engine
        The engine for both, or "fastest" (see `runtime.open_predictor`).

    Raises
    ------
    ModelError
        When a run cannot be opened or has drifted, or the two have different classes.
    DataError
        When the data have an unknown class or no readable image, or, without data, no image was judged by both.
    """
    started = time.monotonic()
    predictors = [load_predictor(run, engine=engine) for run in (first, second)]
    for predictor in predictors:
        refuse_comparing(predictor.card, str(predictor.folder))
    classes = common_classes(predictors, shared=shared_classes)
    if source is None:
        answered = kept_answers(predictors, classes)
    else:
        judged = yield from judge(predictors, source, classes=classes)
        answered = Answered(judged, cross_validated=False, notes=judged.notes)
    judged = answered.judged
    comparison = compare_answers(
        *(Judgement(answers, of_truth) for answers, of_truth in zip(judged.answers, judged.of_truth, strict=True)),
        labels=judged.labels,
        groups=judged.groups,
        cross_validated=answered.cross_validated,
        random=generator(0, "compare"),
    )
    speeds = side_by_side(predictors)
    learned = [num_learned_from(predictor.folder, judged.contents) for predictor in predictors]
    contenders = [
        Contender(
            predictor.folder,
            predictor.card,
            predictor.engine.name,
            (predictor.folder / MODEL).stat().st_size,
            speed,
            seen,
        )
        for predictor, speed, seen in zip(predictors, speeds, learned, strict=True)
    ]
    yield Compared(
        contenders[0], contenders[1], source, classes, comparison, tuple(disagreements(judged)), judged.set_aside, answered.notes,
        time.monotonic() - started,
    )  # fmt: skip


def common_classes(predictors: list[Predictor], *, shared: bool) -> tuple[str, ...]:
    """The classes to compare on, in the first run's order.

    Raises
    ------
    ModelError
        When the two have different classes and the shared ones were not asked for, or there are fewer than two.
    """
    first, second = (predictor.card.classes for predictor in predictors)
    if set(first) == set(second):
        return first
    common = tuple(name for name in first if name in second)
    if not shared:
        raise other_classes(first, second, common)
    if len(common) < 2:
        raise no_shared_class(first, second, common)
    return common


def kept_answers(predictors: list[Predictor], classes: tuple[str, ...]) -> Answered:
    """The answers that both runs wrote down of the same images when they were made.

    Raises
    ------
    DataError
        When there is no such image.
    """
    by_content = [answers_by_content(predictor.folder) for predictor in predictors]
    common = [
        content
        for content, row in by_content[0].items()
        if row.label in classes and content in by_content[1] and by_content[1][content].label == row.label
    ]
    if not common:
        raise no_common_answers(predictors[0].folder, predictors[1].folder, [len(found) for found in by_content])
    places = {name: index for index, name in enumerate(classes)}
    rows = [[found[content] for content in common] for found in by_content]
    judged = Judged(
        paths=[row.file for row in rows[0]],
        labels=np.array([places[row.label] for row in rows[0]]),
        answers=[np.array([places.get(row.predicted, -1) for row in part]) for part in rows],
        of_truth=[np.array([row.probability_of_label for row in part]) for part in rows],
        names=[[row.predicted for row in part] for part in rows],
        classes=classes,
    )
    protocols = {predictor.card.metrics.protocol for predictor in predictors}
    return Answered(judged, cross_validated="cross-validation" in protocols)


def answers_by_content(folder: Path) -> dict[str, PredictionRow]:
    """What a run says of the images it was measured on, by the hash of their content; of equal images, the first."""
    contents = {row.file: row.content for row in split_rows(folder)}
    found: dict[str, PredictionRow] = {}
    for row in read_predictions(folder / PREDICTIONS):
        found.setdefault(contents.get(row.file) or f"path:{Path(row.file).absolute()}", row)
    return found


def split_rows(folder: Path) -> tuple[SplitRow, ...]:
    """The rows of a run's `split.csv`; none where it is absent, for the model works without."""
    return read_split_csv(folder / SPLIT) if (folder / SPLIT).is_file() else ()


def num_learned_from(folder: Path, contents: list[str]) -> int:
    """How many of the images a run has learned from."""
    if not contents:
        return 0
    learned = {row.content for row in split_rows(folder) if row.split in (None, "train")}
    return sum(content in learned for content in contents)


def side_by_side(predictors: list[Predictor]) -> list[float]:
    """Seconds per image of each model, measured in turns so that both meet the same disturbances."""
    measured: list[list[float]] = [[] for _ in predictors]
    for _ in range(ROUNDS):
        for times, predictor in zip(measured, predictors, strict=True):
            times.append(seconds_per_image(predictor.engine, predictor.card.image.size))
    return [median(times) for times in measured]


def disagreements(judged: Judged) -> Iterator[Disagreement]:
    """The images that the two answer differently, those first where one is right and the other furthest from it."""
    differ = [index for index, (one, other) in enumerate(zip(*judged.names, strict=True)) if one != other]
    first, second = judged.of_truth
    for index in sorted(differ, key=lambda index: -abs(first[index] - second[index])):
        yield Disagreement(
            judged.paths[index], judged.classes[judged.labels[index]], judged.names[0][index], judged.names[1][index],
            float(first[index]), float(second[index]),
        )  # fmt: skip


def write_page(compared: Compared, path: Path) -> None:
    """Write a page with the verdict and the pictures on which the two differ; those whose files are gone are left out.

    Raises
    ------
    MissingExtraError
        When jinja2 is not installed.
    """
    shown: list[ShownDisagreement] = []
    for one in compared.disagreements[:MOST_SHOWN]:
        try:
            picture = thumbnail(one.path)
        except UnreadableImage:
            continue
        answers, of_truth = (one.first, one.second), (one.first_of_truth, one.second_of_truth)
        shown.append(ShownDisagreement(one.path, one.label, answers, of_truth, picture))
    warnings = tuple(
        flattered(name, one.num_learned_from, compared.comparison.num_images)
        for name, one in (("A", compared.first), ("B", compared.second))
        if one.num_learned_from
    )
    models = tuple(
        ModelFacts(
            one.folder.name, one.card.base.name, one.card.image.size, one.model_bytes / 1e6, 1 / one.seconds_per_image,
            one.engine,
        )
        for one in (compared.first, compared.second)
    )  # fmt: skip
    write_compare_page(
        ComparePage((models[0], models[1]), compared.comparison, tuple(shown), len(compared.disagreements), warnings),
        path,
    )
