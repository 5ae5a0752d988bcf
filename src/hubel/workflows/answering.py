"""From scores to answers: calibration and decision, chosen on out-of-fold scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hubel.core.arrays import Float
from hubel.core.decision import Calibration, Decision, Wish
from hubel.core.types import Labels, Probabilities
from hubel.evaluate.calibration_choice import choose_calibration
from hubel.evaluate.calibrators import calibrate
from hubel.evaluate.deciding import decide
from hubel.evaluate.thresholds import Seen, keep_promises
from hubel.train.learn import Learned

HeldOut = Float[np.ndarray, "m k"]
"""Probabilities of other images than those that are measured."""


@dataclass(frozen=True, slots=True)
class Answering:
    """How scores become answers, and both for the images that the figures stand on."""

    temperature: float
    calibration: Calibration
    decision: Decision | None
    probabilities: Probabilities
    answers: Labels
    held_out: HeldOut


def choose_answering(learned: Learned, labels: Labels, *, classes: Sequence[str], wishes: Sequence[Wish]) -> Answering:
    """Choose calibration and thresholds for what was learned.

    Parameters
    ----------
    learned
        The head and its out-of-fold scores.
    labels
        The classes of all images that were read.
    classes
        The class names.
    wishes
        What the user wants promised.

    Raises
    ------
    UnattainablePromise
        When a wish cannot be kept.
    """
    held_labels = labels[learned.held_out]
    chosen = choose_calibration(learned.held_out_logits, held_labels, learned.folds[learned.held_out])
    held_out = calibrate(learned.held_out_logits, chosen.temperature, chosen.calibration)
    groups = None if learned.groups is None else learned.groups[learned.held_out]
    decision = keep_promises(Seen(held_out, held_labels, classes, groups), wishes) if wishes else None
    if learned.protocol == "cross-validation":
        probabilities = chosen.cross_fitted
    else:
        probabilities = calibrate(learned.logits, chosen.temperature, chosen.calibration)
    answers = decide(probabilities, decision, classes=classes)
    return Answering(chosen.temperature, chosen.calibration, decision, probabilities, answers, held_out)
