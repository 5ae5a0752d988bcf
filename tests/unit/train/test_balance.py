"""Classes of very different sizes: what is chosen, and that the probabilities mean the frequencies of the data."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from hubel.data.split import stratified_folds
from hubel.train.balance import (
    MOST_LOST,
    Candidate,
    best_of,
    choose_balance,
    deviation_between,
    fit_adjustment,
    image_weights,
    log_rarity,
    macro_f1_and_accuracy,
)
from hubel.train.head import Strength


def long_tail(
    counts: tuple[int, ...], *, distance: float = 2.0, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Clouds in 40 dimensions, so many that the penalty matters; labels; folds."""
    noise = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(counts)), counts)
    centres = noise.normal(0, 1, (len(counts), 40)) * distance / np.sqrt(80)
    features = (centres[labels] + noise.normal(0, 1, (len(labels), 40))).astype(np.float16)
    return features, labels, stratified_folds(labels, np.arange(len(labels)), 5, noise)


def way(handling: str, answers: list[int]) -> Candidate:
    """A way that gives these answers of two classes."""
    return Candidate(handling, Strength(1.0, np.eye(2, dtype=np.float32)[answers], {1.0: 0.0}), 0.0, np.zeros(2))  # type: ignore[arg-type]


def test_classes_of_like_sizes_are_left_alone() -> None:
    features, labels, folds = long_tail((60, 40, 30))
    chosen = choose_balance(features, labels, 3, folds)
    assert chosen.record is None
    assert not chosen.weighted
    assert not chosen.shift.any()


@pytest.mark.parametrize("smallest", [60, 12])
def test_rare_classes_are_answered_more_often_and_accuracy_is_kept(smallest: int) -> None:
    gains = []
    for seed in range(5):
        features, labels, folds = long_tail((600, smallest), distance=4.0, seed=seed)
        record = choose_balance(features, labels, 2, folds).record
        assert record is not None
        gains.append(record.macro_f1 - record.macro_f1_before)
        assert record.accuracy >= record.accuracy_before - MOST_LOST
    assert np.mean(gains) > 0


def test_the_adjusted_scores_state_each_class_as_often_as_it_occurs() -> None:
    features, labels, folds = long_tail((500, 50, 25), distance=3.0)
    chosen = choose_balance(features, labels, 3, folds)
    assert chosen.record is not None
    _, scale = fit_adjustment(chosen.strength.out_of_fold, labels, log_rarity(labels, 3))
    stated = softmax(scale * chosen.strength.out_of_fold, axis=1).mean(0)
    np.testing.assert_allclose(stated, chosen.record.frequencies, atol=0.02)


def test_the_adjustment_is_the_optimum_on_a_grid() -> None:
    noise = np.random.default_rng(0)
    labels = np.repeat([0, 1], [300, 30])
    logits = np.eye(2)[labels] * 2 + noise.normal(0, 1, (330, 2)) - [0, 1.5]
    rarity = log_rarity(labels, 2)

    def loss(adjustment: float, scale: float) -> float:
        losses = -log_softmax(scale * logits + adjustment * rarity, axis=1)[np.arange(330), labels]
        return float(losses.sum() + adjustment**2 / 2)

    found = fit_adjustment(logits.astype(np.float32), labels, rarity)
    assert loss(*found) <= min(loss(a, b) for a in np.linspace(-2, 2, 41) for b in np.linspace(0.3, 3, 28))


def test_scores_that_never_err_do_not_ask_for_boundless_adjustment() -> None:
    labels = np.repeat([0, 1], [100, 2])
    adjustment, scale = fit_adjustment(np.eye(2)[labels].astype(np.float32) * 9, labels, log_rarity(labels, 2))
    assert abs(adjustment) < 1
    assert scale <= np.exp(3.0) + 1e-9


def test_what_costs_accuracy_is_not_taken() -> None:
    labels = np.repeat([0, 1], [95, 5])
    nothing = way("none", [0] * 95 + [0] * 3 + [1] * 2)
    dear = way("adjustment", [1] * 20 + [0] * 75 + [1] * 5)
    assert best_of([nothing, dear, dear], labels, 2) is nothing


def test_weights_must_be_better_than_adjustment_beyond_noise() -> None:
    labels = np.repeat([0, 1], [950, 50])
    nothing = way("none", [0] * 950 + [0] * 25 + [1] * 25)
    usual = way("adjustment", [0] * 950 + [0] * 15 + [1] * 35)
    little = way("weights", [0] * 950 + [0] * 14 + [1] * 36)
    much = way("weights", [0] * 950 + [1] * 50)
    assert best_of([nothing, usual, little], labels, 2) is usual
    assert best_of([nothing, usual, much], labels, 2) is much


def test_macro_f1_leaves_out_classes_without_images() -> None:
    macro_f1, accuracy = macro_f1_and_accuracy(np.array([0, 1, 0]), np.array([0, 1, 1]), 3)
    assert macro_f1 == pytest.approx((2 / 3 + 2 / 3) / 2)
    assert accuracy == pytest.approx(2 / 3)


def test_the_deviation_is_that_of_differing_images() -> None:
    labels = np.array([0, 0, 0, 0, 1, 1])
    answers, others = np.array([0, 0, 0, 1, 1, 0]), np.array([0, 0, 0, 0, 1, 1])
    assert deviation_between(answers, others, labels, 2) == pytest.approx(np.sqrt(1 / 16 + 1 / 4) / 2)


def test_weights_make_classes_weigh_the_same() -> None:
    weights = image_weights(np.repeat([0, 1, 2], [30, 10, 1]), 4)
    assert weights.mean() == pytest.approx(1)
    np.testing.assert_allclose([weights[:30].sum(), weights[30:40].sum(), weights[40:].sum()], 41 / 3)


def test_a_class_absent_from_the_data_is_no_obstacle() -> None:
    features, labels, folds = long_tail((80, 20))
    chosen = choose_balance(features, labels, 3, folds)
    assert chosen.record is not None
    assert chosen.record.frequencies[2] == 0
    assert np.isfinite(chosen.shift).all()
