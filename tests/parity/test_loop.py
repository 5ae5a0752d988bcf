"""Our loop does what a plain PyTorch loop does, step for step."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.optim import SGD, Adagrad, Adam, AdamW, Optimizer, RMSprop

from hubel.core.events import StepDone
from hubel.data.warp import to_planes
from hubel.train.loop import fit
from hubel.train.state import begin
from small_networks import one_thread, small_network, small_recipe, small_set

alone = pytest.fixture(autouse=True, scope="module")(one_thread)

PLAIN: dict[str, Callable[[nn.Module], Optimizer]] = {
    "sgd": lambda network: SGD(network.parameters(), lr=0.1, fused=True),
    "momentum": lambda network: SGD(network.parameters(), lr=0.05, momentum=0.9, fused=True),
    "nesterov": lambda network: SGD(network.parameters(), lr=0.05, momentum=0.9, nesterov=True, fused=True),
    "adagrad": lambda network: Adagrad(network.parameters(), lr=0.01, fused=True),
    "rmsprop": lambda network: RMSprop(network.parameters(), lr=1e-3),
    "adam": lambda network: Adam(network.parameters(), lr=1e-3, fused=True),
    "adamw": lambda network: AdamW(network.parameters(), lr=1e-3, weight_decay=0.0, fused=True),
}


@pytest.mark.parametrize("optimiser", PLAIN)
def test_the_loop_equals_a_plain_one_step_for_step(optimiser: str) -> None:
    data, ours, theirs = small_set(), small_network(), small_network()
    state = begin(
        ours, small_recipe(optimiser=optimiser, label_smoothing=0.1), len(data.labels), np.random.default_rng(3)
    )
    plain, smoothing = PLAIN[optimiser](theirs), 0.1
    orders = np.random.default_rng(3).spawn(4)[0]
    theirs.train()
    events = fit(state, data)
    for _ in range(3):
        order = torch.from_numpy(orders.permutation(len(data.labels)))
        for rows in torch.split(order, 16):
            loss = functional.cross_entropy(
                theirs(to_planes(data.images[rows])), data.labels[rows], label_smoothing=smoothing
            )
            plain.zero_grad()
            torch.autograd.backward(loss)
            plain.step()
            event = next(event for event in events if isinstance(event, StepDone))
            assert event.loss == float(loss.detach())
            for own, other in zip(ours.parameters(), theirs.parameters(), strict=True):
                assert torch.equal(own, other)
    list(events)
    for kept, wanted in zip(ours.buffers(), theirs.buffers(), strict=True):
        assert torch.equal(kept, wanted)


def test_dropout_falls_as_it_would_with_the_same_seed() -> None:
    data, ours, theirs = small_set(), small_network(dropout=0.5), small_network(dropout=0.5)
    state = begin(ours, small_recipe(epochs=1), len(data.labels), np.random.default_rng(3))
    orders, _, _, inner = np.random.default_rng(3).spawn(4)
    plain = Adam(theirs.parameters(), lr=1e-3, fused=True)
    list(fit(state, data))
    theirs.train()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(inner.integers(2**63)))
        for rows in torch.split(torch.from_numpy(orders.permutation(len(data.labels))), 16):
            plain.zero_grad()
            torch.autograd.backward(functional.cross_entropy(theirs(to_planes(data.images[rows])), data.labels[rows]))
            plain.step()
    for own, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(own, other)
