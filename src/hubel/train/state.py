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
from hubel.train.distributed import together
from hubel.train.early import EarlyStopping
from hubel.train.optimisers import make_optimisers
from hubel.train.recipes import Recipe
from hubel.train.schedule import Plateau
from hubel.train.team import ALONE, Team

Weights = dict[str, Tensor]
"""All tensors of a network by name, running statistics too."""


@dataclass(slots=True)
class FitState:
    """A training in progress.

    `epoch` counts finished epochs, `step_in_epoch` the batches of the next one, `step` all batches. The order of an epoch is drawn
    from `order` when the epoch begins; `order_before` is that generator's state before, so that the same order can be drawn again.
    `draws` is for augmentation, `torch_random` the state of torch's generator for dropout. `kept` are the weights to go back to.
    `learner` is what learns: the network, or what a `team` makes of it (`distributed.together`).
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
    learner: nn.Module
    own_seed: int
    team: Team = ALONE
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
        """The generator of torch as this training left it; the caller's is put back afterwards.

        Graphics cards have generators of their own, and so must the other processes of a team, for they see other images. These
        begin anew at each step by its number, so that a checkpoint need not hold them.
        """
        before = torch.get_rng_state()
        torch.set_rng_state(self.torch_random)
        if not self.team.leads or next(self.network.parameters()).device.type != "cpu":
            torch.manual_seed(step_seed(self.own_seed, self.team.rank, self.step))
        try:
            yield
        finally:
            self.torch_random = torch.get_rng_state()
            torch.set_rng_state(before)


def begin(
    network: nn.Module, recipe: Recipe, num_images: int, generator: np.random.Generator, *, team: Team = ALONE
) -> FitState:
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
    team
        Who trains it; every process begins alike, and the leader's first weights are taken.
    """
    order, draws, flips, inner = generator.spawn(4)
    own_seed = int(inner.integers(2**63))
    torch_generator = torch.Generator().manual_seed(own_seed)
    learner = together(network, team)
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
        learner=learner,
        own_seed=own_seed,
        team=team,
    )


def step_seed(own_seed: int, rank: int, step: int) -> int:
    """The seed of one process's step, unlike that of any other."""
    return int(np.random.SeedSequence([own_seed, rank, step]).generate_state(1, np.uint64)[0])


def copy_weights(network: nn.Module) -> Weights:
    """The network's tensors as they are now."""
    return {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}
