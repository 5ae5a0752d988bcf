"""The shapes of torch's results on its meta device, for functions whose kernels there are Python and load a compiler for seconds."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from hubel.models.arithmetic import Pair

SHAPE_KEEPING = ("batch_norm", "local_response_norm", "gelu", "tanh", "sigmoid", "square", "neg", "__neg__")
"""Functions whose result is shaped as what they are given."""
ARITHMETIC = ("add", "__add__", "sub", "__sub__", "mul", "__mul__")


def shape_alone(name: str, given: tuple[Any, ...]) -> Tensor | None:
    """On the meta device, an empty result of a known function; None where torch must be asked.

    Parameters
    ----------
    name
        What torch calls the function.
    given
        Its arguments by place.
    """
    tensors = [argument for argument in arguments_of(given, {}) if isinstance(argument, Tensor)]
    if not tensors or not tensors[0].is_meta:
        return None
    if name == "cat" and given[1:] == (1,) and len({tensor.shape[2:] for tensor in tensors}) == 1:
        first = tensors[0]
        return first.new_empty((first.shape[0], sum(tensor.shape[1] for tensor in tensors), *first.shape[2:]))
    if name in SHAPE_KEEPING:
        return torch.empty_like(tensors[0])
    if name in ARITHMETIC:
        return tensors[0].new_empty(np.broadcast_shapes(*(tensor.shape for tensor in tensors)))
    if name == "adaptive_avg_pool2d":
        return tensors[0].new_empty((*tensors[0].shape[:-2], *pair(given[1])))
    if name == "linear" and tensors[0].shape[-1] == tensors[1].shape[1]:
        return tensors[0].new_empty(*tensors[0].shape[:-1], tensors[1].shape[0])
    return None


def arguments_of(args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
    """All arguments, a list of tensors taken apart."""
    flat: list[Any] = []
    for argument in (*args, *kwargs.values()):
        flat.extend(argument if isinstance(argument, list | tuple) else [argument])
    return flat


def pair(value: Any) -> Pair:
    """A number for both axes, or one for each."""
    return (int(value[0]), int(value[1])) if isinstance(value, tuple) else (int(value), int(value))
