"""How near training comes to what the processor can multiply, layer by layer, and what holds the rest back.

    python benchmarks/roofline.py [--network hubel_small] [--batch 256] [--size 32] [--rounds 5] [--json FILE]

The roof is the fastest square matrix product in bfloat16 (float32 where the processor does not compute in it). Then every
convolution of the network by itself, forward, for the gradient of its input and for that of its weights; and a whole step of
the fast recipe. The best of the rounds counts, each going through everything once, for the machine's pace drifts.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch
from _measure import listed, machine, markdown_table, versions, write_json
from torch import Tensor, nn
from torch.nn import functional

from hubel.core.seeds import generator
from hubel.models.registry import create_network
from hubel.train.memory import keep_memory
from hubel.train.network import resolved
from hubel.train.optimisers import make_optimisers
from hubel.train.prepared import Prepared
from hubel.train.recipes import FAST
from hubel.train.step import Batch, train_step

PACKAGES = ("hubel", "torch", "numpy")
SIDES = (1024, 2048, 4096)
"""Of the square matrices, of which the fastest is the roof."""


@dataclass(slots=True)
class Work:
    """One piece of work: its floating-point operations, the least seconds it took."""

    name: str
    operations: float
    seconds: float = float("inf")

    @property
    def pace(self) -> float:
        """GFLOP/s."""
        return self.operations / self.seconds / 1e9


Job: TypeAlias = tuple[Work, Callable[[], object]]
"""Some work, and what does it once."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", default="hubel_small")
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    arguments = parser.parse_args()
    keep_memory()
    recipe = resolved(FAST)
    kind = torch.bfloat16 if recipe.precision == "bf16" else torch.float32
    print(f"machine: {machine()}; {recipe.precision}, {torch.get_num_threads()} threads, batches of {arguments.batch}")
    print(f"versions: {listed(versions(*PACKAGES))}\n")
    jobs = [*products(kind), *convolutions(arguments.network, arguments.batch, arguments.size, kind)]
    roofs, layers = jobs[: len(SIDES)], jobs[len(SIDES) :]
    whole = (
        Work("a whole step", sum(work.operations for work, _ in layers)),
        whole_step(arguments.network, arguments.batch, arguments.size),
    )
    for _ in range(arguments.rounds):
        for work, job in (*jobs, whole):
            begun = time.perf_counter()
            job()
            work.seconds = min(work.seconds, time.perf_counter() - begun)
    roof = max(work.pace for work, _ in roofs)
    rows = [[work.name, f"{work.pace:.0f}", f"{100 * work.pace / roof:.0f} %", f"{1e3 * work.seconds:.1f}",
             f"{100 * work.seconds / whole[0].seconds:.0f} %"] for work, _ in (*roofs, *layers, whole)]  # fmt: skip
    print(markdown_table(["work", "GFLOP/s", "of the roof", "ms", "of the step"], rows))
    inside = sum(work.seconds for work, _ in layers)
    print(
        f"\nconvolutions {1e3 * inside:.0f} ms of {1e3 * whole[0].seconds:.0f}; {arguments.batch / whole[0].seconds:.0f} images/s"
    )
    found = {"machine": machine(), "versions": versions(*PACKAGES), "roof": roof}
    write_json(arguments.json, {**found, "work": [asdict(work) for work, _ in (*jobs, whole)]})


def products(kind: torch.dtype) -> list[Job]:
    """Square matrix products."""
    found: list[Job] = []
    for side in SIDES:
        matrix = torch.randn(side, side).to(kind)
        found.append((Work(f"{side} × {side} matrices", 2.0 * side**3), partial(torch.matmul, matrix, matrix)))
    return found


@dataclass(frozen=True, slots=True)
class Convolution:
    """A convolution by itself: what it is given, its filters, its result's gradient."""

    maps: Tensor
    weight: Tensor
    gradient: Tensor
    stride: list[int]
    padding: list[int]

    def forward(self) -> Tensor:
        """Its result."""
        return functional.conv2d(self.maps, self.weight, stride=self.stride, padding=self.padding)

    def backward(self, *, of_input: bool) -> object:
        """The gradient of its input or of its weights."""
        found: object = torch.ops.aten.convolution_backward(
            self.gradient, self.maps, self.weight, None, self.stride, self.padding, [1, 1], False, [0, 0], 1,
            [of_input, not of_input, False],
        )  # fmt: skip
        return found


def convolutions(name: str, batch: int, size: int, kind: torch.dtype) -> list[Job]:
    """Each convolution of a network: forward, gradient of the input (not where nothing before it learns), of the weights."""
    network = create_network(name, np.random.default_rng(0))
    seen: list[tuple[str, nn.Conv2d, Tensor, Tensor]] = []

    def note(path: str, module: nn.Conv2d, given: tuple[Tensor], result: Tensor) -> None:
        seen.append((path, module, given[0], result))

    for path, module in network.named_modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(partial(note, path))
    with torch.no_grad():
        network(torch.rand(batch, 3, size, size))
    found: list[Job] = []
    for path, module, given, result in seen:
        maps, weight, gradient = (
            tensor.detach().to(kind).contiguous(memory_format=torch.channels_last)
            for tensor in (given, module.weight, result)
        )
        padding = [number for number in module.padding if isinstance(number, int)]
        layer = Convolution(maps, weight, gradient, list(module.stride), padding)
        operations = 2.0 * result.numel() * module.weight[0].numel()
        found.append((Work(f"{path}, forward", operations), layer.forward))
        if path.endswith("whitening"):
            continue
        if len(found) > 2:
            found.append((Work(f"{path}, gradient of the input", operations), partial(layer.backward, of_input=True)))
        found.append((Work(f"{path}, gradient of the weights", operations), partial(layer.backward, of_input=False)))
    return found


def whole_step(name: str, batch: int, size: int) -> Callable[[], object]:
    """A step of the fast recipe, images and all that learns included."""
    network = create_network(name, generator(0, "weights"))
    for path, weight in network.named_parameters():
        weight.requires_grad_("whitening" not in path)
    prepared = Prepared(network, [0.5] * 3, [0.25] * 3).to(memory_format=torch.channels_last).train()
    recipe = resolved(FAST)
    optimisers = make_optimisers(prepared, recipe)
    images = torch.rand(batch, 3, size, size).contiguous(memory_format=torch.channels_last)
    labels = torch.arange(batch) % 10
    return lambda: train_step(prepared, Batch(images, labels, labels), optimisers, recipe)


if __name__ == "__main__":
    main()
