"""How a picture of any shape becomes the network's square, and which way suits a data set."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from PIL import Image

from hubel.core.arrays import UInt8
from hubel.core.card import ImageSpec, Resize
from hubel.core.errors import DataError
from hubel.core.language import say
from hubel.core.types import Pixels

SquarePixels = UInt8[np.ndarray, "size size 3"]
"""One image as a network takes it."""

PAD_VALUE = 128
"""The grey beside a padded picture: the middle of the range, which a base with inputs in [−1, 1] sees as nothing."""


def fit_image(pixels: Pixels, spec: ImageSpec) -> SquarePixels:
    """The picture as a square of `spec.size`, by antialiased bilinear resampling.

    ``crop`` cuts the longer side evenly at both ends, ``pad`` fills the shorter with grey, ``squash`` changes the
    aspect and so keeps every pixel. More than sixfold reductions begin with whole-pixel averages (Pillow's
    `reducing_gap` of 3), which changes values by less than one in 255 on average.

    Returns
    -------
    SquarePixels
        ``(size size 3)``; the same array when nothing had to be done.

    Examples
    --------
    >>> fit_image(np.zeros((40, 60, 3), np.uint8), ImageSpec(size=32, resize="pad"))[0, 0].tolist()
    [128, 128, 128]
    """
    height, width, _ = pixels.shape
    size = spec.size
    if height == width == size:
        return pixels
    if spec.resize == "pad" and height != width:
        return _pad(pixels, size)
    if spec.resize == "crop":
        side = min(width, height)
        left, top = (width - side) // 2, (height - side) // 2
        return _resample(pixels[top : top + side, left : left + side], (size, size))
    return _resample(pixels, (size, size))


def choose_resize(sizes: Iterable[tuple[int, int]]) -> tuple[Resize, tuple[str, str]]:
    """The rule that suits the shapes of a data set, and one sentence that says why.

    What matters is that the same thing looks the same in every image. Squashing keeps all of the picture and all
    of the resolution, and a network learns a stretch that differs little from image to image: on ordinary photos
    (landscape 3:2 beside portrait 2:3) it costs nothing that can be measured, and one common panorama shape costs
    nothing either, as all are stretched alike. Only when shapes are a wild mix (the widest 5 % more than four
    times as wide for their height as the narrowest 5 %, which is past 2:1 beside 1:2) would the same thing be
    drawn in unlike ways; then padding keeps its shape, at the price of resolution. Cropping is never chosen
    here: what it cuts off may be what the label is about.

    Parameters
    ----------
    sizes
        Width and height of the images in pixels, upright.

    Returns
    -------
    tuple
        The rule, and the sentence in English and in Korean.

    Raises
    ------
    DataError
        When there is no size.

    Examples
    --------
    >>> choose_resize([(500, 375), (375, 500)])[0]
    'squash'
    >>> choose_resize([(1000, 200), (200, 1000), (300, 300)])[0]
    'pad'
    """
    aspects = np.array([width / height for width, height in sizes])
    if aspects.size == 0:
        raise DataError(
            say(
                en="The resize rule cannot be chosen from 0 images. Give at least one readable image, or set crop, pad or squash yourself.",
                ko="이미지가 0장이라 크기 조정 방식을 고를 수 없습니다. 읽을 수 있는 이미지를 한 장 이상 주거나 crop, pad, squash 중 하나를 직접 정하세요.",
            )
        )
    narrow, wide = np.quantile(aspects, [0.05, 0.95])
    if wide / narrow > 4:
        return "pad", (
            f"Images are padded to a square, because their shapes differ widely (width to height from {narrow:.2f} to {wide:.2f}).",
            f"이미지의 모양이 크게 다르므로(가로세로 비 {narrow:.2f}–{wide:.2f}) 여백을 채워 정사각형으로 만듭니다.",
        )
    return "squash", (
        f"Images are squashed to a square, because their shapes are alike enough (width to height of nine in ten from {narrow:.2f} to {wide:.2f}) and so nothing is cut off.",
        f"이미지의 모양이 비슷하므로(열 장 중 아홉 장의 가로세로 비 {narrow:.2f}–{wide:.2f}) 잘라 내지 않고 그대로 정사각형에 맞춥니다.",
    )


def _pad(pixels: Pixels, size: int) -> SquarePixels:
    height, width, _ = pixels.shape
    scale = size / max(width, height)
    inner_width, inner_height = max(1, round(width * scale)), max(1, round(height * scale))
    left, top = (size - inner_width) // 2, (size - inner_height) // 2
    square = np.full((size, size, 3), PAD_VALUE, np.uint8)
    inner = _resample(pixels, (inner_width, inner_height))
    square[top : top + inner_height, left : left + inner_width] = inner
    return square


def _resample(pixels: Pixels, size: tuple[int, int]) -> UInt8[np.ndarray, "rows columns 3"]:
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR, reducing_gap=3.0))
