"""Figures of several labels an image: their intervals, calibration and thresholds."""

from __future__ import annotations

import numpy as np
import pytest

from hubel.core.errors import DataError
from hubel.core.multi_label import MultiLabelMetrics
from hubel.evaluate.label_calibration import (
    LOWEST_THRESHOLD,
    choose_labels,
    choose_thresholds,
    fit_label_temperature,
    label_probabilities,
    sigmoid,
)
from hubel.evaluate.label_intervals import Answered, weighted_average_precision
from hubel.evaluate.label_report import label_reliability, surest_mistakes, unsurest, usual_answers
from hubel.evaluate.multilabel import average_precision, measure_labels


def answered(num_images: int = 200, seed: int = 0, groups: np.ndarray | None = None, scale: float = 2.0) -> Answered:
    noise = np.random.default_rng(seed)
    scores = noise.normal(0, scale, (num_images, 3)) - 0.5
    probabilities = sigmoid(scores)
    targets = noise.random((num_images, 3)) < probabilities
    targets[0] = True
    return Answered(probabilities, targets, probabilities >= 0.5, groups)


def measured(said: Answered) -> MultiLabelMetrics:
    return measure_labels(said, classes=("a", "b", "c"), thresholds=(0.5,) * 3, random=np.random.default_rng(0))


def test_every_interval_holds_its_figure() -> None:
    found = measured(answered())
    for name in ("mean_average_precision", "macro_f1", "micro_f1", "subset_accuracy", "hamming_loss", "log_loss"):
        low, high = getattr(found, f"{name}_interval")
        assert low < getattr(found, name) < high, name
    for row in found.per_label:
        assert row.average_precision is not None
        assert row.average_precision_interval is not None
        assert row.average_precision_interval[0] < row.average_precision < row.average_precision_interval[1]


def test_an_interval_keeps_its_width_where_nothing_is_wrong() -> None:
    targets = np.random.default_rng(0).random((50, 3)) < 0.4
    said = Answered(np.where(targets, 0.9, 0.1), targets, targets)
    found = measured(said)
    assert found.mean_average_precision == 1
    assert 0.9 < found.mean_average_precision_interval[0] < 1
    assert found.mean_average_precision_interval[1] == 1
    assert found.subset_accuracy_interval[0] < 0.95


def test_images_of_one_group_widen_the_intervals() -> None:
    once = answered(100)
    groups = np.repeat(np.arange(100), 4)
    probabilities, targets, given = (
        np.repeat(part, 4, axis=0) for part in (once.probabilities, once.targets, once.given)
    )
    four_times = Answered(probabilities, targets, given, groups)
    alone, together = measured(once), measured(four_times)
    parted = measured(Answered(four_times.probabilities, four_times.targets, four_times.given))
    assert alone.mean_average_precision == pytest.approx(together.mean_average_precision, abs=1e-9)

    def width(found: MultiLabelMetrics) -> float:
        return found.mean_average_precision_interval[1] - found.mean_average_precision_interval[0]

    assert width(together) == pytest.approx(width(alone), rel=0.15)
    assert width(parted) < 0.7 * width(together)


def test_a_resample_of_the_images_as_they_are_is_the_figure_itself() -> None:
    said = answered()
    counts = np.ones((1, 200))
    again = weighted_average_precision(said.probabilities[:, 0], said.targets[:, 0], counts)
    assert again[0] == pytest.approx(average_precision(said.probabilities[:, 0], said.targets[:, 0]), abs=1e-12)
    doubled = np.repeat(np.arange(200), 2)
    twice = average_precision(said.probabilities[doubled, 0], said.targets[doubled, 0])
    assert weighted_average_precision(said.probabilities[:, 0], said.targets[:, 0], 2 * counts)[0] == pytest.approx(
        twice
    )


def test_a_label_that_no_image_has_is_not_measured() -> None:
    said = answered()
    targets = said.targets.copy()
    targets[:, 2] = False
    found = measured(Answered(said.probabilities, targets, said.given))
    assert found.per_label[2].average_precision is None
    assert found.per_label[2].average_precision_interval is None
    assert np.isfinite(found.mean_average_precision)


def test_images_without_a_label_and_pairs_are_counted() -> None:
    targets = np.array([[True, True, False], [False, False, False], [True, False, False]])
    found = measured(Answered(np.where(targets, 0.8, 0.3), targets, targets))
    assert found.num_without == 1
    assert found.together == ((2, 1, 0), (1, 1, 0), (0, 0, 0))
    assert found.labels_per_image == pytest.approx(1)


@pytest.mark.parametrize("broken", ["shape", "probability", "nothing"])
def test_what_cannot_be_measured_is_refused(broken: str) -> None:
    targets, probabilities = np.ones((4, 3), bool), np.full((4, 3), 0.5)
    if broken == "shape":
        targets, probabilities = targets[:, :2], probabilities[:, :2]
    elif broken == "probability":
        probabilities[0, 0] = np.nan
    else:
        targets[:] = False
    with pytest.raises(DataError, match="every label of every image"):
        measured(Answered(probabilities, targets, targets))


def test_scores_that_are_too_sure_are_tempered() -> None:
    noise = np.random.default_rng(0)
    scores = noise.normal(0, 2, (4000, 2))
    targets = noise.random((4000, 2)) < sigmoid(scores)
    assert fit_label_temperature(scores, targets) == pytest.approx(1, abs=0.06)
    assert fit_label_temperature(3 * scores, targets) == pytest.approx(3, abs=0.18)


def test_scores_without_an_error_do_not_ask_for_certainty() -> None:
    targets = np.arange(100)[:, None] < 40
    scores = np.where(targets, 5.0, -5.0)
    probabilities = label_probabilities(scores, fit_label_temperature(scores, targets), None)
    assert 0.95 < probabilities[0, 0] < 0.995


def test_each_label_gets_an_offset_of_its_own_where_that_is_better() -> None:
    noise = np.random.default_rng(1)
    scores = noise.normal(0, 2, (1500, 2))
    targets = noise.random((1500, 2)) < sigmoid(scores)
    chosen = choose_labels(scores + np.array([2.0, -2.0]), targets, np.arange(1500) % 5)
    assert chosen.calibration.method == "vector"
    assert chosen.calibration.losses["vector"] < chosen.calibration.losses["temperature"]
    fitted = label_probabilities(scores + np.array([2.0, -2.0]), chosen.temperature, chosen.calibration)
    assert np.abs(fitted - sigmoid(scores)).max() < 0.12
    plain = choose_labels(scores, targets, np.arange(1500) % 5)
    assert plain.calibration.method == "temperature"


def test_a_threshold_gives_the_largest_f1_to_expect() -> None:
    noise = np.random.default_rng(2)
    probabilities = noise.beta(0.5, 2, (20_000, 1))
    targets = noise.random((20_000, 1)) < probabilities
    threshold = float(choose_thresholds(probabilities)[0])

    def f1(at: float) -> float:
        given = probabilities >= at
        return float(2 * (given & targets).sum() / (given.sum() + targets.sum()))

    assert LOWEST_THRESHOLD <= threshold <= 0.5
    assert f1(threshold) >= max(f1(at) for at in np.linspace(0.05, 0.9, 60)) - 0.003


def test_a_label_that_cannot_be_told_is_not_given_to_every_image() -> None:
    assert float(choose_thresholds(np.full((100, 1), 0.02))[0]) == pytest.approx(LOWEST_THRESHOLD)


def test_the_sigmoid_is_safe_for_scores_of_any_size() -> None:
    assert sigmoid(np.array([-1e5, 0, 1e5], np.float32)).tolist() == [0, 0.5, 1]


def test_the_worst_images_are_those_that_were_surest() -> None:
    said = answered()
    worst = surest_mistakes(said, limit=200)
    assert len(worst) == (said.given != said.targets).any(1).sum()
    closest = unsurest(said, (0.5, 0.5, 0.5), limit=1)[0]
    assert np.abs(said.probabilities[closest] - 0.5).min() == np.abs(said.probabilities - 0.5).min()
    usual = usual_answers(said, limit=5)
    assert (said.given[usual] == said.targets[usual]).all()


def test_the_bins_of_reliability_hold_every_label_of_every_image() -> None:
    bins = label_reliability(answered(4000))
    assert sum(part.num_images for part in bins) == 12_000
    assert all(abs(part.accuracy - part.confidence) < 0.08 for part in bins if part.num_images > 200)
