"""Two runs that should be one: what is the same, what differs, and the likely reason."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from hubel.core.card import Card, read_card
from hubel.core.errors import MissingExtraError, ModelError
from hubel.core.language import say
from hubel.core.rundir import CARD, WEIGHTS
from hubel.data.ledger_file import LEDGER, LedgerRow, read_ledger
from hubel.data.names import shown
from hubel.data.own_tables import unescape_name
from hubel.data.split_file import read_split_csv

Verdict = Literal["identical", "close", "data", "model"]
"""All the same to the bit; other weights that say the same within the tolerance; other data; another model."""
Reason = tuple[str, str]
"""In English and in Korean."""
FIGURES = ("accuracy", "balanced_accuracy", "macro_f1", "log_loss", "ece")


@dataclass(frozen=True, slots=True)
class DataDifference:
    """How the files differ, as names.

    `renamed` pairs the old name with the new; `moved` have another label, part or group; `refused` could be read by one of
    the runs only.
    """

    same_hash: bool
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    renamed: tuple[tuple[str, str], ...] = ()
    moved: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        """Whether both runs were given the same contents with the same labels, whatever the files are called."""
        return self.same_hash and not self.moved


@dataclass(frozen=True, slots=True)
class Change:
    """Something that has one value in the run and another in the one made again."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Differences:
    """What differs between a run and the one made again.

    `weights_difference` is the largest of any weight, relative to the largest weight; None where the heads have other
    shapes. Of `num_predictions` images judged by both, `num_changed` got another class; `probability_difference` is the
    largest change of the probability of the true class.
    """

    verdict: Verdict
    data: DataDifference
    surroundings: tuple[Change, ...]
    weights_identical: bool
    weights_difference: float | None
    num_predictions: int
    num_changed: int
    probability_difference: float
    figures: tuple[Change, ...]
    reasons: tuple[Reason, ...]


def differences(run: Path, again: Path, *, tolerance: float) -> Differences:
    """Compare a run with the one made again.

    Parameters
    ----------
    run, again
        The run folders.
    tolerance
        The share of predictions that may change, and by which accuracy may, for a model to count as the same.

    Raises
    ------
    ModelError
        When either lacks a file that is compared.
    """
    cards = read_card(run / CARD), read_card(again / CARD)
    data = data_difference(cards, read_ledger(run / LEDGER), read_ledger(again / LEDGER))
    identical, weights = weights_difference(run, again)
    before, after = judged(run), judged(again)
    common = [name for name in before if name in after]
    changed = sum(before[name][0] != after[name][0] for name in common)
    probability = max((float(np.abs(before[name][1] - after[name][1]).max()) for name in common), default=0.0)
    gap = abs(cards[0].metrics.accuracy - cards[1].metrics.accuracy)
    verdict: Verdict = "model"
    if not data.same:
        verdict = "data"
    elif identical and not changed:
        verdict = "identical"
    elif common and weights is not None and changed <= tolerance * len(common) and gap <= tolerance:
        verdict = "close"
    surroundings = tuple(surrounding_changes(*cards))
    reasons = () if verdict == "identical" else tuple(likely_reasons(data, surroundings))
    figures = tuple(figure_changes(*cards))
    return Differences(
        verdict, data, surroundings, identical, weights, len(common), changed, probability, figures, reasons
    )


def data_difference(
    cards: tuple[Card, Card], before: Sequence[LedgerRow], after: Sequence[LedgerRow]
) -> DataDifference:
    """How the files of two ledgers differ; those that were not reached count for neither."""
    old, new = ({plain_name(row): row for row in rows if row.status != "unread"} for rows in (before, after))
    gone = [name for name in old if name not in new]
    by_content = {new[name].sha256: name for name in new if name not in old and new[name].sha256}
    renamed = tuple((name, by_content.pop(old[name].sha256)) for name in gone if old[name].sha256 in by_content)
    from_names, to_names = {name for name, _ in renamed}, {name for _, name in renamed}
    pairs = [(name, name) for name in old if name in new] + list(renamed)
    return DataDifference(
        same_hash=cards[0].provenance.data_sha256 == cards[1].provenance.data_sha256,
        added=tuple(name for name in new if name not in old and name not in to_names),
        removed=tuple(name for name in gone if name not in from_names),
        changed=tuple(name for name, other in pairs if old[name].sha256 != new[other].sha256),
        renamed=renamed,
        moved=tuple(name for name, other in pairs if place_of(old[name]) != place_of(new[other])),
        refused=tuple(name for name, other in pairs if old[name].status != new[other].status),
    )


def plain_name(row: LedgerRow) -> str:
    """A file's name in one spelling: disks differ in the Unicode form that they give (NFC, NFD)."""
    return unicodedata.normalize("NFC", row.file)


def place_of(row: LedgerRow) -> tuple[str, str, str]:
    """What the data set says of a file; nothing of its part where it was not used."""
    return row.label, row.part if row.status == "used" else "", row.group


def weights_difference(run: Path, again: Path) -> tuple[bool, float | None]:
    """Whether the heads are equal to the bit, and how far apart they are."""
    old, new = read_head(run / WEIGHTS), read_head(again / WEIGHTS)
    if {name: array.shape for name, array in old.items()} != {name: array.shape for name, array in new.items()}:
        return False, None
    identical = all(np.array_equal(old[name], new[name]) for name in old)
    largest = max(float(np.abs(array).max()) for array in old.values())
    furthest = max(float(np.abs(old[name].astype(np.float64) - new[name]).max()) for name in old)
    return identical, furthest / max(largest, 1e-12)


def read_head(path: Path) -> dict[str, np.ndarray]:
    """The tensors of `weights.safetensors`.

    Raises
    ------
    ModelError
        When the file is missing or damaged.
    """
    try:
        from safetensors import SafetensorError
        from safetensors.numpy import load_file
    except ImportError as error:
        raise MissingExtraError("safetensors", "train") from error
    try:
        return dict(load_file(path))
    except (OSError, SafetensorError) as error:
        raise damaged(path, str(error)) from error


def judged(run: Path) -> dict[str, tuple[str, np.ndarray]]:
    """Of every image that a run was measured on, by name: the answer it was given, and the probabilities beside it."""
    used = [plain_name(row) for row in read_ledger(run / LEDGER) if row.status == "used"]
    split = read_split_csv(run / "split.csv")
    if len(split) != len(used):
        raise damaged(run / "split.csv", f"{len(split)} != {len(used)} (ledger.csv)")
    names = {row.file: name for row, name in zip(split, used, strict=True)}
    path = run / "predictions.csv"
    try:
        with path.open(encoding="utf-8", newline="") as opened:
            rows = list(csv.DictReader(opened, strict=True))
        return {
            names[unescape_name(row["file"])]: (
                row["predicted"],
                np.array([float(value) for column, value in row.items() if column.startswith("probability")]),
            )
            for row in rows
        }
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
        raise damaged(path, str(error)) from error


def surrounding_changes(before: Card, after: Card) -> Iterator[Change]:
    """What else than the data may change a model: versions, machine, engine, base."""
    old, new = before.provenance, after.provenance
    for name in sorted({*old.versions, *new.versions}):
        if old.versions.get(name) != new.versions.get(name):
            yield Change(name, old.versions.get(name, "–"), new.versions.get(name, "–"))
    for name, one, other in (
        ("engine", old.engine, new.engine),
        ("machine", old.machine, new.machine),
        ("base", before.base.sha256[:16], after.base.sha256[:16]),
    ):
        if one != other:
            yield Change(name, one, other)


def figure_changes(before: Card, after: Card) -> Iterator[Change]:
    """The figures of both runs, whether they differ or not."""
    for name in FIGURES:
        yield Change(name, f"{getattr(before.metrics, name):.4f}", f"{getattr(after.metrics, name):.4f}")
    yield Change("temperature", f"{before.temperature:.4f}", f"{after.temperature:.4f}")
    yield Change("regularisation", f"{before.regularisation:g}", f"{after.regularisation:g}")


def likely_reasons(data: DataDifference, surroundings: Sequence[Change]) -> Iterator[Reason]:
    """Why the model may differ, the likeliest first."""
    if not data.same:
        yield (
            "The data are not the same: see which files below.",
            "데이터가 같지 않습니다. 아래에서 어느 파일인지 보세요.",
        )
    if data.same and data.refused:
        yield (
            "Some files could be read by one of the runs only.",
            "일부 파일은 두 실행 가운데 한쪽에서만 읽을 수 있었습니다.",
        )
    if data.same and data.renamed:
        yield (
            "Files have other names, so they come in another order and fall into other folds.",
            "파일 이름이 달라 순서가 바뀌고, 따라서 다른 겹에 들어갑니다.",
        )
    names = {change.name for change in surroundings}
    if "base" in names:
        yield ("The base has other weights.", "기반 모델의 가중치가 다릅니다.")
    if names & {"engine", "machine"}:
        yield (
            "Another engine or processor rounds differently, so features differ a little.",
            "엔진이나 프로세서가 다르면 반올림이 달라 특징값이 조금 달라집니다.",
        )
    versions = ", ".join(sorted(names - {"base", "engine", "machine"}))
    if versions:
        yield (f"Other versions: {versions}.", f"버전이 다릅니다: {versions}.")
    if data.same and not data.refused and not data.renamed and not names:
        yield (
            "Nothing that hubel records explains it. Please report this.",
            "hubel이 기록한 것으로는 설명되지 않습니다. 개발자에게 알려 주세요.",
        )


def damaged(path: Path, reason: str) -> ModelError:
    """A file of a run folder cannot be used."""
    file, why = shown(str(path)), shown(reason)
    return ModelError(
        say(
            en=f"{file} cannot be used: {why}. Restore the run folder, or train again.",
            ko=f"{file} 파일을 쓸 수 없습니다: {why}. 실행 폴더를 복원하거나 다시 학습하세요.",
        )
    )
