"""The classifier's parameters as training takes them."""

from __future__ import annotations

import operator
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from hubel.core.answers import MOST_REJECTED
from hubel.core.language import say
from hubel.estimator.bases import ParameterError
from hubel.workflows import TrainOptions

PARAMETERS = ("model", "budget", "seed", "views", "size", "resize", "engine", "reject", "accept_error")
RESIZES = ("auto", "crop", "pad", "squash")
Number = TypeVar("Number", int, float)


def train_options(parameters: Mapping[str, Any], out: Path) -> TrainOptions:
    """The options of a run written to `out`; whole numbers may be NumPy's, as a search over parameters gives them.

    Raises
    ------
    ParameterError
        When `resize` is no rule, or a number or share is none.
    UsageError
        When another parameter is out of its range.

    Examples
    --------
    >>> from hubel.estimator import ImageClassifier
    >>> train_options(vars(ImageClassifier(size=64)), Path("run")).size
    64
    """
    resize = parameters["resize"]
    if resize not in RESIZES:
        raise ParameterError(
            say(
                en=f"resize does not take {resize!r}. Choose: {', '.join(RESIZES)}.",
                ko=f"resize 값으로 {resize!r} 을(를) 쓸 수 없습니다. 가능한 값: {', '.join(RESIZES)}.",
            )
        )
    return TrainOptions(
        out=out,
        model=os.fspath(parameters["model"]),
        budget=None if parameters["budget"] is None else number("budget", parameters["budget"], float),
        seed=number("seed", parameters["seed"], operator.index),
        resize=resize,
        engine=parameters["engine"],
        views=None if parameters["views"] is None else number("views", parameters["views"], operator.index),
        size=None if parameters["size"] is None else number("size", parameters["size"], operator.index),
        reject=share("reject", parameters["reject"], below=MOST_REJECTED),
        accept_error=share("accept_error", parameters["accept_error"] or 0.0) or None,
    )


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
