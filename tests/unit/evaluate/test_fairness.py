"""Figures for groups of images, and the largest gap between two."""

from __future__ import annotations

import numpy as np
import pytest

from hubel.core.errors import DataError
from hubel.evaluate.fairness import AnswerSet, Column, measure_groups
from hubel.evaluate.verdict import group_verdict, small_groups


def answers_of(right: np.ndarray, units: np.ndarray | None = None) -> AnswerSet:
    """A model for two classes that is right where told."""
    labels = np.arange(len(right)) % 2
    answers = np.where(right, labels, 1 - labels)
    probabilities = np.full((len(right), 2), 0.1)
    probabilities[np.arange(len(right)), answers] = 0.9
    return AnswerSet(probabilities, answers, labels, units)


def column_of(counts: dict[str, int]) -> Column:
    return Column("camera", [name for name, count in counts.items() for _ in range(count)])


def test_a_planted_gap_is_found_and_named() -> None:
    right = np.concatenate([np.arange(200) >= 10, np.arange(200) >= 50])
    report = measure_groups(answers_of(right), column_of({"old": 200, "new": 200}), random=np.random.default_rng(0))
    assert report.gap is not None
    assert (report.gap.best, report.gap.worst) == ("old", "new")
    assert report.gap.difference == pytest.approx(0.2)
    assert report.gap.p_value < 0.01
    assert report.gap.interval[0] > 0
    assert "not served alike" in group_verdict(report).en
    by_name = {group.name: group for group in report.groups}
    assert by_name["old"].accuracy == pytest.approx(0.95)
    assert by_name["old"].accuracy_interval[0] < 0.95 < by_name["old"].accuracy_interval[1]


def test_groups_served_alike_are_seldom_called_unlike() -> None:
    random = np.random.default_rng(1)
    found = 0
    for _ in range(30):
        column = Column("place", [str(value) for value in random.integers(0, 5, 200)])
        gap = measure_groups(answers_of(random.random(200) < 0.85), column, random=random).gap
        assert gap is not None
        found += gap.p_value < 0.05
    assert found <= 5


def test_small_groups_are_shown_but_not_compared() -> None:
    right = np.arange(105) >= 5
    report = measure_groups(
        answers_of(right), column_of({"tiny": 5, "one": 50, "two": 50}), random=np.random.default_rng(0)
    )
    tiny = next(group for group in report.groups if group.name == "tiny")
    assert not tiny.compared
    assert report.gap is not None
    assert "tiny" not in (report.gap.best, report.gap.worst)
    said = small_groups(report)
    assert said is not None
    assert "tiny" in said.en


def test_images_without_a_value_belong_to_no_group() -> None:
    column = Column("camera", ["a"] * 30 + ["b"] * 30 + [""] * 10)
    report = measure_groups(answers_of(np.arange(70) >= 7), column, random=np.random.default_rng(0))
    assert report.num_without == 10
    assert sum(group.num_images for group in report.groups) == 60


def test_bursts_within_groups_make_a_gap_less_sure() -> None:
    right = np.concatenate([np.arange(60) >= 5, np.arange(60) >= 15])
    column = column_of({"old": 60, "new": 60})
    single = measure_groups(answers_of(right), column, random=np.random.default_rng(0)).gap
    bursts = measure_groups(answers_of(right, np.arange(120) // 5), column, random=np.random.default_rng(0)).gap
    assert single is not None
    assert bursts is not None
    assert bursts.interval[0] < single.interval[0]
    assert bursts.p_value > single.p_value


def test_a_column_of_single_images_is_refused() -> None:
    column = Column("id", [str(index) for index in range(300)])
    with pytest.raises(DataError, match="300 different values"):
        measure_groups(answers_of(np.ones(300, bool)), column, random=np.random.default_rng(0))
