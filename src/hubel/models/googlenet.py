"""GoogLeNet, 22 weighted layers of inception modules (Szegedy et al. 2014, arXiv:1409.4842), and BN-Inception.

`TABLE` is table 1 of the first paper: for each module the maps of its 1 × 1 convolutions, of the 3 × 3 and 5 × 5 ones with the
1 × 1 reduction before each, and of the projection behind its pooling. `googlenet_paper` is that network, with biases and local
response normalisation. `googlenet` is the form in which its ImageNet weights are passed on today: batch normalisation, 3 × 3
where the paper has 5 × 5, and a last pooling of 2 × 2.

`BN_TABLE` is figure 5 of the paper on batch normalisation (Ioffe & Szegedy 2015, arXiv:1502.03167), where two 3 × 3 convolutions stand for the 5 × 5 one. Its modules 4c and 4d project
to 96 maps here, so that they give the 576 of its output column; the figure's own 128 would give 608.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from hubel.models.branches import Unit, module_of, normalised, plain
from hubel.models.layers import ResponseNorm
from hubel.models.network import Network, PaperTable, Parts
from hubel.models.starts import he_start

# fmt: off
TABLE = PaperTable(
    "Szegedy et al. 2014, table 1",
    ("module",  "1x1", "3x3 reduce", "3x3", "5x5 reduce", "5x5", "pool proj"),
    (
        ("inception3a",  64,  96, 128, 16,  32,  32),
        ("inception3b", 128, 128, 192, 32,  96,  64),
        ("pool3", None, None, None, None, None, None),
        ("inception4a", 192,  96, 208, 16,  48,  64),
        ("inception4b", 160, 112, 224, 24,  64,  64),
        ("inception4c", 128, 128, 256, 24,  64,  64),
        ("inception4d", 112, 144, 288, 32,  64,  64),
        ("inception4e", 256, 160, 320, 32, 128, 128),
        ("pool4", None, None, None, None, None, None),
        ("inception5a", 256, 160, 320, 32, 128, 128),
        ("inception5b", 384, 192, 384, 48, 128, 128),
    ),
)
BN_TABLE = PaperTable(
    "Ioffe & Szegedy 2015, figure 5",
    ("module",      "branch1",  "branch2",           "branch3",                     "branch4"),
    (
        ("inception3a", "1x1-64",  "1x1-64 3x3-64",     "1x1-64 3x3-96 3x3-96",        "avg3 1x1-32"),
        ("inception3b", "1x1-64",  "1x1-64 3x3-96",     "1x1-64 3x3-96 3x3-96",        "avg3 1x1-64"),
        ("inception3c", None,      "1x1-128 3x3/2-160", "1x1-64 3x3-96 3x3/2-96",      "max3/2"),
        ("inception4a", "1x1-224", "1x1-64 3x3-96",     "1x1-96 3x3-128 3x3-128",      "avg3 1x1-128"),
        ("inception4b", "1x1-192", "1x1-96 3x3-128",    "1x1-96 3x3-128 3x3-128",      "avg3 1x1-128"),
        ("inception4c", "1x1-160", "1x1-128 3x3-160",   "1x1-128 3x3-160 3x3-160",     "avg3 1x1-96"),
        ("inception4d", "1x1-96",  "1x1-128 3x3-192",   "1x1-160 3x3-192 3x3-192",     "avg3 1x1-96"),
        ("inception4e", None,      "1x1-128 3x3/2-192", "1x1-192 3x3-256 3x3/2-256",   "max3/2"),
        ("inception5a", "1x1-352", "1x1-192 3x3-320",   "1x1-160 3x3-224 3x3-224",     "avg3 1x1-128"),
        ("inception5b", "1x1-352", "1x1-192 3x3-320",   "1x1-192 3x3-224 3x3-224",     "max3 1x1-128"),
    ),
)
# fmt: on
LOOKED_AT = {"inception4a": "aux1", "inception4d": "aux2"}
"""After which modules the auxiliary heads look."""


@dataclass(frozen=True, slots=True)
class Form:
    """What tells the forms of GoogLeNet apart.

    Its convolutions, the kernel of its largest branch, the side of its last pooling, the share that is dropped before the head,
    what the auxiliary heads look through, and the response normalisations.
    """

    unit: Unit
    largest: str
    last_pool: int
    dropout: float
    look: Callable[[], nn.Module]
    norms: tuple[str, ...]


def paper_look() -> nn.Module:
    """5 × 5 means, 3 pixels a step; other sizes than 14 × 14 are pooled to 4 × 4."""
    return nn.Sequential(nn.AvgPool2d(5, 3, ceil_mode=True), nn.AdaptiveAvgPool2d(4))


def pooled_look() -> nn.Module:
    """Means of any size, to 4 × 4."""
    return nn.AdaptiveAvgPool2d(4)


PAPER = Form(plain, "5x5", 3, 0.4, paper_look, ("norm1", "norm2"))
TODAY = Form(normalised, "3x3", 2, 0.2, pooled_look, ())


def googlenet(num_classes: int = 1000, *, num_channels: int = 3) -> Network:
    """GoogLeNet as it is built today; 6,624,904 weights without its auxiliary heads."""
    return built(TODAY, num_classes, num_channels=num_channels)


def googlenet_paper(num_classes: int = 1000, *, num_channels: int = 3) -> Network:
    """GoogLeNet as the paper has it; 6,998,552 weights without its auxiliary heads."""
    return built(PAPER, num_classes, num_channels=num_channels)


def bn_inception(num_classes: int = 1000, *, num_channels: int = 3) -> Network:
    """The inception network of the paper on batch normalisation."""
    return bn_built(num_classes, num_channels=num_channels, weighed=unweighed)


def unweighed(_channels: int) -> nn.Module | None:
    """Nothing: the plain module."""
    return None


def bn_built(num_classes: int, *, num_channels: int, weighed: Callable[[int], nn.Module | None]) -> Network:
    """BN-Inception; after each module of so many channels stands what `weighed` makes for it."""
    steps = stem(TODAY, num_channels)
    width = 192
    for row in BN_TABLE.records():
        name = str(row.pop("module"))
        steps[name], width = module_of({key: str(line) for key, line in row.items() if line}, width, normalised)
        after = weighed(width)
        if after is not None:
            steps[f"{name}_se"] = after
    head = nn.Linear(width, num_classes)
    cam_layer = f"features.{next(reversed(steps))}"
    return Network(Parts(nn.Sequential(steps), pooled_neck(0.2), head, BN_TABLE, he_start, cam_layer=cam_layer))


def built(form: Form, num_classes: int, *, num_channels: int) -> Network:
    """The network of table 1 in one of its forms."""
    steps, auxiliary = stem(form, num_channels), {}
    width = 192
    for row in TABLE.records():
        name = str(row["module"])
        if name.startswith("pool"):
            side = 3 if name == "pool3" else form.last_pool
            steps[name] = nn.MaxPool2d(side, 2, ceil_mode=True)
            continue
        lines = {
            "branch1": f"1x1-{row['1x1']}",
            "branch2": f"1x1-{row['3x3 reduce']} 3x3-{row['3x3']}",
            "branch3": f"1x1-{row['5x5 reduce']} {form.largest}-{row['5x5']}",
            "branch4": f"max3 1x1-{row['pool proj']}",
        }
        steps[name], width = module_of(lines, width, form.unit)
        if name in LOOKED_AT:
            auxiliary[name] = auxiliary_head(form, width, num_classes)
    return Network(
        Parts(
            nn.Sequential(steps),
            pooled_neck(form.dropout),
            nn.Linear(width, num_classes),
            TABLE,
            he_start,
            cam_layer="features.inception5b",
            auxiliary=auxiliary,
            auxiliary_weight=0.3,
        )
    )


def stem(form: Form, num_channels: int) -> OrderedDict[str, nn.Module]:
    """What stands before the modules."""
    steps: OrderedDict[str, nn.Module] = OrderedDict()
    steps["conv1"] = form.unit((num_channels, 64), (7, 7), 2, (3, 3))
    steps["pool1"] = nn.MaxPool2d(3, 2, ceil_mode=True)
    steps |= {name: ResponseNorm() for name in form.norms[:1]}
    steps["conv2_reduce"] = form.unit((64, 64), (1, 1), 1, (0, 0))
    steps["conv2"] = form.unit((64, 192), (3, 3), 1, (1, 1))
    steps |= {name: ResponseNorm() for name in form.norms[1:]}
    steps["pool2"] = nn.MaxPool2d(3, 2, ceil_mode=True)
    return steps


def pooled_neck(dropout: float) -> nn.Sequential:
    """The mean of every channel, and dropout."""
    return nn.Sequential(OrderedDict(pool=nn.AdaptiveAvgPool2d(1), flatten=nn.Flatten(), dropout=nn.Dropout(dropout)))


def auxiliary_head(form: Form, channels: int, num_classes: int) -> nn.Sequential:
    """A head in the middle of the network, which gives the lower layers a gradient while it learns (section 5)."""
    return nn.Sequential(
        OrderedDict(
            pool=form.look(), conv=form.unit((channels, 128), (1, 1), 1, (0, 0)), flatten=nn.Flatten(),
            fc1=nn.Linear(2048, 1024), relu=nn.ReLU(inplace=True), dropout=nn.Dropout(0.7),
            fc2=nn.Linear(1024, num_classes),
        )
    )  # fmt: skip
