"""What a long job says while it runs. The command line prints events, the studio will stream them, tests read them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

Weight = Literal["step", "choice", "warning"]


@dataclass(frozen=True, slots=True)
class Started:
    """The job knows its data."""

    data: str
    num_images: int
    num_classes: int


@dataclass(frozen=True, slots=True)
class Note:
    """Something was chosen or noticed, in both languages.

    A ``step`` is only news of the moment, a ``choice`` stands in the report, and a ``warning`` stands there before everything
    else: what it says makes the figures, or the model, worth less than they look.
    """

    en: str
    ko: str
    weight: Weight = "choice"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a stage is; `seconds_left` is for the whole job, None before there is a measure."""

    stage: str
    done: int
    total: int
    seconds_left: float | None


@dataclass(frozen=True, slots=True)
class StageDone:
    """A stage ended."""

    stage: str
    seconds: float


@dataclass(frozen=True, slots=True)
class StepDone:
    """A batch was learned from: its mean loss and share of right answers before the update. Steps count from 1 over all epochs."""

    epoch: int
    step: int
    num_steps: int
    loss: float
    accuracy: float
    learning_rate: float


@dataclass(frozen=True, slots=True)
class EpochDone:
    """Every training image was seen once more; the validation figures are None where nothing was validated.

    `loss` and `accuracy` are means over the epoch, of augmented images and weights that were still changing. `is_best` tells that
    this epoch's weights are now the ones that will be kept.
    """

    epoch: int
    num_epochs: int
    learning_rate: float
    loss: float
    accuracy: float
    validation_loss: float | None
    validation_accuracy: float | None
    is_best: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class Checkpointed:
    """From here on a killed training can go on."""

    path: Path
    epoch: int
    step: int


@dataclass(frozen=True, slots=True)
class TrialDone:
    """A trial of a search ended. `accuracy` on the tuning images is None of one that failed before it had any.

    `pruned` tells that it was ended after `epochs` because it lay behind; `failure` is why it could not be brought to its end,
    empty where it could; `best` is the best accuracy so far, of
    the trial `best_number`, None before there is one. `num_trials` is None where time alone ends the search.
    """

    number: int
    num_trials: int | None
    settings: Mapping[str, str | int | float]
    accuracy: float | None
    pruned: bool
    epochs: int
    best: float | None
    best_number: int | None
    seconds: float
    seconds_left: float | None
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Finished:
    """The run folder stands; `num_unread` images were left when reading was ended early."""

    folder: Path
    accuracy: float
    accuracy_interval: tuple[float, float]
    protocol: str
    num_measured: int
    num_set_aside: int
    seconds: float
    num_unread: int = 0


Event = Started | Note | Progress | StageDone | StepDone | EpochDone | Checkpointed | TrialDone | Finished


def event_record(event: Event) -> dict[str, Any]:
    """The event as JSON types, its kind under ``event``.

    Examples
    --------
    >>> event_record(StageDone("learn", 1.5))
    {'event': 'StageDone', 'stage': 'learn', 'seconds': 1.5}
    """
    fields = {key: str(value) if isinstance(value, Path) else value for key, value in asdict(event).items()}
    return {"event": type(event).__name__, **fields}
