"""The ways to learn that a search chooses among: `STRATEGIES`, a line each."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np

from hubel.core.errors import UsageError
from hubel.core.events import EpochDone
from hubel.core.language import say
from hubel.core.learning import Training
from hubel.core.types import Labels, Logits
from hubel.data.augmentation import AUGMENTATIONS
from hubel.models.settings import with_settings
from hubel.train.fine import FineTuning
from hubel.train.frozen import choose_head
from hubel.train.learn import Examples, learn
from hubel.train.losses import weighted_log_loss
from hubel.train.material import Material, row_name, view_name, views_in
from hubel.train.recipes import FINE, RECIPES, Recipe
from hubel.train.scratch import Scratch

if TYPE_CHECKING:
    from hubel.train.top import Tuned

Value = str | int | float
Settings = Mapping[str, Value]
"""What one trial tries, by the names of `space.SETTINGS`."""
OF_NETWORK = ("width", "depth", "dropout")
OF_RECIPE = {
    "lr": "learning_rate", "batch_size": "batch_size", "optimiser": "optimiser", "weight_decay": "weight_decay",
    "label_smoothing": "label_smoothing",
}  # fmt: skip
"""What a setting is called in a recipe."""


@dataclass(frozen=True, slots=True)
class Score:
    """How good a trial is on the tuning images: share of right answers, log loss in nats. `complete` unless it was cut short."""

    accuracy: float
    loss: float
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Broken:
    """A trial that could not be brought to its end: its settings fit no image here, or its loss became infinite."""

    reason: str


Trial = Generator[EpochDone, None, Score]
"""A training in progress: its epochs, and how good it is at the end. Closing it ends it at once.

Settings that cannot be raise a `UsageError` or a `ModelError`; `crew.step` makes a `Broken` of it, so that the search goes on.
"""


@dataclass(frozen=True, slots=True)
class Strategy:
    """A way to learn: what of `Material` it needs, which settings it has, how it is tried, and how `hubel train` is told of it.

    `try_out` is given the material, the settings and what asks to stop; `words` gives the options of ``hubel train``.
    """

    needs: Literal["features", "views", "rows", "pixels"]
    settings: tuple[str, ...]
    try_out: Callable[[Material, Settings, Callable[[], bool]], Trial]
    words: Callable[[Scratch, Settings], list[str]]


def try_features(material: Material, settings: Settings, stop: Callable[[], bool]) -> Trial:  # noqa: ARG001  a Strategy's form
    """A head on the features of the frozen base; its strength is chosen within the training images, as in `hubel train`."""
    yield from ()
    num_train = len(material.train["labels"])
    labels = np.concatenate([material.train["labels"], material.tuning["labels"]])
    groups = np.concatenate([material.train["groups"], material.tuning["groups"]])
    features = np.concatenate([material.train["features"], material.tuning["features"]])
    examples = Examples(
        labels=labels,
        contents=[str(row) for row in range(len(labels))],  # copies of one image are in one group already
        groups=[str(group) for group in groups],
        splits=["train" if row < num_train else "test" for row in range(len(labels))],
        num_classes=material.num_classes,
    )
    learned = learn(features, examples, material.seed, stop=stop)
    return score_of_logits(learned.logits, labels[learned.measured])


def score_of_logits(logits: Logits, labels: Labels) -> Score:
    """How good scores (m k) are."""
    loss = weighted_log_loss(logits, labels, np.ones(len(labels)))
    return Score(float((logits.argmax(1) == labels).mean()), loss)


def words_of_features(scratch: Scratch, settings: Settings) -> list[str]:  # noqa: ARG001  a Strategy's form
    """``hubel train`` does this unless it is told otherwise."""
    return []


def try_frozen(material: Material, settings: Settings, stop: Callable[[], bool]) -> Trial:  # noqa: ARG001  a Strategy's form
    """A head that learned from changed views, too; the base stays as it is."""
    yield from ()
    assert material.above is not None
    tuning = material.tuning
    views = [material.train["features"], *views_in(material.train, view_name, 1)]
    judging = tuning["features"], tuning["labels"]
    chosen = choose_head(views, material.train["labels"], material.above.head, judging)
    return score_of_logits(chosen.head.logits(judging[0]), judging[1])


def words_of_frozen(scratch: Scratch, settings: Settings) -> list[str]:  # noqa: ARG001  a Strategy's form
    """The options of ``hubel train`` for `tuning_with`."""
    return ["--strategy", "frozen"]


def try_finetune(material: Material, settings: Settings, stop: Callable[[], bool]) -> Trial:
    """The last layers of the base learn on, from rows that those below made once for all trials."""
    import torch

    from hubel.models.cut import find_cut, halve, steps_of
    from hubel.models.foreign import load_torch_module
    from hubel.train.network import Limits
    from hubel.train.sets import RowSet
    from hubel.train.top import Top, train_top

    assert material.above is not None
    above, choices = material.above, tuning_with(material.scratch, settings)
    base = load_torch_module(above.base)
    cut = find_cut(choices.unfreeze, steps_of(base, above.size))
    found = [views_in(arrays, partial(row_name, cut.place), 0) for arrays in (material.train, material.tuning)]
    if not found[0]:
        raise too_large(choices.unfreeze)
    learned, judged = (
        RowSet(
            [torch.from_numpy(view) for view in views],
            torch.from_numpy(arrays["labels"].astype(np.int64)),
            material.num_classes,
        )
        for views, arrays in zip(found, (material.train, material.tuning), strict=True)
    )
    recipe = above.recipe.model_copy(update={"learning_rate": choices.recipe.learning_rate})
    steps = train_top(
        Top(halve(base, cut, above.size)[1], cut, above.head, choices), recipe, (learned, judged), choices,
        seed=material.seed, about=[*above.about, cut.place, cut.first], folder=material.checkpoints,
        limits=Limits(left=lambda _: math.inf, must_end=lambda _: stop(), over=lambda: False),
    )  # fmt: skip
    while True:
        try:
            event = next(steps)
        except StopIteration as end:
            tuned: Tuned = end.value
            return score_of(tuned.training)
        if isinstance(event, EpochDone):
            yield event


def tuning_with(scratch: Scratch, settings: Settings) -> FineTuning:
    """The learning on top of a base that these settings ask for; of what `scratch` says, the number of epochs counts."""
    if settings["strategy"] == "frozen":
        return FineTuning(unfreeze="none")
    recipe = fine_recipe(scratch)
    if "fine_lr" in settings:
        recipe = recipe.model_copy(update={"learning_rate": float(settings["fine_lr"])})
    return FineTuning(unfreeze=str(settings.get("unfreeze", FineTuning().unfreeze)), recipe=recipe)


def fine_recipe(scratch: Scratch) -> Recipe:
    """The recipe of fine-tuning, with the epochs that were asked for."""
    asked = scratch.recipe.epochs
    return FINE if asked == RECIPES[scratch.recipe.name].epochs else FINE.with_epochs(asked)


def words_of_finetune(scratch: Scratch, settings: Settings) -> list[str]:
    """The options of ``hubel train`` for `tuning_with`."""
    words = ["--strategy", "finetune"]
    if scratch.recipe.epochs != RECIPES[scratch.recipe.name].epochs:
        words += ["--epochs", str(scratch.recipe.epochs)]
    options = {"fine_lr": "--lr", "unfreeze": "--unfreeze"}
    return [
        *words,
        *(word for name in options if name in settings for word in (options[name], written(settings[name]))),
    ]


def too_large(unfreeze: str) -> UsageError:
    """The error for a cut whose rows found no room in memory."""
    return UsageError(
        say(
            en=f"What the frozen layers below {unfreeze} make of the images does not fit into memory. Search among fewer or smaller cuts: "
            "--over unfreeze=stage:1",
            ko=f"{unfreeze} 아래의 고정된 층이 만든 값이 메모리에 들어가지 않습니다. 더 적거나 작은 범위를 탐색하세요: --over unfreeze=stage:1",
        )
    )


def try_scratch(material: Material, settings: Settings, stop: Callable[[], bool]) -> Trial:
    """A network of one's own, trained from its first weights."""
    from hubel.train.network import Limits, Task, Trained, train_network

    task = Task(
        material.train["pixels"], material.train["labels"], material.tuning["pixels"], material.tuning["labels"],
        material.num_classes, mirrored_too=False, key=material.key,
    )  # fmt: skip
    limits = Limits(left=lambda _: math.inf, must_end=lambda _: stop(), over=lambda: False)
    scratch = scratch_with(material.scratch, settings, material.num_images)
    trained: Trained | None = None
    for event in train_network(task, scratch, material.seed, folder=material.checkpoints, limits=limits):
        if isinstance(event, Trained):
            trained = event
        elif isinstance(event, EpochDone):
            yield event
    assert trained is not None
    return score_of(trained.training)


def score_of(training: Training) -> Score:
    """How good the epoch was that a training kept."""
    kept = next(epoch for epoch in training.epochs if epoch.epoch == training.kept_epoch)
    return Score(kept.validation_accuracy, kept.validation_loss, complete=training.ended != "stopped")


def scratch_with(scratch: Scratch, settings: Settings, num_images: int) -> Scratch:
    """The training that these settings ask for.

    Parameters
    ----------
    scratch
        Gives what is not among the settings.
    settings
        Of one trial.
    num_images
        How many images the data set has.
    """
    changes: dict[str, object] = {field: settings[name] for name, field in OF_RECIPE.items() if name in settings}
    if "augment" in settings:  # as `--augment` does: what was asked for stands
        changes |= {"augmentation": AUGMENTATIONS[str(settings["augment"])], "test_mirror": False}
    recipe = Recipe.model_validate(scratch.recipe.model_dump() | changes).for_images(num_images)
    return scratch.model_copy(update={"network": network_with(scratch.network, settings), "recipe": recipe})


def network_with(network: str, settings: Settings) -> str:
    """The network with those of the settings that are its own."""
    from hubel.models.registry import find_entry

    own = {name: float(settings[name]) for name in OF_NETWORK if name in settings}
    return find_entry(with_settings(network, own)).name


def words_of_scratch(scratch: Scratch, settings: Settings) -> list[str]:
    """The options of ``hubel train`` for `scratch_with`."""
    words = ["--from-scratch", "--model", network_with(scratch.network, settings), "--recipe", scratch.recipe.name]
    if scratch.recipe.epochs != RECIPES[scratch.recipe.name].epochs:
        words += ["--epochs", str(scratch.recipe.epochs)]
    options = {"lr": "--lr", "batch_size": "--batch-size", "optimiser": "--optimiser", "augment": "--augment"}
    for name, value in settings.items():
        if name in options:
            words += [options[name], written(value)]
        elif name in OF_RECIPE:
            words += ["--set", f"{OF_RECIPE[name]}={written(value)}"]
    return words


def written(value: Value) -> str:
    """A value as it is typed and shown.

    Examples
    --------
    >>> written(0.000123), written(48), written("photos")
    ('0.000123', '48', 'photos')
    """
    return value if isinstance(value, str) else f"{value:g}"


OF_SCRATCH = ("lr", *OF_NETWORK, "augment", "batch_size", "optimiser", "weight_decay", "label_smoothing")
STRATEGIES = {
    "features": Strategy("features", (), try_features, words_of_features),
    "frozen": Strategy("views", (), try_frozen, words_of_frozen),
    "finetune": Strategy("rows", ("fine_lr", "unfreeze"), try_finetune, words_of_finetune),
    "scratch": Strategy("pixels", OF_SCRATCH, try_scratch, words_of_scratch),
}
"""By the name that ``--over strategy=…`` knows."""
