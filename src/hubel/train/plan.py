"""Which input size, so that the run ends when it should; decided before the first image is decoded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SECONDS_TO_READ = 1.6e-3
"""Reading and fitting an ordinary photo on one core; refined by the run itself as it goes."""
SECONDS_AROUND = 4.0
"""Finding files, choosing the strength, writing the report."""
USUAL_SECONDS = 60.0
"""What a run may take when the user set no budget; only the size is chosen by it."""
LARGEST_ENLARGEMENT = 8
"""Tiny pictures gain nothing from being enlarged more than this."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The side of the input in pixels, and how long the whole run is expected to take."""

    size: int
    expected_seconds: float
    why: tuple[str, str]


def plan_size(
    sizes: Sequence[int], shorter_side: float, num_images: int, *, seconds_per_image: float, workers: int, budget: float
) -> Plan:
    """The base's usual size, or the largest that fits the budget and the pictures.

    Parameters
    ----------
    sizes
        The sizes the base is good at, its usual one first.
    shorter_side
        The median shorter side of the pictures.
    num_images
        How many have to be read.
    seconds_per_image
        Inference at the first of `sizes`, all workers busy.
    workers
        The number of cores at work.
    budget
        Seconds for the whole run.
    """
    usual = sizes[0]

    def expected(size: int) -> float:
        inference = seconds_per_image * (size / usual) ** 2
        return SECONDS_AROUND + num_images * (inference + SECONDS_TO_READ / workers)

    smallest = min(sizes)
    fitting = [size for size in sizes if size <= max(LARGEST_ENLARGEMENT * shorter_side, smallest)]
    for size in sorted(fitting, reverse=True):
        if size <= usual and expected(size) <= budget:
            break
    else:
        size = smallest
    if size == usual:
        why = ("the size this base is best at", "이 기반 모델에 가장 알맞은 크기")
    elif size == max(fitting):
        why = ("the pictures are small", "이미지가 작음")
    else:
        why = (f"a larger one would take longer than {budget:.0f} s", f"더 크면 {budget:.0f}초를 넘김")
    return Plan(size, expected(size), why)
