"""Every headline figure has an interval that covers the truth as often as it says."""

from __future__ import annotations

import numpy as np
import pytest

from hubel.core.types import Labels, Probabilities
from hubel.evaluate.calibration import softmax
from hubel.evaluate.figures import (
    FigureIntervals,
    MeanOverClasses,
    confusion,
    depending,
    f1_lost_to_chance,
    figure_intervals,
    macro_f1,
    macro_interval,
)
from hubel.evaluate.intervals import wilson_interval
from hubel.evaluate.metrics import measure

CLASSES = ("a", "b", "c")
MEANS = ("accuracy", "balanced_accuracy", "macro_precision", "macro_f1", "log_loss", "brier")


def draw(number: int, random: np.random.Generator, *, distance: float = 2.5) -> tuple[Probabilities, Labels]:
    """What a calibrated model says of images of three classes."""
    labels = random.choice(3, number, p=[0.5, 0.3, 0.2])
    seen = random.standard_normal((number, 3))
    seen[np.arange(number), labels] += distance
    return softmax(distance * seen + np.log([0.5, 0.3, 0.2])), labels


def intervals_of(found: FigureIntervals) -> dict[str, tuple[float, float]]:
    return {name: getattr(found, name) for name in MEANS}


def test_each_interval_holds_its_figure() -> None:
    probabilities, labels = draw(150, np.random.default_rng(1))
    metrics = measure(probabilities, labels, classes=CLASSES, protocol="test")
    for name, (low, high) in intervals_of(figure_intervals(probabilities, labels)).items():
        assert low < getattr(metrics, name) < high, name
    for row in metrics.per_class:
        for name in ("precision", "recall", "f1"):
            interval = getattr(row, f"{name}_interval")
            assert interval[0] <= getattr(row, name) <= interval[1]


@pytest.mark.parametrize("distance", [1.0, 2.5, 4.0])
def test_intervals_cover_the_truth_about_as_often_as_they_say(distance: float) -> None:
    random = np.random.default_rng(2)
    truth = measure(*draw(40_000, random, distance=distance), classes=CLASSES, protocol="test")
    covered = dict.fromkeys(MEANS, 0)
    for _ in range(60):
        found = figure_intervals(*draw(150, random, distance=distance))
        for name, (low, high) in intervals_of(found).items():
            covered[name] += low <= getattr(truth, name) <= high
    # Two standard errors of 60 trials are 6 points; benchmarks/intervals.py measures closer.
    assert min(covered.values()) >= 51, covered


def test_alike_images_and_shared_folds_widen_every_interval() -> None:
    probabilities, labels = draw(100, np.random.default_rng(3))
    five_times = np.repeat(probabilities, 5, axis=0), np.repeat(labels, 5)
    plain = intervals_of(figure_intervals(*five_times))
    grouped = intervals_of(figure_intervals(*five_times, groups=np.repeat(np.arange(100), 5)))
    folded = intervals_of(figure_intervals(*five_times, cross_validated=True))
    for name, (low, high) in plain.items():
        assert grouped[name][1] - grouped[name][0] > 1.8 * (high - low), name
        assert folded[name][1] - folded[name][0] > high - low, name


def test_a_class_without_images_has_no_recall_interval() -> None:
    probabilities = np.array([[0.9, 0.05, 0.05], [0.1, 0.8, 0.1], [0.8, 0.1, 0.1]])
    found = figure_intervals(probabilities, np.array([0, 1, 1]))
    assert found.recall[2] is None
    assert found.precision[2] is None
    assert found.f1[2] is None
    assert found.recall[1] is not None


def test_faultless_answers_leave_room_for_doubt_in_every_figure() -> None:
    labels = np.arange(30) % 3
    probabilities = np.full((30, 3), 0.01)
    probabilities[np.arange(30), labels] = 0.98
    found = figure_intervals(probabilities, labels)
    assert found.macro_f1[0] < 0.95
    assert found.macro_f1[1] == 1
    assert found.log_loss[1] > 1.5 * 0.02


def test_decided_answers_count_instead_of_the_likeliest() -> None:
    probabilities, labels = draw(60, np.random.default_rng(4))
    found = figure_intervals(probabilities, labels, answers=labels)
    assert found.accuracy[1] == 1


def test_the_mean_f1_of_small_classes_is_not_taken_for_as_low_as_chance_makes_it() -> None:
    random, missed, measured, lost = np.random.default_rng(5), 0, [], []
    right = 0.8  # of all answers; the others are spread evenly, so that every class has this recall, precision and F1
    mean, alone = MeanOverClasses(macro_f1, 0.5, f1_lost_to_chance), depending(None, 200, cross_validated=False)
    for _ in range(150):
        labels = random.integers(0, 40, 200)
        answers = np.where(random.random(200) < right, labels, (labels + random.integers(1, 40, 200)) % 40)
        counts = confusion(labels, answers, 40)
        low, high = macro_interval(mean, counts, labels, answers, alone)
        missed += not low <= right <= high
        measured.append(macro_f1(counts)[0])
        lost.append(f1_lost_to_chance(counts))
    assert missed <= 13  # 5 % of 150 and two standard errors
    error = np.std(measured) / np.sqrt(150)
    assert np.mean(measured) < right - 3 * error
    assert np.mean(measured) + np.mean(lost) == pytest.approx(right, abs=3 * error)


def test_a_small_class_that_decides_widens_a_mean_over_classes() -> None:
    labels = np.repeat([0, 1], [500, 6])
    answers = labels.copy()
    answers[500:503] = 0
    probabilities = np.eye(2)[answers] * 0.9 + 0.05
    found = figure_intervals(probabilities, labels)
    low, high = wilson_interval(3, 6)
    assert found.balanced_accuracy[1] - found.balanced_accuracy[0] > 0.9 * (high - low) / 2


@pytest.mark.parametrize("wrong", [0, 3])
def test_class_that_nothing_measures_changes_no_interval(wrong: int) -> None:
    random = np.random.default_rng(6)
    labels = random.integers(0, 3, 40)
    said = (labels + (np.arange(40) < wrong)) % 3
    probabilities = np.full((40, 3), 0.02)
    probabilities[np.arange(40), said] = 0.96
    wider = np.concatenate([np.zeros((40, 1)), probabilities], axis=1)
    found, with_absent = figure_intervals(probabilities, labels), figure_intervals(wider, labels + 1)
    for name in ("accuracy", "balanced_accuracy", "macro_precision", "macro_f1"):
        assert getattr(with_absent, name) == pytest.approx(getattr(found, name)), name
