"""Inception modules written as words: each branch is a line such as ``1x1-64 3x3-96 3x3-96``, each word a layer.

``3x3-96`` is a convolution with 96 maps that keeps the size; ``1x7-192`` is one row high; ``3x3/2-96`` goes two pixels a step,
``3x3/2v-96`` without padding; ``max3``, ``avg3`` and ``max3/2v`` are poolings, ``max3/2c`` one whose last window may hang over
the edge; ``1x3-384|3x1-384`` are two convolutions side by side.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from torch import nn

from hubel.models.arithmetic import Pair
from hubel.models.layers import ConvNorm, Parallel

Unit = Callable[[Pair, Pair, int, Pair], nn.Module]
"""Makes one convolution with what follows it, of channels, kernel, stride and padding."""

CONVOLUTION = re.compile(r"(\d)x(\d)(?:/(\d))?(v?)-(\d+)")
POOLING = re.compile(r"(max|avg)(\d)(?:/(\d))?([vc]?)")


def module_of(lines: Mapping[str, str], channels: int, unit: Unit) -> tuple[Parallel, int]:
    """The module of these branches, and how many channels it gives.

    Parameters
    ----------
    lines
        The words of each branch, by its name.
    channels
        How many channels the module sees.
    unit
        Makes the convolutions.
    """
    made = {name: branch_of(line, channels, unit) for name, line in lines.items()}
    return Parallel({name: branch for name, (branch, _) in made.items()}), sum(width for _, width in made.values())


def branch_of(line: str, channels: int, unit: Unit) -> tuple[nn.Sequential, int]:
    """One branch, and how many channels it gives; its steps are named by numbers from 1 on."""
    steps = nn.Sequential()
    for number, word in enumerate(line.split(), 1):
        parts = word.split("|")
        if len(parts) > 1:
            sides = {letter: branch_of(part, channels, unit) for letter, part in zip("ab", parts, strict=True)}
            steps.add_module(str(number), Parallel({letter: side for letter, (side, _) in sides.items()}))
            channels = sum(width for _, width in sides.values())
        else:
            layer, channels = layer_of(word, channels, unit)
            steps.add_module(str(number), layer)
    return steps, channels


def layer_of(word: str, channels: int, unit: Unit) -> tuple[nn.Module, int]:
    """One layer, and how many channels it gives."""
    if found := CONVOLUTION.fullmatch(word):
        height, width, maps = int(found[1]), int(found[2]), int(found[5])
        padding = (0, 0) if found[4] else (height // 2, width // 2)
        return unit((channels, maps), (height, width), int(found[3] or 1), padding), maps
    pooling = POOLING.fullmatch(word)
    assert pooling is not None, word
    side, stride, edge = int(pooling[2]), int(pooling[3] or 1), pooling[4]
    pool = nn.MaxPool2d if pooling[1] == "max" else nn.AvgPool2d
    return pool(side, stride, padding=0 if edge else side // 2, ceil_mode=edge == "c"), channels


def normalised(channels: Pair, kernel: Pair, stride: int, padding: Pair) -> nn.Module:
    """A convolution with batch normalisation and ReLU."""
    return ConvNorm(channels, kernel, stride=stride, padding=padding)


def plain(channels: Pair, kernel: Pair, stride: int, padding: Pair) -> nn.Module:
    """A convolution with bias and ReLU."""
    unit = nn.Sequential()
    unit.add_module("conv", nn.Conv2d(*channels, kernel, stride, padding))
    unit.add_module("relu", nn.ReLU(inplace=True))
    return unit
