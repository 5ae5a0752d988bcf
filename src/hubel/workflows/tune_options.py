"""What the user may choose of a search."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from hubel.core.errors import UsageError
from hubel.train.options import out_of_range
from hubel.train.recipes import FAST
from hubel.train.scratch import Scratch

NUM_TRIALS = 30
"""How many trials there are where neither their number nor a time is given."""
MOST_WORKERS = 64


@dataclass(frozen=True, slots=True)
class TuneOptions:
    """The options of ``hubel tune``.

    Parameters
    ----------
    over
        What is searched, such as ``lr=1e-4..1e-1``; empty for the usual space.
    trials
        How many trials the search has in the end, earlier ones included; None for as many as the budget allows, or 30.
    budget
        Seconds for the whole command, with the training of the best.
    workers
        How many trials run at the same time.
    out
        The run folder of the best; the search lies beside it, its name with ``-tune``.
    scratch
        The network and recipe that trials change.
    size
        The side of the input in pixels of networks trained from scratch.
    seed
        For all that is drawn; every trial trains with it.
    train_best
        Train the best in the end.
    """

    over: tuple[str, ...] = ()
    trials: int | None = None
    budget: float | None = None
    workers: int = 1
    out: Path | None = None
    scratch: Scratch = field(default_factory=lambda: Scratch(network="hubel_small", recipe=FAST))
    size: int | None = None
    seed: int = 0
    train_best: bool = True

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises
        ------
        UsageError
            When a value is out of its range.
        """
        if self.trials is not None and self.trials < 1:
            raise UsageError(out_of_range("--trials", str(self.trials), "1 or more", "1 이상"))
        if not 1 <= self.workers <= MOST_WORKERS:
            raise UsageError(
                out_of_range("--workers", str(self.workers), f"1 to {MOST_WORKERS}", f"1에서 {MOST_WORKERS}까지")
            )
