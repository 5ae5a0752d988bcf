"""AlexNet, which began it all (Krizhevsky, Sutskever & Hinton 2012, figure 2 and section 3.5).

`TABLE` is the figure as data. The paper's network lay on two GPUs, so its second, fourth and fifth convolutions saw one half
of the channels (`alexnet_grouped`); `alexnet` is the same without the parting. `alexnet_owt` is what today's libraries call
AlexNet: the narrower single tower of Krizhevsky 2014, "One weird trick" (arXiv:1404.5997), without response normalisation.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from torch import nn

from hubel.models.layers import ResponseNorm
from hubel.models.network import Network, PaperTable, Parts
from hubel.models.starts import he_start

# fmt: off
TABLE = PaperTable(
    "Krizhevsky et al. 2012, figure 2",
    ("layer", "maps", "kernel", "stride", "padding", "groups", "then"),
    (
        ("conv1",  96, 11, 4, 0, 1, "norm pool"),
        ("conv2", 256,  5, 1, 2, 2, "norm pool"),
        ("conv3", 384,  3, 1, 1, 1, ""),
        ("conv4", 384,  3, 1, 1, 2, ""),
        ("conv5", 256,  3, 1, 1, 2, "pool"),
        ("fc6",  4096, None, None, None, None, ""),
        ("fc7",  4096, None, None, None, None, ""),
    ),
)
ONE_WEIRD_TRICK = PaperTable(
    "Krizhevsky 2014",
    TABLE.columns,
    (
        ("conv1",  64, 11, 4, 2, 1, "pool"),
        ("conv2", 192,  5, 1, 2, 1, "pool"),
        ("conv3", 384,  3, 1, 1, 1, ""),
        ("conv4", 256,  3, 1, 1, 1, ""),
        ("conv5", 256,  3, 1, 1, 1, "pool"),
        ("fc6",  4096, None, None, None, None, ""),
        ("fc7",  4096, None, None, None, None, ""),
    ),
)
# fmt: on
LAST_SIDE = 6
"""The side of the maps that fc6 sees."""


def alexnet(num_classes: int = 1000, *, num_channels: int = 3) -> Network:
    """AlexNet on one machine: every convolution sees all channels; 62,378,344 weights."""
    return built(TABLE, num_classes, num_channels=num_channels, grouped=1)


def alexnet_grouped(num_classes: int = 1000, *, num_channels: int = 3) -> Network:
    """AlexNet as it lay on two GPUs; 60,965,224 weights."""
    return built(TABLE, num_classes, num_channels=num_channels, grouped=2)


def alexnet_owt(num_classes: int = 1000, *, num_channels: int = 3) -> Network:
    """The narrower AlexNet of 2014, whose ImageNet weights torchvision has; 61,100,840 weights."""
    return built(ONE_WEIRD_TRICK, num_classes, num_channels=num_channels, grouped=1)


def built(table: PaperTable, num_classes: int, *, num_channels: int, grouped: int) -> Network:
    """The network of a table; `grouped` is the largest number of groups that is kept."""
    steps: OrderedDict[str, nn.Module] = OrderedDict()
    dense: OrderedDict[str, nn.Module] = OrderedDict(pool=nn.AdaptiveAvgPool2d(LAST_SIDE), flatten=nn.Flatten())
    width = num_channels
    for row in table.records():
        name, maps = str(row["layer"]), int(row["maps"] or 0)
        if row["kernel"] is None:
            width = width * LAST_SIDE**2 if name == "fc6" else width
            dense[f"{name}_dropout"] = nn.Dropout(0.5)
            dense[name] = nn.Linear(width, maps)
            dense[f"{name}_relu"] = nn.ReLU(inplace=True)
        else:
            kernel, stride, padding, groups = (int(row[key] or 0) for key in ("kernel", "stride", "padding", "groups"))
            steps[name] = nn.Conv2d(width, maps, kernel, stride, padding, groups=min(groups, grouped))
            steps[f"{name}_relu"] = nn.ReLU(inplace=True)
            steps |= {f"{name}_{then}": FOLLOWING[then]() for then in str(row["then"]).split()}
        width = maps
    head = nn.Linear(width, num_classes)
    return Network(
        Parts(nn.Sequential(steps), nn.Sequential(dense), head, table, he_start, cam_layer="features.conv5_relu")
    )


FOLLOWING: dict[str, Callable[[], nn.Module]] = {"norm": ResponseNorm, "pool": lambda: nn.MaxPool2d(3, 2)}
"""What stands after a convolution: normalisation, or pooling whose windows overlap."""
