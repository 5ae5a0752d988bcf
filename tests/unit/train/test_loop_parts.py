"""Schedules, optimisers, mixing, and the search for a learning rate."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from hubel.train.find_rate import find_rate, smooth, suggest
from hubel.train.loop import fit
from hubel.train.mixing import mix
from hubel.train.muon import Muon, orthogonalised
from hubel.train.network import Task
from hubel.train.optimisers import make_optimisers, set_rates
from hubel.train.recipes import OPTIMISERS, RECIPES, SPRINT, OptimiserName
from hubel.train.schedule import SCHEDULES, Plateau, ScheduleName, share_at
from hubel.train.scoring import scores_of
from hubel.train.state import begin
from hubel.train.step import loss_of
from small_networks import NUM_CLASSES, one_thread, small_network, small_recipe, small_set

PICTURES = np.zeros((4, 8, 8, 3), np.uint8)

alone = pytest.fixture(autouse=True, scope="module")(one_thread)


@pytest.mark.parametrize("name", SCHEDULES)
def test_every_schedule_stays_between_nothing_and_the_whole_rate(name: ScheduleName) -> None:
    shares = [share_at(name, step, 200, warm_up=0.1) for step in range(200)]
    assert min(shares) >= 0
    assert max(shares) == pytest.approx(1, abs=0.02)


def test_warm_up_rises_in_a_straight_line() -> None:
    assert [share_at("constant", step, 20, warm_up=0.2) for step in range(5)] == [0.25, 0.5, 0.75, 1.0, 1.0]


@pytest.mark.parametrize(("name", "last"), [("cosine", 0.01), ("linear", 0.01), ("one-cycle", 0.01), ("step", 0.011)])
def test_falling_schedules_end_near_nothing(name: ScheduleName, last: float) -> None:
    assert share_at(name, 199, 200) < last


def test_cosine_equals_torchs() -> None:
    weight = nn.Parameter(torch.zeros(1))
    optimiser = torch.optim.SGD([weight], lr=1.0)
    theirs = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=50)
    for step in range(50):
        assert optimiser.param_groups[0]["lr"] == pytest.approx(share_at("cosine", step, 50), abs=1e-9)
        optimiser.step()
        theirs.step()


def test_a_plateau_halves_the_rate_after_three_epochs_without_gain() -> None:
    plateau = Plateau()
    shares = []
    for loss in (1.0, 0.9, 0.9, 0.9, 0.9, 0.5, 0.5):
        plateau.note(loss)
        shares.append(plateau.share)
    assert shares == [1, 1, 1, 1, 0.5, 0.5, 0.5]


@pytest.mark.parametrize("name", OPTIMISERS)
def test_every_weight_has_one_optimiser_and_norms_and_biases_do_not_decay(name: OptimiserName) -> None:
    network = small_network()
    optimisers = make_optimisers(network, small_recipe(optimiser=name, weight_decay=0.1))
    groups = [group for optimiser in optimisers for group in optimiser.param_groups]
    weights = [weight for group in groups for weight in group["params"]]
    assert sorted(map(id, weights)) == sorted(map(id, network.parameters()))
    for group in groups:
        assert {weight.ndim > 1 for weight in group["params"]} == {group["weight_decay"] > 0}


def test_rates_are_shares_of_each_groups_own() -> None:
    optimisers = make_optimisers(small_network(), small_recipe(optimiser="muon", learning_rate=0.2))
    set_rates(optimisers, 0.5)
    set_rates(optimisers, 0.25)
    assert [round(group["lr"], 9) for optimiser in optimisers for group in optimiser.param_groups] == [
        0.05,
        0.005,
        0.005,
    ]


def test_muon_takes_the_filters_between_the_first_and_the_last_layer() -> None:
    network = small_network()
    first, *_ = make_optimisers(network, small_recipe(optimiser="muon"))
    assert isinstance(first, Muon)
    assert [weight.shape for weight in first.param_groups[0]["params"]] == [(12, 8, 3, 3)]


@pytest.mark.parametrize("shape", [(12, 72), (72, 12), (16, 16)])
def test_an_orthogonalised_matrix_keeps_directions_and_has_singular_values_about_one(shape: tuple[int, int]) -> None:
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    turned = orthogonalised(matrix)
    left, _, right = torch.linalg.svd(matrix, full_matrices=False)
    values = torch.diagonal(left.T @ turned @ right.T)
    off = left.T @ turned @ right.T - torch.diag(values)
    assert values.min() > 0.3
    assert values.max() < 1.3
    assert off.abs().max() < 1e-4


@pytest.mark.parametrize("way", ["mixup", "cutmix"])
def test_targets_are_mixed_as_the_images_are(way: str) -> None:
    images = torch.zeros(64, 3, 8, 8)
    labels = torch.arange(64) % 2
    images[labels == 1] = 1.0
    mixed, targets = mix(images, labels, 2, small_recipe(**{way: 1.0}), np.random.default_rng(0))
    torch.testing.assert_close(targets.sum(1), torch.ones(64))
    torch.testing.assert_close(mixed.mean((1, 2, 3)), targets[:, 1], atol=1e-5, rtol=0)
    assert float(((targets[:, 1] > 0.05) & (targets[:, 1] < 0.95)).float().mean()) > 0.1


def test_without_mixing_the_labels_stay_labels() -> None:
    images, labels = torch.zeros(4, 3, 8, 8), torch.arange(4)
    assert mix(images, labels, 4, small_recipe(), np.random.default_rng(0))[1] is labels


def test_an_image_that_counts_three_times_is_as_good_as_three_images() -> None:
    recipe = small_recipe(label_smoothing=0.1, class_weights="balanced")
    scores, labels = torch.randn((4, 2), generator=torch.Generator().manual_seed(0)), torch.tensor([0, 0, 0, 1])
    own = Task(PICTURES, labels.numpy(), PICTURES, labels.numpy(), 2, mirrored_too=False, key="").training_set(
        weighted=True
    )
    assert own.class_weights is not None
    assert own.class_weights.tolist() == pytest.approx([2 / 3, 2.0])
    found = loss_of(scores, labels, recipe, own.class_weights)
    thrice = torch.tensor([0, 1, 2, 3, 3, 3])
    alike = loss_of(scores[thrice], labels[thrice], recipe, None)
    assert float(found) == pytest.approx(float(alike), rel=1e-5)


def test_mixed_images_count_by_the_shares_of_their_classes() -> None:
    recipe, weights = small_recipe(class_weights="balanced"), torch.tensor([0.5, 2.0])
    scores, targets = torch.zeros(1, 2), torch.tensor([[0.25, 0.75]])
    found = loss_of(scores, targets, recipe, weights)
    assert float(found) == pytest.approx((0.25 * 0.5 + 0.75 * 2.0) * np.log(2))


def test_with_balanced_weights_a_rare_class_is_answered_more_often() -> None:
    noise = np.random.default_rng(0)
    labels = np.repeat([0, 1], [60, 6])
    pixels = noise.integers(0, 200, (66, 8, 8, 3), dtype=np.uint8)
    pixels[labels == 1] += 6  # too little to be told apart for sure
    task = Task(pixels, labels, pixels, labels, 2, mirrored_too=False, key="")
    answered = []
    for weighted in (False, True):
        recipe = small_recipe(epochs=8, learning_rate=0.003, class_weights="balanced" if weighted else None)
        state = begin(small_network(), recipe, len(labels), np.random.default_rng(1))
        for _ in fit(state, task.training_set(weighted=weighted)):
            pass
        answered.append(int((scores_of(state.network, torch.from_numpy(pixels)).argmax(1) == 1).sum()))
    assert answered[0] < answered[1]


def test_a_single_leap_changes_neither_the_smoothed_losses_nor_the_suggestion() -> None:
    rates = np.geomspace(1e-6, 1, 80).tolist()
    losses = [2.3 - 1.5 / (1 + np.exp(-(np.log10(rate) + 3) * 4)) for rate in rates]
    with_leap = list(losses)
    with_leap[30] = with_leap[41] = 500.0
    assert suggest(rates, smooth(with_leap)) == pytest.approx(suggest(rates, smooth(losses)), rel=0.3)
    assert 1e-4 < suggest(rates, smooth(losses)) < 1e-2


@pytest.mark.parametrize("optimiser", ["sgd", "adam"])
def test_the_found_rate_trains_and_the_network_is_not_changed(optimiser: str) -> None:
    network, data = small_network(), small_set(200)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    found = find_rate(network, small_recipe(optimiser=optimiser), data, np.random.default_rng(0))
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
    assert 1e-4 < found.suggested < 1
    assert len(found.rates) == len(found.losses) == len(found.smoothed)


def test_scores_with_flips_are_the_same_for_a_mirrored_image() -> None:
    network, images = small_network().eval(), small_set(5).images
    torch.testing.assert_close(
        scores_of(network, images, flips=True), scores_of(network, images.flip(2), flips=True), atol=1e-5, rtol=0
    )
    assert scores_of(network, images).shape == (5, NUM_CLASSES)


def test_recipes_are_known_by_their_names() -> None:
    assert list(RECIPES) == ["classic", "fast", "sprint"]
    long = [recipe for recipe in RECIPES.values() if recipe.epochs > 1]
    assert all(recipe.patience is not None and recipe.patience < recipe.epochs for recipe in long)


@pytest.mark.parametrize(("num_images", "epochs"), [(1_000_000, 1), (50_000, 1), (10_000, 5), (300, 180), (7, 180)])
def test_few_images_are_seen_more_often(num_images: int, epochs: int) -> None:
    assert SPRINT.for_images(num_images).epochs == epochs
    assert SPRINT.model_copy(update={"least_steps": 0}).for_images(num_images).epochs == 1
