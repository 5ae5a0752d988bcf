"""Where a network of one's own is trained: on what is there, and a clear word about what is not."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hubel.core.errors import UsageError
from hubel.train.checkpoint import put_back, record_of, tensors_of
from hubel.train.devices import check_cards, layout_of, training_device, training_precision
from hubel.train.loop import fit
from hubel.train.optimisers import make_optimisers
from hubel.train.sets import validator
from hubel.train.state import begin, step_seed
from hubel.train.team import ALONE, Team
from small_networks import small_network, small_recipe, small_set

DEVICES = [
    pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA here")),
    pytest.param(
        "mps", marks=pytest.mark.skipif(not torch.backends.mps.is_available(), reason="there is no Metal here")
    ),
]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a graphics card")
def test_a_device_that_is_not_there_is_refused_with_what_is() -> None:
    with pytest.raises(UsageError, match=r"no device 'cuda' here.*cpu"):
        training_device("cuda", ALONE)


def test_more_processes_than_cards_are_refused() -> None:
    with pytest.raises(UsageError, match="--nproc-per-node 2"):
        check_cards(2, Team(0, 4, 0, 4))
    check_cards(4, Team(0, 8, 0, 4))


def test_the_processor_is_always_there() -> None:
    assert training_device("cpu", ALONE) == training_device("cpu", Team(1, 2, 1, 2)) == torch.device("cpu")
    assert training_precision("f32", torch.device("cuda")) == "f32"
    assert training_precision("bf16", torch.device("mps")) == "bf16"
    assert layout_of(torch.device("cpu")) == torch.channels_last
    assert layout_of(torch.device("mps")) == torch.contiguous_format


def test_no_two_processes_and_no_two_steps_draw_alike() -> None:
    assert len({step_seed(1, rank, step) for rank in range(8) for step in range(100)}) == 800


def test_optimisers_are_made_for_weights_on_any_device() -> None:
    for name in ("sgd", "momentum", "nesterov", "adagrad", "rmsprop"):
        assert make_optimisers(small_network().to("meta"), small_recipe(optimiser=name))


@pytest.mark.gpu
@pytest.mark.parametrize("name", DEVICES)
@pytest.mark.parametrize("precision", ["f32", "bf16"])
@pytest.mark.parametrize("optimiser", ["momentum", "adagrad", "rmsprop", "adam", "muon"])
def test_a_device_learns_what_the_processor_learns(name: str, precision: str, optimiser: str) -> None:
    figures = []
    for place in ("cpu", name):
        network = small_network().to(place)
        recipe = small_recipe(optimiser=optimiser, precision=precision, average=0.9, clip_norm=1.0)
        state = begin(network, recipe, 70, np.random.default_rng(0))
        list(fit(state, small_set(), validate=validator(small_set(40, seed=9), precision=recipe.precision)))
        figures.append(state.history[-1].loss)
    assert figures[1] == pytest.approx(figures[0], rel=0.02 if precision == "f32" else 0.1)


@pytest.mark.gpu
@pytest.mark.parametrize("name", DEVICES)
def test_a_checkpoint_brings_a_device_back(name: str) -> None:
    first, second = (
        begin(small_network(dropout=0.3).to(name), small_recipe(optimiser="adam"), 70, np.random.default_rng(0))
        for _ in range(2)
    )
    events = fit(first, small_set())
    for _ in range(7):
        next(events)
    put_back(second, {key: tensor.cpu() for key, tensor in tensors_of(first)}, record_of(first))
    list(events)
    list(fit(second, small_set()))
    one, other = first.network.state_dict(), second.network.state_dict()
    assert all(torch.allclose(one[key], other[key], atol=1e-5) for key in one)
