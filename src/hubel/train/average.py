"""The running mean of the weights, which is calmer than the weights themselves."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn


@dataclass(slots=True)
class Average:
    """A copy of a network whose tensors follow the network's: mean ← d · mean + (1 − d) · weight, after each step.

    d grows from 0 to `decay` as (1 + t) / (10 + t), so that the first weights are soon forgotten (Polyak and Juditsky 1992; the
    growth as in TensorFlow's `ExponentialMovingAverage`). Whole numbers, as norms count their batches, are copied.
    """

    network: nn.Module
    decay: float
    num_steps: int = 0

    @torch.no_grad()
    def follow(self, network: nn.Module) -> None:
        """Take in the network's weights after a step."""
        self.num_steps += 1
        decay = min(self.decay, (1 + self.num_steps) / (10 + self.num_steps))
        own, other = self.network.state_dict(), network.state_dict()
        moving = [name for name, tensor in own.items() if tensor.is_floating_point()]
        torch._foreach_lerp_([own[name] for name in moving], [other[name] for name in moving], 1 - decay)
        for name, tensor in own.items():
            if not tensor.is_floating_point():
                tensor.copy_(other[name])
