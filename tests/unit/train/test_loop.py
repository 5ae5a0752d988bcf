"""The loop: what it says, how it ends, what it leaves alone."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from hubel.core.events import EpochDone, StepDone
from hubel.data.augmentation import Augmentation
from hubel.train.checkpoint import Checkpoints
from hubel.train.early import Validation
from hubel.train.loop import DivergedError, fit
from hubel.train.recipes import FAST, Recipe
from hubel.train.sets import validator
from hubel.train.state import FitState, begin
from small_networks import one_thread, small_network, small_recipe, small_set

alone = pytest.fixture(autouse=True, scope="module")(one_thread)


def trained(recipe: Recipe, *, seed: int = 0, num_images: int = 70) -> tuple[nn.Module, list[EpochDone]]:
    """A network after its training, and the epochs."""
    data, network = small_set(num_images), small_network()
    state = begin(network, recipe, len(data.labels), np.random.default_rng(seed))
    events = list(fit(state, data, validate=validator(small_set(40, seed=9))))
    return network, [event for event in events if isinstance(event, EpochDone)]


def test_every_step_and_every_epoch_is_told() -> None:
    data = small_set()
    state = begin(small_network(), small_recipe(), len(data.labels), np.random.default_rng(0))
    events = list(fit(state, data))
    steps = [event for event in events if isinstance(event, StepDone)]
    assert [event.step for event in steps] == list(range(1, 16))
    assert {event.num_steps for event in steps} == {15}
    assert [event.epoch for event in events if isinstance(event, EpochDone)] == [1, 2, 3]


def test_a_lone_last_image_joins_the_batch_before() -> None:
    data = small_set(33)
    state = begin(small_network(), small_recipe(epochs=1), 33, np.random.default_rng(0))
    steps = [event for event in fit(state, data) if isinstance(event, StepDone)]
    assert len(steps) == 2
    assert steps[-1].num_steps == 2


@pytest.mark.parametrize(
    "recipe", [small_recipe(epochs=8, learning_rate=0.01), FAST.model_copy(update={"epochs": 12, "batch_size": 16})]
)
def test_it_learns(recipe: Recipe) -> None:
    _, epochs = trained(recipe)
    assert epochs[-1].loss < epochs[0].loss
    assert max(epoch.validation_accuracy or 0 for epoch in epochs) > 0.8


def test_the_same_seed_gives_the_same_weights_and_another_seed_others() -> None:
    recipe = small_recipe(
        mixup=0.2,
        cutmix=0.5,
        average=0.9,
        augmentation=Augmentation(rotation_range=20, horizontal_flip=True, erasing=0.3),
    )
    first, again, other = (trained(recipe, seed=seed)[0].state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["0.weight"], other["0.weight"])


def test_the_callers_randomness_is_not_touched() -> None:
    before = torch.get_rng_state()
    trained(small_recipe(epochs=1))
    assert torch.equal(before, torch.get_rng_state())


def test_closing_the_generator_cancels() -> None:
    data, network = small_set(), small_network()
    state = begin(network, small_recipe(), len(data.labels), np.random.default_rng(0))
    events = fit(state, data)
    list(itertools.islice(events, 4))
    events.close()
    assert (state.epoch, state.step) == (0, 4)


def test_stopping_closes_the_epoch_with_what_it_has() -> None:
    data = small_set()
    state = begin(small_network(), small_recipe(epochs=50), len(data.labels), np.random.default_rng(0))
    events = list(fit(state, data, validate=validator(data), stop=lambda: state.step >= 7))
    assert isinstance(events[-1], EpochDone)
    assert events[-1].epoch == 2
    assert state.step == 7


def test_early_stopping_ends_the_training_and_restores_the_best_epoch() -> None:
    data, network = small_set(), small_network()
    state = begin(network, small_recipe(epochs=100, patience=2), len(data.labels), np.random.default_rng(0))
    figures = iter(
        [Validation(1.0, 0.5), Validation(0.9, 0.7), Validation(0.95, 0.7), Validation(1.2, 0.6), Validation(0, 1)]
    )
    seen: list[dict[str, torch.Tensor]] = []

    def validate(measured: nn.Module) -> Validation:
        seen.append({name: tensor.clone() for name, tensor in measured.state_dict().items()})
        return next(figures)

    epochs = [event for event in fit(state, data, validate=validate) if isinstance(event, EpochDone)]
    assert [epoch.is_best for epoch in epochs] == [True, True, False, False]
    assert state.kept_epoch == 2
    assert all(torch.equal(tensor, seen[1][name]) for name, tensor in network.state_dict().items())
    assert not network.training


def test_patience_begins_anew_while_the_loss_still_falls() -> None:
    data = small_set()
    state = begin(small_network(), small_recipe(epochs=6, patience=2), len(data.labels), np.random.default_rng(0))
    figures = iter(Validation(1.0 - step / 10, 0.5) for step in range(6))
    epochs = [event for event in fit(state, data, validate=lambda _: next(figures)) if isinstance(event, EpochDone)]
    assert len(epochs) == 6
    assert state.kept_epoch == 6


def test_the_mean_of_the_weights_is_what_is_measured_and_kept() -> None:
    data, network = small_set(), small_network()
    state = begin(network, small_recipe(average=0.9), len(data.labels), np.random.default_rng(0))
    list(fit(state, data))
    assert state.average is not None
    mean = state.average.network.state_dict()
    assert all(torch.equal(tensor, mean[name]) for name, tensor in network.state_dict().items())


def exploding_state() -> FitState:
    """A training that no weights survive."""
    recipe = small_recipe(optimiser="sgd", learning_rate=1e30, epochs=5)
    return begin(small_network(), recipe, 70, np.random.default_rng(0))


def test_a_loss_that_is_no_number_stops_with_the_rate_and_what_to_do() -> None:
    state = exploding_state()
    with pytest.raises(DivergedError, match=r"(?s)epoch 1, step \d.*1e\+30.*--lr 1e\+29"):
        list(fit(state, small_set()))


def test_after_divergence_the_network_has_the_last_good_weights(tmp_path: Path) -> None:
    data, network = small_set(), small_network()
    state = begin(network, small_recipe(optimiser="sgd", epochs=5), 70, np.random.default_rng(0))
    events = fit(state, data, checkpoints=Checkpoints(tmp_path / "checkpoint.safetensors", every_steps=1))
    next(event for event in events if isinstance(event, EpochDone))
    good = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    state.optimisers[0].param_groups[0]["usual_rate"] = 1e30
    with pytest.raises(DivergedError, match="epoch 1 are in"):
        list(events)
    assert all(torch.equal(tensor, good[name]) for name, tensor in network.state_dict().items())
    assert (tmp_path / "checkpoint.good.safetensors").is_file()


def test_clipping_bounds_the_norm_of_all_gradients() -> None:
    data, network = small_set(), small_network()
    state = begin(network, small_recipe(optimiser="sgd", clip_norm=0.01, epochs=1), 70, np.random.default_rng(0))
    before = [weight.detach().clone() for weight in network.parameters()]
    next(event for event in fit(state, data) if isinstance(event, StepDone))
    moved = torch.cat([(weight - old).flatten() for weight, old in zip(network.parameters(), before, strict=True)])
    assert float(moved.detach().norm()) == pytest.approx(0.1 * 0.01, rel=1e-3)


def test_a_batch_in_pieces_teaches_what_it_does_at_once_where_no_norm_looks_at_batches() -> None:
    networks = []
    for accumulate in (1, 3):
        network = without_norms(small_network())
        state = begin(network, small_recipe(optimiser="sgd", accumulate=accumulate), 70, np.random.default_rng(0))
        list(fit(state, small_set()))
        networks.append(network.state_dict())
    assert all(torch.allclose(networks[0][name], networks[1][name], atol=1e-6) for name in networks[0])


def without_norms(network: nn.Sequential) -> nn.Sequential:
    """The network without its norms."""
    return nn.Sequential(*(layer for layer in network if not isinstance(layer, nn.BatchNorm2d)))
