"""The head is the minimum of its objective: scikit-learn finds the same one, and the gradient is the objective's."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from hubel.evaluate.calibration import softmax
from hubel.train import head as head_module
from hubel.train.balance import image_weights
from hubel.train.head import (
    Head,
    choose_strength,
    fit_head,
    held_out_scores,
    loss_and_gradient,
    solve,
    standardise,
)
from hubel.train.losses import weighted_log_loss


def clouds(counts: tuple[int, ...], num_features: int = 12, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Overlapping clouds of float16 features of unlike scales, in random order."""
    noise = np.random.default_rng(seed)
    labels = noise.permutation(np.repeat(np.arange(len(counts)), counts))
    centres = noise.normal(0, 1, (len(counts), num_features))
    scales = noise.uniform(0.1, 5, num_features)
    features = (centres[labels] + noise.normal(0, 1.2, (len(labels), num_features))) * scales + 3
    return features.astype(np.float16), labels


def objective(
    head: Head, features: np.ndarray, labels: np.ndarray, weights: np.ndarray, *, penalised: np.ndarray
) -> float:
    """J as the module's docstring writes it, in float64; the penalty is on the standardised weights."""
    logits = features.astype(np.float64) @ head.weights.astype(np.float64) + head.bias
    penalty = head.regularisation / 2 * float(np.sum((head.weights.astype(np.float64) * penalised[:, None]) ** 2))
    return weighted_log_loss(logits, labels, weights) + penalty


@pytest.mark.parametrize("counts", [(60, 60), (50, 40, 60), (2, 2), (90, 10, 30)])
@pytest.mark.parametrize("regularisation", [1.0, 1e-2, 1e-3])
@pytest.mark.parametrize("balanced", [False, True])
def test_the_head_is_scikit_learns(counts: tuple[int, ...], regularisation: float, balanced: bool) -> None:
    features, labels = clouds(counts)
    weights = image_weights(labels, len(counts)) if balanced else np.ones(len(labels))
    found = fit_head(features, labels, len(counts), regularisation, weights=weights)

    wide = features.astype(np.float64)
    mean, deviation = wide.mean(0), wide.std(0)
    theirs = LogisticRegression(C=1 / (regularisation * len(labels)), tol=1e-10, max_iter=10_000)
    standard = (wide - mean) / deviation
    theirs.fit(standard, labels, sample_weight=weights)
    if len(counts) == 2:  # its binary form has one column; the symmetric softmax solution halves it and the penalty
        theirs = LogisticRegression(C=2 / (regularisation * len(labels)), tol=1e-10, max_iter=10_000)
        theirs.fit(standard, labels, sample_weight=weights)
        half = theirs.coef_[0] / 2
        coefficients, intercepts = np.stack([-half, half], 1), np.array([-1, 1]) * theirs.intercept_[0] / 2
    else:
        coefficients, intercepts = theirs.coef_.T, theirs.intercept_
    expected = Head(
        (coefficients / deviation[:, None]).astype(np.float32),
        (intercepts - mean @ (coefficients / deviation[:, None])).astype(np.float32),
        regularisation,
    )
    np.testing.assert_allclose(softmax(found.logits(features)), softmax(expected.logits(features)), atol=1e-3)
    ours = objective(found, features, labels, weights, penalised=deviation)
    assert ours == pytest.approx(objective(expected, features, labels, weights, penalised=deviation), abs=1e-5)


def test_the_gradient_is_the_slope_of_the_objective() -> None:
    features, labels = clouds((15, 10, 20), num_features=5)
    noise = np.random.default_rng(1)
    sample_weights = noise.uniform(0.5, 2, (len(labels), 2)) * (noise.random((len(labels), 2)) < 0.8)
    problem = standardise(features, labels, sample_weights, 3)
    at = noise.normal(0, 0.3, (6, 2, 3))
    _, gradient = loss_and_gradient(problem, at, 0.1)
    numerical = np.empty_like(gradient)
    for place in np.ndindex(at.shape):  # the scores are float32: a wide step, and the error of its square is 1e-6
        step = np.zeros_like(at)
        step[place] = 2e-2
        ahead, behind = (loss_and_gradient(problem, at + sign * step, 0.1)[0] for sign in (1, -1))
        half, back = (loss_and_gradient(problem, at + sign * step / 2, 0.1)[0] for sign in (1, -1))
        numerical[place] = (8 * (half - back) - (ahead - behind)) / (6 * 2e-2)  # Richardson: fourth order
    np.testing.assert_allclose(gradient, numerical, atol=1e-4 * np.abs(gradient).max())


def test_reading_the_features_in_parts_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    features, labels = clouds((70, 50, 60))
    weights = np.ones(len(labels))
    whole = fit_head(features, labels, 3, 1e-2, weights=weights)
    monkeypatch.setattr(head_module, "ROWS_AT_ONCE", 7)
    monkeypatch.setattr(head_module, "WIDE_BYTES", 0)
    in_parts = fit_head(features, labels, 3, 1e-2, weights=weights)
    np.testing.assert_allclose(softmax(in_parts.logits(features)), softmax(whole.logits(features)), atol=1e-3)
    losses = [weighted_log_loss(head.logits(features), labels, weights) for head in (whole, in_parts)]
    assert losses[0] == pytest.approx(losses[1], abs=1e-4)
    problem = standardise(features, labels, weights[:, None], 3)
    at = np.random.default_rng(0).normal(0, 0.1, (13, 1, 3))
    parted, slope = loss_and_gradient(problem, at, 1e-2)
    monkeypatch.setattr(head_module, "ROWS_AT_ONCE", 8192)
    at_once, whole_slope = loss_and_gradient(problem, at, 1e-2)
    assert parted == pytest.approx(at_once, rel=1e-5)
    np.testing.assert_allclose(slope, whole_slope, atol=1e-5)


def test_balanced_weights_make_classes_weigh_the_same() -> None:
    labels = np.array([0] * 8 + [2] * 2)
    weights = image_weights(labels, 3)
    assert weights.mean() == pytest.approx(1)
    assert weights[labels == 0].sum() == pytest.approx(weights[labels == 2].sum())


def test_a_constant_feature_gets_no_weight_and_does_no_harm() -> None:
    features, labels = clouds((30, 30))
    constant = features.copy()
    constant[:, 3] = 7
    weights = np.ones(len(labels))
    head = fit_head(constant, labels, 2, 1e-2, weights=weights)
    assert np.isfinite(head.weights).all()
    assert head.weights[3] == pytest.approx(0, abs=1e-6)
    others = np.delete(constant, 3, axis=1)
    without = fit_head(others, labels, 2, 1e-2, weights=weights)
    np.testing.assert_allclose(softmax(head.logits(constant)), softmax(without.logits(others)), atol=1e-3)


def test_a_class_without_images_never_wins() -> None:
    features, labels = clouds((20, 20))
    head = fit_head(features, labels * 2, 3, 1e-2, weights=np.ones(len(labels)))
    assert set(head.logits(features).argmax(1).tolist()) == {0, 2}


def test_a_class_that_a_fold_has_not_seen_leaves_finite_scores() -> None:
    features, labels = clouds((12, 2, 12))
    folds = np.arange(len(labels)) % 2
    folds[labels == 1] = 0  # the head of fold 0 never sees class 1
    strength = choose_strength(features, labels, 3, folds, weights=np.ones(len(labels)))
    assert np.isfinite(strength.out_of_fold).all()
    assert (strength.out_of_fold[folds == 0].argmax(1) != 1).all()


def test_two_images_per_class_are_enough() -> None:
    features, labels = clouds((2, 2, 2))
    folds = np.zeros(6, int)
    for label in range(3):
        folds[np.flatnonzero(labels == label)[1]] = 1
    strength = choose_strength(features, labels, 3, folds, weights=np.ones(6))
    assert strength.out_of_fold.shape == (6, 3)
    assert np.isfinite(strength.loss)


def test_the_score_of_an_image_does_not_depend_on_its_own_label() -> None:
    features, labels = clouds((30, 30), seed=3)
    folds = np.arange(60) % 5
    flipped = labels.copy()
    flipped[7] = 1 - flipped[7]
    scores = []
    for given in (labels, flipped):
        problem = standardise(features, given, (folds[:, None] != np.arange(5)).astype(float), 2)
        scores.append(held_out_scores(problem, solve(problem, 1e-1, None, precision=1e-12), folds))
    same_fold = folds == folds[7]
    np.testing.assert_allclose(scores[0][same_fold], scores[1][same_fold], atol=2e-3)
    assert np.abs(scores[0] - scores[1])[~same_fold].max() > 1e-2  # the other folds' heads did learn from it


def test_the_strength_of_the_lowest_loss_is_taken() -> None:
    features, labels = clouds((40, 40, 40))
    strength = choose_strength(features, labels, 3, np.arange(120) % 5, weights=np.ones(120))
    assert strength.loss == min(strength.losses.values())
    assert strength.regularisation in strength.losses
    recounted = weighted_log_loss(strength.out_of_fold, labels, np.ones(120))
    assert strength.loss == pytest.approx(recounted)
