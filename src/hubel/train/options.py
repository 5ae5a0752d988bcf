"""What the user may choose of a training run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hubel.core.answers import DEFAULT_REJECT, MOST_REJECTED
from hubel.core.card import Resize
from hubel.core.decision import Wish
from hubel.core.errors import UsageError
from hubel.core.language import say
from hubel.core.views import VIEWS
from hubel.data.label_sets import LabelReading
from hubel.train.fine import FineTuning
from hubel.train.scratch import Scratch
from hubel.train.team import ALONE, Team


@dataclass(frozen=True, slots=True)
class TrainOptions:
    """The options of ``hubel train``; None means chosen from the data, the machine and the budget.

    Parameters
    ----------
    out
        The run folder; ``runs/<name of the data>`` by default, with a number where it exists.
    model
        The base; see `models.backbone.open_backbone`.
    budget
        Seconds for the whole run; it ends by then with what it has.
    seed
        For the folds, the held-out part and the order of reading.
    views
        How many views an image is shown in, 1 to 4.
    size
        The side of the input in pixels.
    resize
        How pictures become squares.
    engine
        The engine to run the base on.
    at_least
        Promises of precision or recall.
    by
        Measure each group of images, too, that this column of the table names.
    reject
        The share of images of the known classes that may be called unknown; 0 calls none so.
    accept_error
        The share of images whose answer may lack the true class, so that doubtful ones get several; None names one always.
    labels
        Whether an image may have several classes, or none; auto asks the data.
    scratch
        How to train a network of one's own in place of a head on a base; None takes the base.
    tuning
        How to learn on top of the base with more than a head on the images as they are; None is that head alone.
    improve
        Spend what a budget leaves on learning on from the head; False where that head is what was asked for.
    hold_out
        Keep a fifth of the images to measure with, where the data have no test or validation part, in place of a
        cross-validation; what is trained at length always does.
    team
        Who trains it, led by this process; the others `workflows.follow`.
    """

    out: Path | None = None
    model: str = "efficientnet_lite0"
    budget: float | None = None
    seed: int = 0
    views: int | None = None
    size: int | None = None
    resize: Resize | Literal["auto"] = "auto"
    engine: str | None = None
    at_least: tuple[Wish, ...] = ()
    reject: float = DEFAULT_REJECT
    accept_error: float | None = None
    by: str | None = None
    labels: LabelReading = "auto"
    scratch: Scratch | None = None
    tuning: FineTuning | None = None
    improve: bool = True
    hold_out: bool = False
    team: Team = ALONE

    def __post_init__(self) -> None:
        """Refuse what cannot be.

        Raises
        ------
        UsageError
            When a value is out of its range.
        """
        if self.budget is not None and not self.budget > 0:
            raise UsageError(out_of_range("--budget", f"{self.budget:g}", "> 0, 60s, 5m", "> 0, 60s, 5m"))
        if self.views is not None and not 1 <= self.views <= len(VIEWS):
            raise UsageError(out_of_range("--views", str(self.views), f"1 to {len(VIEWS)}", f"1에서 {len(VIEWS)}까지"))
        if self.size is not None and not (8 if self.scratch else 32) <= self.size <= 1024:
            raise UsageError(out_of_range("--size", str(self.size), "32 to 1024 pixels", "32에서 1024픽셀까지"))
        if not 0 <= self.reject < MOST_REJECTED:
            raise UsageError(out_of_range("--reject", f"{self.reject:g}", "0% to 50%", "0%에서 50%까지"))
        if self.accept_error is not None and not 0 < self.accept_error < 1:
            raise UsageError(out_of_range("--accept-error", f"{self.accept_error:g}", "2%, 5%", "2%, 5%"))
        if self.seed < 0:
            raise UsageError(out_of_range("--seed", str(self.seed), "0 or more", "0 이상"))


def out_of_range(option: str, value: str, allowed_en: str, allowed_ko: str) -> str:
    """The message for a value that an option does not take."""
    text_en = f"{option} does not take {value}. Choose: {allowed_en}."
    text_ko = f"{option} 값으로 {value} 을(를) 쓸 수 없습니다. 가능한 값: {allowed_ko}."
    return say(en=text_en, ko=text_ko)
