"""The learning-rate range test: raise the rate step by step, watch the loss, and suggest where it falls fastest.

Smith 2015, "Cyclical learning rates for training neural networks", arXiv:1506.01186, §3.3. Single batches scatter and now and
then one leaps, so losses go through a running median before they are smoothed, and the test ends only when several in a row are high.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor, nn

from hubel.train.loop import remaining_batches
from hubel.train.optimisers import set_rates
from hubel.train.recipes import Recipe
from hubel.train.sets import LearningSet
from hubel.train.state import FitState, begin
from hubel.train.step import train_step
from hubel.train.team import ALONE, Team

LOWEST, HIGHEST = 1e-6, 10.0
"""The rates that are tried, from lowest to highest."""
NUM_TRIED = 120
MEDIAN_OF = 5
"""Losses of so many steps give one median: two leaps among them change nothing."""
SMOOTHING = 0.8
"""The share of the mean so far that stays."""
HOPELESS = 2.0
"""The test ends when the smoothed loss is so many times the first, or so many times the lowest."""
SAFETY = 0.5
"""The rate is suggested somewhat below where the loss falls fastest: a training is longer than the test."""


@dataclass(frozen=True, slots=True)
class RateTest:
    """What was tried: rates, the loss of each step, the losses without leaps and scatter; and the rate to train with."""

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    smoothed: tuple[float, ...]
    suggested: float


def find_rate(
    network: nn.Module, recipe: Recipe, data: LearningSet, generator: np.random.Generator, *, team: Team = ALONE
) -> RateTest:
    """Try rates on a copy of the network.

    Parameters
    ----------
    network
        With its first weights; it is not changed.
    recipe
        How it will be trained.
    data
        What it will learn from.
    generator
        For the order of images and their augmentation.
    team
        Who tries together; every process finds the same.
    """
    alike = recipe.model_copy(update={"average": None})
    state = begin(copy.deepcopy(network), alike, len(data.labels), generator, team=team)
    tried: list[float] = []
    losses: list[float] = []
    for rate, rows in zip(np.geomspace(LOWEST, HIGHEST, NUM_TRIED).tolist(), endless_batches(state)):  # noqa: B905  one is endless
        set_rates(state.optimisers, rate / recipe.rate)
        state.learner.train()
        with state.own_randomness():
            outcome = train_step(state.learner, data.batch(state, rows), state.optimisers, recipe, team=team)
        if not math.isfinite(outcome.loss):
            break
        tried.append(rate)
        losses.append(outcome.loss)
        if is_hopeless(smooth(losses)):
            break
    smoothed = smooth(losses)
    return RateTest(tuple(tried), tuple(losses), smoothed, suggest(tried, smoothed))


def endless_batches(state: FitState) -> Iterator[Tensor]:
    """The batches of one epoch after the other."""
    while True:
        yield from remaining_batches(state)


def smooth(losses: Sequence[float]) -> tuple[float, ...]:
    """The losses without leaps and scatter: a running median of the steps before and after, then a running mean.

    Examples
    --------
    >>> smooth([1.0, 1.0, 90.0, 1.0, 1.0])
    (1.0, 1.0, 1.0, 1.0, 1.0)
    """
    half = MEDIAN_OF // 2
    medians = [float(np.median(losses[max(0, at - half) : at + half + 1])) for at in range(len(losses))]
    found: list[float] = []
    for median in medians:
        found.append(median if not found else SMOOTHING * found[-1] + (1 - SMOOTHING) * median)
    return tuple(found)


def is_hopeless(smoothed: Sequence[float]) -> bool:
    """Whether the loss has risen so far that higher rates need not be tried."""
    return smoothed[-1] > HOPELESS * max(min(smoothed), 0.05 * smoothed[0])


def suggest(rates: Sequence[float], smoothed: Sequence[float]) -> float:
    """Somewhat below the rate at which the smoothed loss falls fastest per decade; the lowest if it never falls.

    Examples
    --------
    >>> suggest([1e-4, 1e-3, 1e-2, 1e-1], [2.3, 2.2, 1.5, 1.4])
    0.005
    """
    if len(rates) < 3:
        return LOWEST
    slopes = np.gradient(np.asarray(smoothed), np.log10(rates))
    lowest = int(np.argmin(smoothed))
    falling = slopes[: lowest + 1]
    if falling.min() >= 0:
        return LOWEST
    return float(f"{SAFETY * rates[int(np.argmin(falling))]:.2g}")
