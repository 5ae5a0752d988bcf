"""`report.html` of a model that gives an image several labels: the same page with figures, tables and pictures of labels."""

from __future__ import annotations

from functools import partial
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import numpy as np

from hubel.core.card import Card
from hubel.core.files import write_atomically
from hubel.core.language import current_language
from hubel.core.multi_label import MultiLabelMetrics
from hubel.evaluate import charts, label_sentences, sentences
from hubel.evaluate.answer_sentences import answer_sentences
from hubel.evaluate.label_intervals import Answered
from hubel.evaluate.metrics import ReliabilityBin, reliability
from hubel.evaluate.multilabel import binary_log_losses
from hubel.evaluate.report import ImageResult, Places, Report, load_template, most_typical

NUM_PAIRS = 25
PAGE = "labels.html.j2"


class LabelBar(NamedTuple):
    """A label of an image in the report: its probability, whether the image has it, and whether it was given."""

    name: str
    probability: float
    is_true: bool
    is_given: bool


def write_label_report(report: Report, path: Path) -> None:
    """Write the report as one HTML file, whole or not at all.

    Parameters
    ----------
    report
        What it says; its card has the figures of labels.
    path
        Where it stands.

    Raises
    ------
    MissingExtraError
        When jinja2 is not installed.
    """
    write_atomically(path, render_label_report(report))


def render_label_report(report: Report) -> str:
    """The report as the text of one HTML page; every name from outside is escaped."""
    card, provenance = report.card, report.card.provenance
    metrics, labels = card.metrics, card.labels
    assert labels is not None
    page: str = load_template(PAGE).render(
        report=report,
        card=card,
        metrics=metrics,
        language=current_language(),
        headline=label_sentences.headline(metrics, labels),
        certainty=label_sentences.certainty(labels),
        protocol=sentences.protocol(metrics),
        ended_early=sentences.ended_early(provenance.num_seen, provenance.num_unread)
        if provenance.num_unread
        else None,
        meaning=label_sentences.meaning(labels),
        chance=label_sentences.chance(labels),
        group_verdict=None,
        small_groups=None,
        answers=tuple(answer_sentences(card.answers, unknown=card.unknown, sets=None)) if card.answers else (),
        CALIBRATIONS=sentences.CALIBRATIONS,
        heat=charts.heat_levels(metrics.model_copy(update={"confusion": labels.together})),
        pairs=commonest_pairs(labels),
        chart=charts.reliability_svg(report.reliability),
        num_mistakes=round(metrics.num_images * (1 - labels.subset_accuracy)),
        num_set_aside=len(report.set_aside) if report.num_set_aside is None else report.num_set_aside,
        total_seconds=sum(stage.seconds for stage in report.stages),
        leak=None,
        label_bars=partial(label_bars, card=card),
    )
    return page


def commonest_pairs(labels: MultiLabelMetrics) -> list[tuple[str, str, int]]:
    """The labels that most images have both of, with their number."""
    found = [
        (labels.per_label[first].name, labels.per_label[second].name, labels.together[first][second])
        for first, second in combinations(range(len(labels.per_label)), 2)
        if labels.together[first][second]
    ]
    return sorted(found, key=lambda pair: -pair[2])[:NUM_PAIRS]


def surest_mistakes(said: Answered, *, limit: int) -> Places:
    """The images with a label missed or given wrongly, those that the probabilities make least likely first.

    Examples
    --------
    >>> sure = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]])
    >>> true = np.array([[False, False], [False, False], [False, True]])
    >>> surest_mistakes(Answered(sure, true, sure >= 0.5), limit=5).tolist()
    [0, 1]
    """
    wrong = np.flatnonzero((said.given != said.targets).any(1))
    losses = binary_log_losses(said.probabilities, said.targets).sum(1)
    return wrong[np.argsort(-losses[wrong], kind="stable")][:limit]


def unsurest(said: Answered, thresholds: tuple[float, ...], *, limit: int) -> Places:
    """The images of which a label came closest to its threshold, the closest first."""
    distances = np.abs(said.probabilities - np.array(thresholds)).min(1)
    return np.argsort(distances, kind="stable")[:limit]


def usual_answers(said: Answered, *, limit: int) -> Places:
    """Images with every label right and of ordinary confidence, taken in turn from the sets of labels."""
    labels = np.unique(said.targets, axis=0, return_inverse=True)[1].ravel()
    right = (said.given == said.targets).all(1)
    return most_typical(said.probabilities, labels, limit=limit, answers=np.where(right, labels, -1))


def label_reliability(said: Answered) -> tuple[ReliabilityBin, ...]:
    """Claimed against true frequency over all labels of all images, in bins of equal width."""
    stated = said.probabilities.reshape(-1, 1)  # n·k 1
    return reliability(stated, np.where(said.targets.ravel(), 0, 1))


def label_bars(result: ImageResult, *, card: Card) -> list[LabelBar]:
    """The labels that the report shows of an image: those it has or was given, and the two likeliest."""
    order = sorted(range(len(result.probabilities)), key=lambda index: -result.probabilities[index])
    shown = [LabelBar(card.classes[index], result.probabilities[index], index in result.truth, index in result.given)
             for index in order]  # fmt: skip
    return [bar for rank, bar in enumerate(shown) if rank < 2 or bar.is_true or bar.is_given]
