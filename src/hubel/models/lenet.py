"""LeNet-5, the network that read bank cheques (LeCun, Bottou, Bengio & Haffner 1998, section II.B).

`TABLE` is its figure 2 and the text beside it; `SEEN` is its table I, which says from which maps of S2 each map of C3 takes.
The paper's own form has learned subsampling, the partial connections, a scaled tanh and a fixed code for each class
(`lenet5_rbf`). The form that is common today has plain means, full connections, tanh and a dense last layer (`lenet5`).
"""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
from torch import nn

from hubel.models.layers import RadialBasis, ScaledTanh, Subsampling, TableConvolution
from hubel.models.network import Network, PaperTable, Parts
from hubel.models.starts import lecun_start

# fmt: off
TABLE = PaperTable(
    "LeCun et al. 1998, figure 2",
    ("layer", "kind", "maps", "size", "kernel"),
    (
        ("C1", "convolution",  6, 28, 5),
        ("S2", "subsampling",  6, 14, 2),
        ("C3", "convolution", 16, 10, 5),
        ("S4", "subsampling", 16,  5, 2),
        ("C5", "convolution", 120, 1, 5),
        ("F6", "dense",        84, 1, None),
        ("output", "classes",  10, 1, None),
    ),
)
SEEN = (
    (0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5),
    (0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5),
    (0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5),
    (0, 1, 2, 3, 4, 5),
)
DIGITS = (
    ".#####. ##...## ##...## ##...## ##...## ##...## ##...## ##...## ##...## ##...## ##...## .#####.",
    "...##.. ..###.. .####.. ...##.. ...##.. ...##.. ...##.. ...##.. ...##.. ...##.. ...##.. .######",
    ".#####. ##...## ##...## .....## .....## ....##. ...##.. ..##... .##.... ##..... ##..... #######",
    ".#####. ##...## ##...## .....## .....## ..####. .....## .....## .....## ##...## ##...## .#####.",
    "....##. ...###. ...###. ..####. ..#.##. .##.##. .#..##. ##..##. ####### ####### ....##. ....##.",
    "####### ##..... ##..... ##..... ######. ##...## .....## .....## .....## ##...## ##...## .#####.",
    "..####. .##..## ##..... ##..... ##..... ######. ##...## ##...## ##...## ##...## ##...## .#####.",
    "####### ##...## .....## ....##. ....##. ...##.. ...##.. ..##... ..##... ..##... ..##... ..##...",
    ".#####. ##...## ##...## ##...## ##...## .#####. ##...## ##...## ##...## ##...## ##...## .#####.",
    ".#####. ##...## ##...## ##...## ##...## .###### .....## .....## .....## .....## ##..##. .####..",
)
# fmt: on
"""The ten digits in 7 × 12 cells, as the paper's figure 3 draws characters: 84 cells, as many as F6 has units."""

CODE_LENGTH = 84


def lenet5(num_classes: int = 10, *, num_channels: int = 1) -> Network:
    """LeNet-5 as it is usually built: mean pooling, tanh, a dense head for softmax; 61,706 weights."""
    c1, _, c3, _, c5, f6, _ = table_widths()
    features = OrderedDict(
        c1=nn.Conv2d(num_channels, c1, 5), c1_tanh=nn.Tanh(), s2=nn.AvgPool2d(2),
        c3=nn.Conv2d(c1, c3, 5), c3_tanh=nn.Tanh(), s4=nn.AvgPool2d(2),
    )  # fmt: skip
    neck = dense_neck(c3, c5, f6, squash=nn.Tanh)
    head = nn.Linear(f6, num_classes)
    return Network(Parts(nn.Sequential(features), neck, head, TABLE, lecun_start, cam_layer="features.c3_tanh"))


def lenet5_rbf(num_classes: int = 10, *, num_channels: int = 1) -> Network:
    """LeNet-5 as the paper has it: 60,000 weights that learn, and an output of distances to fixed codes."""
    c1, _, c3, _, c5, f6, _ = table_widths()
    features = OrderedDict(
        c1=nn.Conv2d(num_channels, c1, 5), s2=Subsampling(c1), s2_tanh=ScaledTanh(),
        c3=TableConvolution(SEEN, c1, kernel=5), s4=Subsampling(c3), s4_tanh=ScaledTanh(),
    )  # fmt: skip
    neck = dense_neck(c3, c5, f6, squash=ScaledTanh)
    head = RadialBasis(class_codes(num_classes))
    return Network(Parts(nn.Sequential(features), neck, head, TABLE, lecun_start, cam_layer="features.s4_tanh"))


def table_widths() -> tuple[int, ...]:
    """How many maps each layer has."""
    return tuple(int(width or 0) for width in TABLE.column("maps"))


def dense_neck(maps: int, c5: int, f6: int, *, squash: type[nn.Module]) -> nn.Sequential:
    """C5 and F6. C5 is a convolution over all of a 5 × 5 map; images of other sizes are pooled to that first."""
    return nn.Sequential(
        OrderedDict(
            pool=nn.AdaptiveAvgPool2d(5), c5=nn.Conv2d(maps, c5, 5), c5_tanh=squash(), flatten=nn.Flatten(),
            f6=nn.Linear(c5, f6), f6_tanh=squash(),
        )
    )  # fmt: skip


def class_codes(num_classes: int) -> np.ndarray:
    """What the output layer compares with, −1 and +1: the digits as drawn, further classes as fair coins fall.

    Returns
    -------
    np.ndarray
        ``(k 84)`` float.

    Examples
    --------
    >>> class_codes(12).shape, sorted(set(class_codes(12).ravel().tolist()))
    ((12, 84), [-1.0, 1.0])
    """
    drawn = [[1.0 if cell == "#" else -1.0 for cell in digit.replace(" ", "")] for digit in DIGITS]
    coins = np.random.default_rng(CODE_LENGTH).integers(0, 2, (max(num_classes - len(drawn), 0), CODE_LENGTH))
    return np.concatenate([np.array(drawn)[:num_classes], 2.0 * coins - 1])
