"""A summary's rows gathered into the blocks that one would draw: a convolution with what follows it, a module, a stage of units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from hubel.models.summary import LayerRow, Summary

Kind = Literal["conv", "pool", "module", "dense", "other"]
BORNE = ("relu", "gelu", "tanh", "sigmoid", "norm", "dropout", "flatten")
"""What is drawn as part of the layer before it."""


@dataclass(frozen=True, slots=True)
class Block:
    """One solid of the drawing.

    `rows` are the numbers of its rows in the summary; `units` how often its unit stands in it; `output` the shape that it gives.
    """

    name: str
    kind: Kind
    rows: tuple[int, ...]
    units: int
    output: tuple[int, ...]
    parameters: int
    multiply_adds: int

    @property
    def is_flat(self) -> bool:
        """Whether it gives a vector."""
        return len(self.output) == 1


def blocks_of(summary: Summary) -> tuple[Block, ...]:
    """The blocks, in the order in which they run."""
    groups: list[tuple[str, list[int]]] = []
    for number, row in enumerate(summary.rows):
        key = key_of(row)
        if groups and (groups[-1][0] == key or (row.kind in BORNE and "." not in inner_name(row, key))):
            groups[-1][1].append(number)
        else:
            groups.append((key, [number]))
    return tuple(block_of(summary, key, numbers) for key, numbers in groups)


def key_of(row: LayerRow) -> str:
    """The step that a row belongs to."""
    parts = row.name.split(".")
    return ".".join(parts[:2]) if parts[0] in ("features", "neck", "head") else parts[0]


def inner_name(row: LayerRow, key: str) -> str:
    """What a row is called inside its step."""
    return row.name.removeprefix(key)


def block_of(summary: Summary, key: str, numbers: Sequence[int]) -> Block:
    """The block of these rows."""
    rows = [summary.rows[number] for number in numbers]
    inner = {row.name.split(".")[2] for row in rows if row.name.startswith(key + ".") and row.name.count(".") > 2}
    return Block(
        name=key.partition(".")[2] or key,
        kind=kind_of(rows),
        rows=tuple(numbers),
        units=max(sum(part.isdigit() for part in inner), 1),
        output=drawn_shape(rows),
        parameters=sum(row.parameters for row in rows),
        multiply_adds=sum(row.multiply_adds for row in rows),
    )


def drawn_shape(rows: Sequence[LayerRow]) -> tuple[int, ...]:
    """The shape that the rows give, before it is flattened; maps of one pixel are a vector."""
    shape = next((row.output for row in reversed(rows) if row.kind != "flatten"), rows[-1].output)
    return shape[:1] if len(shape) == 3 and max(shape[1:]) == 1 else shape


def kind_of(rows: Sequence[LayerRow]) -> Kind:
    """What kind of solid these rows make."""
    kinds = {row.kind for row in rows}
    if kinds & {"concatenate", "add", "scale"} or len([row for row in rows if row.kind == "conv"]) > 1:
        return "module"
    if "conv" in kinds:
        return "conv"
    if kinds & {"dense", "codes"}:
        return "dense"
    return "pool" if kinds & {"max pool", "mean pool"} else "other"


@dataclass(frozen=True, slots=True)
class Node:
    """A layer inside a module: its row, what it takes from (numbers of nodes, −1 for the module's input), and what it bears."""

    row: LayerRow
    inputs: tuple[int, ...]
    borne: tuple[str, ...]


def unit_of(summary: Summary, block: Block) -> tuple[Node, ...]:
    """The layers of a block's last unit, each with the norms and activations that follow it."""
    names = [summary.rows[number].name.split(".") for number in block.rows]
    last = max((int(name[2]) for name in names if len(name) > 3 and name[2].isdigit()), default=None)
    chosen = [
        number
        for number, name in zip(block.rows, names, strict=True)
        if last is None or block.units == 1 or (len(name) > 2 and name[2] == str(last))
    ]
    return nodes_of(summary, chosen)


def nodes_of(summary: Summary, numbers: Sequence[int]) -> tuple[Node, ...]:
    """The graph of these rows, from which norms and activations are taken out."""
    place: dict[int, int] = {}
    nodes: list[tuple[LayerRow, tuple[int, ...], list[str]]] = []
    for number in numbers:
        row = summary.rows[number]
        inputs = tuple(dict.fromkeys(place.get(source, -1) for source in row.inputs))
        if row.kind in BORNE and inputs != (-1,):
            nodes[inputs[0]][2].append(row.kind)
            place[number] = inputs[0]
        elif row.kind not in BORNE:
            place[number] = len(nodes)
            nodes.append((row, inputs, []))
    return tuple(Node(row, inputs, tuple(borne)) for row, inputs, borne in nodes)


def signature(nodes: Sequence[Node]) -> tuple[object, ...]:
    """What two units have in common that are drawn once: kinds, kernels and connections, not widths."""
    return tuple((node.row.kind, node.row.window and node.row.window.kernel, node.inputs) for node in nodes)
