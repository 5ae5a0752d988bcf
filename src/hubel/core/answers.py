"""The three answers (a label, unsure between several, unknown): what the card records of when each is given, and of how often.

An image is unknown when its unknown score lies above a limit. It is unsure when more than one class could be meant: every
class whose probability is at least the set's limit, and the likeliest in any case.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from hubel.core.frozen import Frozen

Answer = Literal["label", "unsure", "unknown"]
"""What an image can be answered with."""

DEFAULT_REJECT = 0.01
"""The share of images of the known classes that may be called unknown, unless the user says otherwise."""
MOST_REJECTED = 0.5
"""A larger share is a slip of the pen."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Shares that a user wishes of a finished run; None keeps what the run was made with.

    `reject` is the share of images of the known classes that may be called unknown (0: none is), `accept_error` that of
    images whose answer may lack the true class (0: one class is named always).
    """

    reject: float | None = None
    accept_error: float | None = None


AS_MADE = Limits()
"""The run's own limits."""


class UnknownLimit(Frozen):
    """From which unknown score on an image is called unknown.

    `reject` is the share of images of the known classes that may be; `num_groups` of the `num_images` out-of-fold scores
    were independent; `extrapolated` says that these were too few for the share, so that the limit lies beyond all of them,
    where a normal distribution of the scores' logarithms puts it.
    """

    reject: float = Field(ge=0, lt=1)
    threshold: float
    num_images: int
    num_groups: int
    extrapolated: bool = False


class SetLimit(Frozen):
    """From which probability on a class belongs to the answer.

    `accept_error` is the share of images whose answer may lack the true class; `num_groups` of the `num_images`
    out-of-fold probabilities were independent.
    """

    accept_error: float = Field(gt=0, lt=1)
    threshold: float
    num_images: int
    num_groups: int


class AnswerFigures(Frozen):
    """How often each answer was given on labelled images, and how often it was wrong.

    `label`, `unsure` and `unknown` are shares of the images and sum to one. `wrong` is the share of all images whose answer,
    a label or a set, lacked the true class, `wrong_interval` its 95 % interval; `label_wrong` the share of wrong ones among
    the labels, None without one; `mean_set_size` the mean number of classes in an answer that is not unknown.
    """

    num_images: int
    label: float
    unsure: float
    unknown: float
    wrong: float
    wrong_interval: tuple[float, float]
    label_wrong: float | None
    mean_set_size: float | None
