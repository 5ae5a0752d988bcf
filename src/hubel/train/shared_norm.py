"""Batch normalisation over the images of all processes, exact on any device.

torch's `SyncBatchNorm` does this on graphics cards alone, so processors and others get one of our own. Every process sends
the count, the mean and the sum of squared deviations of its images, once forward; the parts are joined without loss of digits
(Chan, Golub & LeVeque 1979, "Updating formulae and a pairwise algorithm for computing sample variances"). Backward sends the two sums that
the gradient needs (Ioffe & Szegedy 2015, arXiv:1502.03167, §3).
"""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional
from torch.nn.modules.batchnorm import _BatchNorm


def twin_with_shared_norms(network: nn.Module, device: torch.device) -> nn.Module:
    """A second network on the very tensors of the first, whose batch norms look at all processes while they train.

    The first stays as it was made, for checkpoints, measuring and export.
    """
    tensors = [*network.parameters(), *network.buffers()]
    twin = copy.deepcopy(network, {id(tensor): tensor for tensor in tensors})
    if device.type == "cuda":
        shared: nn.Module = nn.SyncBatchNorm.convert_sync_batchnorm(twin)  # type: ignore[no-untyped-call] # torch's
        return shared
    for parent in list(twin.modules()):
        for name, child in parent.named_children():
            if isinstance(child, _BatchNorm):
                setattr(parent, name, SharedBatchNorm(child))
    return twin


class SharedBatchNorm(nn.Module):
    """A batch norm of torch's, with its own tensors and settings, whose mean and variance are those of all processes.

    Parameters
    ----------
    norm
        Whose place it takes, affine, with running statistics.
    """

    def __init__(self, norm: _BatchNorm) -> None:
        super().__init__()
        self.weight, self.bias = norm.weight, norm.bias
        for name in ("running_mean", "running_var", "num_batches_tracked"):
            self.register_buffer(name, getattr(norm, name))
        self.epsilon, self.momentum = norm.eps, norm.momentum

    def forward(self, maps: Tensor) -> Tensor:
        """(n c …) → (n c …)."""
        running_mean, running_var = self.get_buffer("running_mean"), self.get_buffer("running_var")
        if not self.training:
            return functional.batch_norm(maps, running_mean, running_var, self.weight, self.bias, eps=self.epsilon)
        mean, variance, count = moments_of_all(maps.detach())
        with torch.no_grad():
            seen = self.get_buffer("num_batches_tracked").add_(1)
            momentum = 1 / float(seen) if self.momentum is None else self.momentum
            running_mean.lerp_(mean, momentum)
            running_var.lerp_(variance * (count / (count - 1).clamp(min=1)), momentum)
        normalised: Tensor = Normalised.apply(maps, self.weight, self.bias, (mean, variance, count, self.epsilon))
        return normalised


def moments_of_all(maps: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Mean and variance of each channel (c) over the maps (n c …) of all processes, and of how many values.

    A process may have no image.
    """
    places = [axis for axis in range(maps.ndim) if axis != 1]
    values = maps.float()
    count = values.numel() // values.shape[1]
    mean = values.mean(places) if count else values.new_zeros(values.shape[1])
    squares = (values - mean.reshape(broadcast_shape(values))).square().sum(places)
    own = torch.cat([mean, squares, mean.new_tensor([float(count)])])
    parts = [torch.empty_like(own) for _ in range(distributed.get_world_size())]
    distributed.all_gather(parts, own)
    stacked = torch.stack(parts).double() if own.device.type == "cpu" else torch.stack(parts)  # processes 2c+1
    means, deviations, counts = torch.split(stacked, [len(mean), len(mean), 1], dim=1)
    total = counts.sum()
    whole = (means * counts).sum(0) / total
    variance = (deviations + counts * (means - whole).square()).sum(0) / total
    return whole.float(), variance.float(), total.float()


class Normalised(torch.autograd.Function):
    """(x − μ) / √(σ² + ε) · γ + β, where μ and σ² depend on the images of all processes."""

    @staticmethod
    def forward(ctx: Any, maps: Tensor, weight: Tensor, bias: Tensor, moments: Any) -> Tensor:
        """Moments are mean (c), variance (c), count and ε."""
        mean, variance, count, epsilon = moments
        ctx.save_for_backward(maps, weight, mean, variance, count)
        ctx.epsilon = epsilon
        return functional.batch_norm(maps, mean, variance, weight, bias, eps=epsilon)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        """Gradients of maps, γ and β; the latter two of this process's images, to be summed with the others' like all weights'."""
        maps, weight, mean, variance, count = ctx.saved_tensors
        through, of_weight, of_bias = gradient, torch.zeros_like(weight), torch.zeros_like(weight)
        if len(maps):  # torch divides by their number
            through, of_weight, of_bias = torch.ops.aten.native_batch_norm_backward(
                gradient, maps, weight, mean, variance, None, None, False, ctx.epsilon, [True, True, True]
            )  # as if mean and variance were fixed
        sums = torch.stack([of_weight, of_bias]).float()
        distributed.all_reduce(sums)
        spread = (variance + ctx.epsilon).rsqrt()
        slope = -weight * spread.square() * sums[0] / count
        offset = -weight * spread * sums[1] / count - slope * mean
        shape = broadcast_shape(maps)
        fixed = maps.float() * slope.reshape(shape) + offset.reshape(shape)
        return (through.float() + fixed).to(maps.dtype), of_weight, of_bias, None


def broadcast_shape(maps: Tensor) -> list[int]:
    """The shape in which a value a channel meets maps (n c …)."""
    return [-1 if axis == 1 else 1 for axis in range(maps.ndim)]
