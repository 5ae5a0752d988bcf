"""The classifier's parameters as training takes them."""

from __future__ import annotations

import operator
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hubel.core.answers import MOST_REJECTED
from hubel.estimator.strategies import plan_of
from hubel.estimator.values import number, one_of, share
from hubel.workflows import TrainOptions

PARAMETERS = (
    "model", "strategy", "recipe", "epochs", "budget", "seed", "views", "size", "resize", "engine", "reject", "accept_error",
)  # fmt: skip
RESIZES = ("auto", "crop", "pad", "squash")


def train_options(parameters: Mapping[str, Any], out: Path) -> TrainOptions:
    """The options of a run written to `out`; whole numbers may be NumPy's, as a search over parameters gives them.

    Raises
    ------
    ParameterError
        When a parameter that is a word is none of those allowed, a number or share is none, or two do not go together.
    UsageError
        When another parameter is out of its range.

    Examples
    --------
    >>> from hubel.estimator import ImageClassifier
    >>> train_options(vars(ImageClassifier(size=64)), Path("run")).size
    64
    """
    scratch = plan_of(parameters)
    return TrainOptions(
        out=out,
        model=scratch.network if scratch else os.fspath(parameters["model"]),
        budget=None if parameters["budget"] is None else number("budget", parameters["budget"], float),
        seed=number("seed", parameters["seed"], operator.index),
        resize=one_of("resize", parameters["resize"], RESIZES),  # type: ignore[arg-type] # one of them
        engine=parameters["engine"],
        views=None if parameters["views"] is None else number("views", parameters["views"], operator.index),
        size=None if parameters["size"] is None else number("size", parameters["size"], operator.index),
        reject=share("reject", parameters["reject"], below=MOST_REJECTED),
        accept_error=share("accept_error", parameters["accept_error"] or 0.0) or None,
        scratch=scratch,
    )
