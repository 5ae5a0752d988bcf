"""The ways to learn that a search chooses among: `STRATEGIES`, a line each."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from hubel.core.events import EpochDone
from hubel.data.augmentation import AUGMENTATIONS
from hubel.models.settings import with_settings
from hubel.train.learn import Examples, learn
from hubel.train.losses import weighted_log_loss
from hubel.train.material import Material
from hubel.train.recipes import RECIPES, Recipe
from hubel.train.scratch import Scratch

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

    needs: Literal["features", "pixels"]
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
    truth = labels[learned.measured]
    right = learned.logits.argmax(1) == truth
    return Score(float(right.mean()), weighted_log_loss(learned.logits, truth, np.ones(len(truth))))


def words_of_features(scratch: Scratch, settings: Settings) -> list[str]:  # noqa: ARG001  a Strategy's form
    """``hubel train`` does this unless it is told otherwise."""
    return []


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
    training = trained.training
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
    "scratch": Strategy("pixels", OF_SCRATCH, try_scratch, words_of_scratch),
}
"""By the name that ``--over strategy=…`` knows."""
