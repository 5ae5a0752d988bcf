"""Inception v3, with factorised convolutions (Szegedy et al. 2015, arXiv:1512.00567).

`TABLE` is the paper's table 1 with the insides of its figures 5, 6, 7 and 10 written out, one row a step, in the words of
`branches`. The names of modules and branches, and the widths that the paper leaves open, are those of the authors' published
network. The auxiliary head looks at the last 17 × 17 maps.
"""

from __future__ import annotations

from collections import OrderedDict

from torch import nn

from hubel.models.branches import branch_of, module_of, normalised
from hubel.models.layers import ConvNorm
from hubel.models.network import Network, PaperTable, Parts
from hubel.models.starts import he_start


def seven(name: str, narrow: int) -> tuple[str, str, str, str, str]:
    """A row of figure 6: convolutions of 7 × 7 in two steps each, `narrow` maps wide inside."""
    return (
        name,
        "branch1x1: 1x1-192",
        f"branch7x7: 1x1-{narrow} 1x7-{narrow} 7x1-192",
        f"branch7x7dbl: 1x1-{narrow} 7x1-{narrow} 1x7-{narrow} 7x1-{narrow} 1x7-192",
        "branch_pool: avg3 1x1-192",
    )


# fmt: off
TABLE = PaperTable(
    "Szegedy et al. 2015, table 1 and figures 5, 6, 7 and 10",
    ("step", "first", "second", "third", "fourth"),
    (
        ("Conv2d_1a_3x3", "3x3/2v-32", None, None, None),
        ("Conv2d_2a_3x3", "3x3v-32", None, None, None),
        ("Conv2d_2b_3x3", "3x3-64", None, None, None),
        ("maxpool1", "max3/2v", None, None, None),
        ("Conv2d_3b_1x1", "1x1-80", None, None, None),
        ("Conv2d_4a_3x3", "3x3v-192", None, None, None),
        ("maxpool2", "max3/2v", None, None, None),
        ("Mixed_5b", "branch1x1: 1x1-64", "branch5x5: 1x1-48 5x5-64", "branch3x3dbl: 1x1-64 3x3-96 3x3-96", "branch_pool: avg3 1x1-32"),
        ("Mixed_5c", "branch1x1: 1x1-64", "branch5x5: 1x1-48 5x5-64", "branch3x3dbl: 1x1-64 3x3-96 3x3-96", "branch_pool: avg3 1x1-64"),
        ("Mixed_5d", "branch1x1: 1x1-64", "branch5x5: 1x1-48 5x5-64", "branch3x3dbl: 1x1-64 3x3-96 3x3-96", "branch_pool: avg3 1x1-64"),
        ("Mixed_6a", "branch3x3: 3x3/2v-384", "branch3x3dbl: 1x1-64 3x3-96 3x3/2v-96", "branch_pool: max3/2v", None),
        seven("Mixed_6b", 128),
        seven("Mixed_6c", 160),
        seven("Mixed_6d", 160),
        seven("Mixed_6e", 192),
        ("Mixed_7a", "branch3x3: 1x1-192 3x3/2v-320", "branch7x7x3: 1x1-192 1x7-192 7x1-192 3x3/2v-192", "branch_pool: max3/2v", None),
        ("Mixed_7b", "branch1x1: 1x1-320", "branch3x3: 1x1-384 1x3-384|3x1-384", "branch3x3dbl: 1x1-448 3x3-384 1x3-384|3x1-384", "branch_pool: avg3 1x1-192"),
        ("Mixed_7c", "branch1x1: 1x1-320", "branch3x3: 1x1-384 1x3-384|3x1-384", "branch3x3dbl: 1x1-448 3x3-384 1x3-384|3x1-384", "branch_pool: avg3 1x1-192"),
    ),
)
# fmt: on
LOOKED_AT = "Mixed_6e"


def inception_v3(num_classes: int = 1000, *, num_channels: int = 3) -> Network:
    """Inception v3; 23,834,568 weights without its auxiliary head."""
    steps: OrderedDict[str, nn.Module] = OrderedDict()
    auxiliary: dict[str, nn.Module] = {}
    width = num_channels
    for step, *cells in TABLE.rows:
        name, words = str(step), [str(cell) for cell in cells if cell]
        if ": " in words[0]:
            lines = dict(word.split(": ") for word in words)
            steps[name], width = module_of(lines, width, normalised)
        else:
            branch, width = branch_of(words[0], width, normalised)
            steps[name] = branch[0]
        if name == LOOKED_AT:
            auxiliary[name] = auxiliary_head(width, num_classes)
    neck = nn.Sequential(OrderedDict(pool=nn.AdaptiveAvgPool2d(1), flatten=nn.Flatten(), dropout=nn.Dropout(0.5)))
    return Network(
        Parts(
            nn.Sequential(steps),
            neck,
            nn.Linear(width, num_classes),
            TABLE,
            he_start,
            cam_layer="features.Mixed_7c",
            auxiliary=auxiliary,
            auxiliary_weight=0.4,
        )
    )


def auxiliary_head(channels: int, num_classes: int) -> nn.Sequential:
    """The head at the 17 × 17 maps, which the paper finds to act as a regulariser (section 4)."""
    return nn.Sequential(
        OrderedDict(
            pool=nn.AvgPool2d(5, 3, ceil_mode=True), conv0=ConvNorm((channels, 128), 1), size=nn.AdaptiveAvgPool2d(5),
            conv1=ConvNorm((128, 768), 5), flatten=nn.Flatten(), fc=nn.Linear(768, num_classes),
        )
    )  # fmt: skip
