"""A picture of any shape becomes a square."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from hubel.core.card import ImageSpec
from hubel.core.errors import DataError
from hubel.data.resize import PAD_VALUE, choose_resize, fit_image

rule = st.sampled_from(["crop", "pad", "squash"])


@given(st.integers(1, 90), st.integers(1, 90), st.integers(8, 64), rule)
def test_any_shape_becomes_a_square_of_bytes(width: int, height: int, size: int, resize: Any) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    fitted = fit_image(pixels, ImageSpec(size=size, resize=resize))
    assert fitted.shape == (size, size, 3)
    assert fitted.dtype == np.uint8


@given(st.integers(1, 90), st.integers(1, 90), st.sampled_from(["crop", "squash"]), st.integers(0, 255))
def test_a_plain_colour_stays_that_colour(width: int, height: int, resize: Any, value: int) -> None:
    fitted = fit_image(np.full((height, width, 3), value, np.uint8), ImageSpec(size=16, resize=resize))
    assert (fitted == value).all()


@given(rule)
def test_a_square_of_the_right_size_is_left_alone(resize: Any) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    np.testing.assert_array_equal(fit_image(pixels, ImageSpec(size=32, resize=resize)), pixels)


def test_squash_is_pillows_antialiased_bilinear() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (67, 91, 3), np.uint8)
    expected = np.asarray(Image.fromarray(pixels).resize((32, 32), Image.Resampling.BILINEAR))
    np.testing.assert_array_equal(fit_image(pixels, ImageSpec(size=32, resize="squash")), expected)


@pytest.mark.parametrize("wide", [True, False])
def test_crop_keeps_the_middle(wide: bool) -> None:
    pixels = np.zeros((30, 90, 3), np.uint8)
    pixels[:, 30:60] = 200
    fitted = fit_image(pixels if wide else pixels.swapaxes(0, 1).copy(), ImageSpec(size=15, resize="crop"))
    assert (fitted == 200).all()


def test_pad_keeps_the_aspect_and_fills_with_grey_evenly() -> None:
    fitted = fit_image(np.full((20, 40, 3), 250, np.uint8), ImageSpec(size=20, resize="pad"))
    assert (fitted[5:15] == 250).all()
    assert (fitted[:5] == PAD_VALUE).all()
    assert (fitted[15:] == PAD_VALUE).all()


def test_a_large_reduction_differs_from_one_without_shortcuts_by_less_than_one_on_average() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), np.uint8)
    pixels = np.asarray(Image.fromarray(noise).resize((1600, 1200), Image.Resampling.BICUBIC))
    expected = np.asarray(Image.fromarray(pixels).resize((100, 100), Image.Resampling.BILINEAR)).astype(int)
    fitted = fit_image(pixels, ImageSpec(size=100, resize="squash")).astype(int)
    assert np.abs(fitted - expected).mean() < 1


def test_fitting_leaves_the_given_pixels_as_they_were() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 60, 3), np.uint8)
    before = pixels.copy()
    fit_image(pixels, ImageSpec(size=32, resize="pad"))
    np.testing.assert_array_equal(pixels, before)


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([(500, 375), (375, 500), (400, 400)], "squash"),
        ([(32, 32)], "squash"),
        ([(1200, 200)] * 50, "squash"),  # one common panorama: all are stretched alike
        ([(500, 375)] * 99 + [(3000, 100)], "squash"),  # one odd image decides nothing
        ([(1200, 300)] * 10 + [(300, 1200)] * 10, "pad"),
    ],
)
def test_the_rule_is_chosen_from_the_shapes(sizes: list[tuple[int, int]], expected: str) -> None:
    assert choose_resize(sizes)[0] == expected


def test_the_choice_is_said_with_the_shapes_in_both_languages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUBEL_LANG", "en")
    assert "1.33" in choose_resize([(400, 300)])[1][0]
    monkeypatch.setenv("HUBEL_LANG", "ko")
    assert "정사각형" in choose_resize([(400, 300)])[1][1]


def test_no_sizes_are_a_data_error() -> None:
    with pytest.raises(DataError, match="0 images"):
        choose_resize([])
