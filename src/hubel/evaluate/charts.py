"""The pictures of a report as numbers and SVG: drawn without a library, and holding no text from outside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from hubel.core.card import Metrics
from hubel.evaluate.intervals import wilson_interval
from hubel.evaluate.metrics import ReliabilityBin

NUM_HEAT_LEVELS = 9


class Confusion(NamedTuple):
    """One kind of mistake: `num_images` of the class `truth` answered as `answer`, and their share of that class."""

    truth: str
    answer: str
    num_images: int
    share: float


def most_confused(metrics: Metrics, *, limit: int) -> tuple[Confusion, ...]:
    """The most frequent mistakes, ties in the order of the classes.

    Parameters
    ----------
    metrics
        Whose confusion matrix is read.
    limit
        How many at most; pairs that never happened are left out.
    """
    wrong = np.array(metrics.confusion)
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:limit]
    truths, answers = np.unravel_index(order, wrong.shape)
    return tuple(
        Confusion(
            truth=metrics.per_class[truth].name,
            answer=metrics.per_class[answer].name,
            num_images=int(wrong[truth, answer]),
            share=float(wrong[truth, answer] / metrics.per_class[truth].support),
        )
        for truth, answer in zip(truths, answers, strict=True)
        if wrong[truth, answer]
    )


def heat_levels(metrics: Metrics) -> tuple[tuple[int, ...], ...]:
    """How strongly each cell of the confusion matrix is coloured, by its share of the true class.

    Returns
    -------
    tuple of tuple of int
        0 for an empty cell, then 1 to 9. The square root lets rare mistakes show beside a full diagonal.
    """
    matrix = np.array(metrics.confusion)
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    levels = np.ceil(np.sqrt(shares) * NUM_HEAT_LEVELS).astype(int)
    return tuple(tuple(int(level) for level in row) for row in levels)


def reliability_svg(bins: Sequence[ReliabilityBin]) -> str:
    """Claimed against true accuracy: a bar for each bin, the gap to its claim, its 95 % interval, and below how many images.

    Parameters
    ----------
    bins
        Of `hubel.evaluate.metrics.reliability`.

    Returns
    -------
    str
        An ``<svg>`` with classes for its colours and numbers for its only text.
    """
    parts = [*_grid()]
    largest = max((part.num_images for part in bins), default=0)
    for part in bins:
        if part.num_images:
            parts += _bar(part, largest)
    parts.append(f'<path class="ideal" d="M{_x(0)} {_y(0)}L{_x(1)} {_y(1)}"/>')
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true" class="chart">{"".join(parts)}</svg>'


WIDTH, HEIGHT = 360, 380
LEFT, TOP, SIDE = 40, 10, 300
COUNT_TOP, COUNT_HEIGHT = 320, 36


def _x(share: float) -> str:
    return f"{LEFT + SIDE * share:.1f}"


def _y(share: float) -> str:
    return f"{TOP + SIDE * (1 - share):.1f}"


def _grid() -> list[str]:
    lines = []
    for tick in (0, 0.25, 0.5, 0.75, 1):
        lines += [
            f'<path class="grid" d="M{_x(0)} {_y(tick)}H{_x(1)}M{_x(tick)} {_y(0)}V{_y(1)}"/>',
            f'<text x="{LEFT - 8}" y="{_y(tick - 0.012)}" text-anchor="end">{tick * 100:.0f}</text>',
            f'<text x="{_x(tick)}" y="{HEIGHT - 6}" text-anchor="middle">{tick * 100:.0f}</text>',
        ]
    return lines


def _bar(part: ReliabilityBin, largest: int) -> list[str]:
    left, width = LEFT + SIDE * part.lower + 1, SIDE * (part.upper - part.lower) - 2
    low, high = sorted((part.accuracy, part.confidence))
    gap = "more" if part.accuracy > part.confidence else "less"
    shape = f'x="{left:.1f}" width="{width:.1f}"'
    tall = max(1.5, COUNT_HEIGHT * part.num_images / largest)
    middle = left + width / 2
    surely = wilson_interval(round(part.accuracy * part.num_images), part.num_images)
    return [
        f'<rect class="true" {shape} y="{_y(low)}" height="{SIDE * low:.1f}"/>',
        f'<rect class="{gap}" {shape} y="{_y(high)}" height="{SIDE * (high - low):.1f}"/>',
        f'<path class="claim" d="M{left:.1f} {_y(part.confidence)}h{width:.1f}"/>',
        f'<path class="band" d="M{middle:.1f} {_y(surely[0])}V{_y(surely[1])}"/>',
        f'<rect class="count" {shape} y="{COUNT_TOP + COUNT_HEIGHT - tall:.1f}" height="{tall:.1f}"/>',
    ]
