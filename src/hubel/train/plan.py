"""Which input size, so that the run ends when it should; decided before the first image is decoded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SECONDS_TO_READ = 1.6e-3
"""Reading and fitting an ordinary photo on one core."""
SECONDS_AROUND = 4.0
"""Finding files, choosing the strength, writing the report."""
SECONDS_AFTER = 2.5
"""The least that learning and writing take; on a slow or busy machine more, about as much more as opening did."""
MOST_AT_SIZE = {256: 10_000, 224: 15_000, 192: 25_000}
"""Without a budget, the most images for which a size is taken: about a minute's work on two cores. It depends on the
data alone, never on how busy the machine is, so that the same data give the same weights."""
LARGEST_ENLARGEMENT = 5
"""Tiny pictures are not enlarged more than this: larger inputs cost more and were no better, on handwriting worse
(`benchmarks/sizes.py`, `LAB.md`)."""

MOST_VIEWS = 4
"""So many views of each image are learned from where there is time."""
SECONDS_TO_PREPARE = 12.0
"""Loading torch, cutting the base, and writing two graphs."""
WAYS_TO_SPEND = (("stage:2", 0.5, 5.0), ("stage:1", 0.75, 2.5), ("none", 1.0, 0.0))
"""What of the base learns, the most promising first; what the layers below take of the whole base, and what learning from an image
takes in inferences of the whole base on the fastest engine (`LAB.md`, 2026-11-22)."""
LEAST_EPOCHS = 4
"""Fewer are not worth the preparation."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The side of the input in pixels, how long the whole run is expected to take, and why, in English and Korean."""

    size: int
    expected_seconds: float
    why: tuple[str, str]


def plan_size(
    sizes: Sequence[int],
    shorter_side: float,
    num_images: int,
    *,
    seconds_per_image: float,
    workers: int,
    budget: float | None,
) -> Plan:
    """The base's usual size, or a smaller one where the pictures are tiny, many, or the budget is short.

    Parameters
    ----------
    sizes
        The sizes the base is good at, its usual one first.
    shorter_side
        The median shorter side of the pictures.
    num_images
        How many have to be read.
    seconds_per_image
        Inference at the first of `sizes`, all workers busy; only used with a budget, and to foretell the time.
    workers
        The number of cores at work.
    budget
        Seconds for the whole run, if the user set them.
    """
    usual, smallest = sizes[0], min(sizes)

    def expected(size: int) -> float:
        inference = seconds_per_image * (size / usual) ** 2
        return SECONDS_AROUND + num_images * (inference + SECONDS_TO_READ / workers)

    def affordable(size: int) -> bool:
        return num_images <= MOST_AT_SIZE.get(size, num_images) if budget is None else expected(size) <= budget

    fitting = sorted(
        (size for size in sizes if size <= max(LARGEST_ENLARGEMENT * shorter_side, smallest)), reverse=True
    )
    size = next((size for size in fitting if affordable(size)), smallest)
    if size == usual:
        why = ("the size this base is best at", "이 기반 모델에 가장 알맞은 크기")
    elif size == fitting[0]:
        why = ("the pictures are small", "이미지가 작음")
    elif budget is None:
        why = ("there are many pictures", "이미지가 많음")
    else:
        why = (f"a larger one would take longer than {budget:.0f} s", f"더 크면 {budget:.0f}초를 넘김")
    return Plan(size, expected(size), why)


@dataclass(frozen=True, slots=True)
class Spending:
    """What the rest of a budget is spent on: what learns (see `fine.FineTuning`), from how many views, for about how long."""

    unfreeze: str
    views: int
    learning_seconds: float


def plan_fine_tuning(num_images: int, seconds_per_image: float, seconds_left: float) -> Spending | None:
    """How to learn on in the time that is left; None where it would come to nothing.

    Parameters
    ----------
    num_images
        How many there are.
    seconds_per_image
        That the base takes.
    seconds_left
        Until the report has to be written.

    Examples
    --------
    >>> [plan_fine_tuning(1000, 0.01, left).unfreeze for left in (400.0, 150.0, 60.0)]
    ['stage:2', 'stage:1', 'none']
    >>> plan_fine_tuning(1000, 0.01, 20.0) is None
    True
    """
    once = num_images * seconds_per_image
    for unfreeze, below, cost in WAYS_TO_SPEND:
        for views in range(MOST_VIEWS, 1, -1):
            learning = seconds_left - SECONDS_TO_PREPARE - once * (1 + (views - 1) * below)
            if learning >= LEAST_EPOCHS * once * cost:
                return Spending(unfreeze, views, learning)
    return None
