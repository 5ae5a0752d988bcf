"""The one form of every network here: features, then a neck that makes a vector of them, then a head that names classes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from torch import Generator, Tensor, nn

Start = Callable[[nn.Module, Generator], None]
"""How the first weights of one layer are drawn."""
Cell = str | int | float | None
"""One entry of a table."""


@dataclass(frozen=True, slots=True)
class PaperTable:
    """A table of a paper as data: where it stands, its columns, its rows."""

    source: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def column(self, name: str) -> tuple[Cell, ...]:
        """One column, from top to bottom."""
        at = self.columns.index(name)
        return tuple(row[at] for row in self.rows)

    def records(self) -> list[dict[str, Cell]]:
        """The rows by the names of the columns."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


@dataclass(frozen=True, slots=True)
class Parts:
    """What a network is made of.

    `features` maps (n c h w) to (n c′ h′ w′) in named steps; `neck` makes a vector (n d) of that, or leaves the maps to a head
    that pools by itself; `head` says the classes. `auxiliary` are heads for training alone, by the step after which they
    look; each counts `auxiliary_weight` in the loss. `cam_layer` names the module whose maps a class activation map weighs.
    """

    features: nn.Sequential
    neck: nn.Module
    head: nn.Module
    table: PaperTable
    start: Start
    cam_layer: str | None = None
    auxiliary: Mapping[str, nn.Module] = field(default_factory=dict)
    auxiliary_weight: float = 0.0


class Network(nn.Module):
    """A network as its parts say; every architecture of hubel is one of these."""

    def __init__(self, parts: Parts) -> None:
        super().__init__()
        self.features = parts.features
        self.neck = parts.neck
        self.head = parts.head
        self.auxiliary = nn.ModuleDict(parts.auxiliary)
        self.auxiliary_weight = parts.auxiliary_weight
        self.table = parts.table
        self.start = parts.start
        self.cam_layer = parts.cam_layer

    def forward(self, images: Tensor) -> Tensor:
        """Images (n c h w) → scores before softmax (n k)."""
        return self.forward_head(self.forward_features(images))

    def forward_features(self, images: Tensor) -> Tensor:
        """Images (n c h w) → maps (n c′ h′ w′)."""
        maps: Tensor = self.features(images)
        return maps

    def forward_head(self, maps: Tensor, *, pre_logits: bool = False) -> Tensor:
        """Maps (n c′ h′ w′) → scores (n k); with `pre_logits` the vector (n d) that the head would be given."""
        vector: Tensor = self.neck(maps)
        if pre_logits:
            return vector.flatten(2).mean(2) if vector.ndim == 4 else vector
        scores: Tensor = self.head(vector)
        return scores

    def forward_with_auxiliary(self, images: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """The scores (n k), and those of each auxiliary head, in the order of their steps."""
        maps, scores = images, []
        for name, step in self.features.named_children():
            maps = step(maps)
            if name in self.auxiliary:
                scores.append(self.auxiliary[name](maps))
        return self.forward_head(maps), tuple(scores)

    def initialise(self, generator: Generator) -> None:
        """Draw all first weights anew; the inner modules first, for an outer one may set what it knows better."""
        for module in reversed(list(self.modules())):
            self.start(module, generator)
