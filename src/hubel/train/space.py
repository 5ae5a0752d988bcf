"""The space of a search: which settings are tried with which values, read from words such as ``lr=1e-4..1e-1``."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from hubel.core.errors import UsageError
from hubel.core.language import say
from hubel.data.augmentation import AUGMENTATIONS
from hubel.data.names import nearest, shown
from hubel.train.fine import FineTuning
from hubel.train.recipes import FINE, OPTIMISERS
from hubel.train.scratch import Scratch
from hubel.train.strategies import STRATEGIES, Value

if TYPE_CHECKING:
    from optuna import Trial

Kind = Literal["rate", "share", "count", "word"]
MOST_COMBINATIONS = 10_000
"""A space of more combinations counts as one without end."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What can be searched: a rate (tried on a logarithmic scale), a share, a whole number, or one of some words."""

    kind: Kind
    low: float = 0.0
    high: float = 0.0
    words: tuple[str, ...] = ()


SETTINGS = {
    "strategy": Setting("word", words=tuple(STRATEGIES)),
    "lr": Setting("rate", 1e-7, 1e2),
    "fine_lr": Setting("rate", 1e-7, 1e2),
    "unfreeze": Setting("word", words=("stage:1", "stage:2", "last:3")),
    "width": Setting("count", 4, 1024),
    "depth": Setting("count", 1, 12),
    "dropout": Setting("share", 0.0, 0.9),
    "augment": Setting("word", words=tuple(AUGMENTATIONS)),
    "batch_size": Setting("count", 1, 65_536),
    "optimiser": Setting("word", words=OPTIMISERS),
    "weight_decay": Setting("rate", 0.0, 10),
    "label_smoothing": Setting("share", 0.0, 0.9),
}
"""By the name that ``--over`` knows."""


@dataclass(frozen=True, slots=True)
class Range:
    """All values between two, ends included."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Choices:
    """These values and no others."""

    values: tuple[Value, ...]


Candidates = Range | Choices


@dataclass(frozen=True, slots=True)
class Space:
    """The candidates of each setting that is searched, by its name; those that a strategy does not have rest with it."""

    candidates: Mapping[str, Candidates]

    @property
    def strategies(self) -> tuple[str, ...]:
        """What is chosen among; from scratch alone where nothing is said of it."""
        return self.words("strategy") or ("scratch",)

    def words(self, name: str) -> tuple[str, ...]:
        """The candidates of a setting that is one of some words; none where it is not searched."""
        found = self.candidates.get(name)
        return tuple(map(str, found.values)) if isinstance(found, Choices) else ()

    def record(self) -> dict[str, Any]:
        """The space as JSON types."""
        return {name: asdict(found) for name, found in self.candidates.items()}

    def names(self, strategy: str) -> list[str]:
        """The settings that are searched with a strategy."""
        return [name for name in self.candidates if name in STRATEGIES[strategy].settings]

    def suggest(self, trial: Trial) -> dict[str, Value]:
        """The settings of a trial, as Optuna proposes them."""
        settings: dict[str, Value] = {"strategy": self.strategies[0]}
        if "strategy" in self.candidates:
            settings["strategy"] = trial.suggest_categorical("strategy", self.strategies)
        for name in self.names(str(settings["strategy"])):
            settings[name] = suggested(trial, name, self.candidates[name])
        return settings

    def usual(self, strategy: str, scratch: Scratch) -> dict[str, Value]:
        """The settings of a strategy that come nearest to those of a training that is told nothing: what is tried first."""
        from hubel.models.settings import SETTINGS as OWN

        recipe = scratch.recipe
        augment = next((name for name, known in AUGMENTATIONS.items() if known == recipe.augmentation), "none")
        wanted: dict[str, Value] = {
            "lr": recipe.rate, "fine_lr": FINE.rate, "unfreeze": FineTuning().unfreeze, "augment": augment, "batch_size": recipe.batch_size, "optimiser": recipe.optimiser,
            "weight_decay": recipe.weight_decay, "label_smoothing": recipe.label_smoothing,
            **{name: setting.usual for name, setting in OWN["hubel_small"].items()},
        }  # fmt: skip
        found = {name: closest(self.candidates[name], wanted[name]) for name in self.names(strategy)}
        return ({"strategy": strategy} if "strategy" in self.candidates else {}) | found

    def combinations(self, strategy: str) -> list[dict[str, Value]] | None:
        """All settings that a strategy can have, or None where there is no end of them."""
        lists = []
        for name in self.names(strategy):
            found = self.candidates[name]
            if isinstance(found, Choices):
                lists.append(found.values)
            elif SETTINGS[name].kind == "count":
                lists.append(tuple(range(int(found.low), int(found.high) + 1)))
            else:
                return None
        if math.prod(map(len, lists)) > MOST_COMBINATIONS:
            return None
        names = ["strategy", *self.names(strategy)]
        return [dict(zip(names, (strategy, *values), strict=True)) for values in itertools.product(*lists)]


def usual_space(scratch: Scratch, size: int) -> Space:
    """What is searched where nothing is said: strategy, rate, width, depth, dropout, augmentation.

    Strategies for which the base has to be run on every image in several views wait until they are named.

    Parameters
    ----------
    scratch
        The network and its recipe; rates lie up to ten times above and below the recipe's.
    size
        The side of the images in pixels; networks that would halve them to nothing are left out.
    """
    rate = scratch.recipe.rate
    fitting = tuple(depth for depth in (3, 4, 5, 6) if size >> (1 + depth // 2))
    return Space(
        {
            "strategy": Choices(("features", "scratch")),
            "lr": Range(rounded("lr", rate / 10), rounded("lr", rate * 10)),
            "width": Choices((32, 48, 64, 96)),
            "depth": Choices(fitting),
            "dropout": Range(0.0, 0.5),
            "augment": Choices(tuple(AUGMENTATIONS)),
        }
    )


def read_space(words: Iterable[str]) -> Space:
    """The space of words such as ``lr=1e-4..1e-1`` and ``width=32,48,64``.

    Raises
    ------
    UsageError
        When a word is none, with the nearest setting or value.
    """
    candidates: dict[str, Candidates] = {}
    for word in words:
        name, sign, values = word.partition("=")
        name = name.strip().replace("-", "_").casefold()
        if name not in SETTINGS:
            raise unknown_setting(name)
        if not sign or not values.strip():
            raise bad_values(name, word)
        candidates[name] = read_candidates(name, values.strip())
    space = Space({name: candidates[name] for name in SETTINGS if name in candidates})
    unused = [
        name
        for name in candidates
        if name != "strategy" and not any(name in space.names(one) for one in space.strategies)
    ]
    if unused:
        raise unused_setting(unused[0], space.strategies)
    return space


def read_candidates(name: str, text: str) -> Candidates:
    """The candidates of one setting."""
    setting = SETTINGS[name]
    if setting.kind == "word":
        values = tuple(part.strip() for part in text.split(","))
        for value in values:
            if value not in setting.words:
                raise unknown_word(name, value)
        return Choices(tuple(dict.fromkeys(values)))
    if span := re.fullmatch(r"(.+?)\.\.(.+)", text):
        low, high = (number(name, part, text) for part in span.groups())
        if not low < high or (setting.kind == "rate" and not low):  # a logarithmic scale does not begin at zero
            raise bad_values(name, text)
        return Range(low, high)
    return Choices(tuple(dict.fromkeys(number(name, part, text) for part in text.split(","))))


def number(name: str, part: str, text: str) -> int | float:
    """One number of a setting, checked."""
    setting = SETTINGS[name]
    try:
        value = int(part) if setting.kind == "count" else float(part)
    except ValueError:
        raise bad_values(name, text) from None
    if not setting.low <= value <= setting.high:
        raise bad_values(name, text)
    return value


def suggested(trial: Trial, name: str, found: Candidates) -> Value:
    """The value of one setting that Optuna proposes, as round as it is shown."""
    if isinstance(found, Choices):
        return cast(Value, trial.suggest_categorical(name, found.values))
    if SETTINGS[name].kind == "count":
        return trial.suggest_int(name, int(found.low), int(found.high))
    return rounded(name, trial.suggest_float(name, found.low, found.high, log=SETTINGS[name].kind == "rate"))


def rounded(name: str, value: float) -> float:
    """Three digits of a rate, two decimal places of a share: what is printed is what is tried.

    Examples
    --------
    >>> rounded("lr", 0.0123456), rounded("dropout", 0.123456)
    (0.0123, 0.12)
    """
    return round(value, 2) if SETTINGS[name].kind == "share" else float(f"{value:.3g}")


def closest(found: Candidates, wanted: Value) -> Value:
    """The candidate next to a value; the first where values have no distance."""
    if isinstance(found, Range):
        assert not isinstance(wanted, str)
        return min(max(wanted, found.low), found.high)
    if isinstance(wanted, str):
        return wanted if wanted in found.values else found.values[0]
    return min(found.values, key=lambda value: abs(float(value) - wanted))


def unknown_setting(name: str) -> UsageError:
    """The error for what cannot be searched."""
    value, known = shown(name) or "?", ", ".join(SETTINGS)
    near = ", ".join(nearest(name, tuple(SETTINGS)))
    hint = say(en=f" Did you mean {near}?", ko=f" 혹시 {near} 인가요?") if near else ""
    return UsageError(
        say(
            en=f"--over cannot search {value}.{hint} It can: {known}. For example: --over lr=1e-4..1e-1",
            ko=f"--over 로 {value} 을(를) 탐색할 수 없습니다.{hint} 가능한 설정: {known}. 예: --over lr=1e-4..1e-1",
        )
    )


def unknown_word(name: str, value: str) -> UsageError:
    """The error for a word that a setting does not have."""
    words = SETTINGS[name].words
    close = nearest(value, words)
    got, known = shown(value) or "?", ", ".join([*close, *(word for word in words if word not in close)])
    return UsageError(
        say(
            en=f"--over {name} does not have {got}. Choose among: {known}.",
            ko=f"--over {name} 에 {got} 은(는) 없습니다. 가능한 값: {known}.",
        )
    )


def bad_values(name: str, text: str) -> UsageError:
    """The error for values that cannot be read, or lie outside."""
    setting, got = SETTINGS[name], shown(text)
    if setting.kind == "word":
        form = f"{name}={','.join(setting.words[:2])}"
    else:
        form = {"rate": f"{name}=1e-4..1e-1", "share": f"{name}=0..0.5", "count": f"{name}=4..8, {name}=4,6,8"}[
            setting.kind
        ]
    limits = f"{setting.low:g}..{setting.high:g}" if setting.high else ", ".join(setting.words)
    return UsageError(
        say(
            en=f"--over cannot read {got} as values of {name} (within {limits}). Write for example: --over {form}",
            ko=f"--over 에서 {got} 을(를) {name} 값으로 읽을 수 없습니다(범위: {limits}). 예: --over {form}",
        )
    )


def unused_setting(name: str, strategies: tuple[str, ...]) -> UsageError:
    """The error for a setting that none of the strategies has."""
    chosen = ", ".join(strategies)
    able = ", ".join(one for one, strategy in STRATEGIES.items() if name in strategy.settings)
    own = ", ".join(dict.fromkeys(other for one in strategies for other in STRATEGIES[one].settings)) or "–"
    return UsageError(
        say(
            en=f"The strategy {chosen} has no {name}, so there is nothing to search (its settings: {own}). Add one that has: --over strategy={able}",
            ko=f"전략 {chosen} 에는 {name} 설정이 없어 탐색할 것이 없습니다(있는 설정: {own}). 이 설정이 있는 전략을 넣으세요: --over strategy={able}",
        )
    )
