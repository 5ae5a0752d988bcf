"""Two models on the same images: differences, their intervals and tests."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from hubel.core.errors import DataError
from hubel.core.types import Labels
from hubel.evaluate.compare import Comparison, Judgement, compare_answers
from hubel.evaluate.paired import images_needed, mcnemar, sign_test, tango_interval
from hubel.evaluate.verdict import rounded_up, verdict


def judged(right: np.ndarray, labels: Labels) -> Judgement:
    """A model for two classes that is right where told, and sure of it."""
    return Judgement(np.where(right, labels, 1 - labels), np.where(right, 0.9, 0.1))


def compared(
    first: np.ndarray, second: np.ndarray, *, groups: Labels | None = None, cross_validated: bool = False
) -> Comparison:
    labels = np.arange(len(first)) % 2
    return compare_answers(
        judged(first, labels),
        judged(second, labels),
        labels=labels,
        groups=groups,
        cross_validated=cross_validated,
        random=np.random.default_rng(0),
    )


def test_tango_interval_is_the_published_one() -> None:
    low, high = tango_interval(0, 1, 44)  # Tango 1998, table III: contact lenses
    assert (round(low, 3), round(high, 3)) == (-0.059, 0.118)


@pytest.mark.parametrize(("only_first", "only_second"), [(0, 0), (3, 3), (1, 9), (0, 40), (120, 155)])
def test_tango_interval_turns_round_with_the_models(only_first: int, only_second: int) -> None:
    low, high = tango_interval(only_first, only_second, 400)
    turned = tango_interval(only_second, only_first, 400)
    assert (low, high) == pytest.approx((-turned[1], -turned[0]), abs=1e-9)
    assert low <= (only_second - only_first) / 400 <= high


@pytest.mark.parametrize(("only_first", "only_second"), [(0, 0), (1, 8), (10, 3), (100, 150)])
def test_mcnemar_equals_scipys_binomial_test(only_first: int, only_second: int) -> None:
    number = only_first + only_second
    expected = binomtest(only_first, number).pvalue if number else 1.0
    assert mcnemar(only_first, only_second) == pytest.approx(expected, rel=1e-9)


def test_sign_test_agrees_with_mcnemar_on_single_images() -> None:
    change = np.concatenate([np.full(4, -1.0), np.full(14, 1.0), np.zeros(50)])
    assert sign_test(change, None, np.random.default_rng(0)) == pytest.approx(mcnemar(4, 14), abs=0.01)


def test_the_better_model_is_named_with_its_lead() -> None:
    first, second = np.arange(400) >= 60, np.arange(400) >= 20
    found = compared(first, second)
    assert found.verdict == "second"
    assert found.accuracy.difference == pytest.approx(0.1)
    assert "B is better, by 10.0 points" in verdict(found).en
    assert compared(second, first).verdict == "first"


def test_equal_answers_say_how_many_images_would_tell() -> None:
    right = np.arange(300) >= 30
    found = compared(right, right)
    assert found.verdict == "undecided"
    assert found.accuracy.p_value == 1
    assert found.macro_f1.interval[0] < 0 < found.macro_f1.interval[1]
    assert f"{rounded_up(found.images_needed):,}" in verdict(found).en


def test_equal_models_are_called_different_in_few_trials() -> None:
    random = np.random.default_rng(5)
    different = 0
    for _ in range(40):
        luck, own = random.random(60), random.random((2, 60))
        alike = random.random(60) < 0.5
        right = np.where(alike, luck, own) < 0.8
        different += compared(right[0], right[1]).verdict != "undecided"
    assert different <= 5  # two expected at most; more than five in 40 has a chance of 1 %


def test_copies_of_images_do_not_make_a_difference_surer() -> None:
    first, second = np.arange(60) >= 8, np.arange(60) >= 3
    single = compared(first, second)
    copied = compared(np.repeat(first, 10), np.repeat(second, 10), groups=np.repeat(np.arange(60), 10))
    careless = compared(np.repeat(first, 10), np.repeat(second, 10))
    assert careless.verdict == "second"
    assert single.verdict == copied.verdict == "undecided"
    assert copied.num_groups == 60


def test_out_of_fold_answers_widen_the_difference() -> None:
    first, second = np.arange(100) >= 20, np.arange(100) >= 12
    fresh, folded = compared(first, second), compared(first, second, cross_validated=True)
    assert folded.accuracy.interval[0] < fresh.accuracy.interval[0]


def test_an_answer_outside_of_the_compared_classes_is_wrong() -> None:
    labels = np.array([0, 1, 0, 1])
    stranger = Judgement(np.array([-1, 1, 0, 1]), np.full(4, 0.5))
    found = compare_answers(
        stranger, judged(np.ones(4, bool), labels), labels=labels, groups=None, cross_validated=False,
        random=np.random.default_rng(0),
    )  # fmt: skip
    assert found.accuracy.first == 0.75
    assert 0 < found.macro_f1.first < 1


def test_more_agreement_needs_fewer_images() -> None:
    assert images_needed(0.02) < images_needed(0.1)
    assert images_needed(0.0) == images_needed(0.01)


def test_models_that_judged_nothing_are_refused() -> None:
    with pytest.raises(DataError, match="same images"):
        compared(np.zeros(0, bool), np.zeros(0, bool))
