"""The insides of a network's modules, laid out: layers as chips from left to right, branches below each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hubel.core.language import say
from hubel.models.blocks import Block, Kind, Node, signature, unit_of
from hubel.models.summary import Summary

CHIP_WIDTH, CHIP_HEIGHT = 92.0, 34.0
COLUMN_GAP, LANE_GAP = 30.0, 12.0
TITLE = 24.0
MOST_PANELS = 6
FEWEST_LAYERS = 3
"""A module of fewer layers is told by its solid."""
KINDS: dict[str, Kind] = {
    "conv": "conv", "max pool": "pool", "mean pool": "pool", "dense": "dense", "concatenate": "other", "add": "other",
    "scale": "other",
}  # fmt: skip
SIGNS = {"add": "+", "concatenate": "concat", "scale": "×"}
SIGN_WIDTH = 44.0
SHORT = {"norm": "BN", "relu": "ReLU", "gelu": "GELU", "tanh": "tanh", "sigmoid": "σ", "dropout": "dropout"}


@dataclass(frozen=True, slots=True)
class Chip:
    """One layer: its box, its words, and what it bears."""

    x: float
    y: float
    width: float
    height: float
    title: str
    note: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Panel:
    """One module: its title at (x, y), its chips, and the lines between them."""

    x: float
    y: float
    title: str
    chips: tuple[Chip, ...]
    lines: tuple[tuple[tuple[float, float], ...], ...]
    width: float
    height: float


def panels_of(
    summary: Summary, blocks: Sequence[Block], corner: tuple[float, float], width: float
) -> tuple[list[Panel], float, float]:
    """The panels of all modules that differ, in rows from the corner on; the width and the lower end that they need."""
    left, top = corner
    x, y, lowest = left, top, top
    panels: list[Panel] = []
    seen: dict[tuple[object, ...], int] = {}
    for block in blocks:
        nodes = unit_of(summary, block) if block.kind == "module" else ()
        if len(nodes) < FEWEST_LAYERS or signature(nodes) in seen or len(panels) == MOST_PANELS:
            continue
        seen[signature(nodes)] = len(panels)
        panel = panel_of(block, nodes, (x, y + TITLE))
        if x > left and x + panel.width > width:
            x, y = left, lowest + TITLE
            panel = panel_of(block, nodes, (x, y + TITLE))
        panels.append(panel)
        x += panel.width + 2 * COLUMN_GAP
        lowest = max(lowest, y + TITLE + panel.height)
        width = max(width, panel.x + panel.width + left)
    return panels, width, lowest


def panel_of(block: Block, nodes: Sequence[Node], corner: tuple[float, float]) -> Panel:
    """One module laid out: each layer right of all that it takes from, in the lane of its branch."""
    columns = columns_of(nodes)
    lanes = lanes_of(nodes, columns)
    left, top = corner
    chips = [
        Chip(
            left + COLUMN_GAP + column * (CHIP_WIDTH + COLUMN_GAP),
            top + 12 + lane * (CHIP_HEIGHT + LANE_GAP),
            *((SIGN_WIDTH, CHIP_HEIGHT) if node.row.kind in SIGNS else (CHIP_WIDTH, CHIP_HEIGHT)),
            title_of(node),
            " ".join(SHORT[kind] for kind in node.borne if kind in SHORT),
            KINDS.get(node.row.kind, "other"),
        )
        for node, column, lane in zip(nodes, columns, lanes, strict=True)
    ]
    lines = []
    for node, chip in zip(nodes, chips, strict=True):
        for source in node.inputs:
            start = (left, top + 12 + CHIP_HEIGHT / 2) if source < 0 else right_of(chips[source])
            lines.append(path_between(start, chip, chips, skip=is_skip(source, chip, chips)))
    width = max(chip.x + chip.width for chip in chips) - left
    height = max(chip.y + chip.height for chip in chips) - top
    name, units = block.name, block.units
    title = say(en=f"one of {units} units of {name}", ko=f"{name} 의 유닛 {units}개 중 하나") if units > 1 else name
    return Panel(left, top - 6, title, tuple(chips), tuple(lines), width, height + 14)


def columns_of(nodes: Sequence[Node]) -> list[int]:
    """How far right each layer stands: behind the furthest of what it takes from."""
    columns: list[int] = []
    for node in nodes:
        columns.append(max((columns[source] + 1 for source in node.inputs if source >= 0), default=0))
    return columns


def lanes_of(nodes: Sequence[Node], columns: Sequence[int]) -> list[int]:
    """How far down each layer stands: in the lane of what it takes from if that is free there, else in the next free one."""
    taken: set[tuple[int, int]] = set()
    lanes: list[int] = []
    for node, column in zip(nodes, columns, strict=True):
        wanted = min((lanes[source] for source in node.inputs if source >= 0), default=0)
        if column == 0:  # a new branch stands below all that was drawn so far
            wanted = max((lane for _, lane in taken), default=-1) + 1
        while (column, wanted) in taken:
            wanted += 1
        taken.add((column, wanted))
        lanes.append(wanted)
    return lanes


def title_of(node: Node) -> str:
    """A layer in a few letters: its kernel, its stride, its maps."""
    row = node.row
    if row.kind in SIGNS:
        return SIGNS[row.kind]
    if row.window is None:
        return say(en="global mean", ko="전체 평균") if row.kind == "mean pool" else f"{row.kind} {row.output[0]}"
    stride = f" /{row.window.stride[0]}" if row.window.stride[0] > 1 else ""
    kernel = f"{row.window.kernel[0]}×{row.window.kernel[1]}{stride}"
    words = {"max pool": say(en="max", ko="최대"), "mean pool": say(en="mean", ko="평균")}
    return f"{words[row.kind]} {kernel}" if row.kind in words else f"{kernel}, {row.output[0]}"


def right_of(chip: Chip) -> tuple[float, float]:
    """The middle of a chip's right side."""
    return chip.x + chip.width, chip.y + chip.height / 2


def is_skip(source: int, chip: Chip, chips: Sequence[Chip]) -> bool:
    """Whether a line would run through other chips of its lane."""
    start = -1.0 if source < 0 else chips[source].x
    return any(other.y == chip.y and start < other.x < chip.x for other in chips)


def path_between(
    start: tuple[float, float], chip: Chip, chips: Sequence[Chip], *, skip: bool
) -> tuple[tuple[float, float], ...]:
    """The corners of a line to a chip; one that passes over others goes above them all."""
    end = (chip.x, chip.y + chip.height / 2)
    if skip and start[1] == end[1]:
        passed = sum(start[0] < other.x < chip.x for other in chips)
        above = min(other.y for other in chips) - 5 - min(passed, 8)  # the longer of two lines goes above the other
        left, middle = start[0] + 10, chip.x + chip.width / 2
        return start, (left, start[1]), (left, above), (middle, above), (middle, chip.y)
    turn = start[0] + COLUMN_GAP / 2 if start[0] + COLUMN_GAP / 2 < end[0] else (start[0] + end[0]) / 2
    if skip:
        turn = end[0] - COLUMN_GAP / 2
    if start[1] != end[1] and not skip and end[0] - start[0] > 2 * COLUMN_GAP and start[1] > end[1]:
        turn = end[0] - COLUMN_GAP / 2
    return start, (turn, start[1]), (turn, end[1]), end
