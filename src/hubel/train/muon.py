"""Muon: momentum whose update is made orthogonal, for matrices and convolution filters.

With G the momentum of a weight W seen as a matrix (outputs, inputs · height · width) and G = U S Vᵀ, the update is U Vᵀ, found
by five steps of a Newton–Schulz iteration: X ← a X + (b A + c A²) X with A = X Xᵀ (Jordan et al. 2024, "Muon: An optimizer for
hidden layers in neural networks"). torch's own Muon takes matrices alone, hence this one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""a, b, c: they bring singular values from 0 up as fast as they can, and end near 1 rather than at it."""
NUM_STEPS = 5
EPSILON = 1e-7


class Muon(Optimizer):
    """W ← W − rate · (√max(1, rows / columns) · UVᵀ + decay · W), with Nesterov's momentum.

    Parameters
    ----------
    weights
        Of two or more dimensions each.
    learning_rate, momentum, weight_decay
        As usual; the decay is apart from the gradient, as AdamW's.
    """

    def __init__(
        self, weights: Iterable[Tensor], *, learning_rate: float, momentum: float = 0.95, weight_decay: float = 0.0
    ) -> None:
        super().__init__(weights, {"lr": learning_rate, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override] # no closure, no loss
        """Move every weight that has a gradient."""
        assert closure is None
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    move(weight, self.state[weight], group)


def move(weight: Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
    """One step of one weight."""
    if "momentum_buffer" not in state:
        state["momentum_buffer"] = torch.zeros_like(weight)
    momentum = state["momentum_buffer"].mul_(group["momentum"]).add_(weight.grad)
    ahead = weight.grad.add(momentum, alpha=group["momentum"]) if weight.grad is not None else momentum
    matrix = ahead.reshape(len(ahead), -1)  # outputs, inputs · height · width
    update = orthogonalised(matrix).reshape(weight.shape)
    weight.mul_(1 - group["lr"] * group["weight_decay"])
    weight.add_(update, alpha=-group["lr"] * max(1.0, matrix.shape[0] / matrix.shape[1]) ** 0.5)


def orthogonalised(matrix: Tensor) -> Tensor:
    """The nearest matrix with singular values about 1, (rows, columns); computed in the matrix's own precision.

    Examples
    --------
    >>> turned = orthogonalised(torch.diag(torch.tensor([3.0, 0.5])))
    >>> bool((torch.linalg.svdvals(turned) - 1).abs().max() < 0.4)
    True
    """
    first, second, third = COEFFICIENTS
    tall = matrix.shape[0] > matrix.shape[1]
    wide: Tensor = matrix.t() if tall else matrix
    found: Tensor = wide / (wide.norm() + EPSILON)
    for _ in range(NUM_STEPS):
        square = found @ found.t()
        found = first * found + (second * square + third * square @ square) @ found
    return found.t() if tall else found
