"""Squeeze-and-excitation networks: each unit weighs its channels by what all of them say (Hu, Shen & Sun 2018, arXiv:1709.01507).

`TABLE` is what the paper's table 2 compares: a network, and where the block of `layers.SqueezeExcite` stands in it: on a residual
unit's result before it is added (figure 3), or on an inception module's result (figure 2). The reduction is 16.
"""

from __future__ import annotations

from torch import nn

from hubel.models.googlenet import bn_built
from hubel.models.layers import SqueezeExcite
from hubel.models.network import Network, PaperTable
from hubel.models.resnet import built

# fmt: off
TABLE = PaperTable(
    "Hu et al. 2018, table 2",
    ("network",      "base",         "block stands on"),
    (
        ("se_resnet18",  "resnet18",     "the residual"),
        ("se_resnet50",  "resnet50",     "the residual"),
        ("se_resnet101", "resnet101",    "the residual"),
        ("se_resnet152", "resnet152",    "the residual"),
        ("se_inception", "bn_inception", "the module's result"),
    ),
)
# fmt: on
REDUCTION = 16


def se_resnet18(num_classes: int = 1000, *, num_channels: int = 3) -> Network:
    """SE-ResNet-18."""
    return on_resnet("se_resnet18", num_classes, num_channels=num_channels)


def se_resnet50(num_classes: int = 1000, *, num_channels: int = 3) -> Network:
    """SE-ResNet-50."""
    return on_resnet("se_resnet50", num_classes, num_channels=num_channels)


def se_resnet101(num_classes: int = 1000, *, num_channels: int = 3) -> Network:
    """SE-ResNet-101."""
    return on_resnet("se_resnet101", num_classes, num_channels=num_channels)


def se_resnet152(num_classes: int = 1000, *, num_channels: int = 3) -> Network:
    """SE-ResNet-152."""
    return on_resnet("se_resnet152", num_classes, num_channels=num_channels)


def se_inception(num_classes: int = 1000, *, num_channels: int = 3) -> Network:
    """SE-BN-Inception."""
    return bn_built(num_classes, num_channels=num_channels, weighed=weighed)


def on_resnet(name: str, num_classes: int, *, num_channels: int) -> Network:
    """The residual network that the table names, with a block in every unit."""
    base = next(str(row["base"]) for row in TABLE.records() if row["network"] == name)
    return built(base.removeprefix("resnet"), num_classes, num_channels=num_channels, weighing=weighed)


def weighed(channels: int) -> nn.Module:
    """The block for so many channels."""
    return SqueezeExcite(channels, reduction=REDUCTION)
