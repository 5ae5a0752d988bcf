"""ResNet: units that add to what they are given (He, Zhang, Ren & Sun 2015, arXiv:1512.03385).

`TABLE` is the paper's table 1: how many units each stage has, of which kind and how wide. The unit that halves the maps does so
in its 3 × 3 convolution, as in the authors' later work and in today's libraries; the paper's bottleneck did it in the first
1 × 1 one. The last norm of every unit begins at zero, so that each begins as the identity and the whole learns from there
(Goyal et al. 2017, arXiv:1706.02677, section 5.1).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from torch import Tensor, nn

from hubel.models.arithmetic import Pair
from hubel.models.network import Network, PaperTable, Parts
from hubel.models.starts import he_start

# fmt: off
TABLE = PaperTable(
    "He et al. 2015, table 1",
    ("network", "unit",       "stage1", "stage2", "stage3", "stage4"),
    (
        ("18",  "basic",      2, 2,  2, 2),
        ("34",  "basic",      3, 4,  6, 3),
        ("50",  "bottleneck", 3, 4,  6, 3),
        ("101", "bottleneck", 3, 4, 23, 3),
        ("152", "bottleneck", 3, 8, 36, 3),
    ),
)
# fmt: on
WIDTHS = (64, 128, 256, 512)
"""The maps inside the units of each stage."""
EXPANSION = {"basic": 1, "bottleneck": 4}
"""How many times as many maps a unit gives."""

Weighing = Callable[[int], nn.Module | None]
"""Makes what weighs the channels of a unit's result before it is added, if anything does."""


def resnet18(num_classes: int = 1000, *, num_channels: int = 3) -> Network:
    """ResNet-18."""
    return built("18", num_classes, num_channels=num_channels)


def resnet34(num_classes: int = 1000, *, num_channels: int = 3) -> Network:
    """ResNet-34; 21,797,672 weights."""
    return built("34", num_classes, num_channels=num_channels)


def resnet50(num_classes: int = 1000, *, num_channels: int = 3) -> Network:
    """ResNet-50."""
    return built("50", num_classes, num_channels=num_channels)


def resnet101(num_classes: int = 1000, *, num_channels: int = 3) -> Network:
    """ResNet-101."""
    return built("101", num_classes, num_channels=num_channels)


def resnet152(num_classes: int = 1000, *, num_channels: int = 3) -> Network:
    """ResNet-152, with stages of 3, 8, 36 and 3 units; 60,192,808 weights."""
    return built("152", num_classes, num_channels=num_channels)


def unweighed(_channels: int) -> nn.Module | None:
    """Nothing: the plain residual unit."""
    return None


class ResidualUnit(nn.Module):
    """ReLU(x + F(x)): F is two 3 × 3 convolutions, or 1 × 1, 3 × 3 and 1 × 1; where the shape changes, x goes through a 1 × 1 one."""

    def __init__(self, channels: int, width: int, *, kind: str, stride: int, weighing: Weighing) -> None:
        super().__init__()
        result = width * EXPANSION[kind]
        kernels = (3, 3) if kind == "basic" else (1, 3, 1)
        widths = (channels, *[width] * (len(kernels) - 1), result)
        self.depth = len(kernels)
        halving = kernels.index(3)
        for place, kernel in enumerate(kernels):
            step = stride if place == halving else 1
            convolution = nn.Conv2d(widths[place], widths[place + 1], kernel, step, kernel // 2, bias=False)
            self.add_module(f"conv{place + 1}", convolution)
            self.add_module(f"norm{place + 1}", nn.BatchNorm2d(widths[place + 1]))
            if place + 1 < self.depth:
                self.add_module(f"relu{place + 1}", nn.ReLU(inplace=True))
        weights = weighing(result)
        self.se = nn.Identity() if weights is None else weights
        self.shortcut: nn.Module = nn.Identity()
        if stride > 1 or channels != result:
            self.shortcut = projection((channels, result), stride)
        self.relu = nn.ReLU(inplace=True)

    def reset_own(self) -> None:
        """Begin as the identity: the last norm's scale is zero."""
        nn.init.zeros_(self.get_submodule(f"norm{self.depth}").get_parameter("weight"))

    def forward(self, maps: Tensor) -> Tensor:
        """(n c h w) → (n c′ h′ w′)."""
        residual = maps
        for name, step in self.named_children():
            if name == "se":
                break
            residual = step(residual)
        residual = self.se(residual)
        added: Tensor = self.relu(residual + self.shortcut(maps))
        return added


def projection(channels: Pair, stride: int) -> nn.Sequential:
    """A 1 × 1 convolution that brings the input to the result's shape (the paper's option B)."""
    convolution = nn.Conv2d(*channels, 1, stride, bias=False)
    return nn.Sequential(OrderedDict(conv=convolution, norm=nn.BatchNorm2d(channels[1])))


def built(name: str, num_classes: int, *, num_channels: int, weighing: Weighing = unweighed) -> Network:
    """The network of one row."""
    row = next(row for row in TABLE.records() if row["network"] == name)
    kind = str(row["unit"])
    steps: OrderedDict[str, nn.Module] = OrderedDict(
        conv1=nn.Conv2d(num_channels, WIDTHS[0], 7, 2, 3, bias=False),
        norm1=nn.BatchNorm2d(WIDTHS[0]),
        relu=nn.ReLU(inplace=True),
        pool=nn.MaxPool2d(3, 2, 1),
    )
    channels = WIDTHS[0]
    for stage, width in enumerate(WIDTHS, 1):
        units = nn.Sequential()
        for number in range(int(row[f"stage{stage}"] or 0)):
            stride = 2 if stage > 1 and number == 0 else 1
            unit = ResidualUnit(channels, width, kind=kind, stride=stride, weighing=weighing)
            units.append(unit)
            channels = width * EXPANSION[kind]
        steps[f"stage{stage}"] = units
    neck = nn.Sequential(OrderedDict(pool=nn.AdaptiveAvgPool2d(1), flatten=nn.Flatten()))
    head = nn.Linear(channels, num_classes)
    return Network(Parts(nn.Sequential(steps), neck, head, TABLE, he_start, cam_layer="features.stage4"))
