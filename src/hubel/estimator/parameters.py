"""The classifier's parameters as training takes them."""

from __future__ import annotations

import operator
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hubel.core.language import say
from hubel.estimator.bases import ParameterError
from hubel.workflows import TrainOptions

PARAMETERS = ("model", "budget", "seed", "views", "size", "resize", "engine")
RESIZES = ("auto", "crop", "pad", "squash")


def train_options(parameters: Mapping[str, Any], out: Path) -> TrainOptions:
    """The options of a run written to `out`; whole numbers may be NumPy's, as a search over parameters gives them.

    Raises
    ------
    ParameterError
        When `resize` is no rule.
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
    whole = {name: None if parameters[name] is None else operator.index(parameters[name]) for name in ("views", "size")}
    return TrainOptions(
        out=out,
        model=os.fspath(parameters["model"]),
        budget=None if parameters["budget"] is None else float(parameters["budget"]),
        seed=operator.index(parameters["seed"]),
        resize=resize,
        engine=parameters["engine"],
        views=whole["views"],
        size=whole["size"],
    )
