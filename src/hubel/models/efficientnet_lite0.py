"""EfficientNet-Lite0 as a frozen base: the network of Tan and Le (2019, arXiv:1905.11946), made lighter for phones and CPUs.

Lite networks have no squeeze-and-excitation, ReLU6 in place of swish, and a fixed stem and head.

    stage      expansion  kernel  stride  channels  repeats   output at 224
    stem           –         3       2       32        1       112 × 112
    1              1         3       1       16        1       112 × 112
    2              6         3       2       24        2        56 × 56
    3              6         5       2       40        2        28 × 28
    4              6         3       2       80        3        14 × 14
    5              6         5       1      112        3        14 × 14
    6              6         5       2      192        4         7 × 7
    7              6         3       1      320        1         7 × 7
    head           –         1       1     1280        1         7 × 7

The features of an image are the channel means after stages 3 to 7 and the head, 40 + 80 + 112 + 192 + 320 + 1280 = 2,024
numbers out of one pass. The middle stages cost nothing more and help where the images are unlike photographs
(`LAB.md`, 2026-11-22).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hubel.models.bundled import read_bundled_tensors
from hubel.models.graph import GraphBuilder

if TYPE_CHECKING:
    import onnx


class Stage(NamedTuple):
    """One row of the table."""

    expansion: int
    kernel_size: int
    stride: int
    channels: int
    repeats: int


STEM_CHANNELS = 32
HEAD_CHANNELS = 1280
STAGES = (
    Stage(1, 3, 1, 16, 1),
    Stage(6, 3, 2, 24, 2),
    Stage(6, 5, 2, 40, 2),
    Stage(6, 3, 2, 80, 3),
    Stage(6, 5, 1, 112, 3),
    Stage(6, 5, 2, 192, 4),
    Stage(6, 3, 1, 320, 1),
)
FIRST_POOLED_STAGE = 2
NUM_FEATURES = sum(stage.channels for stage in STAGES[FIRST_POOLED_STAGE:]) + HEAD_CHANNELS
BATCH_NORM_EPSILON = 1e-3
MEAN = np.full(3, 0.5)
DEVIATION = np.full(3, 0.5)


def build_graph() -> onnx.ModelProto:
    """The base with its ImageNet weights: pixels uint8 (n h w 3) → ``features`` float (n 2024).

    Batch norms are folded into the convolutions: ``w·γ/√(σ²+ε)``, ``β − μ·γ/√(σ²+ε)``. Strided convolutions pad as
    TensorFlow's SAME does, more at the end than at the start.
    """
    graph = GraphBuilder()
    folded = folded_convolutions()
    zero, six = graph.constant(np.array(0, np.float32)), graph.constant(np.array(6, np.float32))

    def convolve(maps: str, *, stride: int = 1, groups: int = 1, activate: bool = True) -> str:
        weight, bias = next(folded)
        result = graph.add(
            "Conv",
            maps,
            graph.constant(weight),
            graph.constant(bias),
            kernel_shape=list(weight.shape[2:]),
            strides=[stride, stride],
            group=groups,
            auto_pad="SAME_UPPER",
        )
        return graph.add("Clip", result, zero, six) if activate else result

    maps = convolve(graph.scaled_pixels(MEAN, DEVIATION), stride=2)
    channels = STEM_CHANNELS
    pooled = []
    for index, stage in enumerate(STAGES):
        for repeat in range(stage.repeats):
            wide = channels * stage.expansion
            inner = convolve(maps) if stage.expansion > 1 else maps
            inner = convolve(inner, stride=stage.stride if repeat == 0 else 1, groups=wide)
            inner = convolve(inner, activate=False)
            maps = graph.add("Add", maps, inner) if repeat else inner
            channels = stage.channels
        if index >= FIRST_POOLED_STAGE:
            pooled.append(graph.pooled(maps))
    pooled.append(graph.pooled(convolve(maps)))
    return graph.finish("efficientnet_lite0", {"features": (graph.add("Concat", *pooled, axis=1), NUM_FEATURES)})


def folded_convolutions() -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Each convolution's weight (out in/groups kernel kernel) and bias (out), in the network's order."""
    tensors = read_bundled_tensors()
    prefixes = [name.removesuffix(".weight") for name, tensor in tensors.items() if tensor.ndim == 4]
    norms = [name.removesuffix(".running_mean") for name in tensors if name.endswith(".running_mean")]
    for convolution, norm in zip(prefixes, norms, strict=True):
        variance = tensors[f"{norm}.running_var"].astype(np.float64)
        scale = tensors[f"{norm}.weight"] / np.sqrt(variance + BATCH_NORM_EPSILON)
        weight = tensors[f"{convolution}.weight"] * scale[:, None, None, None]
        bias = tensors[f"{norm}.bias"] - tensors[f"{norm}.running_mean"] * scale
        yield weight.astype(np.float32), bias.astype(np.float32)
