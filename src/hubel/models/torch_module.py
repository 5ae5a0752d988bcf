"""A base as a torch module from pixels to features: what is converted to a graph, and what runs where torch is wanted.

Imported only where a torch module is asked for; nothing else in hubel waits for torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from hubel.models.bundled import read_bundled_tensors
from hubel.models.efficientnet_lite0 import DEVIATION, FIRST_POOLED_STAGE, MEAN


class PixelScaling(nn.Module):
    """Pixels uint8 (n h w 3) → float (n 3 h w): ``(pixels / 255 − mean) / deviation``."""

    def __init__(self, mean: Sequence[float], deviation: Sequence[float]) -> None:
        super().__init__()
        means, deviations = torch.tensor(mean, dtype=torch.float64), torch.tensor(deviation, dtype=torch.float64)
        self.register_buffer("scale", (1 / (255 * deviations)).float().reshape(1, 3, 1, 1), persistent=False)
        self.register_buffer("offset", (-means / deviations).float().reshape(1, 3, 1, 1), persistent=False)

    def forward(self, pixels: Tensor) -> Tensor:
        """The scaled planes."""
        scale, offset = self.get_buffer("scale"), self.get_buffer("offset")
        return pixels.permute(0, 3, 1, 2).to(scale.dtype) * scale + offset


class PooledFeatures(nn.Module):
    """A timm network without its classifier: pixels uint8 (n h w 3) → features (n d), as its own head pools them."""

    def __init__(self, network: nn.Module, mean: Sequence[float], deviation: Sequence[float]) -> None:
        super().__init__()
        self.scaling = PixelScaling(mean, deviation)
        self.network = network

    def forward(self, pixels: Tensor) -> Tensor:
        """What the classifier would be given."""
        maps = self.network.forward_features(self.scaling(pixels))  # type: ignore[operator] # timm's contract
        features: Tensor = self.network.forward_head(maps, pre_logits=True)  # type: ignore[operator] # timm's contract
        return features


class StageFeatures(nn.Module):
    """The bundled base in torch: pixels uint8 (n h w 3) → the channel means of its stages (n 2024), see `efficientnet_lite0`."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.scaling = PixelScaling(MEAN.tolist(), DEVIATION.tolist())
        self.network = network

    def forward(self, pixels: Tensor) -> Tensor:
        """The channel means, stage after stage."""
        network = self.network
        maps = network.bn1(network.conv_stem(self.scaling(pixels)))  # type: ignore[operator] # timm's EfficientNet
        pooled = []
        for index, stage in enumerate(network.blocks):  # type: ignore[arg-type] # timm's EfficientNet
            maps = stage(maps)
            if index >= FIRST_POOLED_STAGE:
                pooled.append(maps.mean((2, 3)))
        maps = network.bn2(network.conv_head(maps))  # type: ignore[operator] # timm's EfficientNet
        return torch.cat([*pooled, maps.mean((2, 3))], dim=1)


def wrap_network(network: Any) -> nn.Module:
    """A timm network from pixels to features, with the mean and deviation it was trained with."""
    return PooledFeatures(network, network.pretrained_cfg["mean"], network.pretrained_cfg["std"]).eval()


def load_bundled_module() -> nn.Module:
    """The bundled base: timm's ``tf_efficientnet_lite0``, whose 296 tensors stand in the same order, with the bundled weights."""
    import timm

    with torch.random.fork_rng(devices=[]):  # its first weights are replaced, and cost the caller no randomness
        network = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    tensors = (torch.from_numpy(np.array(tensor)) for tensor in read_bundled_tensors().values())
    network.load_state_dict(dict(zip(network.state_dict(), tensors, strict=True)))
    return StageFeatures(network).eval()
