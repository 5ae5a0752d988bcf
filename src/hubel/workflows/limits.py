"""The limits of the three answers for a finished run: chosen anew from what its folder keeps, without training again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hubel.core.answers import MOST_REJECTED, Limits
from hubel.core.card import Card
from hubel.core.errors import ModelError, UsageError
from hubel.core.language import say
from hubel.core.types import Labels, Mask
from hubel.evaluate.conformal import ClassSets, choose_sets, class_sets
from hubel.evaluate.numbers import percent
from hubel.evaluate.unknown import choose_unknown, known_images
from hubel.runtime.predictor import Predictor, Said
from hubel.workflows.held_out_scores import read_held_out_scores
from hubel.workflows.not_for_labels import refuse_options
from hubel.workflows.promising import read_held_out


def limited(predictor: Predictor, limits: Limits) -> Predictor:
    """The same predictor with limits for these shares instead of its own; its own where a share is None.

    Parameters
    ----------
    predictor
        An opened run.
    limits
        What the user wishes.

    Raises
    ------
    UsageError
        When a share is out of its range, or cannot be promised on so few images.
    ModelError
        When the run keeps no out-of-fold scores to choose by.
    """
    card, reject, accept_error = predictor.card, limits.reject, limits.accept_error
    refuse_options(several=card.task == "multi-label", accept_error=accept_error)
    if reject is not None:
        if not 0 <= reject < MOST_REJECTED:
            raise too_many_rejected(reject)
        unknown = None
        if reject:
            if card.unknown is None:
                raise no_scores(str(predictor.folder))
            scores, groups = read_held_out_scores(predictor.folder)
            unknown = choose_unknown(scores, groups, reject=reject)
        card = card.model_copy(update={"unknown": unknown})
    if accept_error is not None:
        sets = None
        if accept_error:
            probabilities, labels = read_held_out(predictor.folder, card)
            _, groups = read_held_out_scores(predictor.folder)
            sets = choose_sets(probabilities, labels, groups, error=accept_error)
        card = card.model_copy(update={"sets": sets})
    return replace(predictor, card=card)


def answers_of(said: Said, answers: Labels, *, card: Card) -> tuple[ClassSets, Mask]:
    """The classes that each answer names (n k), and whether each image is known (n)."""
    known = known_images(said.unknown_scores, card.unknown, num_images=len(answers))
    if card.task == "multi-label":
        return said.probabilities >= np.array(card.label_thresholds, np.float32), known
    return class_sets(said.probabilities, card.sets, answers), known


def too_many_rejected(reject: float) -> UsageError:
    """So large a share is a slip of the pen."""
    received, most = percent(reject), percent(MOST_REJECTED, digits=0)
    return UsageError(
        say(
            en=f"--reject does not take {received}: it must be less than {most}. Write for example: --reject 1%",
            ko=f"--reject 값으로 {received} 을(를) 쓸 수 없습니다: {most}보다 작아야 합니다. 예: --reject 1%",
        )
    )


def no_scores(folder: str) -> ModelError:
    """The model was made without unknown scores."""
    return ModelError(
        say(
            en=f"The run {folder} was made without a measure of what is unknown, so --reject cannot choose a limit. Train again.",
            ko=f"{folder} 실행에는 모르는 이미지를 재는 값이 없어 --reject로 기준을 정할 수 없습니다. 다시 학습하세요.",
        )
    )
