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
from hubel.models.efficientnet_lite0 import DEVIATION, FIRST_POOLED_STAGE, MEAN, STAGES


class PixelScaling(nn.Module):
    """Pixels uint8 (n h w 3) → float (n 3 h w): ``(pixels / 255 − mean) / deviation``."""

    def __init__(self, mean: Sequence[float], deviation: Sequence[float]) -> None:
        super().__init__()
        means, deviations = torch.tensor(mean, dtype=torch.float64), torch.tensor(deviation, dtype=torch.float64)
        self.register_buffer("scale", (1 / (255 * deviations)).float().reshape(1, 3, 1, 1), persistent=False)
        self.register_buffer("offset", (-means / deviations).float().reshape(1, 3, 1, 1), persistent=False)

    def forward(self, pixels: Tensor) -> Tensor:
        """The scaled planes."""
        return self.of_planes(pixels.permute(0, 3, 1, 2))

    def of_planes(self, planes: Tensor) -> Tensor:
        """The same of planes (n 3 h w) of 0 to 255."""
        scale, offset = self.get_buffer("scale"), self.get_buffer("offset")
        return planes.to(scale.dtype) * scale + offset


class PooledFeatures(nn.Module):
    """A timm network without its classifier: pixels uint8 (n h w 3) → features (n d), as its own head pools them."""

    def __init__(self, network: nn.Module, mean: Sequence[float], deviation: Sequence[float]) -> None:
        super().__init__()
        self.scaling = PixelScaling(mean, deviation)
        self.network = network

    def forward(self, pixels: Tensor) -> Tensor:
        """What the classifier would be given."""
        maps, pooled = self.run(self.scaling(pixels), ())
        return self.gather(maps, pooled)

    def run(self, maps: Tensor, names: Sequence[str]) -> tuple[Tensor, list[Tensor]]:  # noqa: ARG002 # the network knows its steps
        """The maps (n c h w) that the network makes of its input or, where steps were taken out, of their output."""
        found: Tensor = self.network.forward_features(maps)  # type: ignore[operator] # timm's contract
        return found, []

    def gather(self, maps: Tensor, pooled: Sequence[Tensor]) -> Tensor:  # noqa: ARG002 # nothing is pooled on the way
        """The features, of the last maps."""
        features: Tensor = self.network.forward_head(maps, pre_logits=True)  # type: ignore[operator] # timm's contract
        return features


class StageFeatures(nn.Module):
    """The bundled base in torch: pixels uint8 (n h w 3) → the channel means of its stages (n 2024), see `efficientnet_lite0`."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.scaling = PixelScaling(MEAN.tolist(), DEVIATION.tolist())
        self.network = network
        stages = [f"blocks.{index}" for index in range(len(STAGES))]
        self.names = ("conv_stem", "bn1", *stages, "conv_head", "bn2")
        self.pooled = frozenset((*stages[FIRST_POOLED_STAGE:], "bn2"))

    def forward(self, pixels: Tensor) -> Tensor:
        """The channel means, stage after stage."""
        maps, pooled = self.run(self.scaling(pixels), self.names)
        return self.gather(maps, pooled)

    def run(self, maps: Tensor, names: Sequence[str]) -> tuple[Tensor, list[Tensor]]:
        """What these steps make of the maps (n c h w) before them, and the channel means taken on the way."""
        pooled = []
        for name in names:
            maps = self.network.get_submodule(name)(maps)
            if name in self.pooled:
                pooled.append(maps.mean((2, 3)))
        return maps, pooled

    def gather(self, maps: Tensor, pooled: Sequence[Tensor]) -> Tensor:  # noqa: ARG002 # all that counts was pooled on the way
        """The features, of all channel means."""
        return torch.cat(list(pooled), dim=1)


def wrap_network(network: Any) -> PooledFeatures:
    """A timm network from pixels to features, with the mean and deviation it was trained with."""
    return PooledFeatures(network, network.pretrained_cfg["mean"], network.pretrained_cfg["std"]).eval()


def load_bundled_module() -> StageFeatures:
    """The bundled base: timm's ``tf_efficientnet_lite0``, whose 296 tensors stand in the same order, with the bundled weights."""
    import timm

    with torch.random.fork_rng(devices=[]):  # its first weights are replaced, and cost the caller no randomness
        network = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    tensors = (torch.from_numpy(np.array(tensor)) for tensor in read_bundled_tensors().values())
    network.load_state_dict(dict(zip(network.state_dict(), tensors, strict=True)))
    return StageFeatures(network).eval()
