"""One step: forward, loss, backward, update; for a batch in pieces and for a share of it, too."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import Optimizer

from hubel.train.optimisers import gradient_norm
from hubel.train.recipes import Recipe
from hubel.train.shares import Share
from hubel.train.team import ALONE, Team

AUXILIARY_WEIGHT = 0.3
"""How much each auxiliary head's loss counts where the network does not say (Szegedy et al. 2014, arXiv:1409.4842, §5)."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Images (n c h w), the labels (n) they came with, and the targets that are learned: labels (n) or shares (n k).

    `class_weights` (k) say how much an image of each class counts; None lets all count alike.
    `share` says of which batch they are a share, and in which pieces they are learned from; None: all of it at once.
    """

    images: Tensor
    labels: Tensor
    targets: Tensor
    class_weights: Tensor | None = None
    share: Share | None = None

    @property
    def total(self) -> int:
        """How many images the weights will have moved for, those of other processes included."""
        return len(self.labels) if self.share is None else self.share.total

    def pieces(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Images, labels and targets, piece after piece."""
        sizes = [len(self.labels)] if self.share is None else list(self.share.sizes)
        parts = (torch.split(tensor, sizes) for tensor in (self.images, self.labels, self.targets))
        yield from zip(*parts, strict=True)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The mean loss of a batch, and how many of its images were right, before the update."""

    loss: float
    num_right: int


def train_step(
    network: nn.Module, batch: Batch, optimisers: Sequence[Optimizer], recipe: Recipe, *, team: Team = ALONE
) -> Outcome:
    """Learn from one batch. Where the loss is no number, the weights stay as they are, so that the caller can go back.

    Parameters
    ----------
    network
        In training mode; may give a tuple, the logits (n k) first and those of auxiliary heads after them.
    batch
        What is learned from.
    optimisers
        What moves the weights.
    recipe
        Gives label smoothing, clipping and precision; ``auto`` must have been resolved.
    team
        Who learns from the same batch; the gradients are then means over the team, as `distributed.together` makes them.

    Returns
    -------
    Outcome
        Of the whole batch, in every process.
    """
    for optimiser in optimisers:
        optimiser.zero_grad(set_to_none=True)
    device = next(network.parameters()).device
    losses, rights = [], []
    pieces = list(batch.pieces())
    for number, piece in enumerate(pieces, 1):
        images, labels, targets = (part.to(device, non_blocking=True) for part in piece)
        with exchanging(network, now=number == len(pieces)):
            with torch.autocast(device.type, torch.bfloat16, enabled=recipe.precision == "bf16"):
                output = network(images)
            logits, *auxiliary = output if isinstance(output, tuple) else (output,)
            loss = loss_of(logits, targets, recipe, batch.class_weights)
            for scores in auxiliary:
                loss = loss + weight_of_auxiliary(network) * loss_of(scores, targets, recipe, batch.class_weights)
            share = len(labels) / batch.total
            torch.autograd.backward(loss * (share * team.size))
        losses.append(float(loss.detach()) * share)
        rights.append(int((logits.detach().argmax(1) == labels).sum()))
    value, num_right = team.total([sum(losses), sum(rights)])
    if not math.isfinite(value):
        return Outcome(value, 0)
    if recipe.clip_norm is not None:
        clip_gradients(optimisers, recipe.clip_norm)
    for optimiser in optimisers:
        optimiser.step()
    return Outcome(value, int(num_right))


def exchanging(network: Any, *, now: bool) -> AbstractContextManager[Any]:
    """A block whose gradients go to the other processes now, or wait for those of the next piece."""
    return nullcontext() if now or not hasattr(network, "no_sync") else network.no_sync()


def loss_of(scores: Tensor, targets: Tensor, recipe: Recipe, class_weights: Tensor | None) -> Tensor:
    """The mean log loss of scores (n k), a mixed image counting by the shares of its classes.

    Of no images it is 0, along which gradients of 0 flow, for the others wait for them. The weighting is not torch's own, which
    divides by the weights of the batch: there a batch without rare images would weigh as much as one full of them.
    """
    if not len(scores):
        return scores.float().sum()
    if class_weights is None:
        return functional.cross_entropy(scores.float(), targets, label_smoothing=recipe.label_smoothing)
    losses = functional.cross_entropy(scores.float(), targets, label_smoothing=recipe.label_smoothing, reduction="none")
    of_class = class_weights.to(scores.device)
    weights = targets @ of_class if targets.ndim == 2 else of_class[targets]
    return (losses * weights).mean()


def weight_of_auxiliary(network: nn.Module) -> float:
    """How much auxiliary heads count in this network."""
    return float(getattr(getattr(network, "module", network), "auxiliary_weight", AUXILIARY_WEIGHT))


def clip_gradients(optimisers: Sequence[Optimizer], largest: float) -> None:
    """Scale all gradients together so that their norm is at most `largest` (Pascanu et al. 2012, arXiv:1211.5063)."""
    norm = gradient_norm(optimisers)
    share = (largest / (norm + 1e-6)).clamp(max=1.0)
    for optimiser in optimisers:
        for group in optimiser.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    weight.grad.mul_(share)
