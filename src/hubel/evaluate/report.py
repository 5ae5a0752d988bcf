"""`report.html`: one file that opens offline and says how good a model is, where it errs and how it was made."""

from __future__ import annotations

import base64
import hashlib
import re
import shlex
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hubel.core.arrays import Int
from hubel.core.card import Card
from hubel.core.errors import MissingExtraError
from hubel.core.files import write_atomically
from hubel.core.language import current_language
from hubel.core.types import Labels, Probabilities
from hubel.data.refusal import Refusal, refusal_meaning
from hubel.evaluate import charts, numbers, sentences, verdict
from hubel.evaluate.answer_sentences import answer_sentences
from hubel.evaluate.curves import curves_svg
from hubel.evaluate.learning_sentences import learning_points
from hubel.evaluate.metrics import ReliabilityBin
from hubel.evaluate.together import TwinPair, leak_sentence

if TYPE_CHECKING:
    from jinja2 import Environment

STAGES = {
    "open": ("Preparing", "준비"),
    "read": ("Reading images", "이미지 읽기"),
    "learn": ("Learning", "학습"),
    "write": ("Writing the run", "결과 쓰기"),
}
"""What the stages of a run do, in English and in Korean."""
Places = Int[np.ndarray, " m"]
"""Where in a list of images the chosen ones are."""


@dataclass(frozen=True, slots=True)
class ImageResult:
    """One image as the report shows it.

    `path` is the name to show, `label` the true class, `probabilities` one for each class,
    `thumbnail` the bytes of a JPEG of at most 160 pixels, upright, made where images are read. `answer` is the answered
    class where a decision makes it another than the likeliest. Where an image may have several labels, `truth` are those it
    has, `given` those it was given, and `label` says nothing.
    """

    path: str
    label: int
    probabilities: tuple[float, ...]
    thumbnail: bytes
    answer: int | None = None
    truth: tuple[int, ...] = ()
    given: tuple[int, ...] = ()

    def ranked(self) -> list[int]:
        """The classes, the answered one first, the others by their probability."""
        return sorted(
            range(len(self.probabilities)), key=lambda index: (index != self.answer, -self.probabilities[index])
        )


@dataclass(frozen=True, slots=True)
class SetAside:
    """A file that was not used: its name, the id of the refusal (``truncated``, …) and the reason in words."""

    path: str
    refusal: str
    detail: str


@dataclass(frozen=True, slots=True)
class StageTime:
    """A part of the run, how long it took, and what there is to say about it."""

    name: str
    seconds: float
    note: str


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that stands in the report.

    `run_folder` is the path for the commands; `mistakes` are the most confident first, `least_sure` the least sure first;
    `warnings` are pairs (English, Korean) on what makes figures or model worth less, `notes` on what was chosen and why; `num_set_aside` counts all files set aside when
    `set_aside` lists only the first, and is None when it lists them all; `examples` are typical right answers;
    `twins` are near duplicates, `names` what their labels are called where these are not the classes.
    """

    title: str
    run_folder: str
    card: Card
    mistakes: tuple[ImageResult, ...]
    least_sure: tuple[ImageResult, ...]
    reliability: tuple[ReliabilityBin, ...]
    set_aside: tuple[SetAside, ...]
    stages: tuple[StageTime, ...]
    warnings: tuple[tuple[str, str], ...] = ()
    notes: tuple[tuple[str, str], ...] = ()
    num_set_aside: int | None = None
    examples: tuple[ImageResult, ...] = ()
    twins: tuple[TwinPair, ...] = ()
    names: tuple[str, ...] = ()


def write_report(report: Report, path: Path) -> None:
    """Write the report as one HTML file, whole or not at all.

    Parameters
    ----------
    report
        What it says.
    path
        Where it stands, usually ``report.html`` in the run folder; an older one is replaced.

    Raises
    ------
    MissingExtraError
        When jinja2 is not installed.
    """
    write_atomically(path, render_report(report))


def render_report(report: Report) -> str:
    """The report as the text of one HTML page; every name from outside is escaped."""
    metrics, provenance = report.card.metrics, report.card.provenance
    page: str = load_template().render(
        report=report,
        card=report.card,
        metrics=metrics,
        language=current_language(),
        headline=sentences.headline(metrics),
        certainty=sentences.certainty(metrics),
        protocol=sentences.protocol(metrics),
        ended_early=sentences.ended_early(provenance.num_seen, provenance.num_unread)
        if provenance.num_unread
        else None,
        meaning=sentences.meaning(metrics),
        commonest_share=sentences.commonest_share(metrics),
        group_verdict=verdict.group_verdict(metrics.by) if metrics.by else None,
        small_groups=verdict.small_groups(metrics.by) if metrics.by else None,
        answers=tuple(answer_sentences(report.card.answers, unknown=report.card.unknown, sets=report.card.sets))
        if report.card.answers
        else (),
        CALIBRATIONS=sentences.CALIBRATIONS,
        confused=charts.most_confused(metrics, limit=25),
        heat=charts.heat_levels(metrics),
        chart=charts.reliability_svg(report.reliability),
        num_mistakes=metrics.num_images - sum(row[index] for index, row in enumerate(metrics.confusion)),
        num_set_aside=len(report.set_aside) if report.num_set_aside is None else report.num_set_aside,
        total_seconds=sum(stage.seconds for stage in report.stages),
        leak=leak_sentence(report.card.leak_tax) if report.card.leak_tax else None,
        learning_points=learning_points(report.card.learning) if report.card.learning else (),
        curves=curves_svg(report.card.learning.trainings) if report.card.learning else "",
    )
    return page


def load_template(name: str = "report.html.j2") -> Any:
    """A page's template; compiling it takes longer than filling it, so it is done once, and may be done ahead.

    Parameters
    ----------
    name
        Its file in ``templates``.

    Raises
    ------
    MissingExtraError
        When jinja2 is not installed.
    """
    return _environment().get_template(name)


def most_confident_mistakes(
    probabilities: Probabilities, labels: Labels, *, limit: int, answers: Labels | None = None
) -> Places:
    """The wrongly answered images, the surest answer first; ties in the order of the images.

    Parameters
    ----------
    probabilities
        One row for each image.
    labels
        True class indices.
    limit
        How many at most.
    answers
        The answered classes, where a decision makes them other than the likeliest.

    Examples
    --------
    >>> sure = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]])
    >>> most_confident_mistakes(sure, np.array([0, 1, 0]), limit=5).tolist()
    [2, 1]
    """
    wrong = np.flatnonzero((probabilities.argmax(axis=1) if answers is None else answers) != labels)
    order = np.argsort(-probabilities[wrong].max(axis=1), kind="stable")
    return wrong[order][:limit]


def least_sure(probabilities: Probabilities, *, limit: int) -> Places:
    """The images whose best class has the lowest probability, the lowest first; ties in the order of the images.

    Parameters
    ----------
    probabilities
        One row for each image.
    limit
        How many at most.

    Examples
    --------
    >>> least_sure(np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]]), limit=2).tolist()
    [1, 2]
    """
    return np.argsort(probabilities.max(axis=1), kind="stable")[:limit]


def most_typical(probabilities: Probabilities, labels: Labels, *, limit: int, answers: Labels | None = None) -> Places:
    """Rightly answered images of ordinary confidence, taken in turn from the classes; ties in the order of the images.

    The first of a class is the one nearest to the median of its right answers, the next the second nearest.

    Parameters
    ----------
    probabilities
        One row for each image.
    labels
        True class indices.
    limit
        How many at most; of more classes than this, some that lie evenly among them.
    answers
        As in `most_confident_mistakes`.

    Examples
    --------
    >>> sure = np.array([[0.9, 0.1], [0.7, 0.3], [0.6, 0.4], [0.2, 0.8]])
    >>> most_typical(sure, np.array([0, 0, 0, 1]), limit=3).tolist()
    [1, 3, 2]
    """
    confidence = probabilities.max(axis=1)
    right = (probabilities.argmax(axis=1) if answers is None else answers) == labels
    orders = []
    for label in np.unique(labels[right]):
        rows = np.flatnonzero(right & (labels == label))
        distance = np.abs(confidence[rows] - np.median(confidence[rows]))
        orders.append(rows[np.argsort(distance, kind="stable")].tolist())
    if len(orders) > limit:
        orders = [orders[place] for place in np.linspace(0, len(orders) - 1, limit).round().astype(int)]
    in_turn = [row for turn in zip_longest(*orders) for row in turn if row is not None]
    return np.array(in_turn[:limit], int)


@cache
def _environment() -> Environment:
    """Jinja with our filters, made once for compiling takes longer than writing: whatever a template prints is made visible first, then escaped."""
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
        from markupsafe import Markup
    except ImportError as error:
        raise MissingExtraError("jinja2", "train") from error

    def finalize(value: object) -> object:
        return numbers.visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    environment = Environment(
        loader=PackageLoader("hubel.evaluate"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    script = _template_text("report.js")
    environment.globals |= {
        # Our own texts, so they need no escape; the policy lets this script run and no other.
        "script": Markup(script),  # noqa: S704
        "script_hash": base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        "style": Markup(_template_text("report.css")),  # noqa: S704
    }
    environment.filters |= {
        "percent": numbers.percent,
        "count": numbers.count,
        "duration": numbers.duration,
        "drawing": Markup,
        "data_uri": lambda thumbnail: "data:image/jpeg;base64," + base64.b64encode(thumbnail).decode(),
        "ranked": _ranked,
        "shell": shlex.quote,
        "meaning": lambda refusal: refusal_meaning(Refusal(refusal)),
        "prose": _prose,
        "stage": lambda name: STAGES.get(name, (name, name)),
    }
    return environment


def _template_text(name: str) -> str:
    return (resources.files("hubel.evaluate") / "templates" / name).read_text(encoding="utf-8")


def _prose(text: str) -> Any:
    """A sentence of ours, made visible and escaped, in which what stands between backticks is set as code."""
    from markupsafe import Markup, escape

    text = str(escape(numbers.visible(text).replace(" %", numbers.PERCENT)))
    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", text))  # noqa: S704  escaped just now


def _ranked(result: ImageResult, card: Card) -> list[dict[str, Any]]:
    """The three first classes of an image, the answered one before all, and the true one if it is not among them."""
    order = result.ranked()
    shown = [rank for rank, index in enumerate(order) if rank < 3 or index == result.label]
    return [
        {
            "rank": rank + 1,
            "name": card.classes[order[rank]],
            "probability": float(result.probabilities[order[rank]]),
            "is_true": order[rank] == result.label,
        }
        for rank in shown
    ]
