"""The options of ``hubel train`` for a network of one's own, in a box of their own, and what they come to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

from hubel.cli.usage import one_of, whole_number
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
        if model.casefold().replace("-", "_") not in known:
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


def recipe_of(words: Words) -> Any:
    """The recipe with what was changed of it."""
    from pydantic import ValidationError

    from hubel.train.recipes import RECIPES as FOUND
    from hubel.train.recipes import Recipe

    for option, value, allowed in (
        ("--recipe", words.recipe, RECIPES), ("--optimiser", words.optimiser, OPTIMISERS), ("--schedule", words.schedule, SCHEDULES),
    ):  # fmt: skip
        if value is not None:
            one_of(option, value, allowed)
    changes: dict[str, Any] = {
        "epochs": words.epochs, "batch_size": words.batch_size, "optimiser": words.optimiser,
        "learning_rate": words.learning_rate, "schedule": words.schedule,
        "augmentation": None if words.augment is None else augmentation_of(words.augment),
    }  # fmt: skip
    changes = {name: value for name, value in changes.items() if value is not None}
    if words.epochs is not None:
        changes["least_steps"] = 0  # the user's number stands
    if words.augment is not None:
        changes["test_mirror"] = False  # and the user's flips
    changes |= pairs("--set", words.finer or [], FINER)
    recipe = FOUND[words.recipe or "classic"]
    if words.patience is not None:
        changes["patience"] = words.patience or None
    elif words.epochs is not None and recipe.patience is not None:
        changes["patience"] = max(2, min(recipe.patience, words.epochs // 2))  # so that it can fire
    try:
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


def panel() -> str:
    """The box of these options."""
    return say(en="Training a network of your own", ko="나만의 신경망 학습")


def flag(name: str, words: str) -> Any:
    """An option without a value."""
    return typer.Option(name, rich_help_panel=panel(), help=words)


def valued(name: str, metavar: str, words: str) -> Any:
    """An option with a word for its value."""
    return typer.Option(name, metavar=metavar, rich_help_panel=panel(), help=words)


def counted(name: str, words: str) -> Any:
    """An option whose value is a whole number."""
    number = say(en="NUMBER", ko="개수")
    return typer.Option(name, parser=whole_number(name), metavar=number, rich_help_panel=panel(), help=words)


def from_scratch() -> Any:
    """``--from-scratch``."""
    words = say(
        en="Train all of a network on your images, instead of a head on a pretrained base. --model names it (`hubel models` lists them; "
        "hubel_small if not given). Any option of this box asks for it too.",
        ko="사전 학습된 기반 모델 위의 분류기 대신 신경망 전체를 이미지로 학습합니다. --model로 고릅니다(`hubel models`로 목록 확인, 기본값 hubel_small). "
        "이 상자의 다른 옵션을 써도 같은 뜻입니다.",
    )
    return flag("--from-scratch", words)


def weights() -> Any:
    """``--weights``."""
    words = say(
        en="First weights: imagenet, a checkpoint file, or network.safetensors of another run. Random ones if not given.",
        ko="처음 가중치: imagenet, 체크포인트 파일, 또는 다른 실행의 network.safetensors. 기본값은 무작위입니다.",
    )
    return valued("--weights", say(en="SOURCE", ko="출처"), words)


def recipe() -> Any:
    """``--recipe``."""
    words = say(
        en="classic: Adam at a fixed rate, as courses teach. fast: the most in minutes, for small images. sprint: the most in seconds, with "
        "hubel_tiny if no network is named.",
        ko="classic: 강의에서 배우는 대로 고정 학습률의 Adam. fast: 작은 이미지를 몇 분 안에 최대한 잘 학습. sprint: 몇 초 안에 학습(신경망을 "
        "정하지 않으면 hubel_tiny).",
    )
    return valued("--recipe", "|".join(RECIPES), words)


def epochs() -> Any:
    """``--epochs``."""
    words = say(
        en="How often every image is seen at most. With a larger number and a constant rate, the same command goes on from where it "
        "ended.",
        ko="모든 이미지를 최대 몇 번 볼지. 학습률이 일정하면, 수를 늘려 같은 명령을 다시 실행할 때 끝난 곳부터 이어서 학습합니다.",
    )
    return counted("--epochs", words)


def batch_size() -> Any:
    """``--batch-size``."""
    return counted("--batch-size", say(en="How many images make a step.", ko="한 단계에 쓰는 이미지 수."))


def optimiser() -> Any:
    """``--optimiser``."""
    names = ", ".join(OPTIMISERS)
    words = say(en=f"What moves the weights: {names}.", ko=f"가중치를 갱신하는 방법: {names}.")
    return valued("--optimiser", say(en="NAME", ko="이름"), words)


def learning_rate() -> Any:
    """``--lr``."""
    words = say(
        en="The learning rate; the optimiser's usual one if not given.",
        ko="학습률. 기본값은 최적화 방법마다 흔히 쓰는 값입니다.",
    )
    return valued("--lr", say(en="RATE", ko="값"), words)


def find_rate() -> Any:
    """``--find-lr``."""
    words = say(
        en="Try rates from low to high first, and train with the one found.",
        ko="먼저 낮은 값부터 높은 값까지 시험해 찾은 학습률로 학습합니다.",
    )
    return flag("--find-lr", words)


def schedule() -> Any:
    """``--schedule``."""
    names = ", ".join(SCHEDULES)
    words = say(en=f"How the rate changes: {names}.", ko=f"학습률을 바꾸는 방식: {names}.")
    return valued("--schedule", say(en="NAME", ko="이름"), words)


def augment() -> Any:
    """``--augment``."""
    words = say(
        en="What is done to images at random: none, mirrored, small, photos, or words such as rotation_range=20,horizontal_flip,fill_mode=reflect.",
        ko="이미지를 무작위로 바꾸는 방법: none, mirrored, small, photos, 또는 rotation_range=20,horizontal_flip,fill_mode=reflect 같은 지정.",
    )
    return valued("--augment", say(en="WORDS", ko="지정"), words)


def show_augmented() -> Any:
    """``--show-augmented``."""
    words = say(
        en="Write a picture of some images before and after, and train nothing.",
        ko="바꾸기 전과 후의 이미지를 그림으로 쓰고, 학습은 하지 않습니다.",
    )
    return valued("--show-augmented", say(en="FILE", ko="파일"), words)


def patience() -> Any:
    """``--patience``."""
    words = say(
        en="End after so many epochs without a better validation figure and keep the best epoch; 0 goes on to the end and keeps that.",
        ko="검증 수치가 나아지지 않은 채 이만큼 에포크가 지나면 끝내고 가장 좋은 에포크를 씁니다. 0이면 끝까지 학습해 마지막을 씁니다.",
    )
    return counted("--patience", words)


def finer() -> Any:
    """``--set``."""
    words = say(
        en="Any other setting of the recipe, several times: momentum, weight_decay, warm_up, label_smoothing, mixup, cutmix, clip_norm, "
        "average, precision.",
        ko="레시피의 나머지 설정(여러 번 지정 가능): momentum, weight_decay, warm_up, label_smoothing, mixup, cutmix, clip_norm, average, "
        "precision.",
    )
    return valued("--set", say(en="NAME=VALUE", ko="이름=값"), words)


def ensemble() -> Any:
    """``--ensemble``."""
    return counted(
        "--ensemble", say(en="Train so many networks and average them.", ko="신경망을 이만큼 학습해 평균합니다.")
    )


def restart() -> Any:
    """``--restart``."""
    words = say(en="Begin anew where an earlier run left off.", ko="이전 실행이 멈춘 곳에서 잇지 않고 처음부터 합니다.")
    return flag("--restart", words)
