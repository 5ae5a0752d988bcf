"""Vector scaling and isotonic curves against scipy, scikit-learn and known truth; the choice among methods."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import log_softmax
from sklearn.isotonic import IsotonicRegression

from hubel.core.decision import Calibration, Method
from hubel.evaluate.calibration import softmax
from hubel.evaluate.calibration_choice import FEWEST_FOR_OTHERS, choose_calibration
from hubel.evaluate.calibrators import MOST_KNOTS, calibrate, fit_calibration, fit_curves, fit_vector

METHODS: tuple[Method, ...] = ("temperature", "vector", "isotonic")


def drawn(
    num_images: int, num_classes: int, *, offset: float = 0.0, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores whose softmax is the truth once `offset` is taken from the first class; labels drawn by it; folds."""
    noise = np.random.default_rng(seed)
    true = noise.normal(0, 2, (num_images, num_classes))
    chance = softmax(true)
    labels = (chance.cumsum(1) < noise.random((num_images, 1))).sum(1).clip(max=num_classes - 1)
    true[:, 0] += offset
    return true.astype(np.float32), labels, noise.integers(0, 5, num_images)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("num_classes", [2, 3, 100])
def test_rows_sum_to_one_under_every_method(method: Method, num_classes: int) -> None:
    logits, labels, _ = drawn(300, num_classes)
    probabilities = calibrate(logits, *fit_calibration(logits, labels, method))
    assert probabilities.dtype == np.float32
    assert (probabilities >= 0).all()
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-5)


def test_vector_scaling_is_the_optimum_scipy_finds_without_our_gradient() -> None:
    logits, labels, _ = drawn(200, 3, offset=1.5)
    scores = logits.astype(np.float64)

    def loss(flat: np.ndarray) -> float:
        scale, offset = flat[:3], flat[3:]
        losses = -log_softmax(scores * scale + offset, axis=1)[np.arange(200), labels]
        return float(losses.sum() + ((scale - 1) ** 2).sum() / 2 + (offset**2).sum() / 2)

    best = minimize(
        loss, np.array([1.0, 1, 1, 0, 0, 0]), method="Nelder-Mead", options={"maxiter": 20_000, "xatol": 1e-7}
    )
    found = np.concatenate(fit_vector(scores, labels))
    assert loss(found) <= best.fun + 1e-5
    np.testing.assert_allclose(found, best.x, atol=2e-2)


def test_a_class_without_images_leaves_vector_scaling_finite() -> None:
    logits, labels, _ = drawn(60, 4)
    labels[labels == 3] = 0
    scale, offset = fit_vector(logits.astype(np.float64), labels)
    assert np.isfinite(scale).all()
    assert np.isfinite(offset).all()


def test_curves_rise_and_lie_where_scikit_learn_puts_its_steps() -> None:
    logits, labels, _ = drawn(400, 3)
    stated = softmax(logits.astype(np.float64))
    for index, (where, high) in enumerate(fit_curves(stated, labels)):
        assert 1 <= len(where) <= MOST_KNOTS
        assert (np.diff(where) > 0).all()
        assert (np.diff(high) >= 0).all()
        reference = IsotonicRegression(out_of_bounds="clip").fit(stated[:, index], labels == index)
        assert np.abs(np.interp(stated[:, index], where, high) - reference.predict(stated[:, index])).mean() < 0.05


def test_curves_of_equal_probabilities_are_level() -> None:
    stated = np.full((20, 2), 0.5)
    for where, high in fit_curves(stated, np.array([0] * 15 + [1] * 5)):
        assert where == (0.5,)
        assert high[0] == pytest.approx((15 + 0.5) / 21) or high[0] == pytest.approx((5 + 0.5) / 21)


def test_true_probabilities_keep_the_temperature() -> None:
    kept = [choose_calibration(*drawn(400, 3, seed=seed)).calibration.method for seed in range(10)]
    assert kept.count("temperature") >= 8


def test_a_class_that_is_claimed_too_often_is_mended() -> None:
    logits, labels, folds = drawn(600, 3, offset=2.0)
    chosen = choose_calibration(logits, labels, folds)
    assert chosen.calibration.method != "temperature"
    losses = chosen.calibration.losses
    assert set(losses) == set(METHODS)
    assert losses[chosen.calibration.method] < losses["temperature"] - 0.1


def test_scores_bent_within_a_class_choose_isotonic_curves() -> None:
    noise = np.random.default_rng(1)
    margin = noise.uniform(-6, 6, 3000)
    chance = np.where(np.abs(margin) < 3, 0.5, np.where(margin > 0, 0.9, 0.1))  # no line through the scores says this
    labels = (noise.random(3000) < chance).astype(int)
    logits = np.stack([np.zeros(3000), margin], 1).astype(np.float32)
    chosen = choose_calibration(logits, labels, noise.integers(0, 5, 3000))
    assert chosen.calibration.method == "isotonic"
    probabilities = calibrate(logits, chosen.temperature, chosen.calibration)
    assert np.abs(probabilities[:, 1] - chance).mean() < 0.06


def test_each_image_is_calibrated_without_itself() -> None:
    logits, labels, folds = drawn(300, 3, offset=2.0)
    chosen = choose_calibration(logits, labels, folds)
    fold = folds == 2
    method = chosen.calibration.method
    expected = calibrate(logits[fold], *fit_calibration(logits[~fold], labels[~fold], method))
    np.testing.assert_array_equal(chosen.cross_fitted[fold], expected)


def test_few_images_try_nothing_but_a_temperature() -> None:
    logits, labels, folds = drawn(FEWEST_FOR_OTHERS - 1, 2)
    assert set(choose_calibration(logits, labels, folds).calibration.losses) == {"temperature"}


def test_twenty_images_of_two_classes_with_one_absent_from_a_fold_are_calibrated() -> None:
    logits, labels, _ = drawn(20, 2)
    folds = np.repeat([0, 1], 10)
    labels[:10] = 1
    assert np.isfinite(choose_calibration(logits, labels, folds).cross_fitted).all()


def test_without_a_record_the_temperature_alone_counts() -> None:
    logits, _, _ = drawn(5, 3)
    np.testing.assert_array_equal(calibrate(logits, 2.0, None), softmax(logits, temperature=2.0))
    record = Calibration(method="temperature", losses={})
    np.testing.assert_array_equal(calibrate(logits, 2.0, record), softmax(logits, temperature=2.0))
