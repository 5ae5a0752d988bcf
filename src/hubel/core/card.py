"""The card: everything a runtime must know to treat an image as training did, and everything a reader must know to judge the model."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationError

from hubel.core.answers import AnswerFigures, SetLimit, UnknownLimit
from hubel.core.decision import Balance, Calibration, Decision
from hubel.core.errors import ModelError
from hubel.core.frozen import Frozen
from hubel.core.groups import GroupReport
from hubel.core.language import say
from hubel.core.leak import Leak, LeakTax
from hubel.core.learning import Learning
from hubel.core.ledger import LedgerSummary
from hubel.core.multi_label import MultiLabelMetrics
from hubel.core.origin import SourceInfo

Task = Literal["multi-class", "multi-label"]
"""Whether every image has exactly one of the classes, or any number of them, also none."""
Resize = Literal["crop", "pad", "squash"]
"""How a picture of any shape becomes a square: cut the longer side, fill the shorter, or change the aspect."""

CARD_VERSION = 1
MOST_BYTES = 2**28
"""No card is larger; what is, is not read."""


def all_different(names: tuple[str, ...]) -> tuple[str, ...]:
    """The names, unless one stands there twice."""
    if len(set(names)) < len(names):
        raise ValueError("names must differ")
    return names


class ImageSpec(Frozen):
    """How any picture becomes the network's input: an upright RGB square of `size` pixels, uint8.

    Scaling to the base's range happens inside the exported graph, never outside.
    """

    size: int = Field(ge=8, le=2048)
    resize: Resize
    filter: Literal["bilinear"] = "bilinear"


class ClassMetrics(Frozen):
    """One class's share of the report."""

    name: str
    precision: float
    recall: float
    f1: float
    support: int
    ece: float | None = None
    precision_interval: tuple[float, float] | None = None
    recall_interval: tuple[float, float] | None = None
    f1_interval: tuple[float, float] | None = None


class Metrics(Frozen):
    """What was measured on images the model had not learned from.

    `accuracy_interval` is the 95 % interval; `log_loss` in nats; `brier` the sum over classes, mean over images; `ece` with `num_bins` equal-width bins,
    `ece_corrected` without its upward bias, which few images make large, `ece_interval` the 95 % interval of that. A class's
    `ece` is that of its own probability. Each `…_interval` is a 95 % interval, None where nothing was measured or in a card of
    before; they count the images of one group for less, `num_groups` of which there were, and folds that share images. `leak`
    says that the model has learned from copies of some of the images after all.
    """

    protocol: Literal["test", "validation", "cross-validation", "holdout"]
    num_images: int
    accuracy: float
    accuracy_interval: tuple[float, float]
    balanced_accuracy: float
    macro_precision: float
    macro_recall: float
    macro_f1: float
    weighted_precision: float
    weighted_recall: float
    weighted_f1: float
    log_loss: float
    brier: float
    ece: float
    ece_corrected: float | None = None
    ece_interval: tuple[float, float] | None = None
    balanced_accuracy_interval: tuple[float, float] | None = None
    macro_precision_interval: tuple[float, float] | None = None
    macro_f1_interval: tuple[float, float] | None = None
    log_loss_interval: tuple[float, float] | None = None
    brier_interval: tuple[float, float] | None = None
    num_groups: int | None = None
    by: GroupReport | None = None
    leak: Leak | None = None
    per_class: tuple[ClassMetrics, ...]
    confusion: tuple[tuple[int, ...], ...]


class BaseInfo(Frozen):
    """The pretrained base under the head."""

    name: str
    source: str
    sha256: str
    licence: str
    num_features: int


class Provenance(Frozen):
    """What made this model, so that it can be made again; `num_seen` images were read, `num_unread` left when reading was ended early."""

    created: str
    command: str
    seed: int
    data_sha256: str
    num_train: int
    num_seen: int = 0
    num_unread: int = 0
    versions: dict[str, str]
    machine: str
    engine: str


class Card(Frozen):
    """`card.json`: the one description that travels with the weights.

    With the task multi-label, `metrics` has no confusion matrix and its accuracy is the share of images with every label right;
    `labels` says more, and `label_thresholds` (k) are the probabilities from which on each label is given.
    """

    version: int = CARD_VERSION
    classes: Annotated[tuple[str, ...], Field(min_length=2), AfterValidator(all_different)]
    image: ImageSpec
    base: BaseInfo
    views: tuple[str, ...]
    temperature: float = Field(gt=0)
    regularisation: float
    metrics: Metrics
    provenance: Provenance
    unknown_threshold: float | None = None
    source: SourceInfo | None = None
    calibration: Calibration | None = None
    balance: Balance | None = None
    decision: Decision | None = None
    unknown: UnknownLimit | None = None
    sets: SetLimit | None = None
    answers: AnswerFigures | None = None
    leak_tax: LeakTax | None = None
    ledger: LedgerSummary | None = None
    task: Task = "multi-class"
    label_thresholds: tuple[float, ...] = ()
    labels: MultiLabelMetrics | None = None
    learning: Learning | None = None


def answering_metadata(card: Card) -> dict[str, str]:
    """What the graph's metadata say of calibration, decision and limits, in the card's words; nothing where the card is silent."""
    records: dict[str, Frozen | None] = {
        "calibration": card.calibration, "balance": card.balance, "decision": card.decision,
        "unknown": card.unknown, "sets": card.sets,
    }  # fmt: skip
    said = {name: record.model_dump_json() for name, record in records.items() if record is not None}
    return said | ({"label_thresholds": json.dumps(card.label_thresholds)} if card.task == "multi-label" else {})


def read_card(path: Path) -> Card:
    """Read and check `card.json`.

    Raises
    ------
    ModelError
        When the file is missing, is not a card, or comes from a newer hubel.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))
        text = path.read_text(encoding="utf-8")
        card = Card.model_validate_json(text)
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(
            say(
                en=f"No model card could be read at {path}: {error}. Give the folder that `hubel train` wrote, for example runs/pets.",
                ko=f"{path} 에서 모델 카드를 읽을 수 없습니다: {error}. `hubel train`이 만든 폴더(예: runs/pets)를 지정하세요.",
            )
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "json"
        raise ModelError(
            say(
                en=f"The model card {path} is damaged or from another version: {place}: {first['msg']}. Train again, or restore the file.",
                ko=f"모델 카드 {path} 가 손상되었거나 다른 버전입니다: {place}: {first['msg']}. 다시 학습하거나 파일을 복원하세요.",
            )
        ) from error
    if card.version > CARD_VERSION:
        raise ModelError(
            say(
                en=f"The model card {path} has version {card.version}; this hubel reads up to {CARD_VERSION}. Run: pip install --upgrade hubel",
                ko=f"모델 카드 {path} 의 버전은 {card.version}이고, 이 hubel은 {CARD_VERSION}까지 읽습니다. 실행하세요: pip install --upgrade hubel",
            )
        )
    return card
