"""Small networks for small images: a multi-layer perceptron and the four small CNNs that courses begin with.

`TABLE` has a row for each: what it sees, its convolutions in the words of `branches` (``max2/2v`` halves the maps), the side of the
maps in front of the dense layers (images of other sizes are pooled to it), the share that is dropped there, and the dense
layers. A network with one score gives the log odds of the second of two classes.
"""

from __future__ import annotations

from collections import OrderedDict

from torch import Tensor, nn

from hubel.models.branches import layer_of, plain
from hubel.models.network import Network, PaperTable, Parts
from hubel.models.starts import glorot_start

# fmt: off
TABLE = PaperTable(
    "the first networks of courses on image classification",
    ("network", "convolutions", "side", "dropout", "dense"),
    (
        ("mlp_mnist",    "", 28, 0.2, "128 32"),
        ("cnn_fashion",  "3x3-32 max2/2v 3x3-64 max2/2v 3x3-32", 7, 0.0, "128 32"),
        ("cnn_mnist",    "3x3v-32 max2/2v 3x3v-64 max2/2v 3x3v-64", 3, 0.0, ""),
        ("cnn_cifar10",  "3x3v-32 max2/2v 3x3v-64 max2/2v 3x3v-64", 4, 0.0, "64"),
        ("cnn_catsdogs", "3x3v-32 max2/2v 3x3v-64 max2/2v 3x3v-128 max2/2v 3x3v-128 max2/2v", 7, 0.0, "512"),
        ("cnn_catsdogs_dropout", "3x3v-32 max2/2v 3x3v-64 max2/2v 3x3v-128 max2/2v 3x3v-128 max2/2v", 7, 0.5, "512"),
    ),
)
# fmt: on


def mlp_mnist(num_classes: int = 10, *, num_channels: int = 1) -> Network:
    """Flatten, dropout of a fifth, 128, 32; 104,938 weights."""
    return built("mlp_mnist", num_classes, num_channels=num_channels)


def cnn_fashion(num_classes: int = 10, *, num_channels: int = 1) -> Network:
    """Three convolutions that keep the size; 242,570 weights."""
    return built("cnn_fashion", num_classes, num_channels=num_channels)


def cnn_mnist(num_classes: int = 10, *, num_channels: int = 1) -> Network:
    """26 × 26 × 32, 11 × 11 × 64, 3 × 3 × 64, then the classes; 61,514 weights."""
    return built("cnn_mnist", num_classes, num_channels=num_channels)


def cnn_cifar10(num_classes: int = 10, *, num_channels: int = 3) -> Network:
    """Three convolutions and a dense layer of 64; 122,570 weights."""
    return built("cnn_cifar10", num_classes, num_channels=num_channels)


def cnn_catsdogs(num_classes: int = 1, *, num_channels: int = 3) -> Network:
    """Four convolutions from 150 × 150 down to 7 × 7, a dense layer of 512, one score for a sigmoid; 3,453,121 weights."""
    return built("cnn_catsdogs", num_classes, num_channels=num_channels)


def cnn_catsdogs_dropout(num_classes: int = 1, *, num_channels: int = 3) -> Network:
    """The same with half of the units dropped in front of the dense layer, for augmented images."""
    return built("cnn_catsdogs_dropout", num_classes, num_channels=num_channels)


class PoolTo(nn.AdaptiveAvgPool2d):
    """Means over as many places as the dense layers know; maps of that size pass as they are."""

    def forward(self, maps: Tensor) -> Tensor:
        """(n c h w) → (n c side side)."""
        if maps.shape[-2:] == (self.output_size, self.output_size):
            return maps
        pooled: Tensor = super().forward(maps)
        return pooled


def built(name: str, num_classes: int, *, num_channels: int) -> Network:
    """The network of one row."""
    row = next(row for row in TABLE.records() if row["network"] == name)
    steps: OrderedDict[str, nn.Module] = OrderedDict()
    width, last = num_channels, None
    counts = {"conv": 0, "pool": 0}
    for word in str(row["convolutions"]).split():
        kind = "pool" if word.startswith("max") else "conv"
        counts[kind] += 1
        last = f"{kind}{counts[kind]}"
        steps[last], width = layer_of(word, width, plain)
    side = int(row["side"] or 0)
    dense: OrderedDict[str, nn.Module] = OrderedDict(pool=PoolTo(side), flatten=nn.Flatten())
    width *= side**2
    if row["dropout"]:
        dense["dropout"] = nn.Dropout(float(row["dropout"]))
    for number, units in enumerate(map(int, str(row["dense"]).split()), 1):
        dense[f"dense{number}"] = nn.Linear(width, units)
        dense[f"dense{number}_relu"] = nn.ReLU(inplace=True)
        width = units
    cam_layer = None if last is None else f"features.{last}"
    parts = Parts(
        nn.Sequential(steps),
        nn.Sequential(dense),
        nn.Linear(width, num_classes),
        TABLE,
        glorot_start,
        cam_layer=cam_layer,
    )
    return Network(parts)
