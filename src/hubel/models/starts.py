"""How first weights are drawn. Every tensor of a network is set here, or by the `reset_parameters` of the layer that has it."""

from __future__ import annotations

import math

from torch import Generator, nn

from hubel.models.layers import RadialBasis, Subsampling, TableConvolution

DRAWN = (nn.Conv2d, nn.Linear)


def he_start(module: nn.Module, generator: Generator) -> None:
    """For ReLU: normal with variance 2 / fan-out for convolutions, deviation 0.01 for dense layers (He et al. 2015, arXiv:1502.01852)."""
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu", generator=generator)
    elif isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, 0, 0.01, generator=generator)
    finish_start(module, generator)


def glorot_start(module: nn.Module, generator: Generator) -> None:
    """Uniform within ±√(6 / (fan-in + fan-out)), as Keras does (Glorot & Bengio 2010)."""
    if isinstance(module, DRAWN):
        nn.init.xavier_uniform_(module.weight, generator=generator)
    finish_start(module, generator)


def lecun_start(module: nn.Module, generator: Generator) -> None:
    """For tanh: uniform within ±2.4 / fan-in (LeCun et al. 1998, appendix A)."""
    if isinstance(module, DRAWN):
        bound = 2.4 / module.weight[0].numel()
        nn.init.uniform_(module.weight, -bound, bound, generator=generator)
    finish_start(module, generator)


def torch_start(module: nn.Module, generator: Generator) -> None:
    """Uniform within ±1 / √fan-in, weights and biases, as torch does."""
    if isinstance(module, DRAWN):
        bound = 1 / math.sqrt(module.weight[0].numel())
        for tensor in (module.weight, module.bias):
            if tensor is not None:
                nn.init.uniform_(tensor, -bound, bound, generator=generator)
    else:
        finish_start(module, generator)


def finish_start(module: nn.Module, generator: Generator) -> None:
    """Biases are zero; all other layers begin as they say themselves."""
    if isinstance(module, TableConvolution):
        module.reset_parameters(generator)
    elif isinstance(module, nn.BatchNorm2d | Subsampling | RadialBasis):
        module.reset_parameters()
    elif isinstance(module, DRAWN):
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif callable(reset := getattr(module, "reset_own", None)):
        reset()
