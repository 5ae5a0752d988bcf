"""Promises of a finished run: what they are chosen on is kept in its folder, so they can be changed without training."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from hubel.core.card import Card
from hubel.core.decision import Wish
from hubel.core.errors import ModelError
from hubel.core.files import write_atomically
from hubel.core.language import say
from hubel.core.types import Labels, Probabilities
from hubel.evaluate.thresholds import Seen, keep_promises
from hubel.evaluate.wishes import check_wishes
from hubel.runtime.predictor import Predictor
from hubel.workflows.not_for_labels import refuse_options

HELD_OUT = "held_out.npz"
"""Out-of-fold probabilities (m k), labels (m), unknown scores (m) and groups (m)."""


def write_held_out(folder: Path, probabilities: Probabilities, labels: Labels, **more: np.ndarray) -> None:
    """Keep what promises are chosen on, and `more` by name."""
    encoded = io.BytesIO()
    arrays: dict[str, Any] = {
        "probabilities": probabilities.astype(np.float32),
        "labels": labels.astype(np.int32),
        **more,
    }
    np.savez_compressed(encoded, **arrays)
    write_atomically(folder / HELD_OUT, encoded.getvalue())


def promising(predictor: Predictor, wishes: Sequence[Wish]) -> Predictor:
    """The same predictor with the thresholds that keep these wishes instead of its own; itself when there is none.

    Raises
    ------
    UsageError
        When a wish names no class of the run, or cannot be kept.
    ModelError
        When the run has no out-of-fold probabilities to choose by.
    """
    if not wishes:
        return predictor
    card = predictor.card
    refuse_options(several=card.task == "multi-label", at_least=wishes)
    check_wishes(wishes, card.classes)
    probabilities, labels = read_held_out(predictor.folder, card)
    decision = keep_promises(Seen(probabilities, labels, card.classes, read_groups(predictor.folder)), wishes)
    return replace(predictor, card=card.model_copy(update={"decision": decision}))


def read_held_out(folder: Path, card: Card) -> tuple[Probabilities, Labels]:
    """The out-of-fold probabilities (m k) of a run, and the labels.

    Raises
    ------
    ModelError
        When they are missing, damaged or of another model.
    """
    path = folder / HELD_OUT
    try:
        # opened here, for np.load leaves a file open that it cannot read
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as kept:
            probabilities, labels = kept["probabilities"], kept["labels"].astype(np.int64)
        if probabilities.shape != (len(labels), len(card.classes)) or not np.isfinite(probabilities).all():
            raise ValueError(f"{probabilities.shape}")
    except (OSError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
        raise ModelError(
            say(
                en=f"{path} cannot be used: {error}. Promises for this run need it; train again, with --at-least if you like.",
                ko=f"{path} 파일을 쓸 수 없습니다: {error}. 이 실행에 대한 약속에는 이 파일이 필요합니다. --at-least를 주고 다시 학습해도 됩니다.",
            )
        ) from error
    return probabilities, labels


def read_groups(folder: Path) -> Labels | None:
    """The group of each out-of-fold image, (m); None in a run of before, which kept none."""
    with (folder / HELD_OUT).open("rb") as opened, np.load(opened, allow_pickle=False) as kept:
        return kept["groups"].astype(np.int64) if "groups" in kept else None
