"""`predict`: images in, labels with probabilities out, one at a time."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from hubel.core.answers import AS_MADE, Answer, Limits
from hubel.core.decision import Wish
from hubel.core.errors import ModelError
from hubel.core.files import cache_root
from hubel.core.golden import TOLERANCES, Golden, check_golden, furthest_probability, read_golden
from hubel.core.language import say
from hubel.core.parallel import Waits, batches, map_in_order, never
from hubel.core.rundir import GOLDEN, MODEL
from hubel.core.types import FeatureMatrix, Pixels, Probabilities
from hubel.data.images import ImageSource, UnreadableImage, load_image
from hubel.evaluate.deciding import decide, ranked
from hubel.runtime.engines import BATCH_SIZE, EXACT_ENGINE, open_engine
from hubel.runtime.predictor import Predictor, Said, open_predictor
from hubel.workflows.limits import answers_of, limited
from hubel.workflows.predicting_with_ray import RAY, predict_with_ray
from hubel.workflows.promising import promising


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the model says of one image: the answered class and the next ones; or, with `label` None, why it was not read.

    The answered class comes first in `top`, with its probability; a decision of the run may answer another than the likeliest.
    `answer` says which of the three answers is given, and `choices` the classes it names: one, several when unsure, none
    when unknown. `unknown_score` is higher for images unlike those learned from, None where the run has no such measure.
    Where an image may have several labels, `labels` are those it gets, the likeliest first, and `choices` too; `label` is then the
    likeliest one even if it gets none, and no answer is unsure.
    """

    path: str
    label: str | None
    probability: float | None
    top: tuple[tuple[str, float], ...]
    refusal: str | None = None
    detail: str = ""
    answer: Answer | None = None
    choices: tuple[str, ...] = ()
    unknown_score: float | None = None
    labels: tuple[str, ...] | None = None


def predict(  # noqa: PLR0913  what a user may say of it
    run: Path,
    sources: Iterable[ImageSource],
    *,
    top_k: int = 5,
    engine: str | None = None,
    num_images: float = math.inf,
    at_least: Sequence[Wish] = (),
    limits: Limits = AS_MADE,
    waits: Waits = never,
) -> Iterator[Prediction]:
    """Classify images one after the other, in their order; memory does not grow with their number.

    Parameters
    ----------
    run
        A run folder.
    sources
        Paths, or anything else that an image can be read from.
    top_k
        How many of the best classes to give.
    engine
        The engine, or "fastest" (see `runtime.open_predictor`), or "ray" (see `predicting_with_ray`).
    num_images
        How many will come, if known, for "fastest".
    at_least
        Promises of precision or recall, instead of the run's own.
    limits
        When an image is unknown, and when several classes are named, instead of the run's own.
    waits
        Whether the next source has yet to arrive: what came before is then answered first.

    Raises
    ------
    ModelError
        When the run cannot be opened, or no longer does what it did when it was made.
    UsageError
        When a promise cannot be kept.
    """
    if engine == RAY:
        yield from predict_with_ray(run, sources, top_k=top_k, at_least=at_least, limits=limits)
        return
    predictor = open_for_answers(run, at_least=at_least, limits=limits, num_images=num_images, engine=engine)

    def work(batch: list[ImageSource]) -> list[Prediction]:
        return predict_batch(predictor, batch, top_k)

    queued = batches(sources, BATCH_SIZE, waits=waits)
    for answers in map_in_order(work, queued, workers=predictor.engine.workers, waits=waits):
        yield from answers


def open_for_answers(
    run: Path, *, at_least: Sequence[Wish], limits: Limits, num_images: float = math.inf, engine: str | None = None
) -> Predictor:
    """A run made ready, checked, with promises and limits in place of its own; see `predict`."""
    predictor = promising(load_predictor(run, num_images=num_images, engine=engine), at_least)
    return limited(predictor, limits)


def load_predictor(run: Path, *, num_images: float = math.inf, engine: str | None = None) -> Predictor:
    """Open a run and check it against its golden images.

    Raises
    ------
    ModelError
        When it cannot be opened, or has drifted.
    """
    predictor = open_predictor(run, num_images=num_images, store=cache_root() / "engines", engine=engine)
    golden = read_golden(predictor.folder / GOLDEN)
    if not predictor.engine.name.endswith("bf16"):
        check_predictor(predictor, golden)
        return predictor
    # Rounding may have moved an image between two classes, or the model was changed: float32 tells which.
    exact = replace(predictor, engine=open_engine(EXACT_ENGINE, predictor.folder / MODEL))
    try:
        found = check_predictor(predictor, golden)
    except ModelError:
        check_predictor(exact, golden)
        return exact  # this base does not bear rounding
    if furthest_probability(found, golden.probabilities) > TOLERANCES["bf16"]:
        check_predictor(exact, golden)
    return predictor


def check_predictor(predictor: Predictor, golden: Golden) -> Probabilities:
    """What the model says of its golden images, (n k), after it was compared with what it must say.

    Raises
    ------
    ModelError
        When they cannot be read, or the model has drifted.
    """
    folder = predictor.folder / GOLDEN

    def work(batch: list[Path]) -> tuple[Probabilities, FeatureMatrix]:
        try:
            pixels = np.stack([load_image(path, predictor.card.image) for path in batch])
        except UnreadableImage as error:
            raise unreadable_golden(folder, error) from error
        return predictor.outputs(pixels)

    outputs = list(map_in_order(work, batches(golden.paths, 4), workers=predictor.engine.workers))
    probabilities, features = (np.concatenate(part) for part in zip(*outputs, strict=True))
    check_golden(probabilities, features, golden, engine=predictor.engine.name, folder=folder)
    return probabilities


def unreadable_golden(folder: Path, error: UnreadableImage) -> ModelError:
    """A golden image cannot be read."""
    return ModelError(
        say(
            en=f"The golden images in {folder} cannot be read: {error}. Without them the model cannot be trusted; restore the run folder.",
            ko=f"{folder} 의 기준 이미지를 읽을 수 없습니다: {error}. 기준 이미지 없이는 모델을 신뢰할 수 없습니다. 실행 폴더를 복원하세요.",
        )
    )


def probabilities_of(
    predictor: Predictor, sources: Iterable[ImageSource]
) -> tuple[Probabilities, list[UnreadableImage | None]]:
    """The probabilities of the images that could be read, (m k), and for every source its refusal or None."""
    said, refusals = said_of(predictor, sources)
    return said.probabilities, refusals


def said_of(predictor: Predictor, sources: Iterable[ImageSource]) -> tuple[Said, list[UnreadableImage | None]]:
    """What the model says of the images that could be read, and for every source its refusal or None."""
    pixels: list[Pixels] = []
    refusals: list[UnreadableImage | None] = []
    for source in sources:
        try:
            pixels.append(load_image(source, predictor.card.image))
            refusals.append(None)
        except UnreadableImage as error:
            refusals.append(error)
    side = predictor.card.image.size
    return predictor.say_of(np.stack(pixels) if pixels else np.empty((0, side, side, 3), np.uint8)), refusals


def predict_batch(predictor: Predictor, sources: list[ImageSource], top_k: int) -> list[Prediction]:
    """The predictions of a few images; called in a worker thread."""
    said, refusals = said_of(predictor, sources)
    card = predictor.card
    named, known = answers_of(said, decide(said.probabilities, card.decision, classes=card.classes), card=card)
    places, several = iter(range(len(known))), card.task == "multi-label"
    answers = []
    for source, refusal in zip(sources, refusals, strict=True):
        name = os.fsdecode(source) if isinstance(source, str | os.PathLike) else f"<{type(source).__name__}>"
        if refusal is not None:
            answers.append(Prediction(name, None, None, (), str(refusal.refusal), refusal.detail))
            continue
        place = next(places)
        row, order = said.probabilities[place], ranked(said.probabilities[place], card.decision, classes=card.classes)
        top = tuple((card.classes[index], float(row[index])) for index in order[:top_k])
        choices = tuple(card.classes[index] for index in order if named[place, index]) if known[place] else ()
        answer: Answer = "unknown" if not known[place] else "unsure" if len(choices) > 1 and not several else "label"
        score = None if said.unknown_scores is None else float(said.unknown_scores[place])
        labels = choices if several else None
        answers.append(
            Prediction(name, *top[0], top, answer=answer, choices=choices, unknown_score=score, labels=labels)
        )
    return answers
