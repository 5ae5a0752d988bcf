"""Whether left and right mean the same in a set of pictures: a quick test, before a training mirrors them.

A mirrored photograph of a cat is a cat; a mirrored 2 is no digit, and a network that must learn both has less left for
the rest. Labels know which it is: a linear model that also learns from the mirrored pictures gets better in the first
case (it has twice the images) and worse in the second.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from hubel.core.types import Labels, PixelBatch
from hubel.data.warp import to_planes

MOST_TESTED = 3_000
SIDE = 16
"""Pictures are averaged down to it; which way something looks is seen at that size."""
RIDGE = 1.0
"""Added to the covariance's diagonal, as a share of its mean: so much that twice the images do not fit better by chance alone."""
LEAST_TESTED = 40
"""Fewer images tell nothing; then pictures are mirrored, as is usual."""


@dataclass(frozen=True, slots=True)
class MirrorTest:
    """The share right of a linear model on held-out pictures: learned from pictures as they are, and from both ways round."""

    plain: float
    mirrored: float
    num_images: int

    @property
    def same(self) -> bool:
        """Whether mirroring costs no more than chance explains: two standard errors of the share."""
        error = 2 * (self.plain * (1 - self.plain) / max(self.num_images, 1)) ** 0.5
        return self.num_images < LEAST_TESTED or self.mirrored >= self.plain - error


def try_mirror(pixels: PixelBatch, labels: Labels, num_classes: int, generator: np.random.Generator) -> MirrorTest:
    """Fit both linear models on one half of at most 3,000 pictures, measure on the other, and the other way round.

    Parameters
    ----------
    pixels, labels
        The n pictures that will be learned from, uint8 (n h w 3), and their classes (n).
    num_classes
        k.
    generator
        For which pictures, and the halves.
    """
    rows = generator.permutation(len(labels))[:MOST_TESTED]
    planes = functional.adaptive_avg_pool2d(to_planes(torch.from_numpy(pixels[rows])), SIDE)
    both = [part.flatten(1) for part in (planes, planes.flip(3))]
    targets = functional.one_hot(torch.from_numpy(labels[rows]), num_classes).float()
    halves = torch.arange(len(rows)) % 2 == 0
    right = np.zeros(2, int)
    for learned, held in ((halves, ~halves), (~halves, halves)):
        for way in (0, 1):
            inputs = torch.cat([part[learned] for part in both[: way + 1]])
            wanted = targets[learned].repeat(way + 1, 1)
            scores = ridge(inputs, wanted, both[0][held])
            right[way] += int((scores.argmax(1) == targets[held].argmax(1)).sum())
    plain, mirrored = (right / max(len(rows), 1)).tolist()
    return MirrorTest(plain, mirrored, len(rows))


def ridge(inputs: Tensor, targets: Tensor, others: Tensor) -> Tensor:
    """What ridge regression of targets (n k) on inputs (n d) says of others (m d), shape (m k)."""
    mean, middle = inputs.mean(0), targets.mean(0)
    centred = inputs - mean
    covariance = centred.T @ centred
    covariance.diagonal().add_(RIDGE * covariance.diagonal().mean() + 1e-6)
    weights = torch.linalg.solve(covariance, centred.T @ (targets - middle))
    scores: Tensor = (others - mean) @ weights + middle
    return scores
