"""Training images changed at random, a whole batch at a time, every image by a draw of its own.

Drawing and doing are apart: `draw` takes the generator and gives numbers, `augment` is a pure function of images and
numbers, so a slow program that does one image after the other can be compared with it (tests/unit/data/test_augment.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from hubel.data.augmentation import Augmentation
from hubel.data.warp import moved_pixels, warp

LUMA = (0.299, 0.587, 0.114)
"""How much red, green and blue count for brightness (ITU-R BT.601)."""


@dataclass(frozen=True, slots=True)
class Draws:
    """What is done to each of n images.

    `down`, `across` (n) are whole pixels by which the view moves, `mirrored`, `upside_down` (n) booleans; `matrices` (n 2 3)
    lead from an output place to the input place, (row, column) in pixels about the centre; `gains` (n 3) of brightness,
    contrast and saturation; `boxes` (n 4) top, left, bottom, right, empty where nothing is erased. None is: for no image.
    """

    down: np.ndarray
    across: np.ndarray
    mirrored: np.ndarray
    upside_down: np.ndarray
    matrices: np.ndarray | None
    gains: np.ndarray | None
    boxes: np.ndarray | None

    def of(self, places: Sequence[int]) -> Draws:
        """Those of some of the images."""
        rows = np.asarray(places, int)
        drawn = {name: getattr(self, name) for name in self.__slots__}
        return replace(self, **{name: values[rows] for name, values in drawn.items() if values is not None})


def draw(
    augmentation: Augmentation,
    num_images: int,
    sides: tuple[int, int],
    generator: np.random.Generator,
    *,
    alternating: np.ndarray | None = None,
) -> Draws:
    """A draw for each image.

    Parameters
    ----------
    augmentation
        The ranges.
    num_images
        n.
    sides
        Height and width in pixels.
    generator
        Draws.
    alternating
        Which images are mirrored in this epoch, (n) booleans, where flips alternate; see `alternating_flips`.
    """
    padding, half = augmentation.crop_padding, np.zeros(num_images, bool)
    down, across = (
        generator.integers(-padding, padding + 1, (2, num_images)) if padding else np.zeros((2, num_images), int)
    )
    mirrored = generator.random(num_images) < 0.5 if augmentation.horizontal_flip else half
    if augmentation.alternating_flip and alternating is not None:
        mirrored = alternating
    upside_down = generator.random(num_images) < 0.5 if augmentation.vertical_flip else half
    matrices = draw_matrices(augmentation, num_images, sides, generator) if augmentation.warps else None
    spreads = augmentation.brightness_range, augmentation.contrast_range, augmentation.saturation_range
    gains = 1 + generator.uniform(-1, 1, (num_images, 3)) * spreads if augmentation.colours else None
    boxes = draw_boxes(augmentation, num_images, sides, generator) if augmentation.erasing else None
    return Draws(down, across, mirrored, upside_down, matrices, gains, boxes)


def alternating_flips(coins: np.ndarray, epoch: int) -> np.ndarray:
    """Which images are mirrored in an epoch: by their coin in the first, the other way round in the next.

    Examples
    --------
    >>> alternating_flips(np.array([True, False]), 0).tolist(), alternating_flips(np.array([True, False]), 1).tolist()
    ([True, False], [False, True])
    """
    return coins ^ bool(epoch % 2)


def augment(images: Tensor, draws: Draws, augmentation: Augmentation, *, rows: Tensor | None = None) -> Tensor:
    """The changed images.

    Parameters
    ----------
    images
        uint8 (m h w c).
    draws
        What is done to each of the n images.
    augmentation
        Gives the fill mode.
    rows
        Which n of the m images; by default all of them. The choice costs no copy where pixels move as wholes.

    Returns
    -------
    Tensor
        float32 (n c h w) in [0, 1], laid out with the channels last.
    """
    planes = moved_pixels(images, draws.down, draws.across, augmentation, rows=rows,
                          mirrored=draws.mirrored, upside_down=draws.upside_down)  # fmt: skip
    if draws.matrices is not None:
        planes = warp(planes, torch.from_numpy(draws.matrices), augmentation.fill_mode, augmentation.fill_value)
    if draws.gains is not None:
        planes = change_colours(planes, torch.from_numpy(draws.gains.astype(np.float32)))
    if draws.boxes is not None:
        planes = erase(planes, torch.from_numpy(draws.boxes))
    return planes


def draw_matrices(
    augmentation: Augmentation, num_images: int, sides: tuple[int, int], generator: np.random.Generator
) -> np.ndarray:
    """Rotation · shift · shear · zoom of each image, (n 2 3), as Keras's `ImageDataGenerator` puts them together."""
    angle, shear = np.deg2rad(
        generator.uniform(-1, 1, (2, num_images)) * [[augmentation.rotation_range], [augmentation.shear_range]]
    )
    shifts = [
        generator.uniform(-1, 1, num_images) * amount * (side if amount < 1 else 1)
        for amount, side in zip((augmentation.height_shift_range, augmentation.width_shift_range), sides, strict=True)
    ]
    zoom = 1 + generator.uniform(-1, 1, (2, num_images)) * augmentation.zoom_range
    zero, one = np.zeros(num_images), np.ones(num_images)
    rotation = matrices_of([[np.cos(angle), -np.sin(angle), zero], [np.sin(angle), np.cos(angle), zero]])
    shift = matrices_of([[one, zero, shifts[0]], [zero, one, shifts[1]]])
    sheared = matrices_of([[one, -np.sin(shear), zero], [zero, np.cos(shear), zero]])
    zoomed = matrices_of([[zoom[0], zero, zero], [zero, zoom[1], zero]])
    return np.asarray((rotation @ shift @ sheared @ zoomed)[:, :2])  # n 2 3


def matrices_of(entries: Sequence[Sequence[np.ndarray]]) -> np.ndarray:
    """Matrices (n 3 3) of their first two rows, each entry (n)."""
    top = np.moveaxis(np.array(entries), -1, 0)  # n 2 3
    last = np.broadcast_to(np.array([0.0, 0.0, 1.0]), (len(top), 1, 3))
    return np.concatenate([top, last], axis=1)


def draw_boxes(
    augmentation: Augmentation, num_images: int, sides: tuple[int, int], generator: np.random.Generator
) -> np.ndarray:
    """Boxes (n 4) inside the image, of an area and shape at random; empty where nothing is erased."""
    height, width = sides
    chosen = generator.random(num_images) < augmentation.erasing
    area = generator.uniform(*augmentation.erasing_area, num_images) * height * width
    ratio = np.exp(generator.uniform(-1, 1, num_images) * np.log(3))
    tall = np.clip(np.round(np.sqrt(area * ratio)), 1, height).astype(int)
    wide = np.clip(np.round(np.sqrt(area / ratio)), 1, width).astype(int)
    top = np.floor(generator.random(num_images) * (height - tall + 1)).astype(int)
    left = np.floor(generator.random(num_images) * (width - wide + 1)).astype(int)
    return np.where(chosen, [top, left, top + tall, left + wide], 0).T


def change_colours(planes: Tensor, gains: Tensor) -> Tensor:
    """Brightness, then contrast about the image's mean grey, then saturation about each pixel's grey; kept in [0, 1]."""
    brightness, contrast, saturation = (gains[:, place].reshape(-1, 1, 1, 1) for place in range(3))
    planes = planes * brightness
    middle = grey(planes).mean((2, 3), keepdim=True)
    planes = (planes - middle) * contrast + middle
    own = grey(planes)
    return ((planes - own) * saturation + own).clamp(0, 1)


def grey(planes: Tensor) -> Tensor:
    """The brightness of each pixel, (n c h w) → (n 1 h w)."""
    if planes.shape[1] != len(LUMA):
        return planes.mean(1, keepdim=True)
    return (planes * planes.new_tensor(LUMA).reshape(1, 3, 1, 1)).sum(1, keepdim=True)


def erase(planes: Tensor, boxes: Tensor) -> Tensor:
    """Each image with its box (n 4) filled with its mean colour."""
    top, left, bottom, right = (boxes[:, place].reshape(-1, 1, 1, 1) for place in range(4))
    down = torch.arange(planes.shape[2]).reshape(1, 1, -1, 1)
    across = torch.arange(planes.shape[3]).reshape(1, 1, 1, -1)
    inside = (down >= top) & (down < bottom) & (across >= left) & (across < right)
    return torch.where(inside, planes.mean((2, 3), keepdim=True), planes)
