"""What a network learns from: pictures, changed anew in every epoch, or rows that a frozen lower half made of them once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional

from hubel.data.augment import alternating_flips, augment, draw
from hubel.train.early import Validation
from hubel.train.mixing import mix
from hubel.train.recipes import Precision
from hubel.train.scoring import scores_of, scores_of_rows
from hubel.train.state import FitState
from hubel.train.step import Batch


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """Images uint8 (n h w c) and their classes (n) int64, of `num_classes`.

    `class_weights` (k) say how much an image of each class counts; None lets all count alike.
    """

    images: Tensor
    labels: Tensor
    num_classes: int
    class_weights: Tensor | None = None

    def batch(self, state: FitState, rows: Tensor) -> Batch:
        """The images of these rows, changed and mixed as the recipe says."""
        recipe, labels = state.recipe, self.labels[rows]
        flips = (
            alternating_flips(state.coins[rows.numpy()], state.epoch) if recipe.augmentation.alternating_flip else None
        )
        sides = (self.images.shape[1], self.images.shape[2])
        draws = draw(recipe.augmentation, len(rows), sides, state.draws, alternating=flips)
        images = augment(self.images, draws, recipe.augmentation, rows=rows)
        images, targets = mix(images, labels, self.num_classes, recipe, state.draws)
        return Batch(images, labels, targets, self.class_weights)

    def scores(self, network: nn.Module, *, flips: bool, precision: Precision) -> Tensor:
        """The scores of the images as they are."""
        return scores_of(network, self.images, flips=flips, precision=precision)


@dataclass(frozen=True, slots=True)
class RowSet:
    """Rows (n m), floats of any width, of each image in one or more views, and the classes (n) int64, of `num_classes`.

    The first view is the image as it is; a step learns from a view drawn for each image. `class_weights` as in `TrainingSet`.
    """

    views: Sequence[Tensor]
    labels: Tensor
    num_classes: int
    class_weights: Tensor | None = None

    def batch(self, state: FitState, rows: Tensor) -> Batch:
        """The rows of these images, each in a view of its own."""
        labels, drawn = self.labels[rows], state.draws.integers(len(self.views), size=len(rows))
        found = torch.empty((len(rows), self.views[0].shape[1]), dtype=torch.float32)
        for number, view in enumerate(self.views):
            places = torch.from_numpy((drawn == number).nonzero()[0])
            found[places] = view[rows[places]].float()
        return Batch(found, labels, labels, self.class_weights)

    def scores(self, network: nn.Module, *, flips: bool, precision: Precision) -> Tensor:  # noqa: ARG002  rows cannot be mirrored
        """The scores of the images as they are."""
        return scores_of_rows(network, self.views[0], precision=precision)


LearningSet: TypeAlias = TrainingSet | RowSet


def validator(
    data: LearningSet, *, flips: bool = False, precision: Precision = "f32"
) -> Callable[[nn.Module], Validation]:
    """A function that measures a network on these images; see `scores_of`."""

    def validate(network: nn.Module) -> Validation:
        scores = data.scores(network, flips=flips, precision=precision)
        loss = functional.cross_entropy(scores, data.labels)
        return Validation(float(loss), float((scores.argmax(1) == data.labels).double().mean()))

    return validate
