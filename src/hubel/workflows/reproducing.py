"""`reproduce`: a run made again from its own record, and what came out the same."""

from __future__ import annotations

import tempfile
import tomllib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hubel.core.card import Card, read_card
from hubel.core.decision import Wish
from hubel.core.errors import DataError, ModelError
from hubel.core.events import Event, Finished, Note
from hubel.core.language import say
from hubel.core.rundir import CARD, find_run
from hubel.data.dataset import Dataset
from hubel.data.ledger_file import LEDGER, LedgerRow, read_ledger
from hubel.data.names import shown
from hubel.data.network import is_url
from hubel.data.own_tables import unescape_name
from hubel.runtime.engines import ENGINE_NAMES, available_engines, installed
from hubel.train.fine import FineTuning
from hubel.train.options import TrainOptions
from hubel.train.scratch import Scratch
from hubel.workflows.differing import Differences, differences
from hubel.workflows.ledger import names_in_ledger
from hubel.workflows.training import train

CONFIG = "config.toml"
TOLERANCE = 0.01
"""The share of predictions that may change, and by which accuracy may, for a model to count as the same."""


@dataclass(frozen=True, slots=True)
class Reproduction:
    """A run and the one made again; `again` has gone when the folder was a temporary one and `kept` is False."""

    run: Path
    again: Path
    kept: bool
    differences: Differences


@dataclass(frozen=True, slots=True)
class ReproduceOptions:
    """The options of ``hubel reproduce``.

    Parameters
    ----------
    data
        Where the data are now; None takes the place that the run names.
    out
        The folder for the new run; None makes a temporary one.
    tolerance
        The share of predictions that may change, and by which accuracy may.
    from_cache
        Take pixels and features that earlier runs kept: quicker, but then reading and the base are not tried again.
    """

    data: str | None = None
    out: Path | None = None
    tolerance: float = TOLERANCE
    from_cache: bool = False


def reproduce(run: Path, options: ReproduceOptions, *, command: str = "") -> Iterator[Event | Reproduction]:
    """Train again as a run's card and settings say, and compare; the comparison comes last.

    Files that the run had not reached when it ended early are left out again, so such runs can be reproduced too.

    Parameters
    ----------
    run
        A run folder.
    options
        What the user chose.
    command
        The command line, for the new card.

    Raises
    ------
    ModelError
        When the run lacks what it would be made again from.
    DataError
        When its data are not there, or cannot be learned from any more.
    """
    folder = find_run(run)
    card, settings, rows = read_card(folder / CARD), read_settings(folder), read_ledger(folder / LEDGER)
    source = options.data or find_source(settings, folder)
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hubel-reproduce-")))
        again = options.out or scratch / folder.name
        chosen, notes = options_of(card, settings, again)
        yield from notes
        rows_folder = None if options.from_cache else scratch / "rows"
        select = without_unread(rows)
        for event in train(source, chosen, command=command, select=select, rows=rows_folder):
            if isinstance(event, Finished):
                again = event.folder
            else:
                yield event
        found = differences(folder, again, tolerance=options.tolerance)
    yield Reproduction(folder, again, options.out is not None, found)


def read_settings(folder: Path) -> dict[str, Any]:
    """A run's `config.toml`.

    Raises
    ------
    ModelError
        When it is missing or damaged.
    """
    try:
        return tomllib.loads((folder / CONFIG).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        file, reason = shown(str(folder / CONFIG)), shown(str(error))
        raise ModelError(
            say(
                en=f"The settings {file} cannot be read: {reason}. Without them the run cannot be made again; restore the file.",
                ko=f"설정 파일 {file} 을 읽을 수 없습니다: {reason}. 설정이 없으면 다시 만들 수 없으니 파일을 복원하세요.",
            )
        ) from error


def find_source(settings: dict[str, Any], folder: Path) -> str:
    """The data as the user called them then: from here, else from a folder above the run, else the name of a set.

    Raises
    ------
    DataError
        When there is nothing of that name.
    """
    source = unescape_name(str(settings.get("source", "")))
    if source and is_url(source):
        return source
    for place in (Path.cwd(), *folder.resolve().parents):
        if source and (place / Path(source).expanduser()).exists():
            return source if place == Path.cwd() else str(place / source)
    if source and "/" not in source and "." not in source:
        return source  # a named set, or training says what is missing
    value = shown(source) or "-"
    raise DataError(
        say(
            en=f"The data of this run are not here: {value}. Say where they are with --data.",
            ko=f"이 실행의 데이터가 여기에 없습니다: {value}. --data로 위치를 지정하세요.",
        )
    )


def options_of(card: Card, settings: dict[str, Any], out: Path) -> tuple[TrainOptions, list[Note]]:
    """The options that give the same run: what was chosen then is named now. No budget; its outcome is named instead."""
    engine, notes = card.provenance.engine, []
    if not can_run(engine):
        here = ", ".join(available_engines())
        notes.append(
            Note(
                f"The engine {engine} is not on this machine ({here} are): features will differ by rounding.",
                f"이 컴퓨터에는 엔진 {engine} 이(가) 없습니다(있는 것: {here}). 특징값이 반올림만큼 달라집니다.",
            )
        )
    promises = card.decision.promises if card.decision else ()
    named = TrainOptions(
        out=out,
        model=str(settings.get("model", card.base.name)),
        seed=card.provenance.seed,
        views=len(card.views),
        size=card.image.size,
        resize=card.image.resize,
        engine=None if notes else engine,
        at_least=tuple(Wish(promise.measure, promise.class_name, promise.at_least) for promise in promises),
        reject=card.unknown.reject if card.unknown else float(settings.get("reject", 0)),
        accept_error=settings.get("accept_error"),
        by=settings.get("by"),
        labels=settings.get("labels", "auto"),
        scratch=Scratch.model_validate_json(settings["scratch"]) if "scratch" in settings else None,
        tuning=FineTuning.model_validate_json(settings["tuning"]) if "tuning" in settings else None,
        hold_out=bool(settings.get("hold_out")),
    )
    return named, notes


def without_unread(rows: tuple[LedgerRow, ...]) -> Callable[[Dataset], Dataset]:
    """What takes the files out of a data set that the ledger says were not reached."""
    unread = {row.file for row in rows if row.status == "unread"}

    def select(dataset: Dataset) -> Dataset:
        if not unread:
            return dataset
        names = names_in_ledger([example.path for example in dataset.examples], dataset.root)
        kept = (example for name, example in zip(names, dataset.examples, strict=True) if name not in unread)
        return replace(dataset, examples=tuple(kept))

    return select


def can_run(engine: str) -> bool:
    """Whether an engine is on this machine; of one that is not among the usual ones, opening it will tell."""
    slower_here = engine == "openvino-f32" and installed("openvino")
    return engine not in ENGINE_NAMES or engine in available_engines() or slower_here
