"""Conformal limits: against simulation, with groups, and honest about what cannot be promised."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubel.core.answers import SetLimit
from hubel.evaluate.answer_sentences import answer_sentences
from hubel.evaluate.conformal import (
    TooFewForPromise,
    answer_figures,
    check_enough,
    choose_sets,
    class_sets,
    conformal_limit,
    fewest_groups,
)


@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.sampled_from([0.02, 0.05, 0.1, 0.3]))
def test_limit_is_the_order_statistic_of_the_theorem(seed: int, count: int, error: float) -> None:
    scores = np.random.default_rng(seed).normal(size=count)
    rank = int(np.ceil((1 - error) * (count + 1) - 1e-9))
    expected = float(np.sort(scores)[rank - 1]) if rank <= count else inf
    assert conformal_limit(scores, None, error=error) == expected
    assert conformal_limit(scores, np.arange(count), error=error) == expected


def test_new_scores_exceed_the_limit_as_often_as_promised() -> None:
    noise, exceeded = np.random.default_rng(0), []
    for _ in range(400):
        scores = noise.exponential(size=79)
        exceeded.append((noise.exponential(size=200) > conformal_limit(scores, None, error=0.05)).mean())
    # With continuous scores the expected share is 1 − ⌈0.95 · 80⌉ / 80 = 0.05 exactly.
    assert np.mean(exceeded) == pytest.approx(0.05, abs=3 * np.std(exceeded) / 20)


def test_groups_keep_the_promise_that_single_images_break() -> None:
    noise, by_group, by_image = np.random.default_rng(1), [], []
    for _ in range(400):
        sizes = noise.integers(1, 12, 40)
        middles = noise.normal(size=40) + 0.2 * sizes  # larger groups are stranger
        groups = np.repeat(np.arange(40), sizes)
        scores = middles[groups] + 0.1 * noise.normal(size=len(groups))
        size = noise.integers(1, 12, 200)
        fresh = noise.normal(size=200) + 0.2 * size + 0.1 * noise.normal(size=200)
        by_group.append((fresh > conformal_limit(scores, groups, error=0.1)).mean())
        by_image.append((fresh > conformal_limit(scores, np.arange(len(scores)), error=0.1)).mean())
    assert np.mean(by_group) <= 0.1 + 2 * np.std(by_group) / 20
    assert np.mean(by_image) < np.mean(by_group)  # it would have named too many classes for nothing


def test_sets_hold_the_true_class_of_new_images_as_often_as_promised() -> None:
    noise, wrong = np.random.default_rng(2), []
    for _ in range(300):
        probabilities, labels = simulated(noise, 260)
        limit = choose_sets(probabilities[:60], labels[:60], None, error=0.1)
        sets = class_sets(probabilities[60:], limit, probabilities[60:].argmax(1))
        figures = answer_figures(sets, np.ones(200, bool), labels[60:])
        assert figures.unsure > 0
        wrong.append(figures.wrong)
    assert np.mean(wrong) <= 0.1 + 2 * np.std(wrong) / np.sqrt(300)


def test_too_few_images_for_a_promise_are_told_with_what_they_can_vouch_for() -> None:
    probabilities, labels = simulated(np.random.default_rng(3), 25)
    with pytest.raises(TooFewForPromise, match="it takes 49 at least") as refused:
        choose_sets(probabilities, labels, None, error=0.02)
    assert "Accept 3.9" in str(refused.value)
    assert choose_sets(probabilities, labels, None, error=0.039).num_groups == 25
    with pytest.raises(TooFewForPromise):
        choose_sets(np.tile(probabilities, (3, 1)), np.tile(labels, 3), np.tile(np.arange(25), 3), error=0.02)


@pytest.mark.parametrize("error", [0.01, 0.02, 0.05, 0.1, 0.5])
def test_fewest_groups_are_just_enough(error: float) -> None:
    number = fewest_groups(error)
    assert conformal_limit(np.arange(float(number)), None, error=error) < inf
    assert conformal_limit(np.arange(float(number - 1)), None, error=error) == inf
    check_enough(number, error)


def test_answer_always_names_the_answered_class() -> None:
    limit = SetLimit(accept_error=0.1, threshold=0.9, num_images=20, num_groups=20)
    assert class_sets(np.array([[0.4, 0.35, 0.25]]), limit, np.array([1])).tolist() == [[False, True, False]]
    assert class_sets(np.array([[0.4, 0.35, 0.25]]), None, np.array([0])).tolist() == [[True, False, False]]


def test_figures_count_each_answer_once_and_unknown_ones_never_as_wrong() -> None:
    sets = np.array([[True, False], [True, True], [True, False], [True, False]])
    figures = answer_figures(sets, np.array([True, True, False, True]), np.array([0, 1, 1, 1]))
    assert (figures.label, figures.unsure, figures.unknown, figures.wrong) == (0.5, 0.25, 0.25, 0.25)
    assert figures.label_wrong == 0.5
    assert figures.mean_set_size == pytest.approx(4 / 3)


def test_the_reader_is_told_when_the_promise_is_of_new_groups() -> None:
    figures = answer_figures(np.array([[True, False]]), np.array([True]), np.array([0]))
    for groups, told in ((50, True), (99, False)):
        limit = SetLimit(accept_error=0.1, threshold=0.2, num_images=100, num_groups=groups)
        sentences = [both.en for both in answer_sentences(figures, unknown=None, sets=limit)]
        assert any("50 groups" in sentence for sentence in sentences) is told


def test_out_of_fold_answers_have_the_wider_interval() -> None:
    sets = np.eye(2, dtype=bool)[[0] * 90 + [1] * 10]
    plain, folded = (
        answer_figures(sets, np.ones(100, bool), np.zeros(100, int), cross_validated=crossed).wrong_interval
        for crossed in (False, True)
    )
    assert folded[0] < plain[0] < plain[1] < folded[1]


def simulated(noise: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of four classes, and labels drawn by other, less certain ones."""
    logits = 1.5 * noise.normal(size=(count, 4))
    powers = np.exp(logits)
    true = np.exp(logits / 1.5)
    labels = [noise.choice(4, p=row / row.sum()) for row in true]
    return powers / powers.sum(1, keepdims=True), np.array(labels)
