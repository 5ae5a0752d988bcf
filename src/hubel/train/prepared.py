"""A network between pixels and features: the scaling before it, and the linear head after it."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from hubel.core.types import Bias, PixelBatch, Weights

GREY = (0.299, 0.587, 0.114)
"""How red, green and blue make the grey that a network of one channel sees (ITU-R BT.601)."""
LEAST_DEVIATION = 0.02
"""Channels that hardly vary are not blown up."""
MOST_MEASURED = 5_000
ROWS_AT_ONCE = 1024


class Prepared(nn.Module):
    """A network that takes plain images: float (n 3 h w) in [0, 1] → scores (n k), with those of auxiliary heads in training.

    Parameters
    ----------
    network
        Takes standardised images (n c h w), c being 3, or 1 for grey; see `models.network.Network`.
    mean, deviation
        Of each of its c channels over the training images.
    """

    def __init__(self, network: nn.Module, mean: Sequence[float], deviation: Sequence[float]) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", torch.tensor(mean, dtype=torch.float32).reshape(1, -1, 1, 1))
        self.register_buffer("deviation", torch.tensor(deviation, dtype=torch.float32).reshape(1, -1, 1, 1))

    @property
    def auxiliary_weight(self) -> float:
        """How much auxiliary heads count."""
        return float(getattr(self.network, "auxiliary_weight", 0.0))

    def scaled(self, images: Tensor) -> Tensor:
        """Standardised images, (n 3 h w) → (n c h w)."""
        mean, deviation = self.get_buffer("mean"), self.get_buffer("deviation")
        if mean.shape[1] == 1:
            images = (images * images.new_tensor(GREY).reshape(1, 3, 1, 1)).sum(1, keepdim=True)
        return (images - mean) / deviation

    def forward(self, images: Tensor) -> Tensor | tuple[Tensor, ...]:
        """The scores."""
        network: Any = self.network
        if self.training and len(getattr(network, "auxiliary", ())):
            scores, auxiliary = network.forward_with_auxiliary(self.scaled(images))
            return (scores, *auxiliary)
        found: Tensor = network(self.scaled(images))
        return found


class PixelFeatures(nn.Module):
    """Trained networks as one base: pixels uint8 (n h w 3) → features (n d), those of all networks side by side."""

    def __init__(self, networks: Sequence[Prepared]) -> None:
        super().__init__()
        self.networks = nn.ModuleList(networks)

    def forward(self, pixels: Tensor) -> Tensor:
        """What the heads are given; the scores themselves of a network whose head is not a dense layer."""
        images = pixels.permute(0, 3, 1, 2).to(torch.float32) / 255
        return torch.cat([features_of(network, images) for network in self.networks], dim=1)  # type: ignore[arg-type] # all are Prepared


def features_of(prepared: Prepared, images: Tensor) -> Tensor:
    """The vector before a network's head, (n 3 h w) → (n d); its scores where the head is not dense."""
    network: Any = prepared.network
    scaled = prepared.scaled(images)
    if not has_dense_head(prepared):
        scores: Tensor = network(scaled)
        return scores
    vector: Tensor = network.forward_head(network.forward_features(scaled), pre_logits=True)
    return vector


def has_dense_head(prepared: Prepared) -> bool:
    """Whether the network's last layer is a dense one on a vector, which can stand outside of it."""
    return isinstance(getattr(prepared.network, "head", None), nn.Linear)


@dataclass(frozen=True, slots=True)
class LinearHead:
    """weights (d k) and bias (k): what turns `PixelFeatures` into scores; those of several networks are averaged."""

    weights: Weights
    bias: Bias


def linear_head(networks: Sequence[Prepared], num_classes: int) -> LinearHead:
    """The heads of trained networks as one: the mean of their scores, for the features stand side by side.

    Parameters
    ----------
    networks
        In the order of `PixelFeatures`.
    num_classes
        k.
    """
    weights, biases = [], []
    for prepared in networks:
        head: Any = getattr(prepared.network, "head", None)
        if has_dense_head(prepared):
            bias = head.bias.detach().numpy() if head.bias is not None else np.zeros(num_classes)
            weights.append(head.weight.detach().numpy().T)
            biases.append(bias)
        else:
            weights.append(np.eye(num_classes))
            biases.append(np.zeros(num_classes))
    share = 1 / len(networks)
    return LinearHead(
        np.ascontiguousarray(np.concatenate(weights) * share, np.float32),
        np.ascontiguousarray(sum(biases) * share, np.float32),
    )


def exportable(networks: Sequence[Prepared]) -> PixelFeatures:
    """A copy of the networks for export: in evaluation mode, laid out as usual."""
    copies = (copy.deepcopy(network) for network in networks)
    return PixelFeatures([network.to(memory_format=torch.contiguous_format) for network in copies]).eval()


def channel_moments(pixels: PixelBatch, num_channels: int) -> tuple[list[float], list[float]]:
    """Mean and deviation of each channel of pixels (n h w 3), scaled to [0, 1]; of their grey for one channel.

    Of many pictures, `MOST_MEASURED` evenly chosen ones tell it to the third decimal place.
    """
    total, squares, count = np.zeros(num_channels), np.zeros(num_channels), 0
    chosen = pixels[:: max(1, len(pixels) // MOST_MEASURED)]
    for start in range(0, len(chosen), ROWS_AT_ONCE):
        part = chosen[start : start + ROWS_AT_ONCE].reshape(-1, 3).astype(np.float32) / 255
        part = part if num_channels == 3 else part @ np.array(GREY, np.float32)[:, None]
        total += part.sum(0, dtype=np.float64)
        squares += np.square(part).sum(0, dtype=np.float64)
        count += len(part)
    mean = total / max(count, 1)
    deviation = np.sqrt(np.maximum(squares / max(count, 1) - mean**2, LEAST_DEVIATION**2))
    return mean.tolist(), deviation.tolist()
