"""Images moved: by whole pixels, or by any affine map with interpolation; beyond the border by the fill mode."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from hubel.data.augmentation import Augmentation, FillMode

PADDING_MODES = {"nearest": "border", "constant": "zeros", "reflect": "reflection", "wrap": "border"}
"""What torch's `grid_sample` calls them; wrapping is done on the coordinates."""


def moved_pixels(  # noqa: PLR0913  a motion each
    images: Tensor,
    down: np.ndarray,
    across: np.ndarray,
    augmentation: Augmentation,
    *,
    rows: Tensor | None,
    mirrored: np.ndarray,
    upside_down: np.ndarray,
) -> Tensor:
    """Chosen images moved by whole pixels and mirrored, in one reading of the pixels.

    Parameters
    ----------
    images
        uint8 (m h w c).
    down, across
        How far the view moves over each of the n images, in pixels.
    augmentation
        Gives the fill mode and value.
    rows
        Which n of the m images.
    mirrored, upside_down
        Which of the n images are turned over after moving.

    Returns
    -------
    Tensor
        float32 (n c h w) in [0, 1], laid out with the channels last.
    """
    height, width = images.shape[1:3]
    moves = bool(down.any() or across.any())
    if not moves and not mirrored.any() and not upside_down.any():
        return to_planes(images if rows is None else images[rows])
    vertical = places(height, down, upside_down)  # n h
    horizontal = places(width, across, mirrored)  # n w
    mode = augmentation.fill_mode
    index = torch.arange(len(down)) if rows is None else rows
    chosen = images[
        index[:, None, None],
        torch.from_numpy(folded(vertical, height, mode))[:, :, None],
        torch.from_numpy(folded(horizontal, width, mode))[:, None, :],
    ]  # n h w c
    planes = to_planes(chosen)
    if moves and mode == "constant":
        above_or_below = (vertical < 0) | (vertical >= height)  # n h
        beside = (horizontal < 0) | (horizontal >= width)  # n w
        outside = above_or_below[:, :, None] | beside[:, None]
        planes = planes.masked_fill(torch.from_numpy(outside)[:, None], augmentation.fill_value)
    return planes


def to_planes(pixels: Tensor) -> Tensor:
    """Pixels uint8 (n h w c) as float (n c h w) in [0, 1]; the layout in memory stays, channels last."""
    return pixels.permute(0, 3, 1, 2).float().div_(255)


def places(side: int, moved: np.ndarray, turned: np.ndarray) -> np.ndarray:
    """Which pixel each output pixel shows, (n side); may lie beyond the border.

    Examples
    --------
    >>> places(3, np.array([1, 0]), np.array([False, True])).tolist()
    [[1, 2, 3], [2, 1, 0]]
    """
    straight = np.arange(side)
    return np.asarray(np.where(turned[:, None], straight[::-1], straight) + moved[:, None])


def folded(index: np.ndarray, side: int, mode: FillMode) -> np.ndarray:
    """The pixel inside the image that stands for each place, by the fill mode.

    Examples
    --------
    >>> [folded(np.array([-2, -1, 0, 3, 4]), 3, mode).tolist() for mode in ("nearest", "reflect", "wrap")]
    [[0, 0, 0, 2, 2], [1, 0, 0, 2, 1], [1, 2, 0, 0, 1]]
    """
    if mode == "wrap":
        return np.asarray(index % side)
    if mode == "reflect":
        around = index % (2 * side)
        return np.asarray(np.minimum(around, 2 * side - 1 - around))
    return np.asarray(index.clip(0, side - 1))


def warp(planes: Tensor, matrices: Tensor, mode: FillMode, value: float) -> Tensor:
    """Each image seen through its affine map, interpolated between the four nearest pixels.

    Parameters
    ----------
    planes
        float (n c h w).
    matrices
        (n 2 3), from an output place to the input place: (row, column) in pixels about the centre.
    mode, value
        What is seen beyond the border.
    """
    height, width = planes.shape[2:]
    # torch names the column first and counts a side as 2, from edge to edge, wherefore the offsets are halved by the side
    sides = matrices.new_tensor([width, height])
    linear = matrices[:, :, :2].flip(1, 2) * sides[None, None, :] / sides[None, :, None]
    offsets = 2 * matrices[:, :, 2:].flip(1) / sides[None, :, None]
    theta = torch.cat([linear, offsets], dim=2).to(planes.dtype)
    shape = [len(planes), planes.shape[1], height, width]
    grid = functional.affine_grid(theta, shape, align_corners=False)  # n h w 2
    if mode == "wrap":
        planes = functional.pad(planes, (1, 1, 1, 1), mode="circular")
        inner = grid.new_tensor([width, height])
        # in pixels from 0 to the side, where the first pixel comes again
        pixels = (((grid + 1) * inner - 1) / 2).remainder(inner)
        grid = (2 * (pixels + 1) + 1) / (inner + 2) - 1
    shifted = planes - value if mode == "constant" and value else planes
    seen = functional.grid_sample(shifted, grid, mode="bilinear", padding_mode=PADDING_MODES[mode], align_corners=False)
    return seen + value if mode == "constant" and value else seen
