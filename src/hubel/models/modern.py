"""Networks of our own for small images: a whitened first layer that halves them, then a few convolutions from narrow to wide.

They take up what speed records on CIFAR-10 have found (Page 2018, "How to train your ResNet"; Jordan 2024, arXiv:2404.00498):
a first layer that decorrelates neighbouring pixels and need not be learned, pooling right after a convolution, few and wide
layers. On a processor the first layer does more: it halves the maps (patches of 6 × 6 in steps of 2), for learning from maps
of the full size costs four times as much and gains little. `TABLE` is the networks; a ``pool`` stands behind the convolution
whose maps it halves.
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
    ("network", "patch", "stride", "filters", "maps"),
    (
        ("hubel_tiny",  6, 2, 48, "48 pool 96 pool 128"),
        ("hubel_small", 6, 2, 64, "64 64 pool 128 128 pool 256"),
    ),
)
# fmt: on
EPSILON = 5e-4
"""Added to each variance, so that directions of noise alone are not blown up."""
MOST_PATCHES = 100_000
"""So many patches tell the covariance of neighbouring pixels well."""


def hubel_tiny(num_classes: int = 10, *, num_channels: int = 3) -> Network:
    """For a first answer in seconds."""
    return built("hubel_tiny", num_classes, num_channels=num_channels)


def hubel_small(
    num_classes: int = 10, *, num_channels: int = 3, width: int = 64, depth: int = 5, dropout: float = 0.0
) -> Network:
    """The one to take for small images; `whiten` sets its first layer from training images.

    Parameters
    ----------
    num_classes, num_channels
        How many scores it gives and channels it sees.
    width, depth
        How many maps its first convolution after the whitened one has, and how many convolutions there are; see `maps_of`.
    dropout
        The share that is dropped in front of the head.
    """
    maps = maps_of(width, depth)
    return built("hubel_small", num_classes, num_channels=num_channels, maps=maps, dropout=dropout)


def hubel_small_plain(num_classes: int = 10, *, num_channels: int = 3) -> Network:
    """The same, its first layer learned like the others."""
    return built("hubel_small", num_classes, num_channels=num_channels, first="stem")


def whiten(network: Network, images: Tensor) -> None:
    """Set the first layer to filters that make the patches of these images uncorrelated, each with its negative, and fix them.

    The filters are vᵢ / √(λᵢ + ε) of the patches' covariance, those of the largest λᵢ first: PCA whitening.

    Parameters
    ----------
    network
        One that has a step named whitening.
    images
        Training images as the network will see them, float (n c h w); a few thousand do.
    """
    layer = network.features.get_submodule("whitening")
    assert isinstance(layer, nn.Conv2d)
    patches = nn.functional.unfold(images, layer.kernel_size, stride=layer.stride).transpose(1, 2).flatten(0, 1)
    patches = patches[:: max(1, len(patches) // MOST_PATCHES)]  # (m) (c · patch · patch)
    variances, directions = torch.linalg.eigh(patches.double().T.cov())
    filters = directions.T.flip(0) / (variances.flip(0)[:, None] + EPSILON).sqrt()
    chosen = filters[: layer.out_channels // 2]
    with torch.no_grad():
        layer.weight.copy_(torch.cat([chosen, -chosen]).reshape(layer.weight.shape))
    layer.weight.requires_grad_(False)


def maps_of(width: int, depth: int) -> str:
    """The maps of so many convolutions in the words of `TABLE`: every second one halves them, the next two are twice as wide.

    Examples
    --------
    >>> maps_of(64, 5), maps_of(32, 2)
    ('64 64 pool 128 128 pool 256', '32 32 pool')
    """
    words = (f"{width * 2 ** (place // 2)}{' pool' if place % 2 else ''}" for place in range(depth))
    return " ".join(words)


def built(
    name: str, num_classes: int, *, num_channels: int, first: str = "whitening", maps: str = "", dropout: float = 0.0
) -> Network:
    """The network of one row, or with other maps."""
    row = next(row for row in TABLE.records() if row["network"] == name)
    patch, stride = int(row["patch"] or 0), int(row["stride"] or 0)
    channels = min(int(row["filters"] or 0), 2 * num_channels * patch**2)
    stem = nn.Conv2d(num_channels, channels, patch, stride, padding=(patch - stride) // 2, bias=False)
    steps: OrderedDict[str, nn.Module] = OrderedDict({first: stem, f"{first}_relu": nn.ReLU(inplace=True)})
    words, last = (maps or str(row["maps"])).split(), ""
    for place, word in enumerate(words):
        if word != "pool":
            last = f"block{len(steps) - 1}"
            steps[last] = block(channels, int(word), halves=words[place + 1 : place + 2] == ["pool"])
            channels = int(word)
    vector: OrderedDict[str, nn.Module] = OrderedDict(pool=nn.AdaptiveMaxPool2d(1), flatten=nn.Flatten())
    if dropout:
        vector["dropout"] = nn.Dropout(dropout)
    head = nn.Linear(channels, num_classes)
    return Network(
        Parts(nn.Sequential(steps), nn.Sequential(vector), head, TABLE, torch_start, cam_layer=f"features.{last}")
    )


def block(channels: int, maps: int, *, halves: bool) -> nn.Sequential:
    """A convolution, its maps halved or not, a norm, ReLU."""
    steps: OrderedDict[str, nn.Module] = OrderedDict(conv=nn.Conv2d(channels, maps, 3, padding=1, bias=False))
    if halves:
        steps["pool"] = nn.MaxPool2d(2)
    return nn.Sequential(steps | OrderedDict(norm=nn.BatchNorm2d(maps), relu=nn.ReLU(inplace=True)))
