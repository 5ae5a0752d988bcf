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
from hubel.train.team import ALONE, Team

BATCH_SIZE = 256


def validator(
    data: TrainingSet, *, flips: bool = False, precision: Precision = "f32", team: Team = ALONE
) -> Callable[[nn.Module], Validation]:
    """A function that measures a network on these images, each process of a team on its share; see `scores_of`."""
    own = team.share(0, len(data.labels))
    images, labels = data.images[own.start : own.stop], data.labels[own.start : own.stop]

    def validate(network: nn.Module) -> Validation:
        sums = [0.0, 0.0]
        if len(labels):
            scores = scores_of(network, images, flips=flips, precision=precision)
            mean, num_right = functional.cross_entropy(scores, labels), int((scores.argmax(1) == labels).sum())
            sums = [float(mean) * (len(labels) / len(data.labels)), num_right]
        loss, right = team.total(sums)
        return Validation(loss, right / len(data.labels))

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
    device = next(network.parameters()).device
    with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16"):
        for part in torch.split(images, BATCH_SIZE):
            planes = to_planes(part).to(device)
            scores = network(planes).float()
            found.append(((scores + network(planes.flip(3)).float()) / 2 if flips else scores).cpu())
    return torch.cat(found)
