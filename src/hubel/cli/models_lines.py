"""Networks and their layers as lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from hubel.cli.terminal import harmless, padded, plain_percent
from hubel.core.language import say
from hubel.evaluate.numbers import count

if TYPE_CHECKING:
    from rich.console import RenderableType

    from hubel.models.arithmetic import Pair
    from hubel.models.registry import Entry
    from hubel.models.summary import LayerRow, Summary
    from hubel.workflows import Described

UNITS = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
BYTE_UNITS = ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"))
GAP = "  "
STEPS = ("features.", "neck.")
"""What all names begin with, which the table leaves out."""


def list_lines(networks: Sequence[Entry]) -> Iterator[RenderableType]:
    """A line for each network, and what to do next."""
    heads = [
        say(en="name", ko="이름"),
        say(en="parameters", ko="가중치"),
        say(en="multiply-adds", ko="곱셈-덧셈"),
        say(en="input", ko="입력"),
        say(en="year", ko="연도"),
        "ImageNet",
        say(en="paper", ko="논문"),
    ]
    rows = [
        [
            entry.name,
            short(entry.parameters),
            short(entry.multiply_adds),
            times(entry.input_shape),
            str(entry.year),
            entry.weights.partition(":")[0] or "–",
            entry.paper,
        ]
        for entry in networks
    ]
    yield from aligned(heads, rows, right={1, 2})
    yield Text()
    yield Text(
        say(
            en="One of them layer by layer: hubel models vgg16   (aliases such as vgg_d are understood)",
            ko="하나를 층별로 보기: hubel models vgg16   (vgg_d 같은 별칭도 됩니다)",
        ),
        style="dim",
    )


def described_lines(described: Described, page: Path | None) -> Iterator[RenderableType]:
    """The table, the totals, and what is remarkable."""
    entry, summary = described.entry, described.summary
    yield Text(f"{entry.name} · {entry.paper}", style="bold")
    yield Text(say(en=f"input {times(summary.input_shape)}", ko=f"입력 {times(summary.input_shape)}"), style="dim")
    yield Text()
    yield from (layer_table(summary) if described.image is None else value_table(summary))
    yield Text()
    yield from totals(summary)
    yield from remarks(summary)
    if described.image is not None:
        yield followed(described)
        yield from (Text(f"  {plain_percent(share):>8}  {harmless(name)}") for name, share in described.answers)
    if page is not None:
        place = harmless(str(page))
        yield Text(say(en=f"drawing: {place}", ko=f"그림: {place}"))


def layer_table(summary: Summary) -> Iterator[Text]:
    """Every layer with its arithmetic."""
    heads = [
        say(en="layer", ko="층"),
        say(en="kind", ko="종류"),
        say(en="kernel", ko="커널"),
        say(en="stride", ko="보폭"),
        say(en="padding", ko="덧대기"),
        say(en="output", ko="출력"),
        say(en="parameters", ko="가중치"),
        say(en="formula", ko="식"),
        say(en="multiply-adds", ko="곱셈-덧셈"),
        say(en="sees", ko="수용 영역"),
        say(en="memory", ko="메모리"),
    ]
    rows = [[*geometry(row), *amounts(row)] for row in summary.rows]
    yield from aligned(heads, rows, right={6, 8, 10})


def geometry(row: LayerRow) -> list[str]:
    """Name, kind, kernel, stride, padding and output."""
    window = row.window
    cells = ["", "", ""] if window is None else [pair(window.kernel), one(window.stride), one(window.padding)]
    mark = " *" if row.leftover is not None and any(row.leftover.image) else ""
    return [bare(row.name), row.kind, *cells, times(row.output) + mark]


def amounts(row: LayerRow) -> list[str]:
    """Weights, their formula, multiply-adds, what a unit sees, memory."""
    sees = say(en="all", ko="전체") if row.receptive_field is None else pair(row.receptive_field)
    return [
        count(row.parameters) if row.parameters else "",
        row.formula,
        count(row.multiply_adds) if row.multiply_adds else "",
        sees,
        size(row.memory_bytes) if row.memory_bytes else "",
    ]


def value_table(summary: Summary) -> Iterator[Text]:
    """Every layer with the values that one image has there."""
    heads = [
        say(en="layer", ko="층"),
        say(en="kind", ko="종류"),
        say(en="output", ko="출력"),
        say(en="least", ko="최소"),
        say(en="mean", ko="평균"),
        say(en="largest", ko="최대"),
        say(en="zeros", ko="0의 비율"),
    ]
    rows = []
    for row in summary.rows:
        values = row.values
        assert values is not None
        numbers = [f"{number:.3g}" for number in (values.least, values.mean, values.largest)]
        broken = "" if values.finite else say(en=" not finite", ko=" 유한하지 않음")
        rows.append([bare(row.name), row.kind, times(row.output), *numbers, f"{values.zeros:.0%}{broken}"])
    yield from aligned(heads, rows, right={3, 4, 5, 6})


def totals(summary: Summary) -> Iterator[Text]:
    """The sums of the table."""
    weights, work = count(summary.parameters), count(summary.multiply_adds)
    stored, kept, most = (size(n) for n in (summary.parameter_bytes, summary.activation_bytes, summary.largest_bytes))
    yield Text(
        say(
            en=f"{weights} parameters ({stored} as float32), {work} multiply-adds an image",
            ko=f"가중치 {weights}개(float32로 {stored}), 이미지 한 장에 곱셈-덧셈 {work}번",
        ),
        style="bold",
    )
    yield Text(
        say(
            en=f"memory an image: {most} for the largest layer; {kept} for all of them, which learning keeps",
            ko=f"이미지 한 장의 메모리: 가장 큰 층 {most}, 학습 때 보관하는 모든 층 {kept}",
        )
    )
    if summary.auxiliary_parameters:
        more = count(summary.auxiliary_parameters)
        yield Text(
            say(
                en=f"{more} more parameters in auxiliary heads, which only learning uses",
                ko=f"학습에만 쓰는 보조 분류기에 가중치 {more}개가 더 있습니다",
            )
        )


def remarks(summary: Summary) -> Iterator[Text]:
    """Sizes that do not divide: what is left out of the image; where only padding is, one line says so."""
    padded_only = 0
    for row in summary.rows:
        if row.leftover is None:
            continue
        if not any(row.leftover.image):
            padded_only += 1
            continue
        name, (rows, columns) = bare(row.name), row.leftover.image
        yield Text(
            say(
                en=f"* {name}: the size does not divide; at the edge {rows} × {columns} lines (rows × columns) are never looked at",
                ko=f"* {name}: 크기가 나누어떨어지지 않아 가장자리 {rows}행 × {columns}열은 쓰이지 않습니다",
            ),
            style="yellow",
        )
    if padded_only:
        yield Text(
            say(
                en=f"in {padded_only} layers the size does not divide, but only padding is left out",
                ko=f"{padded_only}개 층에서 크기가 나누어떨어지지 않지만 덧댄 부분만 빠집니다",
            ),
            style="dim",
        )


def followed(described: Described) -> Text:
    """Which image met whose weights."""
    image = harmless(str(described.image))
    if described.weights is None:
        return Text(
            say(
                en=f"{image} with fresh weights, which have learned nothing; --weights imagenet or a file takes trained ones",
                ko=f"{image}, 아무것도 배우지 않은 새 가중치입니다. --weights imagenet 또는 파일로 학습된 가중치를 쓸 수 있습니다",
            ),
            style="yellow",
        )
    source = harmless(described.weights.source)
    return Text(say(en=f"{image} with the weights of {source}", ko=f"{image}, {source} 의 가중치"))


def aligned(heads: Sequence[str], rows: Sequence[Sequence[str]], *, right: set[int]) -> Iterator[Text]:
    """Lines of cells below each other, of whatever width; numbers end below each other."""
    widths = [max(cells(row[column]) for row in (heads, *rows)) for column in range(len(heads))]

    def line(row: Sequence[str]) -> str:
        texts = (
            " " * (width - cells(cell)) + cell if column in right else padded(cell, width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        return GAP.join(texts).rstrip()

    yield Text(line(heads), style="bold dim")
    for row in rows:
        yield Text(line(row))


def cells(text: str) -> int:
    """How many cells of the screen a text takes."""
    from rich.cells import cell_len

    return cell_len(text)


def bare(name: str) -> str:
    """A layer's name without what all names begin with."""
    for beginning in STEPS:
        name = name.removeprefix(beginning)
    return name


def times(numbers: Sequence[int]) -> str:
    """A shape.

    Examples
    --------
    >>> times((3, 224, 224))
    '3×224×224'
    """
    return "×".join(map(str, numbers))


def pair(numbers: Pair) -> str:
    """Height and width."""
    return f"{numbers[0]}×{numbers[1]}"


def one(numbers: Pair) -> str:
    """Height and width, in one number where they are equal."""
    return str(numbers[0]) if numbers[0] == numbers[1] else f"{numbers[0]},{numbers[1]}"


def short(number: int) -> str:
    """A number at a glance.

    Examples
    --------
    >>> [short(number) for number in (330, 61_706, 138_357_544, 15_470_264_320)]
    ['330', '61.7 k', '138 M', '15.5 G']
    """
    for unit, letter in UNITS:
        if number >= unit:
            return f"{number / unit:.3g} {letter}"
    return str(number)


def size(number: int) -> str:
    """A size in bytes at a glance.

    Examples
    --------
    >>> [size(number) for number in (40, 12_544, 3_211_264)]
    ['40 B', '12.2 KiB', '3.06 MiB']
    """
    for unit, letters in BYTE_UNITS:
        if number >= unit:
            return f"{number / unit:.3g} {letters}"
    return f"{number} B"
