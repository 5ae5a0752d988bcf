"""What may be done to training images at random, by the names that are common in teaching; needs no torch."""

from __future__ import annotations

from typing import Literal, TypeAlias

from pydantic import Field

from hubel.core.frozen import Frozen

FillMode: TypeAlias = Literal["nearest", "constant", "reflect", "wrap"]
"""What is seen beyond the border: its pixels drawn out (aaaa|abcd|dddd), one value (kkkk|abcd|kkkk), the image mirrored
(dcba|abcd|dcba), or the image again (abcd|abcd|abcd)."""
FILL_MODES: tuple[FillMode, ...] = ("nearest", "constant", "reflect", "wrap")


class Augmentation(Frozen):
    """The ranges from which every image gets its own draw; what is 0 or False is not done.

    Parameters
    ----------
    rotation_range
        Degrees, to either side.
    width_shift_range, height_shift_range
        A share of the side below 1, pixels from 1 on; to either side.
    shear_range
        Degrees, to either side.
    zoom_range
        The sides are scaled, each by its own draw, by 1 ± this; above 1 the image shrinks.
    horizontal_flip, vertical_flip
        Mirrored with probability 1/2.
    alternating_flip
        Mirrored sideways in every other epoch, half of the images beginning with the first (Jordan 2024, arXiv:2404.00498, §3.6):
        so each epoch pair shows every image both ways. Takes the place of `horizontal_flip`.
    crop_padding
        Moved by up to so many whole pixels each way: what padding and cutting at random comes to.
    fill_mode, fill_value
        What is seen beyond the border, and the value where that is constant, 0 to 1.
    brightness_range, contrast_range, saturation_range
        Scaled by 1 ± this, contrast about the image's mean, saturation about its greys.
    erasing
        The share of images in which a box is blotted out with the image's mean colour (Zhong et al. 2017, arXiv:1708.04896).
    erasing_area
        The smallest and the largest share of the image that the box takes.
    """

    rotation_range: float = Field(default=0.0, ge=0, le=180)
    width_shift_range: float = Field(default=0.0, ge=0)
    height_shift_range: float = Field(default=0.0, ge=0)
    shear_range: float = Field(default=0.0, ge=0, lt=90)
    zoom_range: float = Field(default=0.0, ge=0, lt=1)
    horizontal_flip: bool = False
    vertical_flip: bool = False
    alternating_flip: bool = False
    crop_padding: int = Field(default=0, ge=0)
    fill_mode: FillMode = "nearest"
    fill_value: float = Field(default=0.0, ge=0, le=1)
    brightness_range: float = Field(default=0.0, ge=0, le=1)
    contrast_range: float = Field(default=0.0, ge=0, le=1)
    saturation_range: float = Field(default=0.0, ge=0, le=1)
    erasing: float = Field(default=0.0, ge=0, le=1)
    erasing_area: tuple[float, float] = (0.02, 0.2)

    @property
    def warps(self) -> bool:
        """Whether pixels are moved by anything but whole pixels."""
        ranges = self.rotation_range, self.width_shift_range, self.height_shift_range, self.shear_range, self.zoom_range
        return any(value > 0 for value in ranges)

    @property
    def colours(self) -> bool:
        """Whether values are changed."""
        return max(self.brightness_range, self.contrast_range, self.saturation_range) > 0

    @property
    def changes_nothing(self) -> bool:
        """Whether an image stays as it is.

        Examples
        --------
        >>> Augmentation().changes_nothing, Augmentation(vertical_flip=True).changes_nothing
        (True, False)
        """
        flips = self.horizontal_flip or self.vertical_flip or self.alternating_flip
        return not (self.warps or self.colours or flips or self.crop_padding or self.erasing)


NO_AUGMENTATION = Augmentation()
MIRRORED = Augmentation(alternating_flip=True)
"""Every other time the other way round."""
SMALL_IMAGES = Augmentation(alternating_flip=True, crop_padding=2, fill_mode="reflect")
"""For pictures of some 32 pixels in which left and right mean the same."""
PHOTOS = Augmentation(
    rotation_range=15.0,
    width_shift_range=0.1,
    height_shift_range=0.1,
    shear_range=5.0,
    zoom_range=0.15,
    horizontal_flip=True,
    fill_mode="reflect",
)
"""For photographs, much as courses teach it."""
AUGMENTATIONS = {"none": NO_AUGMENTATION, "mirrored": MIRRORED, "small": SMALL_IMAGES, "photos": PHOTOS}
"""By the name that the command line knows."""
