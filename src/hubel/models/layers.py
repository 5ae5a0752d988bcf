"""Layers that the papers need and torch does not have, or has in another form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from hubel.models.arithmetic import Pair


class ConvNorm(nn.Module):
    """A convolution without bias, batch normalisation (Ioffe & Szegedy 2015, arXiv:1502.03167) and ReLU."""

    def __init__(
        self, channels: Pair, kernel: int | Pair, *, stride: int = 1, padding: int | Pair = 0, epsilon: float = 1e-3
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(*channels, kernel, stride, padding, bias=False)
        self.norm = nn.BatchNorm2d(channels[1], eps=epsilon)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, maps: Tensor) -> Tensor:
        """(n c h w) → (n c′ h′ w′)."""
        activated: Tensor = self.relu(self.norm(self.conv(maps)))
        return activated


class Parallel(nn.ModuleDict):
    """Branches that see the same maps; their results are joined along the channels."""

    def __init__(self, branches: Mapping[str, nn.Module]) -> None:
        super().__init__(branches)

    def forward(self, maps: Tensor) -> Tensor:
        """(n c h w) → (n Σc′ h′ w′)."""
        return torch.cat([branch(maps) for branch in self.values()], 1)


class ResponseNorm(nn.Module):
    """Local response normalisation: each unit is divided by what its `size` neighbours in the channels say.

    bᵢ = aᵢ / (k + α Σⱼ aⱼ²)^β (Krizhevsky, Sutskever & Hinton 2012, section 3.3). The sum is not divided by `size`, as it is in
    `torch.nn.LocalResponseNorm`.
    """

    def __init__(self, size: int = 5, *, alpha: float = 1e-4, beta: float = 0.75, offset: float = 2.0) -> None:
        super().__init__()
        self.size, self.alpha, self.beta, self.offset = size, alpha, beta, offset

    def forward(self, maps: Tensor) -> Tensor:
        """(n c h w) → (n c h w)."""
        return functional.local_response_norm(maps, self.size, self.alpha * self.size, self.beta, self.offset)


class SqueezeExcite(nn.Module):
    """Channels weighed by what all of them say: squeeze to their means, two dense layers, sigmoid, rescale.

    s = σ(W₂ ReLU(W₁ z)), z the channel means (Hu, Shen & Sun 2018, arXiv:1709.01507, equations 2 to 4).
    """

    def __init__(self, channels: int, *, reduction: int = 16) -> None:
        super().__init__()
        self.squeeze = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Conv2d(channels, channels // reduction, 1)
        self.relu = nn.ReLU(inplace=True)
        self.fc2 = nn.Conv2d(channels // reduction, channels, 1)
        self.gate = nn.Sigmoid()

    def forward(self, maps: Tensor) -> Tensor:
        """(n c h w) → (n c h w)."""
        weights: Tensor = self.gate(self.fc2(self.relu(self.fc1(self.squeeze(maps)))))  # n c 1 1
        return maps * weights


class ScaledTanh(nn.Module):
    """f(a) = 1.7159 tanh(2a/3): f(±1) = ±1, where its second derivative is largest (LeCun et al. 1998, appendix A)."""

    def forward(self, maps: Tensor) -> Tensor:
        """Any shape → the same."""
        return 1.7159 * torch.tanh(maps * (2 / 3))


class Subsampling(nn.Module):
    """The mean of 2 × 2 units, times one learned coefficient a channel, plus one learned bias (LeCun et al. 1998, layer S2)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.pool = nn.AvgPool2d(2)
        self.weight = nn.Parameter(torch.empty(channels))
        self.bias = nn.Parameter(torch.empty(channels))
        self.formula = f"2×{channels}"
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Begin as the plain mean."""
        nn.init.ones_(self.weight)
        nn.init.zeros_(self.bias)

    def forward(self, maps: Tensor) -> Tensor:
        """(n c h w) → (n c h/2 w/2)."""
        pooled: Tensor = self.pool(maps)
        return pooled * self.weight[:, None, None] + self.bias[:, None, None]


class TableConvolution(nn.Module):
    """A convolution whose maps each see only some of the channels below, as a table says (LeCun et al. 1998, table I).

    Parameters
    ----------
    table
        For each map, the channels that it sees.
    in_channels
        How many channels there are.
    kernel
        The side of the kernel.
    """

    def __init__(self, table: Sequence[Sequence[int]], in_channels: int, *, kernel: int) -> None:
        super().__init__()
        self.table = tuple(tuple(seen) for seen in table)
        self.in_channels = in_channels
        self.kernel_size, self.stride, self.padding = kernel, 1, 0
        self.num_kernels = sum(map(len, self.table))
        self.weight = nn.Parameter(torch.empty(self.num_kernels, kernel, kernel))
        self.bias = nn.Parameter(torch.empty(len(self.table)))
        self.formula = f"{kernel}×{kernel}×{self.num_kernels}+{len(self.table)}"

    def reset_parameters(self, generator: torch.Generator) -> None:
        """Uniform within ±2.4 / fan-in, each map by its own (LeCun et al. 1998, appendix A)."""
        first = 0
        for seen in self.table:
            bound = 2.4 / (len(seen) * self.weight[0].numel())
            nn.init.uniform_(self.weight[first : first + len(seen)], -bound, bound, generator=generator)
            first += len(seen)
        nn.init.zeros_(self.bias)

    def multiply_adds(self, output: Tensor) -> int:
        """Only what is connected counts."""
        return self.weight.numel() * output.shape[-2] * output.shape[-1]

    def forward(self, maps: Tensor) -> Tensor:
        """(n c h w) → (n c′ h′ w′)."""
        rows = [index for index, seen in enumerate(self.table) for _ in seen]
        columns = [channel for seen in self.table for channel in seen]
        shape = (len(self.table), self.in_channels, *self.weight.shape[1:])
        full = self.weight.new_zeros(shape).index_put((torch.tensor(rows), torch.tensor(columns)), self.weight)
        return functional.conv2d(maps, full, self.bias)


class RadialBasis(nn.Module):
    """Minus the squared distance of the features to each class's fixed code: −Σⱼ (xⱼ − wᵢⱼ)² (LeCun et al. 1998, equation 7).

    The nearest code is the likeliest class, as with any other head.
    """

    codes: Tensor

    def __init__(self, codes: np.ndarray) -> None:
        super().__init__()
        self.drawn = codes.astype(np.float32)
        self.out_features, self.in_features = codes.shape
        self.register_buffer("codes", torch.empty(codes.shape))

    def reset_parameters(self) -> None:
        """The codes as they were drawn."""
        self.codes.copy_(torch.from_numpy(self.drawn))

    def multiply_adds(self, _output: Tensor) -> int:
        """One square a feature and class."""
        return self.codes.numel()

    def forward(self, features: Tensor) -> Tensor:
        """(n d) → (n k)."""
        return -(features[:, None, :] - self.codes).square().sum(dim=2)
