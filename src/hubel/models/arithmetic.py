"""The arithmetic of layers: how large the result is, what is dropped, how many weights, how far a unit sees. No torch."""

from __future__ import annotations

from dataclasses import dataclass

Pair = tuple[int, int]
"""Something for height and for width."""


@dataclass(frozen=True, slots=True)
class Extent:
    """The length of a result along one axis, and how many of the last input lines no window reaches (`padding` of them are padding)."""

    size: int
    dropped: int = 0
    padding: int = 0


@dataclass(frozen=True, slots=True)
class Window:
    """How a kernel goes over an image, along height and width; with `ceil`, a last window may hang over the edge."""

    kernel: Pair
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)
    dilation: Pair = (1, 1)
    ceil: bool = False


@dataclass(frozen=True, slots=True)
class Sight:
    """What one unit sees of the input: `field` pixels high and wide, its neighbour `jump` pixels further on."""

    field: Pair = (1, 1)
    jump: Pair = (1, 1)


def output_extent(size: int, window: Window, axis: int) -> Extent:
    """The length of the result: floor((W − F + 2P) / S) + 1, with F the reach of the dilated kernel.

    Parameters
    ----------
    size
        The input's length W along this axis.
    window
        Kernel F, stride S and padding P.
    axis
        0 for height, 1 for width.

    Examples
    --------
    >>> output_extent(227, Window((11, 11), (4, 4)), 0)
    Extent(size=55, dropped=0, padding=0)
    >>> output_extent(8, Window((3, 3), (2, 2)), 0)
    Extent(size=3, dropped=1, padding=0)
    """
    stride, padding = window.stride[axis], window.padding[axis]
    free = size + 2 * padding - reach(window, axis)
    steps, dropped = divmod(free, stride)
    if dropped and window.ceil and (steps + 1) * stride < size + padding:
        return Extent(steps + 2)
    return Extent(steps + 1, dropped, min(dropped, padding))


def reach(window: Window, axis: int) -> int:
    """How many input lines a kernel spans: dilation · (kernel − 1) + 1.

    Examples
    --------
    >>> reach(Window((3, 3), dilation=(2, 2)), 0)
    5
    """
    return window.dilation[axis] * (window.kernel[axis] - 1) + 1


def seen_through(sight: Sight, window: Window) -> Sight:
    """What a unit of the next layer sees: r′ = r + (reach − 1) · j and j′ = j · stride.

    Examples
    --------
    >>> seen_through(Sight((3, 3), (2, 2)), Window((3, 3)))
    Sight(field=(7, 7), jump=(2, 2))
    """
    field = tuple(sight.field[axis] + (reach(window, axis) - 1) * sight.jump[axis] for axis in (0, 1))
    jump = tuple(sight.jump[axis] * window.stride[axis] for axis in (0, 1))
    return Sight((field[0], field[1]), (jump[0], jump[1]))


def widest(sights: list[Sight]) -> Sight:
    """What a unit sees that takes from several others.

    Examples
    --------
    >>> widest([Sight((1, 7)), Sight((3, 3))])
    Sight(field=(3, 7), jump=(1, 1))
    """
    field = tuple(max(sight.field[axis] for sight in sights) for axis in (0, 1))
    jump = tuple(max(sight.jump[axis] for sight in sights) for axis in (0, 1))
    return Sight((field[0], field[1]), (jump[0], jump[1]))


def convolution_formula(kernel: Pair, channels: Pair, *, groups: int = 1, bias: bool = True) -> str:
    """The number of weights as a sum: height × width × channels in (of one group) × channels out + one bias each.

    Examples
    --------
    >>> convolution_formula((3, 3), (64, 32))
    '3×3×64×32+32'
    >>> convolution_formula((5, 5), (96, 256), groups=2)
    '5×5×(96/2)×256+256'
    """
    taken = f"({channels[0]}/{groups})" if groups > 1 else str(channels[0])
    return f"{kernel[0]}×{kernel[1]}×{taken}×{channels[1]}" + (f"+{channels[1]}" if bias else "")


def dense_formula(features: Pair, *, bias: bool = True) -> str:
    """The number of weights of a dense layer as a sum.

    Examples
    --------
    >>> dense_formula((84, 10))
    '84×10+10'
    """
    return f"{features[0]}×{features[1]}" + (f"+{features[1]}" if bias else "")
