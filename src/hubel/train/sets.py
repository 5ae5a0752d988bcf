"""What a network learns from: pictures, changed anew in every epoch, or rows that a frozen lower half made of them once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional

from hubel.data.augment import alternating_flips, augment, draw
from hubel.train.early import Validation
from hubel.train.mixing import mix
from hubel.train.recipes import Precision
from hubel.train.scoring import scores_of, scores_of_rows
from hubel.train.shares import share_of
from hubel.train.state import FitState
from hubel.train.step import Batch
from hubel.train.team import ALONE, Team


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
        """Of the images of these rows, changed and mixed as the recipe says, those that this process learns from.

        All are drawn for, so that an image's draw does not depend on the team; where images mix, all are changed, too.
        """
        recipe, labels = state.recipe, self.labels[rows]
        share = share_of(len(rows), recipe.accumulate, state.team)
        places = torch.tensor(share.places, dtype=torch.int64)
        flips = (
            alternating_flips(state.coins[rows.numpy()], state.epoch) if recipe.augmentation.alternating_flip else None
        )
        sides = (self.images.shape[1], self.images.shape[2])
        draws = draw(recipe.augmentation, len(rows), sides, state.draws, alternating=flips)
        if not share.is_all and not recipe.mixes:
            own, draws, labels = rows[places], draws.of(share.places), labels[places]
            images = augment(self.images, draws, recipe.augmentation, rows=own)
            return Batch(images, labels, labels, self.class_weights, share)
        images = augment(self.images, draws, recipe.augmentation, rows=rows)
        images, targets = mix(images, labels, self.num_classes, recipe, state.draws)
        if share.is_all:
            return Batch(images, labels, targets, self.class_weights, share)
        return Batch(images[places], labels[places], targets[places], self.class_weights, share)

    def part(self, start: int, end: int) -> TrainingSet:
        """The images from one place to before another."""
        return replace(self, images=self.images[start:end], labels=self.labels[start:end])

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
        return Batch(found, labels, labels, self.class_weights, share_of(len(rows), state.recipe.accumulate, ALONE))

    def part(self, start: int, end: int) -> RowSet:
        """The images from one place to before another."""
        return replace(self, views=[view[start:end] for view in self.views], labels=self.labels[start:end])

    def scores(self, network: nn.Module, *, flips: bool, precision: Precision) -> Tensor:  # noqa: ARG002  rows cannot be mirrored
        """The scores of the images as they are."""
        return scores_of_rows(network, self.views[0], precision=precision)


LearningSet: TypeAlias = TrainingSet | RowSet


def validator(
    data: LearningSet, *, flips: bool = False, precision: Precision = "f32", team: Team = ALONE
) -> Callable[[nn.Module], Validation]:
    """A function that measures a network on these images, each process of a team on its share; see `scores_of`."""
    own = team.share(0, len(data.labels))
    part = data.part(own.start, own.stop)

    def validate(network: nn.Module) -> Validation:
        sums = [0.0, 0.0]
        if len(part.labels):
            scores = part.scores(network, flips=flips, precision=precision)
            mean, num_right = (
                functional.cross_entropy(scores, part.labels),
                int((scores.argmax(1) == part.labels).sum()),
            )
            sums = [float(mean) * (len(part.labels) / len(data.labels)), num_right]
        loss, right = team.total(sums)
        return Validation(loss, right / len(data.labels))

    return validate
