"""A network layer by layer: shapes, weights with their formula, multiply-adds, what a unit sees, memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from hubel.core.errors import UsageError
from hubel.core.language import say
from hubel.models.arithmetic import Pair, Window, convolution_formula, dense_formula, output_extent
from hubel.models.tracing import Step, Values, trace

BYTES = 4
"""Of a float32."""


@dataclass(frozen=True, slots=True)
class Leftover:
    """Lines at the lower or right edge that no window reaches, (rows, columns) of the image and of the padding around it."""

    image: Pair
    padding: Pair


@dataclass(frozen=True, slots=True)
class LayerRow:
    """One line of the table.

    `output` is the shape for one image, (c h w) or (d). `receptive_field` is how many input pixels one unit sees, high and wide;
    None where it sees all of them. `memory_bytes` is the result as float32; layers that work in place take none. `inputs` are
    the numbers of the rows that it takes from, −1 for the image.
    """

    name: str
    kind: str
    window: Window | None
    output: tuple[int, ...]
    parameters: int
    formula: str
    multiply_adds: int
    receptive_field: Pair | None
    memory_bytes: int
    inputs: tuple[int, ...]
    leftover: Leftover | None
    values: Values | None


@dataclass(frozen=True, slots=True)
class Summary:
    """The table of a network for one image; `auxiliary_parameters` belong to heads that only learning uses."""

    input_shape: tuple[int, int, int]
    rows: tuple[LayerRow, ...]
    auxiliary_parameters: int

    @property
    def parameters(self) -> int:
        """All weights that an answer needs."""
        return sum(row.parameters for row in self.rows)

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds of convolutions and dense layers for one image."""
        return sum(row.multiply_adds for row in self.rows)

    @property
    def parameter_bytes(self) -> int:
        """The weights as float32."""
        return BYTES * self.parameters

    @property
    def activation_bytes(self) -> int:
        """All results of one image, which learning keeps for the way back."""
        return sum(row.memory_bytes for row in self.rows)

    @property
    def largest_bytes(self) -> int:
        """The layer with the most at once: what it takes and what it gives."""
        return max(
            (row.memory_bytes + sum(self.bytes_of(number) for number in set(row.inputs)) for row in self.rows),
            default=0,
        )

    def bytes_of(self, number: int) -> int:
        """The size of a row's result, or of the image."""
        shape = self.input_shape if number < 0 else self.rows[number].output
        return BYTES * product(shape)


def summarise(network: nn.Module, input_shape: tuple[int, int, int]) -> Summary:
    """The table of a network for images of one shape, with or without weights.

    Parameters
    ----------
    network
        On the meta device nothing is computed.
    input_shape
        Channels, height and width.

    Raises
    ------
    UsageError
        When images of this shape do not go through it.
    """
    device = next(network.parameters()).device
    return summarise_images(network, torch.zeros(1, *input_shape, device=device))


def summarise_images(network: nn.Module, images: Tensor) -> Summary:
    """The table for these images (1 c h w), with the range of values where they are computed.

    Raises
    ------
    UsageError
        When images of this shape do not go through the network.
    """
    channels, height, width = images.shape[1:]
    try:
        steps = trace(network, images)
    except RuntimeError as error:  # torch's word for shapes that do not fit
        reason = str(error).splitlines()[0]
        shape = f"{channels}x{height}x{width}"
        raise UsageError(
            say(
                en=f"Images of {shape} do not go through this network ({reason}). Give larger ones, or as many channels as it takes.",
                ko=f"{shape} 이미지는 이 신경망을 통과할 수 없습니다({reason}). 더 큰 크기나 신경망에 맞는 채널 수를 지정하세요.",
            )
        ) from error
    rows = tuple(row_of(step) for step in steps)
    auxiliary = getattr(network, "auxiliary", None)
    return Summary((channels, height, width), rows, 0 if auxiliary is None else count_parameters(auxiliary))


def count_parameters(module: nn.Module) -> int:
    """All weights of a module, also those that do not learn; running means and fixed codes are none."""
    return sum(parameter.numel() for parameter in module.parameters())


def row_of(step: Step) -> LayerRow:
    """One line of the table."""
    output = step.out_shape[1:]
    sight = step.sight
    return LayerRow(
        name=step.name,
        kind=step.kind,
        window=step.window,
        output=output,
        parameters=0 if step.module is None else count_parameters(step.module),
        formula=formula_of(step.module),
        multiply_adds=step.multiply_adds,
        receptive_field=None if sight is None else sight.field,
        memory_bytes=0 if step.in_place else BYTES * product(output),
        inputs=step.inputs,
        leftover=leftover_of(step),
        values=step.values,
    )


def formula_of(module: nn.Module | None) -> str:
    """How the number of weights comes about; empty for a layer without any."""
    if isinstance(module, nn.Conv2d):
        channels, height, width = (module.in_channels, module.out_channels), *module.kernel_size
        return convolution_formula((height, width), channels, groups=module.groups, bias=module.bias is not None)
    if isinstance(module, nn.Linear):
        return dense_formula((module.in_features, module.out_features), bias=module.bias is not None)
    if isinstance(module, nn.BatchNorm2d):
        return f"2×{module.num_features}" if module.affine else ""
    return str(getattr(module, "formula", ""))


def leftover_of(step: Step) -> Leftover | None:
    """What a layer's windows leave out; None where all is reached."""
    if step.window is None or len(step.in_shape) < 4:
        return None
    if any(step.window.stride[axis] > step.window.kernel[axis] for axis in (0, 1)):
        return None  # it leaves out most of the image anyhow, as the shortcut of a residual unit does
    extents = [output_extent(step.in_shape[2 + axis], step.window, axis) for axis in (0, 1)]
    if not any(extent.dropped for extent in extents):
        return None
    rows, columns = extents
    padding = (rows.padding, columns.padding)
    return Leftover((rows.dropped - padding[0], columns.dropped - padding[1]), padding)


def product(numbers: Sequence[int]) -> int:
    """All numbers multiplied."""
    result = 1
    for number in numbers:
        result *= number
    return result
