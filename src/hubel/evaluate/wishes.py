"""What a user wants promised, from the words of the command line: ``recall:panda=0.95``."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import get_args

from hubel.core.decision import Measure, Wish
from hubel.core.errors import UsageError
from hubel.core.language import say

MEASURES: tuple[Measure, ...] = get_args(Measure)


def parse_wish(text: str) -> Wish:
    """One wish; a class may have colons and equals signs in its name, and the share may be in per cent.

    Raises
    ------
    UsageError
        When it is not ``recall:CLASS=SHARE`` or ``precision:CLASS=SHARE`` with a share between 0 and 1.

    Examples
    --------
    >>> parse_wish("recall:panda=95%") == parse_wish("recall:panda=0.95")
    True
    """
    measure, colon, rest = text.partition(":")
    name, equals, written = rest.rpartition("=")
    share = _share(written)
    if measure not in MEASURES or not (colon and equals and name) or share is None or not 0 < share < 1:
        raise UsageError(
            say(
                en=f"--at-least does not take {text!r}. Write recall:CLASS=SHARE or precision:CLASS=SHARE with a share between 0 and "
                "1, such as recall:panda=0.95.",
                ko=f"--at-least 값으로 {text!r} 을(를) 쓸 수 없습니다. recall:클래스=비율 또는 precision:클래스=비율로 쓰세요. 비율은 0과 1 "
                "사이이며, 예를 들면 recall:panda=0.95입니다.",
            )
        )
    return Wish(measure, name, share)


def check_wishes(wishes: Sequence[Wish], classes: Sequence[str]) -> None:
    """Refuse wishes for classes that there are not, and two for the same.

    Raises
    ------
    UsageError
        With the nearest class there is.
    """
    seen: set[tuple[str, str]] = set()
    for wish in wishes:
        if wish.class_name not in classes:
            name = wish.class_name
            known = ", ".join(get_close_matches(name, classes, 3, 0.5) or list(classes[:8]))
            raise UsageError(
                say(
                    en=f"--at-least names the class {name!r}, which there is not. Classes here: {known}",
                    ko=f"--at-least에 쓴 {name!r} 클래스가 없습니다. 여기 있는 클래스: {known}",
                )
            )
        if (wish.measure, wish.class_name) in seen:
            name = f"{wish.measure}:{wish.class_name}"
            raise UsageError(
                say(
                    en=f"--at-least names {name!r} twice. Keep one of them.",
                    ko=f"--at-least에 {name!r} 이(가) 두 번 있습니다. 하나만 남기세요.",
                )
            )
        seen.add((wish.measure, wish.class_name))


def _share(text: str) -> float | None:
    """The number that is written, a per cent sign dividing by a hundred; None when it is none."""
    number = text.strip()
    try:
        return float(number[:-1]) / 100 if number.endswith("%") else float(number)
    except ValueError:
        return None
