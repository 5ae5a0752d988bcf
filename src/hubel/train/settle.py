"""What a recipe leaves open, settled by trying it out on the images: flips, learning rate, number of epochs."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator

from torch import nn

from hubel.core.events import Note
from hubel.core.seeds import generator
from hubel.train.find_rate import RateTest, find_rate
from hubel.train.mirror import MirrorTest, try_mirror
from hubel.train.pace import epochs_within, pace_of_copy
from hubel.train.recipes import Recipe
from hubel.train.sets import LearningSet, TrainingSet
from hubel.train.team import ALONE, Team

Settling = Generator[Note, None, Recipe]
"""What was found, and at the end the recipe to train with."""


def settle(  # noqa: PLR0913  what is open, and who settles it
    network: nn.Module,
    recipe: Recipe,
    data: LearningSet,
    seed: int,
    *,
    wants_rate: bool,
    left: Callable[[float], float],
    team: Team = ALONE,
) -> Settling:
    """Try what is open, and say what came of it. The network is not changed.

    Parameters
    ----------
    network
        With its first weights.
    recipe
        With its precision chosen.
    data
        What will be learned from.
    seed
        For what is drawn.
    wants_rate
        Whether to look for a learning rate.
    left
        How many seconds are left to learn, given those that an image takes; infinite without a budget.
    team
        Who trains together; the leader's findings hold for all.
    """
    if isinstance(data, TrainingSet):
        recipe = yield from settle_flips(recipe, data, seed)
    if wants_rate:
        found = find_rate(network, recipe, data, generator(seed, "find rate"), team=team)
        recipe = recipe.model_copy(update={"learning_rate": found.suggested})
        yield rate_note(found)
    if team.heeds(bool(recipe.least_steps) and math.isfinite(left(0.0))):
        pace = pace_of_copy(network, recipe, data, generator(seed, "pace"), team=team)
        planned = epochs_within(pace, len(data.labels), left)
        # rows are few views of each image, and what can be learned from them is soon learned
        epochs = planned if isinstance(data, TrainingSet) else min(planned, recipe.epochs)
        recipe = recipe.model_copy(update={"epochs": epochs})
        yield plan_note(recipe.epochs, pace * len(data.labels))
    return Recipe.model_validate(team.agrees(recipe.model_dump(mode="json"))) if team.size > 1 else recipe


def settle_flips(recipe: Recipe, data: TrainingSet, seed: int) -> Settling:
    """Drop the flips where left and right mean something; see `mirror`."""
    if recipe.test_mirror:
        mirror = try_mirror(data.images.numpy(), data.labels.numpy(), data.num_classes, generator(seed, "mirror"))
        if not mirror.same:
            yield mirror_note(mirror)
            return recipe.without_flips()
    return recipe


def mirror_note(found: MirrorTest) -> Note:
    """Why pictures are not mirrored."""
    plain, mirrored = f"{100 * found.plain:.3g} %", f"{100 * found.mirrored:.3g} %"
    return Note(
        f"Images are not mirrored: left and right mean something here (a quick test got {plain} right as they are, and {mirrored} "
        "when mirrored ones were learned, too).",
        f"이미지를 좌우로 뒤집지 않습니다: 여기서는 좌우가 뜻을 가집니다(빠른 시험의 정확도: 그대로 {plain}, 뒤집은 것도 학습하면 {mirrored}).",
    )


def rate_note(found: RateTest) -> Note:
    """What the range test found."""
    highest, number = f"{found.rates[-1]:.2g}" if found.rates else "-", len(found.rates)
    return Note(
        f"Learning rate {found.suggested:g}: {number} rates up to {highest} were tried, and about there the loss fell fastest.",
        f"학습률 {found.suggested:g}: {highest}까지 {number}가지를 시험했고, 그 부근에서 손실이 가장 빨리 줄었습니다.",
    )


def plan_note(epochs: int, seconds: float) -> Note:
    """How many epochs the budget allows."""
    return Note(
        f"Plan: {epochs} epochs of about {seconds:.3g} s, so that the learning rate reaches its end within the budget.",
        f"계획: 약 {seconds:.3g}초짜리 에포크 {epochs}번. 예산 안에서 학습률이 끝까지 줄어들게 합니다.",
    )
