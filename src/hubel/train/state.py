"""Everything a training consists of between two steps: what a checkpoint must hold, and nothing else."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from hubel.core.events import EpochDone
from hubel.train.average import Average
from hubel.train.early import EarlyStopping
from hubel.train.optimisers import make_optimisers
from hubel.train.recipes import Recipe
from hubel.train.schedule import Plateau

Weights = dict[str, Tensor]
"""All tensors of a network by name, running statistics too."""


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """What is learned from: images uint8 (n h w c) and their classes (n) int64, of `num_classes`.

    `class_weights` (k) say how much an image of each class counts; None lets all count alike.
    """

    images: Tensor
    labels: Tensor
    num_classes: int
    class_weights: Tensor | None = None


@dataclass(slots=True)
class FitState:
    """A training in progress.

    `epoch` counts finished epochs, `step_in_epoch` the batches of the next one, `step` all batches. The order of an epoch is drawn
    from `order` when the epoch begins; `order_before` is that generator's state before, so that the same order can be drawn again.
    `draws` is for augmentation, `torch_random` the state of torch's generator for dropout. `kept` are the weights to go back to.
    """

    network: nn.Module
    recipe: Recipe
    optimisers: list[Optimizer]
    average: Average | None
    early: EarlyStopping
    plateau: Plateau
    order: np.random.Generator
    draws: np.random.Generator
    coins: np.ndarray
    torch_random: Tensor
    kept: Weights
    kept_epoch: int = 0
    epoch: int = 0
    step_in_epoch: int = 0
    step: int = 0
    loss_sum: float = 0.0
    num_right: int = 0
    num_seen: int = 0
    seconds: float = 0.0
    stopped: bool = False
    order_before: Mapping[str, Any] | None = None
    history: list[EpochDone] = field(default_factory=list)

    @property
    def measured(self) -> nn.Module:
        """The network whose figures count: with the mean weights where there is a mean."""
        return self.network if self.average is None else self.average.network

    @contextmanager
    def own_randomness(self) -> Iterator[None]:
        """The generator of torch as this training left it; the caller's is put back afterwards."""
        before = torch.get_rng_state()
        torch.set_rng_state(self.torch_random)
        try:
            yield
        finally:
            self.torch_random = torch.get_rng_state()
            torch.set_rng_state(before)


def begin(network: nn.Module, recipe: Recipe, num_images: int, generator: np.random.Generator) -> FitState:
    """A training that has not begun.

    Parameters
    ----------
    network
        With its first weights; it is trained in place.
    recipe
        How.
    num_images
        How many images it will learn from.
    generator
        Where all randomness comes from.
    """
    order, draws, flips, inner = generator.spawn(4)
    torch_generator = torch.Generator().manual_seed(int(inner.integers(2**63)))
    return FitState(
        network=network,
        recipe=recipe,
        optimisers=make_optimisers(network, recipe),
        average=None if recipe.average is None else Average(copy.deepcopy(network), recipe.average),
        early=EarlyStopping(recipe.patience),
        plateau=Plateau(),
        order=order,
        draws=draws,
        coins=flips.random(num_images) < 0.5,
        torch_random=torch_generator.get_state(),
        kept=copy_weights(network),
    )


def copy_weights(network: nn.Module) -> Weights:
    """The network's tensors as they are now."""
    return {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}
