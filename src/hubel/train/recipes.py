"""Recipes: every setting of the loop in one record, so that a run can say how it was trained."""

from __future__ import annotations

import math
from typing import Literal, TypeAlias, get_args

from pydantic import Field

from hubel.core.frozen import Frozen
from hubel.data.augmentation import MIRRORED, NO_AUGMENTATION, PHOTOS, SMALL_IMAGES, Augmentation
from hubel.train.schedule import ScheduleName

OptimiserName: TypeAlias = Literal["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw", "muon"]
OPTIMISERS: tuple[OptimiserName, ...] = get_args(OptimiserName)
Precision: TypeAlias = Literal["f32", "bf16", "auto"]
USUAL_RATES: dict[OptimiserName, float] = {
    "sgd": 0.1, "momentum": 0.05, "nesterov": 0.05, "adagrad": 0.01, "rmsprop": 1e-3, "adam": 1e-3, "adamw": 1e-3, "muon": 0.02,
}  # fmt: skip
"""The learning rate where none is given: what the field begins with."""


MOST_EPOCHS = 100_000


class Recipe(Frozen):
    """How a network is trained.

    Parameters
    ----------
    name
        By what it is known.
    epochs, batch_size
        How often every image is seen, and how many at a time.
    least_steps
        Of few images, so many batches are learned from all the same; see `for_images`.
    optimiser, learning_rate, momentum, weight_decay
        See `optimisers`; without a rate the optimiser's usual one. Norms and biases do not decay.
    schedule, warm_up
        See `schedule`; warm-up is a share of all steps.
    label_smoothing
        The share of the target that all classes have in common (Szegedy et al. 2015, arXiv:1512.00567, §7).
    mixup, cutmix
        The Beta distribution's α; 0 for neither. With both, each batch gets one of them at random. See `mixing`.
    clip_norm
        The largest norm of all gradients together; None for any.
    average
        The decay, per step, of the running mean of the weights, which is what is measured and kept; None for the weights themselves.
    patience
        After how many epochs without a better validation figure it ends; the best epoch is kept. None goes on to the end and keeps that.
    augmentation
        What is done to the images.
    test_mirror
        Drop the flips of the augmentation where a quick test finds that left and right do not mean the same; see `mirror`.
    precision
        ``bf16`` multiplies in bfloat16, weights stay in float32; ``auto`` does where the processor computes in it.
    """

    name: str
    epochs: int = Field(ge=1, le=MOST_EPOCHS)
    batch_size: int = Field(ge=1, le=65_536)
    least_steps: int = Field(default=0, ge=0)
    optimiser: OptimiserName = "adam"
    learning_rate: float | None = Field(default=None, gt=0)
    momentum: float = Field(default=0.9, ge=0, lt=1)
    weight_decay: float = Field(default=0.0, ge=0)
    schedule: ScheduleName = "constant"
    warm_up: float = Field(default=0.0, ge=0, lt=1)
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    mixup: float = Field(default=0.0, ge=0)
    cutmix: float = Field(default=0.0, ge=0)
    clip_norm: float | None = Field(default=None, gt=0)
    average: float | None = Field(default=None, gt=0, lt=1)
    patience: int | None = Field(default=None, ge=1)
    augmentation: Augmentation = NO_AUGMENTATION
    test_mirror: bool = False
    precision: Precision = "f32"

    @property
    def rate(self) -> float:
        """The learning rate, the optimiser's usual one where none is given."""
        return USUAL_RATES[self.optimiser] if self.learning_rate is None else self.learning_rate

    @property
    def may_grow(self) -> bool:
        """Whether more epochs leave the first ones as they were: the rate does not depend on where the end is."""
        return self.schedule in {"constant", "plateau"} and not self.warm_up

    def for_epochs(self, epochs: int) -> Recipe:
        """The recipe with the number of epochs that was asked for, and a patience that can end it earlier.

        Raises
        ------
        ValidationError
            When there cannot be so many.

        Examples
        --------
        >>> (FINE.for_epochs(3).epochs, FINE.for_epochs(3).least_steps, FINE.for_epochs(3).patience)
        (3, 0, 2)
        """
        patience = self.patience and max(2, min(self.patience, epochs // 2))
        return Recipe.model_validate(self.model_dump() | {"epochs": epochs, "least_steps": 0, "patience": patience})

    def without_flips(self) -> Recipe:
        """The recipe for pictures in which left and right mean something."""
        flips = dict.fromkeys(("horizontal_flip", "alternating_flip"), False)
        return self.model_copy(update={"augmentation": self.augmentation.model_copy(update=flips)})

    def for_images(self, num_images: int) -> Recipe:
        """The recipe with epochs enough for its least number of steps.

        Examples
        --------
        >>> [SPRINT.for_images(number).epochs for number in (50_000, 1_000)]
        [1, 60]
        """
        steps_an_epoch = max(1, num_images // self.batch_size)
        epochs = min(max(self.epochs, math.ceil(self.least_steps / steps_an_epoch)), MOST_EPOCHS)
        return self.model_copy(update={"epochs": epochs})


CLASSIC = Recipe(name="classic", epochs=30, batch_size=32, optimiser="adam", patience=5, precision="auto")
"""What courses teach: Adam at a fixed rate, small batches, no augmentation; ends when validation no longer improves."""
FAST = Recipe(
    name="fast",
    epochs=8,
    batch_size=256,
    least_steps=400,
    optimiser="muon",
    learning_rate=0.05,
    momentum=0.85,
    schedule="linear",
    warm_up=0.1,
    label_smoothing=0.1,
    patience=4,
    augmentation=SMALL_IMAGES,
    test_mirror=True,
    precision="auto",
)
"""As good as can be in minutes, after what is known of CIFAR-10 speed records (Jordan 2024, arXiv:2404.00498)."""
SPRINT = Recipe(
    name="sprint",
    epochs=1,
    batch_size=256,
    least_steps=180,
    optimiser="muon",
    learning_rate=0.1,
    momentum=0.85,
    schedule="linear",
    warm_up=0.1,
    augmentation=MIRRORED,
    test_mirror=True,
    precision="auto",
)
"""A first answer in seconds: every image once, nothing smoothed, for there is no time to learn too much of anything."""
FINE = Recipe(
    name="fine",
    epochs=12,
    batch_size=32,
    least_steps=200,
    optimiser="adamw",
    learning_rate=5e-4,
    weight_decay=0.02,
    schedule="linear",
    warm_up=0.1,
    label_smoothing=0.1,
    patience=4,
    augmentation=PHOTOS,
    test_mirror=True,
    precision="auto",
)
"""The last stages of a pretrained base learn on: small steps, for most of what they know is right."""
RECIPES = {recipe.name: recipe for recipe in (CLASSIC, FAST, SPRINT)}
