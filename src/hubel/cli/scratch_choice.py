"""What the options of ``hubel train`` for a network of one's own come to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hubel.cli.usage import one_of
from hubel.core.errors import UsageError
from hubel.core.language import say
from hubel.data.names import shown

if TYPE_CHECKING:
    from hubel.data.augmentation import Augmentation
    from hubel.train.scratch import Scratch

# What is offered stands here, too, so that the help need not load what checks it; a test compares.
RECIPES = ("classic", "fast", "sprint")
OPTIMISERS = ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw", "muon")
SCHEDULES = ("constant", "step", "cosine", "one-cycle", "linear", "plateau")
AUGMENTATIONS = ("none", "mirrored", "small", "photos")
FINER = (
    "momentum", "weight_decay", "warm_up", "label_smoothing", "mixup", "cutmix", "clip_norm", "average", "precision",
)  # fmt: skip
"""What ``--set`` changes of a recipe."""
BASE = "efficientnet_lite0"
OWN = "hubel_small"
"""The network that is trained from scratch where none is named."""
SPRINTER = "hubel_tiny"
"""The same for the recipe that has no time."""


@dataclass(frozen=True, slots=True)
class Words:
    """What was typed; None and False where nothing was."""

    from_scratch: bool
    weights: str | None
    recipe: str | None
    epochs: int | None
    batch_size: int | None
    optimiser: str | None
    learning_rate: float | None
    find_rate: bool
    schedule: str | None
    augment: str | None
    patience: int | None
    finer: list[str] | None
    ensemble: int | None
    restart: bool

    def say_nothing(self) -> bool:
        """Whether none of these options was given."""
        values = [getattr(self, name) for name in self.__slots__]
        return all(value is None or value is False or value == [] for value in values)  # 0 is a value


def scratch_choice(model: str, words: Words) -> Scratch | None:
    """The training from scratch that was asked for; None where a pretrained base is meant.

    It is asked for by any of its options, or by a network that only hubel has.

    Raises
    ------
    UsageError
        When a value does not fit.
    ModelError
        When there is no such network.
    """
    if words.say_nothing() and model == BASE:
        return None
    from hubel.models.registry import entries, find_entry

    if words.say_nothing():
        known = {name for entry in entries() if not entry.weights for name in (entry.name, *entry.aliases)}
        if model.partition("[")[0].casefold().replace("-", "_") not in known:
            return None
    from hubel.train.scratch import Scratch

    own = SPRINTER if words.recipe == "sprint" else OWN
    network = find_entry(own if model == BASE else model).name
    return Scratch(
        network=network,
        recipe=recipe_of(words),
        weights=words.weights or "",
        find_rate=words.find_rate,
        members=in_range("--ensemble", words.ensemble or 1, 1, 32),
        restart=words.restart,
    )


def recipe_of(words: Words, usual: str = "classic") -> Any:
    """The recipe that was named, or the usual one, with what was changed of it."""
    from pydantic import ValidationError

    from hubel.train.recipes import FINE, Recipe
    from hubel.train.recipes import RECIPES as FOUND

    for option, value, allowed in (
        ("--recipe", words.recipe, RECIPES), ("--optimiser", words.optimiser, OPTIMISERS), ("--schedule", words.schedule, SCHEDULES),
    ):  # fmt: skip
        if value is not None:
            one_of(option, value, allowed)
    changes: dict[str, Any] = {
        "batch_size": words.batch_size, "optimiser": words.optimiser,
        "learning_rate": words.learning_rate, "schedule": words.schedule,
        "augmentation": None if words.augment is None else augmentation_of(words.augment),
    }  # fmt: skip
    changes = {name: value for name, value in changes.items() if value is not None}
    if words.augment is not None:
        changes["test_mirror"] = False  # and the user's flips
    changes |= pairs("--set", words.finer or [], FINER)
    recipe = (FOUND | {FINE.name: FINE})[words.recipe or usual]
    if words.patience is not None:
        changes["patience"] = words.patience or None
    try:
        if words.epochs is not None:
            recipe = recipe.for_epochs(words.epochs)
        return Recipe.model_validate(recipe.model_dump() | changes)
    except ValidationError as error:
        raise does_not_fit(error) from error


def augmentation_of(text: str) -> Augmentation:
    """The augmentation of a name (``photos``) or of words such as ``rotation_range=20,horizontal_flip``."""
    from pydantic import ValidationError

    from hubel.data.augmentation import AUGMENTATIONS as FOUND
    from hubel.data.augmentation import Augmentation

    if text in FOUND:
        return FOUND[text]
    words = [word if "=" in word else f"{word}=true" for word in text.replace(" ", "").split(",") if word]
    try:
        return Augmentation.model_validate(pairs("--augment", words, (*Augmentation.model_fields, *AUGMENTATIONS)))
    except ValidationError as error:
        raise does_not_fit(error) from error


def pairs(option: str, words: list[str], allowed: tuple[str, ...]) -> dict[str, Any]:
    """Words such as ``mixup=0.2`` by name; pydantic reads the values."""
    found: dict[str, Any] = {}
    for word in words:
        name, sign, value = word.partition("=")
        name = name.strip().replace("-", "_")
        one_of(option, name, allowed)
        if not sign:
            raise UsageError(
                say(
                    en=f"{option} takes NAME=VALUE, got {shown(word)}. For example: {option} {allowed[1]}=0.1",
                    ko=f"{option} 에는 이름=값을 적어야 하지만 {shown(word)} 을(를) 받았습니다. 예: {option} {allowed[1]}=0.1",
                )
            )
        found[name] = None if value == "none" else value
    return found


def in_range(option: str, value: int, low: int, high: int) -> int:
    """A number that must lie between two others."""
    if low <= value <= high:
        return value
    raise UsageError(
        say(
            en=f"{option} does not take {value}. Choose a number from {low} to {high}.",
            ko=f"{option} 값으로 {value} 을(를) 쓸 수 없습니다. {low}에서 {high}까지의 수를 고르세요.",
        )
    )


def does_not_fit(error: Any) -> UsageError:
    """What pydantic found wrong, in three parts."""
    first = error.errors()[0]
    name, value, reason = ".".join(map(str, first["loc"])), shown(str(first["input"])), first["msg"]
    return UsageError(
        say(
            en=f"The training cannot have {name} = {value}: {reason}. Choose another value; docs/stages/train.md lists them.",
            ko=f"학습 설정 {name} = {value} 은(는) 쓸 수 없습니다: {reason}. 다른 값을 고르세요. 목록은 docs/stages/train.ko.md에 있습니다.",
        )
    )
