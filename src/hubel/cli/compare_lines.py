"""A comparison as lines for people, and as a record for machines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from hubel.cli.show import field_lines, plain, sentence, size_text
from hubel.cli.terminal import plain_percent
from hubel.core.language import say
from hubel.data.names import shown, utf8
from hubel.evaluate.compare import Difference
from hubel.evaluate.numbers import count
from hubel.evaluate.verdict import disagreement, flattered, remark, signed_points, verdict
from hubel.workflows import Compared, Contender

NUM_DISAGREEMENTS = 10


def compared_record(compared: Compared) -> dict[str, Any]:
    """What ``hubel compare --json`` prints."""
    return {
        "verdict": {"first": "A", "second": "B", "undecided": None}[compared.comparison.verdict],
        "sentence": plain(verdict(compared.comparison)),
        "a": contender_record(compared.first),
        "b": contender_record(compared.second),
        "data": None if compared.source is None else utf8(compared.source),
        "classes": list(compared.classes),
        **{key: value for key, value in asdict(compared.comparison).items() if key != "verdict"},
        "disagreements": [
            {
                "file": utf8(one.path),
                "label": one.label,
                "a": one.first,
                "b": one.second,
                "probability_of_label_a": round(one.first_of_truth, 6),
                "probability_of_label_b": round(one.second_of_truth, 6),
            }
            for one in compared.disagreements
        ],
        "set_aside": [
            {"file": utf8(path), "error": refusal, "detail": utf8(detail)}
            for path, refusal, detail in compared.set_aside
        ],
        "seconds": round(compared.seconds, 3),
    }


def contender_record(contender: Contender) -> dict[str, Any]:
    """One run in the record."""
    return {
        "folder": utf8(str(contender.folder)),
        "base": contender.card.base.name,
        "image_px": contender.card.image.size,
        "engine": contender.engine,
        "images_per_second": round(1 / contender.seconds_per_image, 1),
        "model_bytes": contender.model_bytes,
        "num_learned_from": contender.num_learned_from,
    }


def compared_lines(compared: Compared, page: Path | None) -> Iterator[RenderableType]:
    """The verdict first, then the figures side by side, then where the two differ."""
    comparison = compared.comparison
    yield Text(plain(verdict(comparison)), style="bold green" if comparison.verdict != "undecided" else "bold")
    yield sentence(remark(comparison))
    yield sentence(disagreement(comparison))
    yield from (Text("  " + line, style="yellow") for line in learned_lines(compared))
    yield Text()
    yield side_by_side(compared)
    if compared.disagreements:
        yield Text()
        yield Text(say(en="Where they differ (class: A, B)", ko="답이 갈린 이미지 (정답: A, B)"), style="bold")
        for one in compared.disagreements[:NUM_DISAGREEMENTS]:
            yield Text(f"  {shown(one.label)}: {shown(one.first)}, {shown(one.second)}   {shown(one.path)}")
        more = len(compared.disagreements) - NUM_DISAGREEMENTS
        if more > 0:
            yield Text(
                say(
                    en=f"  … and {count(more)} more; --json lists all, --html shows them",
                    ko=f"  … 그 밖에 {count(more)}장. --json에 모두 있고 --html로 볼 수 있습니다",
                )
            )
    if page is not None:
        yield Text()
        yield from field_lines([(say(en="Page", ko="페이지"), shown(str(page)))])


def learned_lines(compared: Compared) -> Iterator[str]:
    """A warning for each model that has learned from some of the images."""
    for name, contender in (("A", compared.first), ("B", compared.second)):
        if contender.num_learned_from:
            yield plain(flattered(name, contender.num_learned_from, compared.comparison.num_images))


def side_by_side(compared: Compared) -> Table:
    """Figures, speed and size of both, and the difference with its interval."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column(say(en="On the same images", ko="같은 이미지에서"), overflow="fold")
    for title in ("A", "B", "B − A", "95 %"):
        table.add_column(title, justify="right", no_wrap=title != "A")
    comparison, runs = compared.comparison, (compared.first, compared.second)
    for name, found in (
        (say(en="Accuracy", ko="정확도"), comparison.accuracy),
        (say(en="Macro F1", ko="매크로 F1"), comparison.macro_f1),
    ):
        shares = [plain_percent(share) for share in (found.first, found.second)]
        table.add_row(name, *shares, signed_points(found.difference), interval_text(found))
    loss = comparison.log_loss
    low, high = loss.interval
    table.add_row(
        say(en="Log loss (low is good)", ko="로그 손실(낮을수록 좋음)"),
        f"{loss.first:.4f}",
        f"{loss.second:.4f}",
        f"{loss.difference:+.4f}",
        f"{low:+.4f} … {high:+.4f}",
    )
    table.add_row(
        say(en="Images per second", ko="초당 이미지"), *(f"{1 / run.seconds_per_image:.0f}" for run in runs), "", ""
    )
    table.add_row(say(en="Model size", ko="모델 크기"), *(size_text(run.model_bytes) for run in runs), "", "")
    table.add_row(say(en="Input", ko="입력"), *(f"{run.card.image.size} px" for run in runs), "", "")
    table.add_row(say(en="Run", ko="실행"), *(Text(shown(run.folder.name)) for run in runs), "", "")
    return table


def interval_text(found: Difference) -> str:
    """The interval of a difference in points."""
    low, high = (signed_points(end) for end in found.interval)
    return f"{low} … {high}"
