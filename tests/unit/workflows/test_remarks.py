"""What makes figures or model worth less is told apart from what was chosen, and stands before it: in the report, on the terminal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hubel.cli.progress import event_line
from hubel.core.card import read_card
from hubel.core.events import Note
from hubel.core.rundir import REPORT
from hubel.evaluate.sentences import Both
from hubel.workflows.remarks import notes_of, second_look
from hubel.workflows.together import conflicts
from small_runs import messy_run, small_run


def logged(run: Path, weight: str) -> str:
    records = map(json.loads, (run / "events.jsonl").read_text(encoding="utf-8").splitlines())
    return "\n".join(record["en"] for record in records if record["event"] == "Note" and record["weight"] == weight)


def test_everything_that_is_wrong_with_messy_data_is_a_warning() -> None:
    warnings = logged(messy_run(), "warning")
    assert "exact copies of training images: 1" in warnings
    assert "near duplicates of training images: 1" in warnings
    assert "The same picture in different classes: 2 times" in warnings
    assert "Files that could not be read: 3" in warnings
    assert "Not measured at all, for want of an image: “Coffees”" in warnings
    assert "Classes can be told without a look at the pictures" in warnings
    assert "File format: “gravel” or not" in warnings
    assert "Picture size: “motorcycle” or not" in warnings


def test_what_was_chosen_is_no_warning() -> None:
    choices = logged(messy_run(), "choice")
    assert "Base efficientnet_lite0" in choices
    assert "without a look" not in choices
    assert logged(small_run(), "warning") == ""


def test_report_puts_the_warnings_first_and_leaves_steps_out() -> None:
    report = (messy_run() / REPORT).read_text(encoding="utf-8")
    first, rest = report.index("Before you trust it"), report.index("What was chosen, and why")
    assert first < report.index("The same picture in different classes") < rest
    assert first < report.index("File format: “gravel” or not") < rest
    assert rest < report.index("Base efficientnet_lite0 at")
    assert "Trying another view" not in report
    assert "<code>hubel check</code>" in report
    assert "Before you trust it" not in (small_run() / REPORT).read_text(encoding="utf-8")


def test_terminal_marks_a_warning() -> None:
    assert event_line(Note("flatters", "좋게 나옵니다", "warning")).startswith("▲ ")
    assert event_line(Note("chosen", "고름")).startswith("• ")


def test_each_note_stands_once() -> None:
    log = [Note("a", "가"), Note("b", "나", "warning"), Note("a", "가")]
    assert notes_of(log, "choice") == (Both("a", "가"),)


def test_a_picture_conflicts_only_with_another_label() -> None:
    assert conflicts([1, 2, 1, 2], [0, 0, 0, 1]) == [(1, 3)]


@pytest.mark.parametrize(
    ("share", "weight", "words"),
    [
        (0.9, "choice", "which fits the figure of the test images"),
        (0.82, "warning", "expect something between the two"),
        (0.4, "warning", "more than chance explains"),
    ],
)
def test_cross_validation_is_held_against_the_test_images(share: float, weight: str, words: str) -> None:
    card = read_card(small_run() / "card.json")
    said = {"protocol": "test", "accuracy": 0.92, "accuracy_interval": (0.85, 0.96)}
    card = card.model_copy(update={"metrics": card.metrics.model_copy(update=said)})
    (note,) = second_look(card, share, 200)
    assert note.weight == weight
    assert words in note.en


def test_cross_validated_figures_need_no_second_look() -> None:
    assert not list(second_look(read_card(small_run() / "card.json"), 0.5, 24))
