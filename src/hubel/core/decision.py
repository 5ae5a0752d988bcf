"""How scores become probabilities, and probabilities a label: what the card records of both.

Without a `Decision` the label is the class with the highest probability.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from hubel.core.frozen import Frozen

Method = Literal["temperature", "vector", "isotonic"]
"""The ways from scores to probabilities, the simplest first."""
Handling = Literal["none", "adjustment", "weights"]
"""What was done about classes of very different sizes."""
Measure = Literal["recall", "precision"]
"""What can be promised of a class."""


class Calibration(Frozen):
    """How scores become probabilities after the temperature, and why so.

    `losses` is the cross-validated log loss of each method, in nats. `scale` and `offset` (k) are of vector scaling;
    `stated` and `true` (k, knots) are the isotonic curves, straight between their knots.
    """

    method: Method
    losses: dict[str, float]
    scale: tuple[float, ...] = ()
    offset: tuple[float, ...] = ()
    stated: tuple[tuple[float, ...], ...] = ()
    true: tuple[tuple[float, ...], ...] = ()


class Balance(Frozen):
    """What was done about classes of different sizes, and what it did.

    `frequencies` (k) are the shares of the classes among the training images: what the probabilities assume. `adjustment` is
    how many times the logarithm of a class's rarity was added to its score. The figures are cross-validated, without and with
    what was chosen.
    """

    handling: Handling
    frequencies: tuple[float, ...]
    adjustment: float
    macro_f1_before: float
    macro_f1: float
    accuracy_before: float
    accuracy: float


class Promise(Frozen):
    """One class's threshold and what it was chosen for.

    `seen` is the share realised on the `num_images` out-of-fold images it was chosen on, one of each group, `lower` the lower
    end of its one-sided interval of that `confidence`.
    """

    measure: Measure
    class_name: str
    at_least: float = Field(gt=0, lt=1)
    threshold: float = Field(ge=0, le=1)
    confidence: float = Field(gt=0, lt=1)
    seen: float
    lower: float
    num_images: int


class Decision(Frozen):
    """How probabilities become a label where the likeliest class is not simply taken: thresholds that rule out or take."""

    promises: tuple[Promise, ...]


@dataclass(frozen=True, slots=True)
class Wish:
    """What a user wants promised: at least this recall or precision of this class."""

    measure: Measure
    class_name: str
    at_least: float

    def __str__(self) -> str:
        """As it is written on the command line."""
        return f"{self.measure}:{self.class_name}={self.at_least:g}"
