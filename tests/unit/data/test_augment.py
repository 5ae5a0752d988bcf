"""A batch that is augmented at once equals each image augmented slowly by itself."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from hubel.data.augment import Draws, alternating_flips, augment, draw
from hubel.data.augmentation import FILL_MODES, NO_AUGMENTATION, Augmentation, FillMode
from small_networks import one_thread

alone = pytest.fixture(autouse=True, scope="module")(one_thread)
LUMA = np.array([0.299, 0.587, 0.114])


def images_of(seed: int, count: int = 3, height: int = 6, width: int = 5) -> np.ndarray:
    """Noise, uint8 (n h w 3)."""
    return np.random.default_rng(seed).integers(0, 256, (count, height, width, 3), dtype=np.uint8)


def slow(image: np.ndarray, draws: Draws, number: int, augmentation: Augmentation) -> np.ndarray:
    """One image by loops over its pixels, float (h w 3)."""
    source = image / 255.0
    height, width = source.shape[:2]
    mode, value = augmentation.fill_mode, augmentation.fill_value
    moved = np.empty_like(source)
    for row in range(height):
        for column in range(width):
            at_row = height - 1 - row if draws.upside_down[number] else row
            at_column = width - 1 - column if draws.mirrored[number] else column
            moved[row, column] = pixel(
                source, at_row + draws.down[number], at_column + draws.across[number], mode, value
            )
    if draws.matrices is not None:
        moved = slow_warp(moved, draws.matrices[number], mode, value)
    if draws.gains is not None:
        brightness, contrast, saturation = draws.gains[number]
        moved = moved * brightness
        middle = (moved @ LUMA).mean()
        moved = (moved - middle) * contrast + middle
        grey = (moved @ LUMA)[:, :, None]
        moved = np.clip((moved - grey) * saturation + grey, 0, 1)
    if draws.boxes is not None:
        top, left, bottom, right = draws.boxes[number]
        mean = moved.mean((0, 1))
        moved = moved.copy()
        moved[top:bottom, left:right] = mean
    return moved


def slow_warp(image: np.ndarray, matrix: np.ndarray, mode: FillMode, value: float) -> np.ndarray:
    """Bilinear interpolation between four pixels, one output pixel after the other."""
    height, width = image.shape[:2]
    centre = np.array([(height - 1) / 2, (width - 1) / 2])
    out = np.zeros_like(image)
    for row in range(height):
        for column in range(width):
            place = matrix[:, :2] @ (np.array([row, column]) - centre) + matrix[:, 2] + centre
            low = np.floor(place).astype(int)
            part = place - low
            for down in (0, 1):
                for across in (0, 1):
                    weight = (part[0] if down else 1 - part[0]) * (part[1] if across else 1 - part[1])
                    out[row, column] += weight * pixel(image, low[0] + down, low[1] + across, mode, value)
    return out


def pixel(image: np.ndarray, row: int, column: int, mode: FillMode, value: float) -> np.ndarray:
    """One pixel, also beyond the border."""
    height, width = image.shape[:2]
    if mode == "constant":
        inside = 0 <= row < height and 0 <= column < width
        return np.asarray(image[row, column] if inside else np.full(3, value))
    return np.asarray(image[fold(row, height, mode), fold(column, width, mode)])


def fold(place: int, side: int, mode: FillMode) -> int:
    """A place beyond the border, walked back step by step."""
    if mode == "nearest":
        return min(max(place, 0), side - 1)
    while not 0 <= place < side:
        if mode == "wrap":
            place += side if place < 0 else -side
        else:
            place = -1 - place if place < 0 else 2 * side - 1 - place
    return place


ranges = st.builds(
    Augmentation,
    rotation_range=st.sampled_from([0.0, 30.0, 180.0]),
    width_shift_range=st.sampled_from([0.0, 0.3, 2.0]),
    height_shift_range=st.sampled_from([0.0, 0.3, 2.0]),
    shear_range=st.sampled_from([0.0, 20.0]),
    zoom_range=st.sampled_from([0.0, 0.4]),
    horizontal_flip=st.booleans(),
    vertical_flip=st.booleans(),
    alternating_flip=st.booleans(),
    crop_padding=st.sampled_from([0, 2, 9]),
    fill_mode=st.sampled_from(FILL_MODES),
    fill_value=st.sampled_from([0.0, 0.7]),
    brightness_range=st.sampled_from([0.0, 0.5]),
    contrast_range=st.sampled_from([0.0, 0.5]),
    saturation_range=st.sampled_from([0.0, 1.0]),
    erasing=st.sampled_from([0.0, 0.7]),
)


@settings(max_examples=80, deadline=None)
@given(ranges, st.integers(0, 10_000))
def test_a_batch_equals_each_image_done_slowly_by_itself(augmentation: Augmentation, seed: int) -> None:
    noise = np.random.default_rng(seed)
    images = images_of(seed)
    flips = alternating_flips(noise.random(3) < 0.5, seed)
    draws = draw(augmentation, 3, (6, 5), noise, alternating=flips)
    found = augment(torch.from_numpy(images), draws, augmentation)
    assert found.dtype == torch.float32
    assert found.shape == (3, 3, 6, 5)
    for number in range(3):
        expected = slow(images[number], draws, number, augmentation)
        np.testing.assert_allclose(found[number].permute(1, 2, 0).numpy(), expected, atol=2e-4)


def test_no_augmentation_leaves_the_pixels_as_they_are() -> None:
    images = images_of(0)
    found = augment(
        torch.from_numpy(images), draw(NO_AUGMENTATION, 3, (6, 5), np.random.default_rng(0)), NO_AUGMENTATION
    )
    assert torch.equal((found * 255).round().byte().permute(0, 2, 3, 1), torch.from_numpy(images))


def test_the_callers_images_are_not_changed() -> None:
    images = torch.from_numpy(images_of(0))
    before = images.clone()
    everything = Augmentation(
        rotation_range=20, crop_padding=1, horizontal_flip=True, brightness_range=0.3, erasing=1.0
    )
    augment(images, draw(everything, 3, (6, 5), np.random.default_rng(0)), everything)
    assert torch.equal(images, before)


def test_chosen_rows_equal_those_images_alone() -> None:
    images = torch.from_numpy(images_of(1, count=5))
    augmentation = Augmentation(crop_padding=2, horizontal_flip=True, fill_mode="reflect")
    draws = draw(augmentation, 2, (6, 5), np.random.default_rng(2))
    rows = torch.tensor([4, 1])
    assert torch.equal(augment(images, draws, augmentation, rows=rows), augment(images[rows], draws, augmentation))


def test_alternating_flips_show_every_image_both_ways_in_two_epochs() -> None:
    coins = np.random.default_rng(0).random(100) < 0.5
    assert (alternating_flips(coins, 4) ^ alternating_flips(coins, 5)).all()
    assert 30 < alternating_flips(coins, 0).sum() < 70


def test_every_image_of_a_batch_has_a_draw_of_its_own() -> None:
    draws = draw(Augmentation(rotation_range=30, zoom_range=0.2), 50, (8, 8), np.random.default_rng(0))
    assert draws.matrices is not None
    assert len(np.unique(draws.matrices[:, 0, 0])) == 50


@pytest.mark.parametrize(
    ("name", "amount", "expected"),
    [
        ("height_shift_range", 0.5, (4.0, 0.0)),
        ("width_shift_range", 0.5, (0.0, 8.0)),
        ("width_shift_range", 3.0, (0.0, 3.0)),
    ],
)
def test_a_shift_is_a_share_of_the_side_below_one_and_pixels_above(
    name: str, amount: float, expected: tuple[float, float]
) -> None:
    draws = draw(Augmentation.model_validate({name: amount}), 4000, (8, 16), np.random.default_rng(0))
    assert draws.matrices is not None
    np.testing.assert_allclose(np.abs(draws.matrices[:, :, 2]).max(0), expected, rtol=0.01)


def test_a_quarter_turn_turns_the_image() -> None:
    images = images_of(3, count=1, height=5, width=5)
    quarter = np.array([[[0.0, -1.0, 0.0], [1.0, 0.0, 0.0]]])
    still, no = np.zeros(1, int), np.zeros(1, bool)
    found = augment(torch.from_numpy(images), Draws(still, still, no, no, quarter, None, None), NO_AUGMENTATION)
    expected = np.rot90(images[0], k=-1, axes=(0, 1)) / 255
    np.testing.assert_allclose(found[0].permute(1, 2, 0).numpy(), expected, atol=1e-5)


def test_erased_boxes_have_the_area_that_was_asked_for() -> None:
    augmentation = Augmentation(erasing=0.5, erasing_area=(0.1, 0.2))
    draws = draw(augmentation, 2000, (32, 32), np.random.default_rng(0))
    assert draws.boxes is not None
    area = (draws.boxes[:, 2] - draws.boxes[:, 0]) * (draws.boxes[:, 3] - draws.boxes[:, 1]) / 32**2
    assert 0.45 < (area > 0).mean() < 0.55
    assert area[area > 0].min() > 0.08
    assert area.max() < 0.23
    assert (draws.boxes >= 0).all()
    assert (draws.boxes <= 32).all()
