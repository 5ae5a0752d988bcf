"""Optimisers by name, ready for a network: what decays, what does not, and what Muon turns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.optim import SGD, Adagrad, Adam, AdamW, Optimizer, RMSprop

from hubel.train.muon import Muon
from hubel.train.recipes import OptimiserName, Recipe

Groups: TypeAlias = list[dict[str, Any]]
FUSED = True
"""One pass over all weights of a group instead of one for each operation."""
FUSED_ADAGRAD_ON = {"cpu", "cuda"}
"""Where torch has Adagrad in one pass."""
MUON_OTHERS = 0.1
"""The rate of AdamW for what is not a filter, as a share of Muon's."""


def make_optimisers(network: nn.Module, recipe: Recipe) -> list[Optimizer]:
    """The optimisers that together move every weight of a network once.

    Weights of one dimension (the scales and offsets of norms, all biases) do not decay (Goyal et al. 2017,
    arXiv:1706.02677, §5.3). Each group notes its own full rate as ``usual_rate``; see `set_rates`.

    Parameters
    ----------
    network
        Whose weights are moved.
    recipe
        Gives name, rate, momentum and decay. Where the network says so in its ``rate_shares`` (by the name of a weight), weights
        learn at a share of the rate; Muon's do not.
    """
    weights = [weight for weight in network.parameters() if weight.requires_grad]
    if recipe.optimiser == "muon":
        return make_muon(weights, recipe, first=next(weight for weight in network.parameters() if weight.ndim > 1))
    groups = rate_groups(decay_groups(weights, recipe.weight_decay), network, recipe.rate)
    return [noted(MAKERS[recipe.optimiser](groups, recipe))]


def set_rates(optimisers: Sequence[Optimizer], share: float) -> None:
    """Set every group's rate to a share of its usual one."""
    for optimiser in optimisers:
        for group in optimiser.param_groups:
            group["lr"] = group["usual_rate"] * share


def decay_groups(weights: Iterable[Tensor], weight_decay: float) -> Groups:
    """The weights that decay, and those that do not."""
    weights = list(weights)
    parts = [weight for weight in weights if weight.ndim > 1], [weight for weight in weights if weight.ndim <= 1]
    groups = [
        {"params": part, "weight_decay": decay} for part, decay in zip(parts, (weight_decay, 0.0), strict=True) if part
    ]
    return groups or [{"params": weights}]


def rate_groups(groups: Groups, network: nn.Module, rate: float) -> Groups:
    """The groups parted further, so that all weights of one learn at the same share of the rate."""
    shares: dict[str, float] = getattr(network, "rate_shares", {})
    if not shares:
        return groups
    share_of = {id(weight): shares.get(name, 1.0) for name, weight in network.named_parameters()}
    found: Groups = []
    for group in groups:
        for share in dict.fromkeys(share_of[id(weight)] for weight in group["params"]):
            part = [weight for weight in group["params"] if share_of[id(weight)] == share]
            found.append({**group, "params": part, "lr": rate * share})
    return found


def make_muon(weights: Sequence[Tensor], recipe: Recipe, *, first: Tensor) -> list[Optimizer]:
    """Muon for filters and matrices between the first layer, learned or not, and the last; AdamW for these two and all else.

    Muon's update presupposes that inputs and outputs are alike in kind, which pixels and classes are not
    (Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks").
    """
    wide = [weight for weight in weights if weight.ndim > 1]
    outer = {id(weight) for weight in (first, *wide[-1:])}
    hidden = [weight for weight in wide if id(weight) not in outer]
    others = [weight for weight in weights if weight.ndim <= 1 or id(weight) in outer]
    optimisers: list[Optimizer] = []
    if hidden:
        optimisers.append(
            Muon(hidden, learning_rate=recipe.rate, momentum=recipe.momentum, weight_decay=recipe.weight_decay)
        )
    if others:
        optimisers.append(AdamW(decay_groups(others, recipe.weight_decay), lr=MUON_OTHERS * recipe.rate, fused=FUSED))
    return [noted(optimiser) for optimiser in optimisers]


def noted(optimiser: Optimizer) -> Optimizer:
    """The optimiser, each group with its full rate."""
    for group in optimiser.param_groups:
        group["usual_rate"] = group["lr"]
    return optimiser


def _sgd(groups: Groups, recipe: Recipe) -> Optimizer:
    return SGD(groups, lr=recipe.rate, fused=FUSED)


def _momentum(groups: Groups, recipe: Recipe) -> Optimizer:
    return SGD(groups, lr=recipe.rate, momentum=recipe.momentum, fused=FUSED)


def _nesterov(groups: Groups, recipe: Recipe) -> Optimizer:
    nesterov = recipe.momentum > 0  # along no momentum it is plain descent, which torch will not call Nesterov
    return SGD(groups, lr=recipe.rate, momentum=recipe.momentum, nesterov=nesterov, fused=FUSED)


def _adagrad(groups: Groups, recipe: Recipe) -> Optimizer:
    device = next(weight.device.type for group in groups for weight in group["params"])
    return Adagrad(groups, lr=recipe.rate, fused=FUSED and device in FUSED_ADAGRAD_ON)


def _rmsprop(groups: Groups, recipe: Recipe) -> Optimizer:
    return RMSprop(groups, lr=recipe.rate)


def _adam(groups: Groups, recipe: Recipe) -> Optimizer:
    return Adam(groups, lr=recipe.rate, fused=FUSED)


def _adamw(groups: Groups, recipe: Recipe) -> Optimizer:
    return AdamW(groups, lr=recipe.rate, fused=FUSED)


MAKERS: dict[OptimiserName, Callable[[Groups, Recipe], Optimizer]] = {
    "sgd": _sgd,
    "momentum": _momentum,
    "nesterov": _nesterov,
    "adagrad": _adagrad,
    "rmsprop": _rmsprop,
    "adam": _adam,
    "adamw": _adamw,
}


def gradient_norm(optimisers: Sequence[Optimizer]) -> Tensor:
    """The norm of all gradients together, a scalar."""
    gradients = [
        weight.grad
        for optimiser in optimisers
        for group in optimiser.param_groups
        for weight in group["params"]
        if weight.grad is not None
    ]
    norm: Tensor = torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(gradient) for gradient in gradients]))
    return norm
