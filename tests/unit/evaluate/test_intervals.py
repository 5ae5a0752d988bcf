"""The interval against scipy's, and at its ends."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest, t

from hubel.core.errors import DataError
from hubel.evaluate.intervals import (
    design_effect,
    difference_interval,
    freedom_of,
    mean_interval,
    quantile,
    wilson_interval,
)


@settings(max_examples=60, deadline=None)
@given(st.data(), st.integers(1, 5000), st.sampled_from([0.8, 0.95, 0.99]))
def test_interval_equals_scipy(data: st.DataObject, num_images: int, confidence: float) -> None:
    num_right = data.draw(st.integers(0, num_images))
    expected = binomtest(num_right, num_images).proportion_ci(confidence, method="wilson")
    found = wilson_interval(num_right, num_images, confidence=confidence)
    assert found == pytest.approx((expected.low, expected.high), abs=1e-9)
    assert 0 <= found[0] <= num_right / num_images <= found[1] <= 1


def test_faultless_answers_still_leave_room_for_doubt() -> None:
    low, high = wilson_interval(20, 20)
    assert low == pytest.approx(0.8389, abs=1e-4)
    assert high == 1


@pytest.mark.parametrize(("num_right", "num_images"), [(0, 0), (3, 2), (-1, 5)])
def test_impossible_counts_are_refused(num_right: int, num_images: int) -> None:
    with pytest.raises(DataError, match=str(num_right)):
        wilson_interval(num_right, num_images)


@pytest.mark.parametrize("freedom", [3.0, 5.0, 12.0, 200.0])
def test_quantile_is_students(freedom: float) -> None:
    assert quantile(0.95, freedom) == pytest.approx(t.ppf(0.975, freedom), abs=0.01)


def test_difference_of_shares_is_newcombes_published_example() -> None:
    low, high = difference_interval((56 / 70, 70, inf), (48 / 80, 80, inf))
    assert (round(low, 4), round(high, 4)) == (0.0524, 0.3339)


def test_interval_of_losses_reaches_further_up_than_down_and_never_below_zero() -> None:
    low, high = mean_interval(0.02, 0.05, 60)
    assert 0 < low < 0.02 < high
    assert high - 0.02 > 0.02 - low


def test_copies_of_images_tell_no_more_than_the_images() -> None:
    right = np.random.default_rng(0).random(200) < 0.8
    copies, groups = np.repeat(right, 5).astype(float), np.repeat(np.arange(200), 5)
    assert design_effect(copies, groups) == pytest.approx(5, rel=0.01)
    assert design_effect(right.astype(float), np.arange(200)) == 1
    assert freedom_of(groups) == pytest.approx(199)


def test_faultless_groups_count_once_each() -> None:
    assert design_effect(np.ones(20), np.repeat(np.arange(4), 5)) == 5
