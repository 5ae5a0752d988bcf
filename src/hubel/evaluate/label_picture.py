"""`picture.png` of a model that gives an image several labels: how well it ranks them, label by label, and typical and hard images."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from hubel.core.card import Card
from hubel.core.multi_label import LabelMetrics
from hubel.evaluate import label_sentences
from hubel.evaluate.canvas import (
    CARD_PX,
    GAP,
    GRID,
    HEADING_PX,
    LEFT,
    LEFT_END,
    NUM_COLUMNS,
    TOPS,
    Canvas,
    draw_bar,
    draw_footer,
    draw_frame,
    draw_headline,
    new_canvas,
    save_picture,
)
from hubel.evaluate.lettering import Style
from hubel.evaluate.numbers import percent
from hubel.evaluate.picture import MISTAKES, TYPICAL
from hubel.evaluate.report import ImageResult, Report
from hubel.evaluate.sentences import Both
from hubel.evaluate.shapes import INK, RIGHT_FILL, SOFT, WRONG_FILL, draw_meter

NUM_LABELS = 9
"""So many fit below each other."""
LABELS = Both("Average precision of each label", "레이블별 평균 정밀도")
WEAKEST = Both("Average precision of the weakest labels", "가장 약한 레이블의 평균 정밀도")


def write_label_picture(report: Report, path: Path) -> None:
    """Write the picture of a report as a PNG of at most 400 kB, whole or not at all.

    Parameters
    ----------
    report
        What it shows; its card has the figures of labels.
    path
        Where it stands.
    """
    save_picture(report, path, draw_label_picture)


def draw_label_picture(report: Report, folders: tuple[str, ...], *, photo_bits: int = 8) -> Image.Image:
    """The picture of a report, in the user's language where a font has its letters, else in English.

    Parameters
    ----------
    report, folders, photo_bits
        As in `picture.draw_picture`.
    """
    card, labels = report.card, report.card.labels
    assert labels is not None
    canvas = new_canvas(folders, photo_bits=photo_bits)
    draw_headline(
        canvas, report.title, canvas.said(label_sentences.short_headline(labels)),
        figure=labels.mean_average_precision, interval=labels.mean_average_precision_interval,
    )  # fmt: skip
    draw_labels(canvas, labels.per_label)
    for top, heading, results in zip(TOPS, (TYPICAL, MISTAKES), (report.examples, report.mistakes), strict=True):
        if results:
            canvas.text(GRID, top + 18, canvas.said(heading), Style(20, INK, bold=True))
        for column, result in enumerate(results[:NUM_COLUMNS]):
            draw_label_card(canvas, (GRID + column * (CARD_PX + GAP), top + HEADING_PX), result, card=card)
    draw_footer(canvas, report)
    return canvas.image


def draw_labels(canvas: Canvas, rows: tuple[LabelMetrics, ...]) -> None:
    """A bar for each label; of many, for the weakest."""
    measured = [(row.average_precision, row.name) for row in rows if row.average_precision is not None]
    few = len(measured) <= NUM_LABELS
    canvas.text(LEFT, 394, canvas.said(LABELS if few else WEAKEST), Style(20, INK, bold=True))
    chosen = measured if few else sorted(measured)[:NUM_LABELS]
    for index, (found, name) in enumerate(chosen):
        baseline = 434 + index * 44
        share = canvas.text(LEFT_END, baseline, percent(found), Style(18, SOFT, align="right"))
        canvas.text(LEFT, baseline, canvas.fitted(name, LEFT_END - LEFT - share - 16, 18), Style(18, INK))
        draw_meter(canvas.image, (LEFT, baseline + 9, LEFT_END, baseline + 17), found, colour=RIGHT_FILL)


def draw_label_card(canvas: Canvas, place: tuple[int, int], result: ImageResult, *, card: Card) -> None:
    """One image, whether all its labels are right, and two of its labels: wrong answers first, then the likeliest."""
    left, top = place
    draw_frame(canvas, place, result, card=card, right=result.truth == result.given)

    def urgency(index: int) -> tuple[bool, float]:
        return (index in result.truth) == (index in result.given), -result.probabilities[index]

    for row, index in enumerate(sorted(range(len(result.probabilities)), key=urgency)[:2]):
        truth, given = index in result.truth, index in result.given
        fill = RIGHT_FILL if truth else WRONG_FILL if given else SOFT
        baseline = top + CARD_PX + 66 + row * 44
        draw_bar(canvas, (left, baseline), card.classes[index], result.probabilities[index], truth=truth, fill=fill)
