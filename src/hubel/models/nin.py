"""Network in network: 1 × 1 convolutions after each convolution, and no dense layer (Lin, Chen & Yan 2013, arXiv:1312.4400).

The paper's figure 2 shows the blocks ("mlpconv": a convolution and two of 1 × 1, ReLU after each) and the global average
pooling of one map for each class; the widths are those of the authors' published configuration for CIFAR-10 (`TABLE`) and
ImageNet (`IMAGENET`). Since the last block's maps are the classes' own, the head is that 1 × 1 convolution with its pooling.
"""

from __future__ import annotations

from collections import OrderedDict

from torch import Tensor, nn

from hubel.models.network import Network, PaperTable, Parts
from hubel.models.starts import he_start

# fmt: off
TABLE = PaperTable(
    "Lin et al. 2013, section 4.2 and the authors' configuration for CIFAR-10",
    ("block", "maps", "kernel", "stride", "padding", "second", "third", "pool"),
    (
        ("mlpconv1", 192, 5, 1, 2, 160,  96, "max"),
        ("mlpconv2", 192, 5, 1, 2, 192, 192, "mean"),
        ("mlpconv3", 192, 3, 1, 1, 192, None, ""),
    ),
)
IMAGENET = PaperTable(
    "Lin et al. 2013 and the authors' configuration for ImageNet",
    TABLE.columns,
    (
        ("mlpconv1",   96, 11, 4, 0,   96,   96, "max"),
        ("mlpconv2",  256,  5, 1, 2,  256,  256, "max"),
        ("mlpconv3",  384,  3, 1, 1,  384,  384, "max"),
        ("mlpconv4", 1024,  3, 1, 1, 1024, None, ""),
    ),
)
# fmt: on


def nin(num_classes: int = 10, *, num_channels: int = 3) -> Network:
    """Network in network for 32 × 32 pixels; 966,986 weights."""
    return built(TABLE, num_classes, num_channels=num_channels, dropouts=(1, 2))


def nin_imagenet(num_classes: int = 1000, *, num_channels: int = 3) -> Network:
    """Network in network for ImageNet."""
    return built(IMAGENET, num_classes, num_channels=num_channels, dropouts=(3,))


class PooledClasses(nn.Module):
    """One map for each class, and its mean."""

    def __init__(self, channels: int, num_classes: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, num_classes, 1)
        self.relu = nn.ReLU(inplace=True)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()

    def forward(self, maps: Tensor) -> Tensor:
        """(n c h w) → (n k)."""
        scores: Tensor = self.flatten(self.pool(self.relu(self.conv(maps))))
        return scores


def built(table: PaperTable, num_classes: int, *, num_channels: int, dropouts: tuple[int, ...]) -> Network:
    """The network of a table, with dropout after the blocks of these numbers."""
    steps: OrderedDict[str, nn.Module] = OrderedDict()
    width = num_channels
    for number, row in enumerate(table.records(), 1):
        kernel, stride, padding = (int(row[key] or 0) for key in ("kernel", "stride", "padding"))
        widths = [int(row[key] or 0) for key in ("maps", "second", "third") if row[key] is not None]
        block: OrderedDict[str, nn.Module] = OrderedDict()
        for place, maps in enumerate(widths):
            first = place == 0
            block[f"conv{place + 1}"] = (
                nn.Conv2d(width, maps, kernel, stride, padding) if first else nn.Conv2d(width, maps, 1)
            )
            block[f"relu{place + 1}"] = nn.ReLU(inplace=True)
            width = maps
        steps[str(row["block"])] = nn.Sequential(block)
        if row["pool"]:
            pool = nn.MaxPool2d if row["pool"] == "max" else nn.AvgPool2d
            steps[f"pool{number}"] = pool(3, 2, ceil_mode=True)
        if number in dropouts:
            steps[f"dropout{number}"] = nn.Dropout(0.5)
    head = PooledClasses(width, num_classes)
    return Network(Parts(nn.Sequential(steps), nn.Identity(), head, table, he_start, cam_layer="head.relu"))
