"""`picture.png`: what a model does, at a glance: how often it is right, typical answers, the hardest ones, what it mixes up."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from hubel.core.card import Card, Metrics
from hubel.evaluate import charts, sentences
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
from hubel.evaluate.lettering import Style, text_width
from hubel.evaluate.numbers import count
from hubel.evaluate.report import ImageResult, Report
from hubel.evaluate.sentences import Both
from hubel.evaluate.shapes import CARD, INK, LINE, RIGHT_FILL, SOFT, WRONG, WRONG_FILL, draw_arrow, draw_rounded, mixed

NUM_MISTAKES = 3
"""Of the hardest answers, how many are mistakes where there are least sure ones to show as well."""
MAX_MATRIX_CLASSES = 10
NUM_MIX_UPS = 8


def write_picture(report: Report, path: Path) -> None:
    """Write the picture of a report as a PNG of at most 400 kB, whole or not at all.

    Parameters
    ----------
    report
        What it shows.
    path
        Where it stands, usually ``picture.png`` in the run folder; an older one is replaced.
    """
    save_picture(report, path, draw_picture)


def draw_picture(report: Report, folders: tuple[str, ...], *, photo_bits: int = 8) -> Image.Image:
    """The picture of a report, in the user's language where a font has its letters, else in English.

    Parameters
    ----------
    report
        What it shows.
    folders
        Where fonts are looked for when Pillow's own does not do.
    photo_bits
        Bits of each colour that photos keep.
    """
    canvas = new_canvas(folders, photo_bits=photo_bits)
    metrics = report.card.metrics
    headline = canvas.said(sentences.headline(metrics))
    draw_headline(canvas, report.title, headline, figure=metrics.accuracy, interval=metrics.accuracy_interval)
    if len(report.card.classes) <= MAX_MATRIX_CLASSES:
        _draw_matrix(canvas, report.card.classes, metrics)
    else:
        _draw_mix_ups(canvas, metrics)
    typical, hardest = choose_answers(report)
    rows = [(TYPICAL, typical)] if typical else []
    rows += [(_hardest_heading(hardest), hardest)] if hardest else []
    for top, (heading, results) in zip(TOPS, rows, strict=False):
        _draw_answers(canvas, top, heading, results=results, card=report.card)
    draw_footer(canvas, report)
    return canvas.image


def choose_answers(report: Report) -> tuple[list[ImageResult], list[ImageResult]]:
    """Which answers are shown: typical ones, and the hardest (confident mistakes first, then right ones that were least sure)."""
    unsure = [result for result in report.least_sure if _is_right(result)]
    num_mistakes = max(NUM_MISTAKES, NUM_COLUMNS - len(unsure))
    mistakes = list(report.mistakes[:num_mistakes])
    hardest = mistakes + unsure[: NUM_COLUMNS - len(mistakes)]
    typical = [result for result in report.examples if result not in hardest]
    return typical[:NUM_COLUMNS], hardest


TYPICAL = Both("Typical answers", "전형적인 답")
MISTAKES = Both("Its surest mistakes", "가장 확신한 실수")
UNSURE = Both("Where it is least sure", "가장 자신 없는 답")
MISTAKES_AND_UNSURE = Both(
    "The hardest: surest mistakes, then least sure", "가장 어려운 것: 확신한 실수, 그다음 자신 없는 답"
)
WHAT_FOR_WHAT = Both("What it takes for what", "무엇을 무엇으로 보는가")
AXES = Both("rows: the truth · columns: its answers", "행: 정답 · 열: 모델의 답")
MIX_UPS = Both("Most frequent mix-ups", "가장 잦은 혼동")
NO_MISTAKE = Both("Not one mistake here.", "여기서는 한 번도 틀리지 않았습니다.")


def _is_right(result: ImageResult) -> bool:
    return result.ranked()[0] == result.label


def _draw_matrix(canvas: Canvas, classes: tuple[str, ...], metrics: Metrics) -> None:
    canvas.text(LEFT, 394, canvas.said(WHAT_FOR_WHAT), Style(20, INK, bold=True))
    canvas.text(LEFT, 420, canvas.said(AXES), Style(16, SOFT))
    room = 150 if len(classes) > 5 else 210
    longest = max(text_width(canvas.fitted(name, room, 17), 17, canvas.folders) for name in classes)
    names_px = round(longest) + 38
    cell = min(124, (LEFT_END - LEFT - names_px) // len(classes))
    numbered = any(text_width(name, 15, canvas.folders) > cell - 6 for name in classes)
    names_px -= 0 if numbered else 24
    tall = min(100, 356 // len(classes))
    for index, name in enumerate(classes):
        middle = LEFT + names_px + index * cell + cell / 2
        baseline = 460 + index * tall + tall / 2 + 6
        canvas.text(middle, 450, str(index + 1) if numbered else name, Style(15, SOFT, align="centre"))
        if numbered:
            canvas.text(LEFT, baseline, str(index + 1), Style(15, SOFT))
        canvas.text(LEFT + (24 if numbered else 0), baseline, canvas.fitted(name, room, 17), Style(17, INK))
    for truth, (row, levels) in enumerate(zip(metrics.confusion, charts.heat_levels(metrics), strict=True)):
        for answer, (number, level) in enumerate(zip(row, levels, strict=True)):
            left, top = LEFT + names_px + answer * cell, 460 + truth * tall
            fill = RIGHT_FILL if truth == answer else WRONG_FILL
            colour = mixed(CARD, fill, 0.02 + 0.06 * level if level else 0)
            draw_rounded(canvas.image, (left + 1, top + 1, left + cell - 1, top + tall - 1), colour, radius=4)
            size = min(22, tall * 0.45, (cell - 6) / (0.6 * len(count(number))))
            style = Style(size, INK if number else SOFT, align="centre", bold=truth == answer)
            canvas.text(left + cell / 2, top + tall / 2 + size * 0.36, count(number), style)


def _draw_mix_ups(canvas: Canvas, metrics: Metrics) -> None:
    canvas.text(LEFT, 394, canvas.said(MIX_UPS), Style(20, INK, bold=True))
    found = charts.most_confused(metrics, limit=NUM_MIX_UPS)
    if not found:
        canvas.text(LEFT, 430, canvas.said(NO_MISTAKE), Style(18, INK))
    half = (LEFT_END - LEFT - 100) // 2
    for index, pair in enumerate(found):
        baseline = 436 + index * 48
        draw_arrow(canvas.image, (LEFT + half + 8, baseline - 14), 18, colour=SOFT)
        canvas.text(LEFT, baseline, canvas.fitted(pair.truth, half, 18), Style(18, INK))
        canvas.text(LEFT + half + 36, baseline, canvas.fitted(pair.answer, half, 18), Style(18, INK))
        canvas.text(LEFT_END, baseline, count(pair.num_images), Style(18, WRONG, align="right", bold=True))
        canvas.draw.line((LEFT, baseline + 17, LEFT_END, baseline + 17), fill=LINE)


def _hardest_heading(results: list[ImageResult]) -> Both:
    kinds = {_is_right(result) for result in results}
    if len(kinds) == 2:
        return MISTAKES_AND_UNSURE
    return MISTAKES if kinds == {False} else UNSURE


def _draw_answers(canvas: Canvas, top: int, heading: Both, *, results: list[ImageResult], card: Card) -> None:
    """A row of cards under a heading."""
    canvas.text(GRID, top + 18, canvas.said(heading), Style(20, INK, bold=True))
    for column, result in enumerate(results):
        _draw_card(canvas, (GRID + column * (CARD_PX + GAP), top + HEADING_PX), result, card=card)


def _draw_card(canvas: Canvas, place: tuple[int, int], result: ImageResult, *, card: Card) -> None:
    """One image, whether its answer is right, and the probabilities of that answer and of the truth or the runner-up."""
    left, top = place
    right = _is_right(result)
    draw_frame(canvas, place, result, card=card, right=right)
    ranked = result.ranked()
    for row, index in enumerate((ranked[0], ranked[1] if right else result.label)):
        truth = index == result.label
        fill = RIGHT_FILL if truth else SOFT if right else WRONG_FILL if row == 0 else SOFT
        baseline = top + CARD_PX + 66 + row * 44
        draw_bar(canvas, (left, baseline), card.classes[index], result.probabilities[index], truth=truth, fill=fill)
