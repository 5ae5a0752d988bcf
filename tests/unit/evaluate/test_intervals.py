"""The interval against scipy's, and at its ends."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from hubel.core.errors import DataError
from hubel.evaluate.intervals import wilson_interval


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
