"""What a network in training says of images, and how good that is."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from hubel.data.warp import to_planes
from hubel.train.early import Validation
from hubel.train.recipes import Precision
from hubel.train.state import TrainingSet

BATCH_SIZE = 256


def validator(
    data: TrainingSet, *, flips: bool = False, precision: Precision = "f32"
) -> Callable[[nn.Module], Validation]:
    """A function that measures a network on these images; see `scores_of`."""

    def validate(network: nn.Module) -> Validation:
        scores = scores_of(network, data.images, flips=flips, precision=precision)
        loss = functional.cross_entropy(scores, data.labels)
        return Validation(float(loss), float((scores.argmax(1) == data.labels).double().mean()))

    return validate


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
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=precision == "bf16"):
        for part in torch.split(images, BATCH_SIZE):
            planes = to_planes(part)
            scores = network(planes).float()
            found.append((scores + network(planes.flip(3)).float()) / 2 if flips else scores)
    return torch.cat(found)
