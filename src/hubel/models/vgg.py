"""VGG, the networks of nothing but 3 × 3 convolutions (Simonyan & Zisserman 2014, arXiv:1409.1556).

`TABLE` is the paper's table 1: one column for each network, A to E; a cell holds the convolutions between two poolings as
side-maps, `lrn` is local response normalisation. Behind them stand, in all of them, two dense layers of 4,096 and the head.
D is known as VGG-16, E as VGG-19.
"""

from __future__ import annotations

from collections import OrderedDict

from torch import nn

from hubel.models.layers import ResponseNorm
from hubel.models.network import Network, PaperTable, Parts
from hubel.models.starts import he_start

# fmt: off
TABLE = PaperTable(
    "Simonyan & Zisserman 2014, table 1",
    ("stage", "A",           "A-LRN",       "B",           "C",                 "D",                 "E"),
    (
        ("1", "3-64",        "3-64 lrn",    "3-64 3-64",   "3-64 3-64",         "3-64 3-64",         "3-64 3-64"),
        ("2", "3-128",       "3-128",       "3-128 3-128", "3-128 3-128",       "3-128 3-128",       "3-128 3-128"),
        ("3", "3-256 3-256", "3-256 3-256", "3-256 3-256", "3-256 3-256 1-256", "3-256 3-256 3-256", "3-256 3-256 3-256 3-256"),
        ("4", "3-512 3-512", "3-512 3-512", "3-512 3-512", "3-512 3-512 1-512", "3-512 3-512 3-512", "3-512 3-512 3-512 3-512"),
        ("5", "3-512 3-512", "3-512 3-512", "3-512 3-512", "3-512 3-512 1-512", "3-512 3-512 3-512", "3-512 3-512 3-512 3-512"),
    ),
)
# fmt: on
LAST_SIDE = 7
DENSE = 4096


def vgg_a(num_classes: int = 1000, *, num_channels: int = 3) -> Network:
    """Network A, 11 weighted layers."""
    return built("A", num_classes, num_channels=num_channels)


def vgg_a_lrn(num_classes: int = 1000, *, num_channels: int = 3) -> Network:
    """Network A with local response normalisation, which the paper found to be of no use."""
    return built("A-LRN", num_classes, num_channels=num_channels)


def vgg_b(num_classes: int = 1000, *, num_channels: int = 3) -> Network:
    """Network B, 13 weighted layers."""
    return built("B", num_classes, num_channels=num_channels)


def vgg_c(num_classes: int = 1000, *, num_channels: int = 3) -> Network:
    """Network C, 16 weighted layers, three of them 1 × 1 convolutions."""
    return built("C", num_classes, num_channels=num_channels)


def vgg16(num_classes: int = 1000, *, num_channels: int = 3) -> Network:
    """Network D, 16 weighted layers; 138,357,544 weights."""
    return built("D", num_classes, num_channels=num_channels)


def vgg19(num_classes: int = 1000, *, num_channels: int = 3) -> Network:
    """Network E, 19 weighted layers."""
    return built("E", num_classes, num_channels=num_channels)


def built(column: str, num_classes: int, *, num_channels: int) -> Network:
    """The network of one column."""
    steps: OrderedDict[str, nn.Module] = OrderedDict()
    width, last = num_channels, ""
    for stage, cell in zip(TABLE.column("stage"), TABLE.column(column), strict=True):
        for number, word in enumerate(str(cell).split(), 1):
            if word == "lrn":
                steps[f"norm{stage}"] = ResponseNorm()
                continue
            side, maps = map(int, word.split("-"))
            last = f"conv{stage}_{number}"
            steps[last] = nn.Conv2d(width, maps, side, padding=side // 2)
            steps[f"{last}_relu"] = nn.ReLU(inplace=True)
            width = maps
        steps[f"pool{stage}"] = nn.MaxPool2d(2)
    neck = nn.Sequential(
        OrderedDict(
            pool=nn.AdaptiveAvgPool2d(LAST_SIDE), flatten=nn.Flatten(),
            fc6=nn.Linear(width * LAST_SIDE**2, DENSE), fc6_relu=nn.ReLU(inplace=True), fc6_dropout=nn.Dropout(0.5),
            fc7=nn.Linear(DENSE, DENSE), fc7_relu=nn.ReLU(inplace=True), fc7_dropout=nn.Dropout(0.5),
        )
    )  # fmt: skip
    head = nn.Linear(DENSE, num_classes)
    return Network(Parts(nn.Sequential(steps), neck, head, TABLE, he_start, cam_layer=f"features.{last}_relu"))
