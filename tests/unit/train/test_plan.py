"""The size of the input: the usual one unless pictures are tiny, very many, or time is short."""

from __future__ import annotations

import pytest

from hubel.train.plan import plan_size

SIZES = (256, 224, 192, 160)


def size_for(side: float, num_images: int, budget: float | None = None) -> int:
    return plan_size(SIZES, side, num_images, seconds_per_image=5e-3, workers=2, budget=budget).size


@pytest.mark.parametrize(
    ("side", "size"), [(500, 256), (64, 256), (45, 224), (40, 192), (32, 160), (28, 160), (8, 160)]
)
def test_tiny_pictures_are_enlarged_at_most_fivefold(side: float, size: int) -> None:
    assert size_for(side, 1000) == size


@pytest.mark.parametrize(("num_images", "size"), [(10_000, 256), (10_001, 224), (20_000, 192), (100_000, 160)])
def test_very_many_pictures_are_shown_smaller(num_images: int, size: int) -> None:
    assert size_for(500, num_images) == size


def test_a_budget_is_kept_by_a_smaller_size_and_a_generous_one_takes_the_usual() -> None:
    assert size_for(500, 3000, budget=60) == 256
    planned = plan_size(SIZES, 500, 3000, seconds_per_image=5e-3, workers=2, budget=18)
    assert planned.size < 256
    assert planned.expected_seconds <= 18
    assert size_for(500, 100_000, budget=1) == 160


def test_the_same_data_get_the_same_size_however_fast_the_machine_is() -> None:
    sizes = {
        plan_size(SIZES, 500, 12_000, seconds_per_image=pace, workers=2, budget=None).size for pace in (1e-4, 1e-2, 1.0)
    }
    assert sizes == {224}
