"""What happens on the way through a network: one record for each layer, in the order in which they run.

Hooks tell when a layer begins and ends, and a function mode of torch sees every operation on the way, so sums and
concatenations between layers are seen too, whatever the network. On the meta device nothing is computed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from hubel.models.arithmetic import Sight, Window, seen_through, widest
from hubel.models.meta import arguments_of, pair, shape_alone

JOINS = {
    "cat": "concatenate", "add": "add", "__add__": "add", "add_": "add", "__iadd__": "add", "mul": "scale", "__mul__": "scale",
}  # fmt: skip
"""The functions between layers that deserve a line of their own."""
POOLINGS = ("max_pool2d", "avg_pool2d")
GLOBAL = ("adaptive_avg_pool2d", "adaptive_max_pool2d", "flatten", "linear")
"""After these a unit's place in the image has no meaning any more, or it sees all of it."""
IDLE = (nn.Identity, nn.Flatten, nn.AdaptiveAvgPool2d, nn.AdaptiveMaxPool2d)
"""Layers that deserve no line where they change no shape."""


@dataclass(frozen=True, slots=True)
class Values:
    """What a layer gave for one image: the least, the mean and the largest value, the share of zeros, and whether all are finite."""

    least: float
    mean: float
    largest: float
    zeros: float
    finite: bool


@dataclass(frozen=True, slots=True)
class Step:
    """One layer as it ran: where it stands, what it is, what it took and gave.

    `inputs` are the numbers of the steps that it takes from, −1 for the image. `sight` is None behind layers for which it has
    no meaning.
    """

    name: str
    module: nn.Module | None
    kind: str
    inputs: tuple[int, ...]
    in_shape: tuple[int, ...]
    out_shape: tuple[int, ...]
    window: Window | None
    sight: Sight | None
    multiply_adds: int
    in_place: bool
    values: Values | None


@dataclass(slots=True)
class Origin:
    """Of a tensor: the step that gave it, and what one of its units sees."""

    step: int
    sight: Sight | None


@dataclass(slots=True)
class Inside:
    """What was seen since the current layer began."""

    window: Window | None = None
    multiply_adds: int = 0


@dataclass(slots=True)
class Trace:
    """The steps so far, and the origins of the tensors, which are kept alive so that their ids stay theirs."""

    steps: list[Step] = field(default_factory=list)
    origins: dict[int, Origin] = field(default_factory=dict)
    alive: list[Tensor] = field(default_factory=list)
    inside: Inside | None = None
    names: list[str] = field(default_factory=list)

    def origin(self, tensors: Iterable[Tensor]) -> Origin | None:
        """Of a result made of these: the latest step, and all that they see."""
        found = [self.origins[id(tensor)] for tensor in tensors if id(tensor) in self.origins]
        if not found:
            return None
        sights = [origin.sight for origin in found if origin.sight is not None]
        return Origin(max(origin.step for origin in found), widest(sights) if len(sights) == len(found) else None)

    def place(self, tensor: Tensor, origin: Origin) -> None:
        """Note where a tensor comes from."""
        self.origins[id(tensor)] = origin
        self.alive.append(tensor)


def trace(network: nn.Module, images: Tensor) -> list[Step]:
    """The steps of one forward pass in eval mode; mode, gradients and hooks are afterwards as they were.

    Parameters
    ----------
    network
        Any network of layers.
    images
        ``(n c h w)`` of the network's own device; values are reported where that is not the meta device.
    """
    taken = Trace()
    taken.place(images, Origin(-1, Sight()))
    modes = {module: module.training for module in network.modules()}
    hooks = []
    layers: set[nn.Module] = set()
    for name, module in network.named_modules():
        if module in layers:
            continue
        if is_layer(module):
            layers.update(module.modules())
            hooks.append(module.register_forward_pre_hook(beginning(taken)))
            hooks.append(module.register_forward_hook(ending(taken, name)))
        else:
            hooks.append(module.register_forward_pre_hook(entering(taken, name)))
            hooks.append(module.register_forward_hook(leaving(taken)))
    try:
        network.eval()
        with torch.no_grad(), Watch(taken):
            network(images)
    finally:
        for hook in hooks:
            hook.remove()
        for module, training in modes.items():
            module.training = training
    return taken.steps


def is_layer(module: nn.Module) -> bool:
    """Whether a module is a line of its own: it has no parts, or tensors of its own beside them."""
    return not any(module.children()) or bool(list(module.parameters(recurse=False)))


class Watch(TorchFunctionMode):
    """Follows every operation of torch while it is entered."""

    def __init__(self, taken: Trace) -> None:
        super().__init__()
        self.taken = taken

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run the operation, and note what its result comes from."""
        name = getattr(func, "__name__", "")
        result = shape_alone(name, args)
        if result is None:
            result = func(*args, **(kwargs or {}))
        if isinstance(result, Tensor):
            follow(self.taken, name, arguments_of(args, kwargs or {}), result)
        return result


def follow(taken: Trace, name: str, arguments: list[Any], result: Tensor) -> None:
    """Note one operation."""
    tensors = [argument for argument in arguments if isinstance(argument, Tensor)]
    origin = taken.origin(tensors)
    if origin is None:
        return
    sight = origin.sight
    inside = taken.inside
    if name in GLOBAL and name != "linear" and tuple(tensors[0].shape[-2:]) == tuple(result.shape[-2:]):
        pass  # pooled to the size it has
    elif name in GLOBAL:
        sight = None
    elif inside is not None and inside.window is not None and name in (*POOLINGS, "conv2d") and sight is not None:
        sight = seen_through(sight, inside.window)
    if inside is not None and name in ("conv2d", "linear"):
        weight = tensors[1]
        inside.multiply_adds += result.numel() * weight[0].numel()
    taken.place(result, Origin(origin.step, sight))
    if inside is None and name in JOINS:
        sources = tuple(taken.origins[id(tensor)].step for tensor in tensors if id(tensor) in taken.origins)
        add_step(taken, None, JOINS[name], sources, (tensors[0], result))


def beginning(taken: Trace) -> Callable[..., None]:
    """A hook for where a layer begins."""

    def note(module: nn.Module, _given: tuple[Any, ...]) -> None:
        taken.inside = Inside(window_of(module))

    return note


def ending(taken: Trace, name: str) -> Callable[..., None]:
    """A hook for where a layer ends: it becomes a step."""

    def note(module: nn.Module, given: tuple[Any, ...], result: Any) -> None:
        origin = taken.origins.get(id(given[0]))
        idle = isinstance(module, IDLE) and given[0].shape == result.shape
        if origin is not None and not idle:
            add_step(taken, module, kind_of(module), (origin.step,), (given[0], result), name=name)
        taken.inside = None

    return note


def entering(taken: Trace, name: str) -> Callable[..., None]:
    """A hook for where a module of several layers begins."""

    def note(_module: nn.Module, _given: tuple[Any, ...]) -> None:
        taken.names.append(name)

    return note


def leaving(taken: Trace) -> Callable[..., None]:
    """A hook for where it ends."""

    def note(_module: nn.Module, _given: tuple[Any, ...], _result: Any) -> None:
        taken.names.pop()

    return note


def add_step(
    taken: Trace,
    module: nn.Module | None,
    kind: str,
    inputs: tuple[int, ...],
    tensors: tuple[Tensor, Tensor],
    *,
    name: str = "",
) -> None:
    """Note a step that made the second tensor of the first."""
    given, result = tensors
    inside = taken.inside or Inside()
    counted = getattr(module, "multiply_adds", None)
    number = len(taken.steps)
    sight = taken.origins[id(result)].sight
    taken.steps.append(
        Step(
            name=name or ".".join(part for part in (taken.names[-1] if taken.names else "", kind) if part),
            module=module,
            kind=kind,
            inputs=inputs,
            in_shape=tuple(given.shape),
            out_shape=tuple(result.shape),
            window=inside.window,
            sight=sight,
            multiply_adds=(counted(result) if counted else inside.multiply_adds) // (1 if counted else result.shape[0]),
            in_place=bool(getattr(module, "inplace", False)) or isinstance(module, nn.Flatten),
            values=None if result.is_meta else values_of(result),
        )
    )
    taken.place(result, Origin(number, sight))


def window_of(module: nn.Module) -> Window | None:
    """How a layer's kernel goes over the image; None for a layer without one."""
    inner = next((part for part in module.modules() if hasattr(part, "kernel_size")), None)
    if inner is None:
        return None
    ceil = bool(getattr(inner, "ceil_mode", False))
    return Window(
        pair(inner.kernel_size), pair(inner.stride), pair(inner.padding), pair(getattr(inner, "dilation", 1)), ceil
    )


def kind_of(module: nn.Module) -> str:
    """What a layer is, in one word."""
    return KINDS.get(type(module).__name__, type(module).__name__.lower())


KINDS = {
    "Conv2d": "conv", "TableConvolution": "conv", "Linear": "dense", "BatchNorm2d": "norm", "ResponseNorm": "norm",
    "MaxPool2d": "max pool", "AvgPool2d": "mean pool", "AdaptiveAvgPool2d": "mean pool", "AdaptiveMaxPool2d": "max pool",
    "ReLU": "relu", "GELU": "gelu", "Tanh": "tanh", "ScaledTanh": "tanh", "Sigmoid": "sigmoid", "Dropout": "dropout",
    "Flatten": "flatten", "Subsampling": "mean pool", "RadialBasis": "codes",
}  # fmt: skip


def values_of(result: Tensor) -> Values:
    """The range of a layer's values."""
    numbers = result.detach().float()
    return Values(
        least=float(numbers.min()),
        mean=float(numbers.mean()),
        largest=float(numbers.max()),
        zeros=float((numbers == 0).float().mean()),
        finite=bool(torch.isfinite(numbers).all()),
    )
