"""The calibration error against its definition and against a truth that is known because the data are made."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from hubel.evaluate.calibration_error import calibration_error, classwise_errors, error_of, folded_mean
from hubel.evaluate.metrics import expected_calibration_error, reliability

NUM_BINS = 15


def answers(num_images: int, gap: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two-class probabilities whose likelier class is right `gap` less often than stated, and labels drawn so."""
    noise = np.random.default_rng(seed)
    stated = 0.55 + 0.4 * noise.beta(2, 2, num_images)
    labels = (noise.random(num_images) > stated - gap).astype(int)
    return np.stack([stated, 1 - stated], 1), labels


def test_the_plain_error_is_that_of_the_reliability_bins() -> None:
    probabilities, labels = answers(200, 0.1, 0)
    plain = calibration_error(probabilities, labels, num_bins=NUM_BINS).plain
    assert plain == pytest.approx(expected_calibration_error(reliability(probabilities, labels)), abs=1e-12)


def test_the_folded_mean_is_that_of_a_simulation() -> None:
    draws = np.abs(np.random.default_rng(0).normal(0.3, 0.7, 400_000))
    assert folded_mean(np.array([0.3]), np.array([0.7]))[0] == pytest.approx(draws.mean(), abs=3e-3)
    assert folded_mean(np.array([0.0]), np.array([1.0]))[0] == pytest.approx(2 * norm.pdf(0))


@pytest.mark.parametrize(("num_images", "gap"), [(200, 0.05), (1000, 0.02), (1000, 0.1), (5000, 0.02)])
def test_the_corrected_error_is_nearer_to_the_truth_and_the_interval_covers_it(num_images: int, gap: float) -> None:
    found = [calibration_error(*answers(num_images, gap, seed), num_bins=NUM_BINS) for seed in range(200)]
    plain, corrected = (np.mean([entry[place] for entry in found]) for place in (0, 1))
    assert abs(corrected - gap) < abs(plain - gap)
    assert corrected == pytest.approx(gap, abs=0.005)
    assert np.mean([entry.interval[0] <= gap <= entry.interval[1] for entry in found]) >= 0.9


def test_perfect_probabilities_have_no_error_inside_the_interval() -> None:
    found = [calibration_error(*answers(500, 0.0, seed), num_bins=NUM_BINS) for seed in range(200)]
    assert np.mean([entry.interval[0] == 0 for entry in found]) >= 0.93
    assert np.mean([entry.plain for entry in found]) > 2 * np.mean([entry.corrected for entry in found])


def test_answers_that_are_certain_and_right_have_no_error() -> None:
    found = calibration_error(np.eye(2)[[0, 1, 0]], np.array([0, 1, 0]), num_bins=NUM_BINS)
    assert found.plain == 0
    assert found.corrected == 0
    assert found.interval[0] == 0


def test_answers_that_are_certain_and_wrong_have_the_whole_error() -> None:
    found = calibration_error(np.eye(2)[np.zeros(50, int)], np.ones(50, int), num_bins=NUM_BINS)
    assert found.plain == 1
    assert found.corrected == pytest.approx(1, abs=0.01)
    assert found.interval[1] == pytest.approx(1, abs=0.01)


def test_each_class_has_the_error_of_its_own_probability() -> None:
    noise = np.random.default_rng(3)
    probabilities = noise.dirichlet([1, 1, 1], 2000)
    labels = (probabilities.cumsum(1) < noise.random((2000, 1))).sum(1)
    labels[(labels == 0) & (noise.random(2000) < 0.5)] = 1  # half of class 0 is really class 1
    first, second, third = classwise_errors(probabilities, labels, num_bins=NUM_BINS)
    assert first > 0.1
    assert second > 0.1
    assert third < 0.03
    assert first == error_of(probabilities[:, 0], labels == 0, num_bins=NUM_BINS).corrected


def test_one_image_has_an_error_with_an_interval() -> None:
    found = calibration_error(np.array([[0.7, 0.3]]), np.array([0]), num_bins=NUM_BINS)
    assert found.plain == pytest.approx(0.3)
    assert 0 <= found.interval[0] <= found.corrected <= found.interval[1] <= 1
