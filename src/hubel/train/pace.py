"""How many epochs fit into a time: a schedule that ends at zero must know its end before it begins."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable

import numpy as np
from torch import nn

from hubel.core.events import StepDone
from hubel.train.loop import fit, steps_in_epoch
from hubel.train.recipes import MOST_EPOCHS, Recipe
from hubel.train.sets import LearningSet
from hubel.train.state import begin
from hubel.train.team import ALONE, Team

WARM, TIMED = 2, 10
"""So many steps of a copy are taken first, and so many are timed."""
CAUTION = 0.93
"""The share of the time that is planned with: machines do not keep their pace, and epochs are measured in between."""


def pace_of_copy(
    network: nn.Module, recipe: Recipe, data: LearningSet, generator: np.random.Generator, *, team: Team = ALONE
) -> float:
    """The seconds that learning from one image takes, by a few steps of a copy; the network itself is not changed.

    Parameters
    ----------
    network
        With its first weights.
    recipe
        How it will be trained.
    data
        What it will learn from.
    generator
        For the order of images and their augmentation.
    team
        Who trains together, and takes these steps together.
    """
    state = begin(copy.deepcopy(network), recipe, len(data.labels), generator, team=team)
    steps = (event for event in fit(state, data) if isinstance(event, StepDone))
    num_timed = min(TIMED, max(1, steps_in_epoch(state) * recipe.epochs - WARM))
    for _ in range(WARM):
        next(steps, None)
    begun = time.monotonic()
    for _ in range(num_timed):
        next(steps, None)
    images_a_step = len(data.labels) / steps_in_epoch(state)
    return (time.monotonic() - begun) / (num_timed * images_a_step)


def epochs_within(pace: float, num_images: int, left: Callable[[float], float]) -> int:
    """How many epochs to plan, at least one.

    Parameters
    ----------
    pace
        Seconds an image.
    num_images
        That an epoch has.
    left
        The seconds that are left to learn at a pace.

    Examples
    --------
    >>> epochs_within(0.001, 1000, lambda pace: 10.0), epochs_within(1.0, 1000, lambda pace: 10.0)
    (9, 1)
    """
    return int(np.clip(CAUTION * left(pace) / (pace * num_images), 1, MOST_EPOCHS))
