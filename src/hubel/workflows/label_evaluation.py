"""How a finished run that gives several labels does on labelled images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hubel.core.answers import AnswerFigures
from hubel.core.card import Card, Metrics
from hubel.core.multi_label import MultiLabelMetrics
from hubel.core.seeds import generator
from hubel.core.types import Labels, Mask
from hubel.data.label_folds import Targets
from hubel.evaluate.conformal import answer_figures
from hubel.evaluate.label_intervals import Answered
from hubel.evaluate.multilabel import as_metrics, measure_labels
from hubel.runtime.predictor import Said
from hubel.workflows.limits import answers_of


@dataclass(frozen=True, slots=True)
class LabelEvaluation:
    """The figures that every run has, those of labels, and how often an image was unknown."""

    metrics: Metrics
    labels: MultiLabelMetrics
    answers: AnswerFigures


def evaluate_labels(said: Said, targets: Targets, groups: Labels, *, card: Card) -> LabelEvaluation:
    """Measure what a run says of images against the labels they have.

    Parameters
    ----------
    said
        What the model says.
    targets
        The labels of the same images.
    groups
        A number for each, equal for those that are alike.
    card
        The run's.
    """
    given, known = answers_of(said, said.probabilities.argmax(1), card=card)
    answered = Answered(said.probabilities, targets, given, groups)
    found = measure_labels(
        answered, classes=card.classes, thresholds=card.label_thresholds, random=generator(0, "resamples")
    )
    return LabelEvaluation(as_metrics(found, answered, protocol="test"), found, label_answer_figures(answered, known))


def label_answer_figures(said: Answered, known: Mask) -> AnswerFigures:
    """How often an image was unknown; a known one is wrong where its answer lacks a label or has one too many."""
    right = all_right(said)
    whole_answers = np.stack([right, ~right], axis=1)  # a set of labels is one answer: the right one, or another
    figures = answer_figures(whole_answers, known, np.zeros(len(known), np.int64), said.groups)
    size = float(said.given[known].sum(1).mean()) if known.any() else None
    return figures.model_copy(update={"mean_set_size": size})


def all_right(said: Answered) -> Mask:
    """Where an image was given exactly the labels it has, of shape (n)."""
    right: Mask = (said.given == said.targets).all(1)
    return right
