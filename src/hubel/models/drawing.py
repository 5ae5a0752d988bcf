"""A network as a drawing (SVG): its maps as solids, their shares of weights and of work, and the insides of its modules.

A solid's front is as high as the map (on a scale that makes 7 pixels visible beside 224), its length tells the channels.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape

from hubel.core.language import say
from hubel.models.blocks import Block, Kind, blocks_of
from hubel.models.inside import Panel, panels_of
from hubel.models.summary import Summary

PAPER, INK, SOFT, LINE = "#faf9f6", "#1c1e21", "#595e66", "#d9d5cc"
COLOURS: dict[Kind, tuple[str, str, str]] = {
    "conv": ("#8fc7d3", "#5fa9b8", "#b9dfe7"),
    "module": ("#9db6dd", "#7592c4", "#c3d3ec"),
    "pool": ("#e9b48d", "#d08f5f", "#f3d3ba"),
    "dense": ("#c0a5d3", "#9c7bb5", "#dccbe8"),
    "other": ("#cfcbc2", "#b0aba0", "#e2dfd8"),
}
"""Front, side and top of each kind of solid."""
LEFT, TOP, GAP = 36.0, 92.0, 22.0
LARGEST, SMALLEST = 170.0, 16.0
SLANT = 0.32
"""How far the depth of a solid goes to the right and up, as a share of its height."""
BAR_HEIGHT = 64.0
COLUMN = 66.0
"""The least width of a column: what its words need."""
FONT = "font-family=\"system-ui, -apple-system, 'Segoe UI', 'Noto Sans', 'Noto Sans KR', sans-serif\""


def drawing_of(summary: Summary, name: str) -> str:
    """The drawing as the text of an SVG file."""
    blocks = [block for block in blocks_of(summary) if block.kind != "other" or block.parameters]
    columns = list(placed(blocks, summary))
    width = max(columns[-1][1] + columns[-1][2] + LEFT, 620.0)
    floor = TOP + LARGEST * (1 + SLANT) + 6
    parts = list(heading(summary, name))
    parts += list(solids(columns, floor, summary))
    parts += list(shares(columns, floor + 66, summary))
    bottom = floor + 66 + 2 * (BAR_HEIGHT + 40)
    panels, width, bottom = panels_of(summary, blocks, (LEFT, bottom), width)
    parts += [panel_svg(panel) for panel in panels]
    height = bottom + 20
    box = f"0 0 {width:.0f} {height:.0f}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" width="{width:.0f}" height="{height:.0f}" {FONT}>\n'
        f"<title>{escape(name)}</title>\n"
        f'<rect width="100%" height="100%" fill="{PAPER}"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


Column = tuple[Block | None, float, float]
"""A block (None for the image), the left end of its column, and the column's width."""


def placed(blocks: list[Block], summary: Summary) -> Iterator[Column]:
    """The blocks side by side, the image first."""
    left = LEFT
    for block in (None, *blocks):
        shape = summary.input_shape if block is None else block.output
        solid = length_of(shape) + height_of(shape, summary) * SLANT
        width = max(solid, COLUMN)
        yield block, left, width
        left += width + GAP


def height_of(shape: tuple[int, ...], summary: Summary) -> float:
    """How high a solid is: by the square root of the map's side, vectors by their length."""
    if len(shape) == 1:
        return min(34 + 10 * math.log2(max(shape[0], 1)), LARGEST)
    side = max(shape[1:])
    return max(LARGEST * math.sqrt(side / max(*summary.input_shape[1:], 1)), SMALLEST)


def length_of(shape: tuple[int, ...]) -> float:
    """How long a solid is: by the logarithm of its channels; a vector is a thin plate."""
    return 9.0 if len(shape) == 1 else 5 + 5.2 * math.log2(max(shape[0], 1))


def heading(summary: Summary, name: str) -> Iterator[str]:
    """Name and sums."""
    shape = "×".join(map(str, summary.input_shape))
    weights, work = f"{summary.parameters:,}", f"{summary.multiply_adds:,}"
    words = say(
        en=f"input {shape} · {weights} parameters · {work} multiply-adds",
        ko=f"입력 {shape} · 가중치 {weights}개 · 곱셈-덧셈 {work}번",
    )
    yield text(LEFT, 42, name, size=24, colour=INK, weight=650)
    yield text(LEFT, 66, words, size=13, colour=SOFT)


def solids(columns: list[Column], floor: float, summary: Summary) -> Iterator[str]:
    """The maps, each with its name, its shape and the kernel that made it."""
    before: float | None = None
    for block, left, width in columns:
        shape = summary.input_shape if block is None else block.output
        height, length = height_of(shape, summary), length_of(shape)
        depth = 0.0 if block is not None and block.is_flat else height * SLANT
        x = left + (width - length - depth) / 2
        middle = floor - LARGEST / 2
        y = middle - height / 2
        if before is not None:
            yield f'<path d="M{before:.1f} {middle:.1f}H{x - 3:.1f}" stroke="{SOFT}" stroke-width="1.2" fill="none"/>'
            yield f'<path d="M{x - 7:.1f} {middle - 3:.1f}l5 3l-5 3" stroke="{SOFT}" stroke-width="1.2" fill="none"/>'
        before = x + length + depth * 0.5 + 2
        colours = ("#ddd8cd", "#c2bcae", "#ece8e0") if block is None else COLOURS[block.kind]
        yield solid((x, y), (length, height, depth), colours)
        if block is not None and block.units > 1:
            yield text(
                x + length / 2 + depth / 2,
                y - depth * 0.6 - 8,
                f"×{block.units}",
                size=13,
                colour=INK,
                anchor="middle",
                weight=650,
            )
        centre = left + width / 2
        title = say(en="image", ko="이미지") if block is None else block.name
        yield text(centre, floor + 20, title, size=fitting(title, width + GAP), colour=INK, anchor="middle", weight=600)
        sizes = "×".join(map(str, shape))
        yield text(
            centre, floor + 35, sizes, size=fitting(sizes, width + GAP, largest=10), colour=SOFT, anchor="middle"
        )
        if block is not None:
            kernel = kernel_words(block, summary)
            yield text(
                centre, floor + 49, kernel, size=fitting(kernel, width + GAP, largest=10), colour=SOFT, anchor="middle"
            )


def kernel_words(block: Block, summary: Summary) -> str:
    """The kernel of a plain block, with its stride where it has one."""
    windows = [summary.rows[number].window for number in block.rows]
    window = next((window for window in windows if window is not None), None)
    if block.kind not in ("conv", "pool") or window is None:
        return ""
    stride = f" /{window.stride[0]}" if window.stride[0] > 1 else ""
    return f"{window.kernel[0]}×{window.kernel[1]}{stride}"


def solid(corner: tuple[float, float], sizes: tuple[float, float, float], colours: tuple[str, str, str]) -> str:
    """A box seen from the front left: length along the flow, height, and depth to the right and up."""
    (x, y), (length, height, depth), (front, side, top) = corner, sizes, colours
    rise = depth * 0.6
    faces = [
        (front, f"M{x:.1f} {y:.1f}h{length:.1f}v{height:.1f}h{-length:.1f}z"),
        (top, f"M{x:.1f} {y:.1f}l{depth:.1f} {-rise:.1f}h{length:.1f}l{-depth:.1f} {rise:.1f}z"),
        (side, f"M{x + length:.1f} {y:.1f}l{depth:.1f} {-rise:.1f}v{height:.1f}l{-depth:.1f} {rise:.1f}z"),
    ]
    paths = "".join(f'<path d="{path}" fill="{colour}"/>' for colour, path in faces if depth or path is faces[0][1])
    return f'<g stroke="{INK}" stroke-width="0.6" stroke-linejoin="round">{paths}</g>'


def shares(columns: list[Column], top: float, summary: Summary) -> Iterator[str]:
    """Two rows of bars: where the weights are, and where the work is."""
    rows = (
        (say(en="share of the parameters", ko="가중치 비율"), summary.parameters, "parameters", "#9c7bb5"),
        (say(en="share of the multiply-adds", ko="곱셈-덧셈 비율"), summary.multiply_adds, "multiply_adds", "#5fa9b8"),
    )
    for number, (title, total, field, colour) in enumerate(rows):
        base = top + number * (BAR_HEIGHT + 40) + BAR_HEIGHT + 12
        yield text(LEFT, base - BAR_HEIGHT - 2, title, size=12, colour=SOFT)
        right = columns[-1][1] + columns[-1][2]
        yield f'<path d="M{LEFT:.1f} {base:.1f}H{right:.1f}" stroke="{LINE}"/>'
        largest = max((getattr(block, field) for block, _, _ in columns if block is not None), default=1) or 1
        for block, left, width in columns:
            amount = 0 if block is None else getattr(block, field)
            if not amount:
                continue
            height = max((BAR_HEIGHT - 16) * amount / largest, 1.2)
            centre = left + width / 2
            yield f'<rect x="{centre - 13:.1f}" y="{base - height:.1f}" width="26" height="{height:.1f}" rx="2" fill="{colour}"/>'
            share = f"{100 * amount / total:.0f} %" if amount / total >= 0.005 else "<1 %"
            yield text(centre, base + 13, share, size=10, colour=SOFT, anchor="middle")


def panel_svg(panel: Panel) -> str:
    """The inside of a module: chips and the lines between them."""
    parts = [text(panel.x, panel.y, panel.title, size=13, colour=INK, weight=650)]
    for points in panel.lines:
        path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        parts.append(f'<path d="{path}" fill="none" stroke="{SOFT}" stroke-width="1.2" stroke-linejoin="round"/>')
    for chip in panel.chips:
        front, side, _ = COLOURS[chip.kind]
        parts.append(
            f'<rect x="{chip.x:.1f}" y="{chip.y:.1f}" width="{chip.width:.1f}" height="{chip.height:.1f}" rx="6" '
            f'fill="{front}" stroke="{side}"/>'
        )
        centre = chip.x + chip.width / 2
        parts.append(
            text(
                centre, chip.y + (15 if chip.note else 20), chip.title, size=11, colour=INK, anchor="middle", weight=600
            )
        )
        if chip.note:
            parts.append(text(centre, chip.y + 27, chip.note, size=9, colour="#33373d", anchor="middle"))
    return "\n".join(parts)


def fitting(words: str, width: float, *, largest: float = 12) -> float:
    """A font size at which words stay within a width."""
    return max(min(largest, width / (0.7 * max(len(words), 1))), 7.0)


def text(  # noqa: PLR0913  the attributes of a text
    x: float, y: float, words: str, *, size: float, colour: str, anchor: str = "start", weight: int = 400
) -> str:
    """One line of text."""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:.1f}" fill="{colour}" text-anchor="{anchor}" '
        f'font-weight="{weight}">{escape(words)}</text>'
    )
