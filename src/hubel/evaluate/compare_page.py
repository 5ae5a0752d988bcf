"""`hubel compare --html`: one page with the verdict, the figures side by side and the pictures on which two models differ."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hubel.core.files import write_atomically
from hubel.core.language import current_language
from hubel.evaluate.compare import Comparison
from hubel.evaluate.report import load_template
from hubel.evaluate.verdict import disagreement, remark, signed_points, verdict


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What the page says of one model beside its answers."""

    name: str
    base: str
    image_px: int
    megabytes: float
    images_per_second: float
    engine: str


@dataclass(frozen=True, slots=True)
class ShownDisagreement:
    """An image that the two answer differently: its name, its class, both answers, the probability each gives to its class."""

    path: str
    label: str
    answers: tuple[str, str]
    of_truth: tuple[float, float]
    thumbnail: bytes


@dataclass(frozen=True, slots=True)
class ComparePage:
    """Everything that stands in the page; `num_disagreements` counts those that are not shown, too."""

    models: tuple[ModelFacts, ModelFacts]
    comparison: Comparison
    disagreements: tuple[ShownDisagreement, ...]
    num_disagreements: int
    notes: tuple[tuple[str, str], ...] = ()


def write_compare_page(page: ComparePage, path: Path) -> None:
    """Write the page as one HTML file, whole or not at all.

    Raises
    ------
    MissingExtraError
        When jinja2 is not installed.
    """
    comparison = page.comparison
    text: str = load_template("compare.html.j2").render(
        page=page,
        comparison=comparison,
        language=current_language(),
        verdict=verdict(comparison),
        remark=remark(comparison),
        disagreement=disagreement(comparison),
        points=signed_points,
    )
    write_atomically(path, text)
