"""A small network, small images and a plain training of them, for tests of the loop."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import nn

from hubel.train.recipes import CLASSIC, Recipe
from hubel.train.sets import TrainingSet

NUM_CLASSES = 3
SIDE = 8


def small_network(seed: int = 0, *, dropout: float = 0.0) -> nn.Sequential:
    """A convolution, a norm, pooling and a dense layer."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(8, 12, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(dropout),
            nn.Linear(12, NUM_CLASSES),
        )  # fmt: skip


def small_set(num_images: int = 70, seed: int = 0) -> TrainingSet:
    """Noise that is brighter in the channel of its class."""
    noise = np.random.default_rng(seed)
    labels = noise.integers(0, NUM_CLASSES, num_images)
    images = noise.integers(0, 160, (num_images, SIDE, SIDE, 3), dtype=np.uint8)
    images[np.arange(num_images), :, :, labels] += 60
    return TrainingSet(torch.from_numpy(images), torch.from_numpy(labels), NUM_CLASSES)


def small_recipe(**changes: object) -> Recipe:
    """The classic recipe, shorter."""
    return Recipe.model_validate(CLASSIC.model_dump() | {"epochs": 3, "batch_size": 16, "patience": None} | changes)


def one_thread() -> Iterator[None]:
    """While tests run: for networks this small, threads only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
