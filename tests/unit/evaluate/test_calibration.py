"""The temperature against scipy's optimum, and softmax at the limits of floating point."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from scipy.special import softmax as reference_softmax

from hubel.core.errors import DataError
from hubel.evaluate.calibration import HIGHEST_TEMPERATURE, LOWEST_TEMPERATURE, fit_temperature, softmax
from hubel.evaluate.metrics import log_loss


def scores(seed: int, num_classes: int, scale: float) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    labels = generator.integers(num_classes, size=150)
    logits = generator.normal(size=(150, num_classes))
    logits[np.arange(150), labels] += 1
    return logits * scale, labels


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 20), st.floats(0.02, 60))
def test_temperature_is_the_optimum_scipy_finds(seed: int, num_classes: int, scale: float) -> None:
    logits, labels = scores(seed, num_classes, scale)

    doubt = 1 / (len(labels) + 2)
    truth = np.full(logits.shape, doubt / (num_classes - 1))
    truth[np.arange(len(labels)), labels] = 1 - doubt

    def loss(inverse: float) -> float:
        return float(-(truth * log_softmax(logits * inverse, axis=1)).sum(axis=1).mean())

    bounds = (1 / HIGHEST_TEMPERATURE, 1 / LOWEST_TEMPERATURE)
    best = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-12})
    found = fit_temperature(logits, labels)
    assert loss(1 / found) <= best.fun + 1e-12
    assert LOWEST_TEMPERATURE <= found <= HIGHEST_TEMPERATURE
    # The loss is flat at its optimum, so scipy knows the place to about half its digits.
    assert 1 / found == pytest.approx(best.x, rel=1e-4, abs=1e-4)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.5, 3))
def test_scaling_the_scores_scales_the_temperature(seed: int, scale: float) -> None:
    logits, labels = scores(seed, 5, 1.0)
    assert fit_temperature(logits * scale, labels) == pytest.approx(fit_temperature(logits, labels) * scale, abs=1e-6)


def test_known_optimum_is_met_to_six_digits() -> None:
    # Three of four right with a gap of 4; softened by 1/6 that is 2/3, so 4 / T = ln 2.
    logits = np.tile([4.0, 0.0], (4, 1))
    assert fit_temperature(logits, np.array([0, 0, 0, 1])) == pytest.approx(4 / np.log(2), abs=1e-6)


def test_calibration_never_raises_the_log_loss() -> None:
    logits, labels = scores(3, 6, 9.0)
    before = log_loss(softmax(logits), labels)
    assert log_loss(softmax(logits, temperature=fit_temperature(logits, labels)), labels) < before


@pytest.mark.parametrize("num_images", [4, 40, 400])
def test_scores_that_never_err_claim_no_more_than_so_many_images_can_show(num_images: int) -> None:
    labels = np.arange(num_images) % 2
    logits = 5 * np.eye(2)[labels]
    claimed = softmax(logits, temperature=fit_temperature(logits, labels)).max(axis=1)
    assert claimed == pytest.approx(1 - 1 / (num_images + 2), abs=1e-6)


def test_scores_too_small_for_any_claim_meet_the_lower_bound() -> None:
    assert fit_temperature(np.eye(3) / 1000, np.arange(3)) == LOWEST_TEMPERATURE


def test_scores_that_always_err_meet_the_upper_bound() -> None:
    assert fit_temperature(np.eye(3), np.array([1, 2, 0])) == HIGHEST_TEMPERATURE


def test_scores_without_differences_leave_the_temperature_alone() -> None:
    assert fit_temperature(np.zeros((4, 3)), np.array([0, 1, 2, 0])) == 1


def test_enormous_float32_scores_neither_overflow_nor_fail() -> None:
    logits, labels = scores(0, 4, 1.0)
    found = fit_temperature((logits * 1e4).astype(np.float32), labels)
    assert found == HIGHEST_TEMPERATURE


@pytest.mark.parametrize(
    ("logits", "labels"),
    [
        (np.zeros((0, 2)), np.zeros(0, dtype=int)),
        (np.array([[np.nan, 0.0]]), np.array([0])),
        (np.array([[1.0, 0.0]]), np.array([2])),
    ],
    ids=["no-image", "not-finite", "no-such-class"],
)
def test_temperature_of_nothing_sensible_is_refused(logits: np.ndarray, labels: np.ndarray) -> None:
    with pytest.raises(DataError):
        fit_temperature(logits, labels)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([1e-3, 1.0, 1e3, 1e300]), st.floats(0.05, 20))
def test_softmax_equals_scipy_and_sums_to_one(seed: int, scale: float, temperature: float) -> None:
    logits = np.random.default_rng(seed).normal(size=(7, 5)) * scale
    found = softmax(logits, temperature=temperature)
    shifted = (logits - logits.max(axis=1, keepdims=True)) / temperature
    np.testing.assert_allclose(found, reference_softmax(shifted, axis=1), atol=1e-12)
    np.testing.assert_allclose(found.sum(axis=1), 1)


def test_softmax_keeps_the_precision_of_its_scores() -> None:
    assert softmax(np.zeros((2, 3), dtype=np.float32), temperature=2.0).dtype == np.float32
