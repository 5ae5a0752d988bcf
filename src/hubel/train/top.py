"""The part of a base that is trained anew, with the head on it; all norms keep the statistics of the images they were made on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import skip_init

from hubel.core.events import Event
from hubel.core.learning import Training
from hubel.core.seeds import generator
from hubel.models.cut import Base, Cut, Upper, let_learn
from hubel.train.fine import FineTuning
from hubel.train.head import Head
from hubel.train.memory import keep_memory
from hubel.train.network import Limits, go_through, resolved, training_of
from hubel.train.prepared import LinearHead
from hubel.train.recipes import Recipe
from hubel.train.sets import LearningSet, RowSet, validator
from hubel.train.settle import settle
from hubel.train.state import begin

RATE_OF_HEAD = 0.1
"""The head comes from the regression and needs to move little; as a share of the recipe's rate."""


class Top(nn.Module):
    """Rows (n m) of a frozen lower half, or all of a base's pixels, → scores (n k).

    Parameters
    ----------
    upper
        The upper half of a base.
    cut
        What of it learns.
    head
        To begin with, (d k).
    choices
        Each step of the upper half learns at `rate_decay` of the rate of the one above it (Howard and Ruder 2018,
        arXiv:1801.06146, §3.2). Where weights were drawn anew, norms learn with them, and so does the head from zero.
    base
        Where nothing is frozen: the base whose scaling stands before it. Then images float (n 3 h w) in [0, 1] come in.
    """

    def __init__(self, upper: Upper, cut: Cut, head: Head, choices: FineTuning, *, base: Base | None = None) -> None:
        super().__init__()
        self.upper, self.rate_decay, self.anew = upper, choices.rate_decay, choices.reuse == "early"
        self.scaling = None if base is None else base.scaling
        self.head: nn.Linear = skip_init(nn.Linear, *head.weights.shape)  # type: ignore[no-untyped-call]  # torch has no types here
        with torch.no_grad():
            self.head.weight.copy_(torch.from_numpy(head.weights.T * (not self.anew)))
            self.head.bias.copy_(torch.from_numpy(head.bias))
        let_learn(upper, cut)
        for module in upper.modules():
            if isinstance(module, nn.Conv2d) and module.groups > 1:
                module.__class__ = wide(type(module))  # type: ignore[assignment, arg-type]  # a kind of the same kind

    def forward(self, images: Tensor) -> Tensor:
        """The scores."""
        if self.scaling is None:
            features = self.upper(images)
        else:
            features = self.upper.features(self.scaling.of_planes(255 * images), images.new_zeros(len(images), 0))
        scores: Tensor = self.head(features.float())
        return scores

    def train(self, mode: bool = True) -> Top:
        """Let dropout work, but no norm count: a few images would overturn what a million said."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm) and not (self.anew and learns(module)):
                module.eval()
        return self

    @property
    def rate_shares(self) -> dict[str, float]:
        """The share of the learning rate that each weight learns at, by name."""
        shares = {} if self.anew else {"head.weight": RATE_OF_HEAD, "head.bias": RATE_OF_HEAD}
        for depth, step in enumerate(reversed(self.upper.names)):
            prefix = f"upper.base.network.{step}."
            shares |= {name: self.rate_decay**depth for name, _ in self.named_parameters() if name.startswith(prefix)}
        return shares

    @property
    def num_learning(self) -> int:
        """How many weights learn, those of a classifier that the base does without not counted."""
        used = (*(f"upper.base.network.{step}." for step in self.upper.names), "head.")
        learning = [(name, weight) for name, weight in self.named_parameters() if weight.requires_grad]
        return sum(weight.numel() for name, weight in learning if not self.upper.names or name.startswith(used))

    def linear_head(self) -> LinearHead:
        """The head as it is now, weights (d k) and bias (k)."""
        weights: Any = self.head.weight.detach().numpy().T
        return LinearHead(np.ascontiguousarray(weights, np.float32), self.head.bias.detach().numpy().copy())


@cache
def wide(kind: type[nn.Module]) -> type[nn.Module]:
    """A kind of module that computes in float32 where others do in bfloat16.

    In bfloat16 the gradients of grouped convolutions take three times as long (`LAB.md`, 2026-11-22).
    """

    class Wide(kind):  # type: ignore[misc, valid-type]  # whatever kind of convolution it is
        def forward(self, maps: Tensor) -> Tensor:
            with torch.autocast(maps.device.type, enabled=False):
                found: Tensor = super().forward(maps.float())
            return found

    return Wide


@dataclass(frozen=True, slots=True)
class Tuned:
    """How a training of a top went: the recipe as it was resolved, and its epochs. The top holds the best weights."""

    recipe: Recipe
    training: Training


def train_top(  # noqa: PLR0913  what learns from what, how, and what ends it
    top: Top,
    recipe: Recipe,
    sets: tuple[LearningSet, LearningSet],
    choices: FineTuning,
    *,
    seed: int,
    about: Sequence[object],
    folder: Path,
    limits: Limits,
) -> Generator[Event, None, Tuned]:
    """Train a top; it is in evaluation mode afterwards.

    Parameters
    ----------
    top
        With its first weights.
    recipe
        How, flips settled.
    sets
        What is learned from, and what chooses the epoch.
    choices
        Whether to look for a rate, and whether to begin anew.
    seed
        For order, views and augmentation.
    about
        What decides the weights beside recipe, choices and seed; a checkpoint is known by it.
    folder
        Where checkpoints are kept.
    limits
        What may end it early.
    """
    keep_memory()
    data, tuning = sets
    recipe = recipe.model_copy(update={"test_mirror": False})  # that is settled
    top.to(memory_format=torch.channels_last)
    recipe = yield from settle(
        top, resolved(recipe.for_images(len(data.labels))), data, seed, wants_rate=choices.find_rate, left=limits.left
    )
    state = begin(top, recipe, len(data.labels), generator(seed, "fit"))
    settings = [recipe.model_dump_json(exclude={"patience"}), choices.model_dump_json(exclude={"recipe", "restart"})]
    views = len(data.views) if isinstance(data, RowSet) else 0
    first = hashlib.sha256(top.head.weight.detach().numpy().tobytes()).hexdigest()
    facts = [*about, *settings, views, first, seed, torch.__version__, torch.get_num_threads()]
    key = hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:20]
    validate = validator(tuning, precision=recipe.precision)
    ended = yield from go_through(
        state, data, validate=validate, path=folder / f"fine-{key}.safetensors", limits=limits, restart=choices.restart
    )
    return Tuned(recipe, training_of(state, seed, ended))


def learns(module: nn.Module) -> bool:
    """Whether the weights of a module itself, if it has any, all learn."""
    own = list(module.parameters(recurse=False))
    return bool(own) and all(weight.requires_grad for weight in own)


def draw_anew(top: Top, random: np.random.Generator) -> None:
    """Draw the weights of a top that learn anew, as torch begins them; what has no such beginning stays."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(random.integers(2**63)))
        for module in top.upper.modules():
            reset = getattr(module, "reset_parameters", None)
            if callable(reset) and learns(module):
                reset()
