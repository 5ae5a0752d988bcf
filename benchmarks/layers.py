"""Four layers, each explained by an experiment: batch normalisation, response normalisation, dropout, global average pooling.

On scikit-learn's digits (1,797 images of 8 × 8), every network twice: with the layer and without. No download.

python benchmarks/layers.py --seeds 5
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from _measure import listed, machine, markdown_table, versions
from sklearn.datasets import load_digits
from torch import Tensor, nn

from hubel.models.layers import ResponseNorm
from hubel.models.starts import glorot_start, he_start

NUM_TEST = 797
SHIFTS = (0, 1, 2)


@dataclass(frozen=True)
class Digits:
    """Images (n 1 12 12) from 0 to 1 with a margin of two, and labels, for learning and for measuring."""

    images: Tensor
    labels: Tensor
    test_images: Tensor
    test_labels: Tensor


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    seeds = range(parser.parse_args().seeds)
    torch.set_num_threads(1)
    print(f"seeds 0 to {len(seeds) - 1}; machine: {machine()}, 1 thread")
    print(f"versions: {listed(versions('numpy', 'torch', 'scikit-learn'))}\n", flush=True)
    rows = []
    for name, measured, run in EXPERIMENTS:
        without, having = (np.array([run(seed, on) for seed in seeds]) for on in (False, True))
        rows.append([name, measured, said(without), said(having)])
    print(markdown_table(["layer", "accuracy on 797 test digits", "without", "with"], rows))


def said(numbers: np.ndarray) -> str:
    """Mean and deviation over the seeds, of several figures."""
    columns = numbers.reshape(len(numbers), -1).T
    return " · ".join(f"{100 * column.mean():.1f} ± {100 * column.std():.1f} %" for column in columns)


def batch_norm(seed: int, on: bool) -> list[float]:
    """Eight convolutions in a row, learned for two epochs at a large learning rate."""
    digits = split(seed, 1000)
    layers: list[nn.Module] = []
    for channels in (1, *[16] * 7):
        layers += [nn.Conv2d(channels, 16, 3, padding=1), *([nn.BatchNorm2d(16)] if on else []), nn.ReLU()]
    network = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(256, 10))
    learn(network, digits, seed, epochs=2, rate=0.3)
    return [accuracy(network, digits)]


def response_norm(seed: int, on: bool) -> list[float]:
    """One convolution of many maps, each unit of which is divided by what its neighbours in the channels say."""
    digits = split(seed, 1000)
    network = nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), *([ResponseNorm(alpha=0.5, offset=1.0)] if on else []),
        nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(512, 10),
    )  # fmt: skip
    learn(network, digits, seed, epochs=8, rate=0.05)
    return [accuracy(network, digits)]


def dropout(seed: int, on: bool) -> list[float]:
    """A wide perceptron that could learn its 100 images by heart."""
    digits = split(seed, 100)
    network = nn.Sequential(
        nn.Flatten(), nn.Linear(144, 512), nn.ReLU(), *([nn.Dropout(0.5)] if on else []),
        nn.Linear(512, 512), nn.ReLU(), *([nn.Dropout(0.5)] if on else []), nn.Linear(512, 10),
    )  # fmt: skip
    learn(network, digits, seed, epochs=100, rate=0.05)
    return [accuracy(network, digits)]


def average_pooling(seed: int, on: bool) -> list[float]:
    """Accuracy on digits shifted by 0, 1 and 2 pixels, which were learned in the middle."""
    digits = split(seed, 1000)
    body: list[nn.Module] = []
    for channels in (1, 32, 32):
        body += [nn.Conv2d(channels, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU()]
    head: list[nn.Module] = (
        [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 10)] if on else [nn.Flatten(), nn.Linear(32 * 144, 10)]
    )
    network = nn.Sequential(*body, *head)
    learn(network, digits, seed, epochs=12, rate=0.05)
    return [accuracy(network, digits, shift=shift) for shift in SHIFTS]


Experiment = tuple[str, str, Callable[[int, bool], list[float]]]
EXPERIMENTS: tuple[Experiment, ...] = (
    ("batch normalisation", "after two epochs at rate 0.3, eight convolutions deep", batch_norm),
    ("local response normalisation", "one convolution of 32 maps", response_norm),
    ("dropout 0.5", "a wide perceptron that learned from 100 images", dropout),
    ("global average pooling", "shifted by 0 · 1 · 2 pixels (without: a dense layer)", average_pooling),
)


def split(seed: int, num_images: int) -> Digits:
    """Digits drawn anew for each seed."""
    found = load_digits()
    order = np.random.default_rng(seed).permutation(len(found.images))
    images = nn.functional.pad(torch.from_numpy(found.images).float()[:, None] / 16, (2, 2, 2, 2))
    labels = torch.from_numpy(found.target)
    test, train = torch.from_numpy(order[:NUM_TEST]), torch.from_numpy(order[NUM_TEST : NUM_TEST + num_images])
    return Digits(images[train], labels[train], images[test], labels[test])


def learn(network: nn.Module, digits: Digits, seed: int, *, epochs: int, rate: float) -> None:
    """Plain SGD with momentum in batches of 50; all randomness comes from the seed."""
    draws = torch.Generator().manual_seed(seed)
    start = he_start if any(isinstance(module, nn.Conv2d) for module in network.modules()) else glorot_start
    for module in network.modules():
        start(module, draws)
    optimiser = torch.optim.SGD(network.parameters(), rate, momentum=0.9)
    network.train()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for _ in range(epochs):
            order = torch.randperm(len(digits.labels), generator=draws)
            for rows in torch.split(order, 50):
                optimiser.zero_grad()
                loss = nn.functional.cross_entropy(network(digits.images[rows]), digits.labels[rows])
                loss.backward()  # type: ignore[no-untyped-call]
                optimiser.step()


def accuracy(network: nn.Module, digits: Digits, *, shift: int = 0) -> float:
    """The share of test digits that are named rightly, shifted to the right and down."""
    network.eval()
    with torch.no_grad():
        answers = network(torch.roll(digits.test_images, (shift, shift), (2, 3))).argmax(1)
    return float((answers == digits.test_labels).float().mean())


if __name__ == "__main__":
    main()
