"""What is found out about a recipe before it is used: whether pictures may be mirrored, how many epochs a time allows."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.linear_model import Ridge

from hubel.core.events import Note
from hubel.train.mirror import RIDGE, MirrorTest, ridge, try_mirror
from hubel.train.pace import pace_of_copy
from hubel.train.recipes import SPRINT, Recipe
from hubel.train.sets import TrainingSet
from hubel.train.settle import settle
from small_networks import one_thread, small_network, small_recipe, small_set

alone = pytest.fixture(autouse=True, scope="module")(one_thread)


def as_pictures(images: np.ndarray) -> np.ndarray:
    """Grey values from 0 to 16 as pictures (n h w 3)."""
    return np.repeat((images * 15).astype(np.uint8)[..., None], 3, axis=3)


def bars(number: int) -> tuple[np.ndarray, np.ndarray]:
    """Upright and lying bars at random places, which look the same both ways round, in noise."""
    noise = np.random.default_rng(0)
    pixels = noise.integers(0, 60, (number, 16, 16, 3), dtype=np.uint8)
    labels = noise.integers(0, 2, number)
    for picture, label in zip(pixels, labels, strict=True):
        at = noise.integers(2, 13)
        (picture if label else picture.transpose(1, 0, 2))[at : at + 2, 3:13] += 120
    return pixels, labels


def test_digits_are_not_to_be_mirrored() -> None:
    digits = load_digits()
    found = try_mirror(as_pictures(digits.images), digits.target.astype(np.int64), 10, np.random.default_rng(0))
    assert found.num_images == 1797
    assert found.plain > 0.9
    assert not found.same


def test_what_looks_alike_both_ways_round_may_be_mirrored() -> None:
    pixels, labels = bars(600)
    found = try_mirror(pixels, labels, 2, np.random.default_rng(0))
    assert found.same


def test_a_handful_of_images_decides_nothing() -> None:
    assert MirrorTest(plain=0.9, mirrored=0.1, num_images=20).same
    assert not MirrorTest(plain=0.9, mirrored=0.1, num_images=200).same


def test_our_ridge_is_everybodys() -> None:
    draws = torch.Generator().manual_seed(0)
    inputs, targets, others = (torch.randn(shape, generator=draws) for shape in ((50, 8), (50, 3), (7, 8)))
    centred = inputs - inputs.mean(0)
    strength = RIDGE * float((centred.T @ centred).diagonal().mean()) + 1e-6
    wanted = Ridge(alpha=strength).fit(inputs.numpy(), targets.numpy()).predict(others.numpy())
    np.testing.assert_allclose(ridge(inputs, targets, others).numpy(), wanted, atol=1e-4)


def settled(recipe: Recipe, data: TrainingSet, seconds: float) -> tuple[Recipe, list[Note]]:
    """What becomes of a recipe, and what is said of it."""
    notes: list[Note] = []
    trying = settle(small_network(), recipe, data, 0, wants_rate=False, left=lambda _: seconds)
    while True:
        try:
            notes.append(next(trying))
        except StopIteration as end:
            found: Recipe = end.value
            return found, notes


def test_flips_go_where_left_and_right_differ_and_the_shifts_stay() -> None:
    digits = load_digits()
    data = TrainingSet(
        torch.from_numpy(as_pictures(digits.images)), torch.from_numpy(digits.target.astype(np.int64)), 10
    )
    asked = small_recipe(test_mirror=True, augmentation={"alternating_flip": True, "crop_padding": 1})
    found, notes = settled(asked, data, math.inf)
    assert not found.augmentation.alternating_flip
    assert found.augmentation.crop_padding == 1
    assert "mirrored" in notes[0].en
    untested, silence = settled(asked.model_copy(update={"test_mirror": False}), data, math.inf)
    assert untested.augmentation.alternating_flip
    assert not silence


def test_a_budget_decides_the_epochs_of_a_recipe_that_must_know_its_end() -> None:
    data = small_set()
    asked = SPRINT.model_copy(update={"batch_size": 16, "precision": "f32", "test_mirror": False})
    pace = pace_of_copy(small_network(), asked, data, np.random.default_rng(0))
    assert pace > 0
    few, notes = settled(asked, data, 0.5)
    many, _ = settled(asked, data, 50.0)
    assert 1 <= few.epochs < many.epochs
    assert "Plan" in notes[0].en
    assert settled(asked, data, math.inf)[0].epochs == asked.epochs
    assert settled(asked.model_copy(update={"least_steps": 0}), data, 0.5)[0].epochs == asked.epochs


def test_measuring_the_pace_leaves_the_network_as_it_was() -> None:
    network = small_network()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    pace_of_copy(network, small_recipe(epochs=1, batch_size=16), small_set(), np.random.default_rng(0))
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
