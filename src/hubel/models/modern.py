"""A small network of our own for small images: a whitened first layer, then groups of convolutions from narrow to wide.

It takes up what speed records on CIFAR-10 have found (Page 2018, "How to train your ResNet"; Jordan 2024, arXiv:2404.00498): a
first layer of 2 × 2 filters that decorrelate neighbouring pixels and need not be learned, pooling right after the first
convolution of a group, and few, wide layers. `TABLE` is the network.
"""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn

from hubel.models.network import Network, PaperTable, Parts
from hubel.models.starts import torch_start

# fmt: off
TABLE = PaperTable(
    "hubel",
    ("group", "maps"),
    (("group1", 64), ("group2", 256), ("group3", 256)),
)
# fmt: on
PATCH = 2
"""The side of the patches that are whitened."""
EPSILON = 5e-4
"""Added to each variance, so that directions of noise alone are not blown up."""


def hubel_small(num_classes: int = 10, *, num_channels: int = 3) -> Network:
    """The small network with its whitening layer, which `whiten` sets from training images."""
    num_filters = 2 * num_channels * PATCH**2
    first = OrderedDict(whitening=nn.Conv2d(num_channels, num_filters, PATCH), whitening_gelu=nn.GELU())
    return built(num_filters, num_classes, first=first)


def hubel_small_plain(num_classes: int = 10, *, num_channels: int = 3) -> Network:
    """The small network without whitening."""
    return built(num_channels, num_classes, first=OrderedDict())


def whiten(network: Network, images: Tensor) -> None:
    """Set the first layer to filters that make the patches of these images uncorrelated, each with its negative, and fix them.

    The filters are vᵢ / √(λᵢ + ε) of the patches' covariance: PCA whitening.

    Parameters
    ----------
    network
        One that has a step named whitening.
    images
        Training images as the network will see them, float (n c h w); a few thousand do.
    """
    layer = network.features.get_submodule("whitening")
    assert isinstance(layer, nn.Conv2d)
    patches = nn.functional.unfold(images, PATCH).transpose(1, 2).flatten(0, 1)  # (n · places) (c · 2 · 2)
    variances, directions = torch.linalg.eigh(patches.double().T.cov())
    filters = directions.T.flip(0) / (variances.flip(0)[:, None] + EPSILON).sqrt()
    with torch.no_grad():
        layer.weight.copy_(torch.cat([filters, -filters]).reshape(layer.weight.shape))
    layer.weight.requires_grad_(False)


def built(channels: int, num_classes: int, *, first: OrderedDict[str, nn.Module]) -> Network:
    """The groups of the table behind a first step that gives so many channels."""
    steps = OrderedDict(first)
    for name, maps in TABLE.rows:
        width = int(maps or 0)
        steps[str(name)] = group_of(channels, width)
        channels = width
    neck = nn.Sequential(OrderedDict(pool=nn.AdaptiveMaxPool2d(1), flatten=nn.Flatten()))
    head = nn.Linear(channels, num_classes)
    cam_layer = f"features.{TABLE.rows[-1][0]}"
    return Network(Parts(nn.Sequential(steps), neck, head, TABLE, torch_start, cam_layer=cam_layer))


def group_of(channels: int, width: int) -> nn.Sequential:
    """Two convolutions, the maps halved after the first."""
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(channels, width, 3, padding=1, bias=False), pool=nn.MaxPool2d(2), norm1=nn.BatchNorm2d(width),
            gelu1=nn.GELU(), conv2=nn.Conv2d(width, width, 3, padding=1, bias=False), norm2=nn.BatchNorm2d(width),
            gelu2=nn.GELU(),
        )
    )  # fmt: skip
