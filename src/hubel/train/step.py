"""One step: forward, loss, backward, update."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim import Optimizer

from hubel.train.optimisers import gradient_norm
from hubel.train.recipes import Recipe

AUXILIARY_WEIGHT = 0.3
"""How much each auxiliary head's loss counts where the network does not say (Szegedy et al. 2014, arXiv:1409.4842, §5)."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Images (n c h w), the labels (n) they came with, and the targets that are learned: labels (n) or shares (n k).

    `class_weights` (k) say how much an image of each class counts; None lets all count alike.
    """

    images: Tensor
    labels: Tensor
    targets: Tensor
    class_weights: Tensor | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The mean loss of a batch, and how many of its images were right, before the update."""

    loss: float
    num_right: int


def train_step(network: nn.Module, batch: Batch, optimisers: Sequence[Optimizer], recipe: Recipe) -> Outcome:
    """Learn from one batch. Where the loss is no number, nothing is changed, so that the caller can go back.

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
    """
    for optimiser in optimisers:
        optimiser.zero_grad(set_to_none=True)
    with torch.autocast("cpu", torch.bfloat16, enabled=recipe.precision == "bf16"):
        output = network(batch.images)
    logits, *auxiliary = output if isinstance(output, tuple) else (output,)
    loss = mean_loss(logits, batch, recipe)
    weight = float(getattr(network, "auxiliary_weight", AUXILIARY_WEIGHT))
    for scores in auxiliary:
        loss = loss + weight * mean_loss(scores, batch, recipe)
    value = float(loss.detach())
    if not torch.isfinite(loss):
        return Outcome(value, 0)
    torch.autograd.backward(loss)
    if recipe.clip_norm is not None:
        clip_gradients(optimisers, recipe.clip_norm)
    for optimiser in optimisers:
        optimiser.step()
    return Outcome(value, int((logits.detach().argmax(1) == batch.labels).sum()))


def mean_loss(scores: Tensor, batch: Batch, recipe: Recipe) -> Tensor:
    """The mean loss of scores (n k); a mixed image counts by the shares of its classes.

    Not torch's own weighting, which divides by the weights of the batch: there a batch without rare images would weigh as much as
    one full of them.
    """
    smoothing = recipe.label_smoothing
    if batch.class_weights is None:
        return functional.cross_entropy(scores.float(), batch.targets, label_smoothing=smoothing)
    losses = functional.cross_entropy(scores.float(), batch.targets, label_smoothing=smoothing, reduction="none")
    mixed = batch.targets.ndim == 2
    weights = batch.targets @ batch.class_weights if mixed else batch.class_weights[batch.targets]
    return (losses * weights).mean()


def clip_gradients(optimisers: Sequence[Optimizer], largest: float) -> None:
    """Scale all gradients together so that their norm is at most `largest` (Pascanu et al. 2012, arXiv:1211.5063)."""
    norm = gradient_norm(optimisers)
    share = (largest / (norm + 1e-6)).clamp(max=1.0)
    for optimiser in optimisers:
        for group in optimiser.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    weight.grad.mul_(share)
