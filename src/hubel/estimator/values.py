"""One parameter of the classifier as a number, a share or one of some words; what is none is refused by its name."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, TypeVar

from hubel.core.language import say
from hubel.estimator.bases import ParameterError

Number = TypeVar("Number", int, float)


def number(name: str, value: Any, convert: Callable[[Any], Number]) -> Number:
    """A parameter as a number.

    Raises
    ------
    ParameterError
        When it is none.
    """
    try:
        return convert(value)
    except (TypeError, ValueError) as error:
        whole = convert is operator.index
        raise ParameterError(
            say(
                en=f"{name} does not take {value!r}. Give a {'whole number, such as 4' if whole else 'number of seconds, such as 60'}.",
                ko=f"{name} 값으로 {value!r} 을(를) 쓸 수 없습니다. {'4와 같은 정수' if whole else '60과 같은 초 단위 수'}를 지정하세요.",
            )
        ) from error


def share(name: str, value: Any, *, below: float = 1.0) -> float:
    """A parameter as a share of images, from 0 up to but not including `below`.

    Raises
    ------
    ParameterError
        When it is no number, or out of that range.

    Examples
    --------
    >>> share("reject", 0.02, below=0.5)
    0.02
    """
    try:
        found = float(value)
    except (TypeError, ValueError):
        found = -1.0
    if not 0 <= found < below:  # NaN neither
        raise ParameterError(
            say(
                en=f"{name} does not take {value!r}. Give a share of images, from 0 to less than {below:g}, such as 0.02.",
                ko=f"{name} 값으로 {value!r} 을(를) 쓸 수 없습니다. 0 이상 {below:g} 미만의 이미지 비율을 지정하세요(예: 0.02).",
            )
        )
    return found


def one_of(name: str, value: Any, allowed: tuple[str, ...]) -> str:
    """A parameter that is one of some words.

    Raises
    ------
    ParameterError
        When it is none of them.

    Examples
    --------
    >>> one_of("resize", "pad", ("crop", "pad"))
    'pad'
    """
    if not isinstance(value, str) or value not in allowed:
        raise ParameterError(
            say(
                en=f"{name} does not take {value!r}. Choose: {', '.join(allowed)}.",
                ko=f"{name} 값으로 {value!r} 을(를) 쓸 수 없습니다. 가능한 값: {', '.join(allowed)}.",
            )
        )
    return value
