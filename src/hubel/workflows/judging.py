"""Labelled images judged by several models at once: every file is opened once."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field

import numpy as np

from hubel.core.events import Progress
from hubel.core.files import content_key
from hubel.core.parallel import batches, map_in_order
from hubel.core.types import Labels, Probabilities
from hubel.data.dataset import Example, Note
from hubel.data.images import UnreadableImage, load_image, read_file
from hubel.data.kept import Step
from hubel.data.sources import open_dataset
from hubel.data.split import group_duplicates
from hubel.evaluate.deciding import decide
from hubel.evaluate.intervals import Values
from hubel.runtime.engines import BATCH_SIZE
from hubel.runtime.predictor import Predictor
from hubel.workflows.evaluating import no_readable_images
from hubel.workflows.opening import open_source


@dataclass(frozen=True, slots=True)
class Judged:
    """What several models say of the same images.

    `answers` are indices into `classes`, −1 for another class, whose name stands in `names`; `of_truth` are the probabilities
    of the true class; `groups` numbers for images that are alike; `contents` hashes of the files, where they were read.
    """

    paths: list[str]
    labels: Labels
    answers: list[Labels]
    of_truth: list[Values]
    names: list[list[str]]
    classes: tuple[str, ...]
    groups: Labels | None = None
    contents: list[str] = field(default_factory=list)
    set_aside: tuple[tuple[str, str, str], ...] = ()
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """One image as all models see it: a row of probabilities from each; or why it could not be read."""

    example: Example
    content: str
    rows: tuple[np.ndarray, ...]
    refused: UnreadableImage | None


def judge(predictors: list[Predictor], source: str, *, classes: tuple[str, ...]) -> Generator[Step, None, Judged]:
    """What the models say of labelled images: of the source's test images if it names some, else of all.

    Parameters
    ----------
    predictors
        The models; all know `classes`.
    source
        As `evaluate` takes it.
    classes
        Images of other classes that a model knows are left out.

    Raises
    ------
    DataError
        When the data have a class that no model knows, or no readable image.
    """
    known = tuple(dict.fromkeys((*classes, *(name for one in predictors for name in one.card.classes))))
    resolved = yield from open_source(source)
    dataset = open_dataset(resolved, classes=known, reading="one")
    usable = [example for example in dataset.examples if example.label < len(classes)]
    chosen = [example for example in usable if example.split == "test"] or usable
    seen: list[Seen] = []
    workers = min(predictor.engine.workers for predictor in predictors)

    def work(batch: list[Example]) -> list[Seen]:
        return look(predictors, batch)

    for batch in map_in_order(work, batches(chosen, BATCH_SIZE), workers=workers):
        seen += batch
        yield Progress("compare", len(seen), len(chosen), None)
    read = [image for image in seen if image.refused is None]
    if not read:
        raise no_readable_images(source, len(chosen))
    labels = np.array([image.example.label for image in read])
    rows = [np.stack([image.rows[number] for image in read]) for number in range(len(predictors))]
    names = [
        [
            predictor.card.classes[index]
            for index in decide(part, predictor.card.decision, classes=predictor.card.classes)
        ]
        for predictor, part in zip(predictors, rows, strict=True)
    ]
    places = {name: index for index, name in enumerate(classes)}
    return Judged(
        paths=[image.example.path for image in read],
        labels=labels,
        answers=[np.array([places.get(name, -1) for name in part]) for part in names],
        of_truth=[
            part[np.arange(len(part)), [predictor.card.classes.index(classes[label]) for label in labels]]
            for predictor, part in zip(predictors, rows, strict=True)
        ],
        names=names,
        classes=classes,
        groups=group_duplicates([image.content for image in read], [image.example.group for image in read]),
        contents=[image.content for image in read],
        set_aside=tuple(
            (image.example.path, str(image.refused.refusal), image.refused.detail) for image in seen if image.refused
        ),
        notes=dataset.notes,
    )


def look(predictors: list[Predictor], batch: list[Example]) -> list[Seen]:
    """Read a few files once, and show them to every model; called in a worker thread."""
    contents, pixels, refusals = [], [list[np.ndarray]() for _ in predictors], []
    for example in batch:
        content, fitted, refused = "", list[np.ndarray](), None
        try:
            data = read_file(example.path)
            content = content_key(data)
            fitted = [load_image(data, predictor.card.image) for predictor in predictors]
        except UnreadableImage as error:
            refused = error
        for rows, picture in zip(pixels, fitted, strict=False):
            rows.append(picture)
        contents.append(content)
        refusals.append(refused)
    answers: list[Probabilities] = [
        predictor.probabilities(np.stack(rows)) if rows else np.empty((0, len(predictor.card.classes)), np.float32)
        for predictor, rows in zip(predictors, pixels, strict=True)
    ]
    found, place = [], 0
    for example, content, refused in zip(batch, contents, refusals, strict=True):
        rows_of_image = () if refused else tuple(part[place] for part in answers)
        place += refused is None
        found.append(Seen(example, content, rows_of_image, refused))
    return found
