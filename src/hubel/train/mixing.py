"""Two images in one: mixup lays one over the other, cutmix sets a box of one into the other; the targets mix alike."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from hubel.train.recipes import Recipe


def mix(
    images: Tensor, labels: Tensor, num_classes: int, recipe: Recipe, generator: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """The batch mixed with itself in another order, and its targets.

    Every image gets a share λ of its own, drawn from Beta(α, α): mixup (Zhang et al. 2017, arXiv:1710.09412) gives
    λ x + (1 − λ) x′; cutmix (Yun et al. 2019, arXiv:1905.04899) x with a box of x′ that covers 1 − λ.

    Parameters
    ----------
    images
        (n c h w).
    labels
        (n) class indices.
    num_classes
        k.
    recipe
        Its `mixup` and `cutmix` are the α.
    generator
        Draws.

    Returns
    -------
    tuple of Tensor
        Images (n c h w), targets (n k) that sum to one; or the labels themselves where nothing is mixed.
    """
    if not recipe.mixes:
        return images, labels
    laid_over = bool(recipe.mixup) and (not recipe.cutmix or generator.random() < 0.5)
    alpha = recipe.mixup if laid_over else recipe.cutmix
    others = torch.from_numpy(generator.permutation(len(images)))
    shares = generator.beta(alpha, alpha, len(images))
    if laid_over:
        own = torch.from_numpy(shares.astype(np.float32)).reshape(-1, 1, 1, 1)
        images = images * own + images[others] * (1 - own)
    else:
        boxes = draw_windows(shares, (images.shape[2], images.shape[3]), generator)
        images, shares = set_in(images, images[others], boxes)
    weight = torch.from_numpy(shares.astype(np.float32))[:, None]
    targets = functional.one_hot(labels, num_classes).float()
    return images, targets * weight + targets[others] * (1 - weight)


def draw_windows(shares: np.ndarray, sides: tuple[int, int], generator: np.random.Generator) -> np.ndarray:
    """Boxes (n 4) top, left, bottom, right that cover 1 − share of the image, where the border does not cut them."""
    height, width = sides
    half = np.sqrt(1 - shares) / 2
    middle_down, middle_across = generator.random((2, len(shares))) * [[height], [width]]
    edges = [
        (middle_down - half * height, height), (middle_across - half * width, width),
        (middle_down + half * height, height), (middle_across + half * width, width),
    ]  # fmt: skip
    return np.stack([np.round(edge).clip(0, side).astype(int) for edge, side in edges], axis=1)


def set_in(images: Tensor, others: Tensor, boxes: np.ndarray) -> tuple[Tensor, np.ndarray]:
    """The images with the boxes of the others in them, and the share (n) that is left of each image."""
    top, left, bottom, right = (torch.from_numpy(boxes[:, place]).reshape(-1, 1, 1, 1) for place in range(4))
    down = torch.arange(images.shape[2]).reshape(1, 1, -1, 1)
    across = torch.arange(images.shape[3]).reshape(1, 1, 1, -1)
    inside = (down >= top) & (down < bottom) & (across >= left) & (across < right)
    covered = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1]) / (images.shape[2] * images.shape[3])
    return torch.where(inside, others, images), 1 - covered
