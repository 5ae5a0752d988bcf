"""The three answers of a run: what the model remembers, the limits, and how often each answer was given."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from hubel.core.answers import DEFAULT_REJECT, AnswerFigures, SetLimit, UnknownLimit
from hubel.core.card import Card
from hubel.core.events import Note
from hubel.core.familiar import Familiar
from hubel.core.seeds import generator
from hubel.core.types import Labels, Logits, Mask, Probabilities, UnknownScores
from hubel.evaluate.conformal import TooFewForPromise, answer_figures, choose_sets, class_sets
from hubel.evaluate.unknown import Seen, choose_unknown, fit_familiar, graph_logits, known_images, unknown_scores
from hubel.train.learn import Learned
from hubel.train.session import Session, mean_features
from hubel.workflows.answering import Answering


@dataclass(frozen=True, slots=True)
class ThreeAnswers:
    """What is needed to give the three answers, and what came of them on the images that the figures stand on.

    `scores` and `groups` (m) are of the out-of-fold images; `short` says why no sets could be promised.
    """

    familiar: Familiar
    unknown: UnknownLimit | None
    sets: SetLimit | None
    figures: AnswerFigures
    scores: UnknownScores
    groups: Labels
    short: TooFewForPromise | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """Labelled images with what was said of them: probabilities (n k), unknown scores, answers, true classes and groups (n)."""

    probabilities: Probabilities
    scores: UnknownScores
    answers: Labels
    labels: Labels
    groups: Labels


def choose_three_answers(session: Session, learned: Learned, answering: Answering, *, labels: Labels) -> ThreeAnswers:
    """Choose the limits on out-of-fold scores, and measure what they do on images that they were not chosen on.

    Parameters
    ----------
    session
        Gives the features and the shares that the user wished.
    learned
        The head and its out-of-fold scores.
    answering
        Calibration and decision.
    labels
        The classes of all images that were read.
    """
    features, rows = mean_features(session), learned.held_out
    groups = learned.groups if learned.groups is not None else np.arange(len(labels))
    folds = learned.folds[rows]

    def stated(logits: Logits) -> Logits:
        return graph_logits(logits, answering.temperature, answering.calibration)

    seen = Seen(features if len(rows) == len(features) else features[rows], stated(learned.held_out_logits), labels[rows],
                folds, groups[rows])  # fmt: skip
    familiar, scores = fit_familiar(seen, generator(session.options.seed, "remembered"))
    limit = choose_unknown(scores, groups[rows], reject=session.options.reject or DEFAULT_REJECT)
    shift = limit.threshold
    familiar, scores = replace(familiar, shift=shift), scores - shift  # so that 0 is the limit, whoever reads the score
    if learned.protocol == "cross-validation":
        judged = Judged(answering.probabilities, scores, answering.answers, labels[rows], groups[rows])
    else:
        measured = learned.measured
        said = unknown_scores(familiar, features[measured], stated(learned.logits))
        judged = Judged(answering.probabilities, said, answering.answers, labels[measured], groups[measured])
    held_out = Judged(answering.held_out, scores, answering.held_out.argmax(1), labels[rows], groups[rows])
    reject, error = session.options.reject, session.options.accept_error
    try:
        unknown, sets = choose_limits(held_out, np.ones(len(rows), bool), reject=reject, error=error)
        short = None
    except TooFewForPromise as found:
        error, short = None, found
        unknown, sets = choose_limits(held_out, np.ones(len(rows), bool), reject=reject, error=None)
    unknown = limit.model_copy(update={"threshold": 0.0}) if unknown else None
    if learned.protocol == "cross-validation":
        figures = cross_fitted_figures(held_out, judged, folds, reject=reject, error=error)
    else:
        figures = figures_of(judged, unknown, sets)
    return ThreeAnswers(familiar, unknown, sets, figures, scores, groups[rows], short)


def choose_limits(
    judged: Judged, chosen: Mask, *, reject: float, error: float | None
) -> tuple[UnknownLimit | None, SetLimit | None]:
    """Both limits, chosen on some of the images; None where none is wished.

    Raises
    ------
    TooFewForPromise
        When there are too few images for so small an error.
    """
    groups = judged.groups[chosen]
    unknown = choose_unknown(judged.scores[chosen], groups, reject=reject) if reject else None
    sets = choose_sets(judged.probabilities[chosen], judged.labels[chosen], groups, error=error) if error else None
    return unknown, sets


def cross_fitted_figures(
    held_out: Judged, judged: Judged, folds: Labels, *, reject: float, error: float | None
) -> AnswerFigures:
    """The figures when the limits for each fold's images are chosen on the other folds alone."""
    sets, known = np.zeros(judged.probabilities.shape, bool), np.ones(len(folds), bool)
    for fold in np.unique(folds):
        inside = folds == fold
        try:
            unknown, limit = choose_limits(held_out, ~inside, reject=reject, error=error)
        except TooFewForPromise:  # four fifths of just enough images: the limit of all serves
            unknown, limit = choose_limits(held_out, np.ones(len(folds), bool), reject=reject, error=error)
        sets[inside] = class_sets(judged.probabilities[inside], limit, judged.answers[inside])
        known[inside] = known_images(judged.scores[inside], unknown, num_images=int(inside.sum()))
    return answer_figures(sets, known, judged.labels, judged.groups, cross_validated=True)


def figures_of(judged: Judged, unknown: UnknownLimit | None, limit: SetLimit | None) -> AnswerFigures:
    """The figures of these limits on these images."""
    sets = class_sets(judged.probabilities, limit, judged.answers)
    known = known_images(judged.scores, unknown, num_images=len(judged.labels))
    return answer_figures(sets, known, judged.labels, judged.groups)


def with_three_answers(card: Card, three: ThreeAnswers) -> Card:
    """The card with the limits and their figures."""
    limit = three.unknown.threshold if three.unknown else None
    records = {"unknown": three.unknown, "sets": three.sets, "answers": three.figures, "unknown_threshold": limit}
    return card.model_copy(update=records)


def three_answers_notes(short: TooFewForPromise | None) -> Iterator[Note]:
    """What the reader of the report must know about the limits."""
    if short is not None:
        yield Note(*short.both, "warning")
