"""Views of images changed at random: each image by a draw of its own, which depends on nothing but the image, the view and a seed."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable

import numpy as np
import torch

from hubel.core.seeds import generator
from hubel.core.types import PixelBatch
from hubel.core.views import ViewBatch, show
from hubel.data.augment import augment, draw
from hubel.data.augmentation import Augmentation

PLAIN = "plain"


def changed_views(augmentation: Augmentation, number: int, seed: int) -> tuple[str, ...]:
    """The names of so many views, the first of them the image as it is. Equal names show equal pictures.

    Parameters
    ----------
    augmentation
        What is done to images.
    number
        How many views; one where nothing is done to images.
    seed
        For the draws.
    """
    if augmentation.changes_nothing:
        return (PLAIN,)
    about = hashlib.sha256(f"{augmentation.model_dump_json()} {seed}".encode()).hexdigest()[:16]
    return (PLAIN, *(f"changed-{about}-{count}" for count in range(1, number)))


def show_changed(augmentation: Augmentation, seed: int) -> Callable[[PixelBatch, str], ViewBatch]:
    """What shows the views of `changed_views`, as `core.views.show` shows others."""

    def shown(pixels: PixelBatch, view: str) -> ViewBatch:
        return show(pixels, view) if view == PLAIN else np.stack([changed(image, view) for image in pixels])

    def changed(image: np.ndarray, view: str) -> np.ndarray:
        number = zlib.crc32(image.tobytes())
        mirrored = np.array(
            [(number + int(view.rpartition("-")[2])) % 2 == 1]
        )  # every other view, where flips alternate
        draws = draw(
            augmentation, 1, image.shape[:2], generator(seed, f"{view} {number}"),
            alternating=mirrored if augmentation.alternating_flip else None,
        )  # fmt: skip
        planes = augment(torch.from_numpy(image[None]), draws, augmentation)[0]
        found: np.ndarray = (255 * planes).round().clamp(0, 255).to(torch.uint8).permute(1, 2, 0).numpy()
        return found

    return shown
