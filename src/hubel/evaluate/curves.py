"""The curves of a training as SVG, drawn without a library: loss and accuracy over the epochs, training and validation.

Training is a thin line, validation a thick one, so that they differ without colour too; a ring marks the epoch that was kept, a
shade the epochs after which the network only learned its training images by heart.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from hubel.core.language import say
from hubel.core.learning import Training, overfit_from

PANEL_WIDTH, PANEL_HEIGHT = 330, 210
LEFT, TOP, GAP, BOTTOM = 46, 28, 66, 56
MOST_TICKS = 8
WIDTH, HEIGHT = LEFT + 2 * PANEL_WIDTH + GAP + 14, TOP + PANEL_HEIGHT + BOTTOM
STYLE = """
svg { color-scheme: light dark; background: light-dark(#ffffff, #1b1e22); font: 12px system-ui, sans-serif; }
text { fill: light-dark(#595e66, #a5abb4); } .title { fill: light-dark(#1c1e21, #ecebe7); font-weight: 600; }
.grid { stroke: light-dark(#e3e0d9, #30353c); fill: none; }
.training { stroke: light-dark(#ab4518, #f19a6d); stroke-width: 1.5; stroke-dasharray: 5 3; fill: none; }
.validation { stroke: light-dark(#17697a, #67c3d3); stroke-width: 2.5; fill: none; }
.dot.training { fill: light-dark(#ab4518, #f19a6d); stroke: none; } .dot.validation { fill: light-dark(#17697a, #67c3d3); stroke: none; }
.kept { stroke: light-dark(#1c1e21, #ecebe7); stroke-width: 2; fill: none; } .overfit { fill: light-dark(#ab4518, #f19a6d); opacity: .1; }
"""


def curves_svg(trainings: Sequence[Training], *, alone: bool = False) -> str:
    """The curves.

    Parameters
    ----------
    trainings
        One or more; further ones are drawn over the first.
    alone
        For a file of its own: with its colours, and a legend in the user's language. In a page both stand beside it.

    Returns
    -------
    str
        An ``<svg>`` whose only texts are numbers and, alone, the legend.
    """
    longest = max(training.epochs[-1].epoch for training in trainings)
    losses = [
        value for training in trainings for epoch in training.epochs for value in (epoch.loss, epoch.validation_loss)
    ]
    shares = [
        value
        for training in trainings
        for epoch in training.epochs
        for value in (epoch.accuracy, epoch.validation_accuracy)
    ]
    top_loss = rounded_up(sorted(losses)[math.ceil(0.98 * len(losses)) - 1])  # one wild epoch must not flatten the rest
    low_share = min(0.95, int(min(shares) * 10) / 10)
    panels = (
        Panel(LEFT, longest, 0.0, top_loss, "loss", "validation_loss"),
        Panel(LEFT + PANEL_WIDTH + GAP, longest, low_share, 1.0, "accuracy", "validation_accuracy"),
    )
    parts = [part for panel in panels for part in panel.drawn(trainings)]
    words = legend() if alone else []
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}"'
    if not alone:
        return f'{head} aria-hidden="true" class="curves">{"".join(parts)}</svg>'
    return f'{head} width="{WIDTH}" height="{HEIGHT}"><style>{STYLE}</style>{"".join((*parts, *words))}</svg>\n'


class Panel:
    """One pair of curves in its frame; values from `low` to `high` go up."""

    def __init__(self, left: int, longest: int, low: float, high: float, training: str, validation: str) -> None:
        self.left, self.longest, self.low, self.high = left, longest, low, high
        self.names = {"training": training, "validation": validation}

    def across(self, epoch: float) -> float:
        """Where an epoch lies."""
        return self.left + PANEL_WIDTH * (epoch - 1) / max(self.longest - 1, 1)

    def up(self, value: float) -> float:
        """Where a value lies, cut at the frame."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return TOP + PANEL_HEIGHT * (1 - share)

    def drawn(self, trainings: Sequence[Training]) -> list[str]:
        """Frame, shade, curves and marks."""
        parts = self.frame()
        learned_by_heart = overfit_from(trainings[0])
        if learned_by_heart is not None:
            start, end = self.across(learned_by_heart), self.across(trainings[0].epochs[-1].epoch)
            parts.append(
                f'<rect class="overfit" x="{start:.1f}" y="{TOP}" width="{end - start:.1f}" height="{PANEL_HEIGHT}"/>'
            )
        for training in trainings:
            for kind, name in self.names.items():
                places = [(self.across(epoch.epoch), self.up(getattr(epoch, name))) for epoch in training.epochs]
                line = "L".join(f"{across:.1f} {up:.1f}" for across, up in places)
                parts.append(f'<path class="{kind}" d="M{line}"/>')
                if len(places) == 1:
                    parts.append(f'<circle class="dot {kind}" cx="{places[0][0]:.1f}" cy="{places[0][1]:.1f}" r="3"/>')
            kept = next((epoch for epoch in training.epochs if epoch.epoch == training.kept_epoch), None)
            if kept is not None:
                across, up = self.across(kept.epoch), self.up(getattr(kept, self.names["validation"]))
                parts.append(f'<circle class="kept" cx="{across:.1f}" cy="{up:.1f}" r="6"/>')
        return parts

    def frame(self) -> list[str]:
        """Lines and numbers at the sides."""
        parts = []
        for tick in range(5):
            value = self.low + (self.high - self.low) * tick / 4
            text = f"{value * 100:.0f}" if self.names["training"] == "accuracy" else f"{value:.3g}"
            up = self.up(value)
            parts += [
                f'<path class="grid" d="M{self.left} {up:.1f}h{PANEL_WIDTH}"/>',
                f'<text x="{self.left - 8}" y="{up + 4:.1f}" text-anchor="end">{text}</text>',
            ]
        step = max(1, math.ceil(self.longest / MOST_TICKS))
        for epoch in range(self.longest, 0, -step):
            parts.append(
                f'<text x="{self.across(epoch):.1f}" y="{TOP + PANEL_HEIGHT + 18}" text-anchor="middle">{epoch}</text>'
            )
        return parts


def legend() -> list[str]:
    """What stands where, in the user's language."""
    loss = say(en="Loss over the epochs", ko="에포크별 손실")
    accuracy = say(en="Accuracy (%) over the epochs", ko="에포크별 정확도(%)")
    training, validation = say(en="training", ko="학습"), say(en="validation", ko="검증")
    kept = say(en="kept", ko="사용한 에포크")
    bottom = HEIGHT - 8
    marks = ((LEFT, "training", training), (LEFT + 150, "validation", validation))
    parts = [
        f'<text class="title" x="{LEFT}" y="16">{loss}</text>',
        f'<text class="title" x="{LEFT + PANEL_WIDTH + GAP}" y="16">{accuracy}</text>',
        f'<circle class="kept" cx="{LEFT + 310}" cy="{bottom - 4}" r="5"/><text x="{LEFT + 322}" y="{bottom}">{kept}</text>',
    ]
    for left, kind, words in marks:
        parts.append(
            f'<path class="{kind}" d="M{left} {bottom - 4}h24"/><text x="{left + 30}" y="{bottom}">{words}</text>'
        )
    return parts


def rounded_up(value: float) -> float:
    """The next round number above, for the top of a scale.

    Examples
    --------
    >>> [rounded_up(value) for value in (0.013, 2.31, 7.0)]
    [0.015, 2.5, 7.5]
    """
    power = 10.0 ** (len(f"{value:.0f}") - 1) if value >= 1 else 0.1
    while value < power and power > 1e-9:
        power /= 10
    return next(round(power * step, 12) for step in (1, 1.5, 2, 2.5, 3, 4, 5, 7.5, 10, 100) if power * step >= value)
