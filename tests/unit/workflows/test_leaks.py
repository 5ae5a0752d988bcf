"""A user's own split with copies on both sides: the run says so wherever it says how good it is, and what holds without them."""

from __future__ import annotations

import functools
from pathlib import Path

from hubel.core.card import Metrics, read_card
from hubel.core.leak import Leak
from hubel.core.rundir import REPORT
from hubel.evaluate.figures import capped
from hubel.evaluate.sentences import protocol
from small_runs import messy_run, small_run


@functools.cache
def leaking() -> tuple[Metrics, str, str, str]:
    """Metrics, notes, report and model card of a run on data whose test folder holds one exact and one brighter copy."""
    report, readme, notes = (
        (messy_run() / name).read_text(encoding="utf-8") for name in (REPORT, "README.md", "events.jsonl")
    )
    return metrics_of(messy_run()), notes, report, readme


def test_each_copy_is_counted_once_and_the_others_have_figures_of_their_own() -> None:
    metrics, *_ = leaking()
    leak = metrics.leak
    assert leak is not None
    assert (leak.num_exact, leak.num_near, leak.num_others) == (1, 1, metrics.num_images - 2)
    assert leak.accuracy_of_others is not None
    assert leak.interval_of_others is not None
    low, high = leak.interval_of_others
    assert low < leak.accuracy_of_others <= high


def test_nothing_claims_that_the_model_never_saw_the_test_images() -> None:
    metrics, _, report, readme = leaking()
    english, korean = protocol(metrics)
    assert (
        f"copies or near duplicates of 2 of these {metrics.num_images}, so the figures look better than they are"
        in english
    )
    assert f"{metrics.num_images}장 가운데 2장" in korean
    assert "never saw" not in report
    assert "본 적 없" not in report
    assert "near duplicates of 2 of these" in report
    assert "near duplicates, of 2 of these images" in readme


def test_the_notes_name_the_exact_and_the_near_copy_each_once() -> None:
    _, notes, *_ = leaking()
    assert "exact copies of training images: 1, such as test/motorcycle/again.jpg = train" in notes
    assert "near duplicates of training images: 1, such as test/motorcycle/brighter.jpg" in notes


def test_data_without_copies_are_as_they_were() -> None:
    card_metrics = metrics_of(small_run())
    assert card_metrics.leak is None
    assert "flatter" not in protocol(card_metrics).en


def test_where_every_measured_image_is_a_copy_nothing_is_said_of_others() -> None:
    metrics = metrics_of(small_run()).model_copy(
        update={"protocol": "test", "leak": Leak(num_exact=24, num_near=0, num_others=0)}
    )
    assert "Of the other" not in protocol(metrics).en


def test_an_interval_ends_where_its_figure_can_be_no_larger() -> None:
    assert capped((0.1, 2.3), 2.0) == (0.1, 2.0)
    assert capped((0.1, 0.3), 2.0) == (0.1, 0.3)


def metrics_of(run: Path) -> Metrics:
    """What a run measured."""
    return read_card(run / "card.json").metrics
