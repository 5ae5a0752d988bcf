"""Settings of a network, written behind its name: ``hubel_small[width=32,depth=4,dropout=0.2]``.

The name with its settings goes wherever a name goes (card, checkpoints, `config.toml`), so nothing else need know of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from hubel.core.errors import ModelError
from hubel.core.language import say

Settings = Mapping[str, int | float]
"""Values by the names of `SETTINGS`."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A number that a network may be made with: the usual one, and the smallest and largest; whole where the usual one is."""

    usual: int | float
    low: int | float
    high: int | float


SETTINGS: dict[str, dict[str, Setting]] = {
    "hubel_small": {"width": Setting(64, 4, 1024), "depth": Setting(5, 1, 12), "dropout": Setting(0.0, 0.0, 0.9)},
}
"""Which networks have settings: parameters of their builders."""


def split_name(text: str) -> tuple[str, str]:
    """A name and what stands in brackets behind it; empty where nothing does.

    Examples
    --------
    >>> split_name("hubel_small[width=32]"), split_name("vgg16")
    (('hubel_small', 'width=32'), ('vgg16', ''))
    """
    found = re.fullmatch(r"([^\[]*)\[(.*)\]\s*", text.strip())
    return (found[1], found[2]) if found else (text, "")


def read_settings(name: str, words: str) -> dict[str, int | float]:
    """The settings that are not the usual ones, in the order of `SETTINGS`.

    Parameters
    ----------
    name
        A network of the catalogue.
    words
        What stands in brackets.

    Raises
    ------
    ModelError
        When the network has no such setting, or a value is out of its range.
    """
    known, found = SETTINGS.get(name, {}), {}
    for word in filter(None, (part.strip() for part in words.split(","))):
        key, _, value = (part.strip() for part in word.partition("="))
        if key not in known:
            raise no_such_setting(name, key, tuple(known))
        found[key] = in_range(name, key, value)
    return {key: found[key] for key, setting in known.items() if found.get(key, setting.usual) != setting.usual}


def with_settings(name: str, settings: Settings) -> str:
    """The name with these settings behind it.

    Examples
    --------
    >>> with_settings("hubel_small", {"width": 32, "dropout": 0.2}), with_settings("vgg16", {})
    ('hubel_small[width=32,dropout=0.2]', 'vgg16')
    """
    return f"{name}[{','.join(f'{key}={value:g}' for key, value in settings.items())}]" if settings else name


def in_range(name: str, key: str, text: str) -> int | float:
    """The value of one setting."""
    setting = SETTINGS[name][key]
    try:
        value = type(setting.usual)(text)
    except ValueError:
        value = None
    if value is not None and setting.low <= value <= setting.high:
        return value
    low, high = f"{setting.low:g}", f"{setting.high:g}"
    kind = say(en="a whole number", ko="정수") if isinstance(setting.usual, int) else say(en="a number", ko="수")
    got = text or "?"
    raise ModelError(
        say(
            en=f"{name} cannot have {key}={got}. Choose {kind} from {low} to {high}.",
            ko=f"{name} 에는 {key}={got} 을(를) 쓸 수 없습니다. {low}에서 {high}까지의 {kind}를 고르세요.",
        )
    )


def no_such_setting(name: str, key: str, known: tuple[str, ...]) -> ModelError:
    """The error for a setting that a network does not have."""
    if not known:
        able = ", ".join(SETTINGS)
        return ModelError(
            say(
                en=f"{name} has no settings, got [{key}]. Those that have: {able}.",
                ko=f"{name} 에는 설정이 없는데 [{key}] 을(를) 받았습니다. 설정이 있는 신경망: {able}.",
            )
        )
    form = ",".join(f"{word}={SETTINGS[name][word].usual:g}" for word in known)
    return ModelError(
        say(
            en=f"{name} has no setting {key!r}. It has, with their usual values: {name}[{form}].",
            ko=f"{name} 에는 {key!r} 이라는 설정이 없습니다. 설정과 기본값: {name}[{form}].",
        )
    )
