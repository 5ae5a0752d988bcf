"""A picture of what augmentation does: every row an image, first as it is, then as it is drawn several times."""

from __future__ import annotations

import numpy as np
import torch

from hubel.core.arrays import UInt8
from hubel.core.types import PixelBatch
from hubel.data.augment import alternating_flips, augment, draw
from hubel.data.augmentation import Augmentation

Sheet = UInt8[np.ndarray, "sheet_h sheet_w 3"]
"""A picture of many pictures."""
GAP_PX = 4
SMALLEST_PX = 96
"""Smaller images are shown with each pixel as a square, so that something can be seen."""


def augmented_sheet(
    pixels: PixelBatch, augmentation: Augmentation, generator: np.random.Generator, *, num_draws: int = 7
) -> Sheet:
    """The sheet, one RGB picture.

    Parameters
    ----------
    pixels
        Images (n h w 3).
    augmentation
        What is done to them.
    generator
        Draws.
    num_draws
        How often each image is drawn.
    """
    images, coins = torch.from_numpy(pixels), generator.random(len(pixels)) < 0.5
    columns = [pixels]
    for number in range(num_draws):
        sides = (pixels.shape[1], pixels.shape[2])
        draws = draw(augmentation, len(pixels), sides, generator, alternating=alternating_flips(coins, number))
        planes = augment(images, draws, augmentation)
        columns.append((planes.clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1).numpy())
    factor = -(-SMALLEST_PX // pixels.shape[1])
    table = np.stack(columns, axis=1).repeat(factor, axis=2).repeat(factor, axis=3)  # n columns h w 3
    rows, across, height, width = table.shape[:4]
    sheet = np.full((rows * (height + GAP_PX) + GAP_PX, across * (width + GAP_PX) + 2 * GAP_PX, 3), 255, np.uint8)
    for row in range(rows):
        for column in range(across):
            top = GAP_PX + row * (height + GAP_PX)
            left = GAP_PX + column * (width + GAP_PX) + (GAP_PX if column else 0)  # the images as they are stand apart
            sheet[top : top + height, left : left + width] = table[row, column]
    return sheet
