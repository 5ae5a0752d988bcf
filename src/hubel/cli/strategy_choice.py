"""What ``--strategy``, ``--unfreeze`` and ``--reuse`` come to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from hubel.cli.scratch_choice import Words, recipe_of, scratch_choice
from hubel.cli.usage import one_of
from hubel.core.errors import UsageError
from hubel.core.language import say

if TYPE_CHECKING:
    from hubel.train.fine import FineTuning
    from hubel.train.scratch import Scratch

STRATEGIES = ("scratch", "augment", "features", "frozen", "finetune")
"""From the one that knows least before it begins to the one that learns most on top of what is known."""
REUSES = ("all", "early")
NOT_FOR: dict[str, tuple[str, ...]] = {
    "features": Words.__slots__,
    "frozen": tuple(name for name in Words.__slots__ if name not in {"augment"}),
    "finetune": ("from_scratch", "weights", "recipe", "ensemble", "device"),
}
"""Which options say nothing to a strategy."""


@dataclass(frozen=True, slots=True)
class Choice:
    """How to learn, as `workflows.TrainOptions` takes it: the model, one of the next two or neither, and whether a budget may change it."""

    model: str
    scratch: Scratch | None = None
    tuning: FineTuning | None = None
    improve: bool = True


def strategy_choice(model: str, words: Words, strategy: str | None, unfreeze: str | None, reuse: str | None) -> Choice:
    """The way to learn that was asked for, by its name or by options that only it has.

    Parameters
    ----------
    model
        What ``--model`` says.
    words
        The options of training a network of one's own; fine-tuning shares most of them.
    strategy, unfreeze, reuse
        The options of that name, None where they were not given.

    Raises
    ------
    UsageError
        When a value does not fit, or an option says nothing to the strategy.
    ModelError
        When there is no such network.
    """
    if strategy is None and (unfreeze or reuse):
        strategy = "finetune"
    if strategy is None:
        own = scratch_choice(model, words)
        return Choice(model if own is None else own.network, scratch=own)
    one_of("--strategy", strategy, STRATEGIES)
    if strategy == "finetune" and unfreeze == "none":
        strategy, unfreeze = "frozen", None
    refuse_other_words(strategy, words, unfreeze, reuse)
    if strategy in {"scratch", "augment"}:
        words = replace(words, from_scratch=True)
        if strategy == "augment" and words.augment is None:
            words = replace(words, augment="photos")
        own = scratch_choice(model, words)
        assert own is not None
        return Choice(own.network, scratch=own)
    if strategy == "features":
        return Choice(model, improve=False)
    return Choice(model, tuning=fine_tuning(strategy, words, unfreeze, reuse))


def fine_tuning(strategy: str, words: Words, unfreeze: str | None, reuse: str | None) -> FineTuning:
    """The choices of learning on top of a base."""
    from hubel.train.fine import FineTuning

    changes: dict[str, Any] = {"unfreeze": "none" if strategy == "frozen" else unfreeze, "reuse": reuse}
    if reuse is not None:
        one_of("--reuse", reuse, REUSES)
    recipe = recipe_of(words, usual="fine")
    given = {name: value for name, value in changes.items() if value is not None}
    return FineTuning(recipe=recipe, find_rate=words.find_rate, restart=words.restart, **given)


def refuse_other_words(strategy: str, words: Words, unfreeze: str | None, reuse: str | None) -> None:
    """Refuse options that say nothing to the strategy.

    Raises
    ------
    UsageError
        Naming the first of them.
    """
    names = [name for name in NOT_FOR.get(strategy, ()) if getattr(words, name) not in (None, False, [])]
    names += (
        [] if strategy == "finetune" else [name for name, value in (("unfreeze", unfreeze), ("reuse", reuse)) if value]
    )
    if names:
        option = OPTIONS.get(names[0], "--" + names[0].replace("_", "-"))
        raise UsageError(
            say(
                en=f"{option} says nothing to --strategy {strategy}. Leave one of them out; docs/stages/transfer.md says what each strategy takes.",
                ko=f"{option} 은(는) --strategy {strategy} 에서 쓰지 않는 옵션입니다. 둘 중 하나를 빼세요. 전략마다 쓸 수 있는 옵션은 "
                "docs/stages/transfer.ko.md에 있습니다.",
            )
        )


def ways_of(text: str, model: str) -> list[tuple[str, str]]:
    """Strategy and model of each way in ``features,scratch:cnn_catsdogs``.

    Examples
    --------
    >>> ways_of("features, scratch:lenet5", "resnet18")
    [('features', 'resnet18'), ('scratch', 'lenet5')]
    """
    parts = (word.strip().partition(":") for word in text.split(",") if word.strip())
    return [(strategy, own or model) for strategy, _, own in parts]


def refuse_beside(option: str, others: dict[str, object]) -> None:
    """Refuse options that make no sense beside another one.

    Raises
    ------
    UsageError
        Naming the first of them.
    """
    for other, value in others.items():
        if value is not None:
            raise UsageError(
                say(
                    en=f"{other} cannot stand beside {option}. Leave one of them out.",
                    ko=f"{other} 은(는) {option} 과(와) 함께 쓸 수 없습니다. 둘 중 하나를 빼세요.",
                )
            )


OPTIONS = {"learning_rate": "--lr", "find_rate": "--find-lr", "finer": "--set"}
"""The options that are called otherwise than the words."""
