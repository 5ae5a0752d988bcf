"""What a network in training says of images, and how good that is."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from hubel.data.warp import to_planes
from hubel.train.recipes import Precision

BATCH_SIZE = 256


def scores_of(network: nn.Module, images: Tensor, *, flips: bool = False, precision: Precision = "f32") -> Tensor:
    """The scores of images uint8 (m h w c), (m k) float32.

    Parameters
    ----------
    network
        In evaluation mode; takes float (n c h w) in [0, 1].
    images
        What is scored.
    flips
        Average the scores with those of the mirrored images.
    precision
        ``bf16`` multiplies in bfloat16.
    """
    found = []
    device = next(network.parameters()).device
    with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16"):
        for part in torch.split(images, BATCH_SIZE):
            planes = to_planes(part).to(device)
            scores = network(planes).float()
            found.append(((scores + network(planes.flip(3)).float()) / 2 if flips else scores).cpu())
    return torch.cat(found)


def scores_of_rows(network: nn.Module, rows: Tensor, *, precision: Precision = "f32") -> Tensor:
    """The scores of rows (n m) that a frozen lower half made of images, (n k) float32; the rest as in `scores_of`."""
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
        return torch.cat([network(part.float()).float() for part in torch.split(rows, BATCH_SIZE)])
