"""Learning-rate schedules: at each step a share of the recipe's rate."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

ScheduleName: TypeAlias = Literal["constant", "step", "cosine", "one-cycle", "linear", "plateau"]
SCHEDULES: tuple[ScheduleName, ...] = get_args(ScheduleName)
STEP_AT, STEP_BY = (0.5, 0.75), 0.1
"""Where in the training `step` lowers the rate, and to what share each time (He et al. 2015, arXiv:1512.03385, §4.2)."""
CYCLE_START, CYCLE_PEAK_AT, CYCLE_END = 1 / 25, 0.3, 1e-5
"""One cycle: the share it starts with, when it peaks, the share it ends with (Smith and Topin 2017, arXiv:1708.07120)."""
PLATEAU_BY, PLATEAU_PATIENCE, PLATEAU_GAIN = 0.5, 2, 1e-4
"""`plateau`: the share kept each time, after how many epochs without a gain, and what relative gain counts."""


def share_at(name: ScheduleName, step: int, num_steps: int, *, warm_up: float = 0.0) -> float:
    """The share of the rate at a step, counted from 0; the last step is `num_steps` − 1.

    With t = step / num_steps: constant 1; step 1, 0.1, 0.01 from 1/2 and 3/4 on; cosine ½ (1 + cos πt) (Loshchilov and
    Hutter 2016, arXiv:1608.03983); linear 1 − t; one-cycle up and down by cosines; plateau 1, for it is `Plateau` that lowers.

    Parameters
    ----------
    name
        One of `SCHEDULES`.
    step, num_steps
        Where the training is.
    warm_up
        The share of all steps in which the rate rises in a straight line; the schedule fills the rest. One cycle has its own.

    Examples
    --------
    >>> [round(share_at("linear", step, 10, warm_up=0.2), 3) for step in (0, 1, 2, 6, 9)]
    [0.5, 1.0, 1.0, 0.5, 0.125]
    """
    if name == "one-cycle":
        return SHAPES[name](step / num_steps)
    rising = round(warm_up * num_steps)
    if step < rising:
        return (step + 1) / rising
    return SHAPES[name]((step - rising) / (num_steps - rising))


def constant(time: float) -> float:  # noqa: ARG001  the form of a shape
    """Always the rate itself."""
    return 1.0


def falling_steps(time: float) -> float:
    """A tenth of the rate from each of the places on."""
    return float(STEP_BY ** sum(time >= place for place in STEP_AT))


def cosine(time: float) -> float:
    """Half a cosine from 1 to 0."""
    return 0.5 * (1 + math.cos(math.pi * time))


def linear(time: float) -> float:
    """A straight line from 1 to 0."""
    return 1 - time


def one_cycle(time: float) -> float:
    """Half a cosine up to 1, another down to nearly nothing."""
    if time < CYCLE_PEAK_AT:
        return CYCLE_START + (1 - CYCLE_START) * (1 - cosine(time / CYCLE_PEAK_AT))
    return CYCLE_END + (1 - CYCLE_END) * cosine((time - CYCLE_PEAK_AT) / (1 - CYCLE_PEAK_AT))


SHAPES: dict[ScheduleName, Callable[[float], float]] = {
    "constant": constant,
    "step": falling_steps,
    "cosine": cosine,
    "one-cycle": one_cycle,
    "linear": linear,
    "plateau": constant,
}


@dataclass(slots=True)
class Plateau:
    """Lowers the rate when the loss stops falling; `share` is what is left of it."""

    share: float = 1.0
    lowest: float = math.inf
    waited: int = 0

    def note(self, loss: float) -> None:
        """Take in an epoch's loss.

        Examples
        --------
        >>> plateau = Plateau()
        >>> for loss in (1.0, 1.0, 1.0, 1.0):
        ...     plateau.note(loss)
        >>> plateau.share
        0.5
        """
        if loss < self.lowest * (1 - PLATEAU_GAIN):
            self.lowest, self.waited = loss, 0
            return
        self.waited += 1
        if self.waited > PLATEAU_PATIENCE:
            self.share, self.waited = self.share * PLATEAU_BY, 0
