"""A finished model made ready: pixels in, probabilities out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hubel.core.card import Card, read_card
from hubel.core.errors import ModelError
from hubel.core.language import say
from hubel.core.rundir import CARD, MODEL, find_run, safe_run_name
from hubel.core.types import FeatureMatrix, PixelBatch, Probabilities, UnknownScores
from hubel.runtime.engines import BATCH_SIZE, EXACT_ENGINE, Engine, open_engine
from hubel.runtime.model_file import check_model_file
from hubel.runtime.probe import fastest_engine


@dataclass(frozen=True, slots=True)
class Said:
    """What the model says of n images: calibrated probabilities (n k), and how strange each image is to it, (n).

    `unknown_scores` are higher for images unlike those learned from; None where the model was made without them.
    """

    probabilities: Probabilities
    unknown_scores: UnknownScores | None


@dataclass(frozen=True, slots=True)
class Predictor:
    """The model of one run folder on one engine."""

    folder: Path
    card: Card
    engine: Engine

    def probabilities(self, pixels: PixelBatch) -> Probabilities:
        """What the model says of fitted images, (n size size 3) → (n k) calibrated; safe to call from `engine.workers` threads."""
        return self.say_of(pixels).probabilities

    def say_of(self, pixels: PixelBatch) -> Said:
        """Probabilities and unknown scores of fitted images, (n size size 3); safe to call from `engine.workers` threads."""
        parts = [self.engine.run(pixels[start : start + BATCH_SIZE]) for start in range(0, len(pixels), BATCH_SIZE)]
        shapes = {"probabilities": (0, len(self.card.classes)), "unknown_score": (0,)}
        joined = {
            name: np.concatenate([np.empty(shape, np.float32), *(part[name] for part in parts if name in part)])
            for name, shape in shapes.items()
        }
        scores = joined["unknown_score"] if len(joined["unknown_score"]) == len(pixels) else None
        return Said(joined["probabilities"], scores)

    def outputs(self, pixels: PixelBatch) -> tuple[Probabilities, FeatureMatrix]:
        """Probabilities (n k) and features (n d) of one batch."""
        outputs = self.engine.run(pixels)
        return outputs["probabilities"], outputs["features"]


def open_predictor(run: Path, *, num_images: float = math.inf, store: Path, engine: str | None = None) -> Predictor:
    """Open a run folder on an engine.

    By default that is ONNX Runtime in float32, which every install has, so that an image gets the same answer on every
    machine and however many come with it. "fastest" takes the one that finishes so many images first, if it is another.

    Parameters
    ----------
    run
        The run folder.
    num_images
        How many images will come; infinity when unknown.
    store
        Where engine measurements are kept.
    engine
        One of `ENGINE_NAMES`, or "fastest".

    Raises
    ------
    ModelError
        When the folder is not a run, or card and model do not belong together.
    """
    folder = find_run(run)
    card = read_card(folder / CARD)
    model = folder / MODEL
    if not model.is_file():
        raise ModelError(
            say(
                en=f"{folder} has no {MODEL}. Restore the run folder or train again.",
                ko=f"{folder} 에 {MODEL} 파일이 없습니다. 실행 폴더를 복원하거나 다시 학습하세요.",
            )
        )
    check_model_file(model, card)
    if engine != "fastest":
        ready = open_engine(engine or EXACT_ENGINE, model)
    else:
        name = f"{card.base.name}-{card.base.sha256[:8]}-{len(card.views)}"
        ready = fastest_engine(model, card.image.size, num_images, store=store, name=safe_run_name(name))[0]
    probe = np.zeros((1, card.image.size, card.image.size, 3), np.uint8)
    try:
        outputs = ready.run(probe)
    except Exception as error:  # each runtime raises its own types for a graph with other inputs
        raise ModelError(
            say(
                en=f"{model} cannot be run: {error}. Restore the run folder or train again.",
                ko=f"{model} 을(를) 실행할 수 없습니다: {error}. 실행 폴더를 복원하거나 다시 학습하세요.",
            )
        ) from error
    width = outputs["probabilities"].shape[1] if {"probabilities", "features"} <= set(outputs) else 0
    if width != len(card.classes):
        raise ModelError(
            say(
                en=f"{model} and {CARD} do not belong together: the model gives {width} probabilities, "
                f"the card names {len(card.classes)} classes. Restore the run folder.",
                ko=f"{model} 과 {CARD} 가 서로 맞지 않습니다: 모델은 확률 {width}개를 내는데 "
                f"카드의 클래스는 {len(card.classes)}개입니다. 실행 폴더를 복원하세요.",
            )
        )
    return Predictor(folder, card, ready)
