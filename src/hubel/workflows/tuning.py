"""`tune`: trials of settings on the same images, kept and pruned; then the best one trained and measured on images no trial saw."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from hubel.core.errors import HubelError, UsageError
from hubel.core.events import Event, Finished, Note, Started
from hubel.core.files import cache_root
from hubel.core.language import say
from hubel.core.rundir import safe_run_name
from hubel.data.cache import Cache
from hubel.data.names import shown
from hubel.data.sources import open_dataset
from hubel.models.registry import find_entry
from hubel.train.head import never
from hubel.train.options import TrainOptions
from hubel.train.space import read_space, usual_space
from hubel.train.study import Row, Study, ranked
from hubel.train.study_folder import check_optuna, open_study
from hubel.workflows.opening import called, open_source, source_name
from hubel.workflows.reading import Places
from hubel.workflows.searching import Ending, Limits, search
from hubel.workflows.training import train
from hubel.workflows.trial_material import Prepared, prepare
from hubel.workflows.tune_options import NUM_TRIALS, TuneOptions
from hubel.workflows.tune_outcome import command_of, data_for, options_of, write_outcome


@dataclass(frozen=True, slots=True)
class Tuned:
    """What came of a search.

    `rows` are its trials, the best first; `importance` are shares of 1; `command` trains the best; `run` is where that is,
    None where it was not trained, and `finished` what training it said, None where an earlier search has trained it.
    """

    folder: Path
    rows: tuple[Row, ...]
    importance: dict[str, float]
    command: str
    ended: Ending
    run: Path | None
    finished: Finished | None

    @property
    def best(self) -> Row:
        """The best trial."""
        return self.rows[0]


def tune(source: str, options: TuneOptions, *, stop: Callable[[], bool] = never) -> Iterator[Event | Tuned]:
    """Search, and train the best; the outcome comes last.

    Parameters
    ----------
    source
        A source of labelled images, as for `train`.
    options
        What the user chose.
    stop
        Asked all the time; once True, the search ends with what is there, and nothing more is trained.

    Raises
    ------
    HubelError
        When the data cannot be learned from, an extra is missing, or no trial came to its end.
    """
    started = time.monotonic()
    size = options.size or find_entry(options.scratch.network).input_shape[1]
    space = read_space(options.over) if options.over else usual_space(options.scratch, size)
    plan = TrainOptions(seed=options.seed, size=options.size, scratch=options.scratch, budget=options.budget)
    check_optuna()
    path = yield from open_source(source, stop=stop)
    if path != source:
        started = time.monotonic()  # the budget is for the search, not for fetching and unpacking
    dataset = open_dataset(path)
    if dataset.label_sets is not None:
        raise several_labels(len(dataset.classes))
    yield Started(dataset.root if path == source else called(source), len(dataset.examples), len(dataset.classes))
    root = cache_root()
    with Cache(root / "rows") as cache:
        prepared = yield from prepare(dataset, plan, space, Places(root, cache, stop))
    wanted = options.out or Path("runs") / safe_run_name(source_name(source))
    about = {
        "data_sha256": prepared.data_sha256, "space": space.record(), "size": size, "seed": options.seed,
        "scratch": options.scratch.model_dump(mode="json"),
    }  # fmt: skip
    with open_study(wanted.with_name(f"{wanted.name}-tune"), space, about, seed=options.seed) as study:
        if study.rows():
            yield resumed(study)
        study.begin_with([space.usual(strategy, options.scratch) for strategy in space.strategies])
        deadline = None if options.budget is None else started + options.budget
        trials = options.trials if options.trials or options.budget else NUM_TRIALS
        limits = Limits(trials, deadline, options.train_best, options.workers, stop)
        ended = yield from search(study, prepared.material, limits)
        rows = ranked(study.rows())
        if not rows or rows[0].state != "complete":
            raise nothing_done(ended, rows)
        tuned = Tuned(study.folder, tuple(rows), study.importance(), "", ended, None, None)
        write_outcome(study.folder, space, rows, tuned.importance)
        yield from trained_best(source, study, prepared, options, tuned, stop)


def trained_best(
    source: str, study: Study, prepared: Prepared, options: TuneOptions, tuned: Tuned, stop: Callable[[], bool]
) -> Iterator[Event | Tuned]:
    """Train the best trial unless it was, or the user wants to end; the outcome comes last."""
    best = tuned.best
    data = data_for(source, study.folder, prepared, str(best.settings["strategy"]))
    command = command_of(data, options, best)
    run, finished = study.trained(best.number), None
    if run is None and options.train_best and tuned.ended != "stopped":
        yield Note(f"Training the best: {shown(command)}", f"가장 좋은 설정으로 학습합니다: {shown(command)}", "step")
        for event in train(data, options_of(options, best, prepared), command=command, stop=stop):
            if isinstance(event, Finished):
                finished, run = event, event.folder
                study.note_trained(best.number, event.folder)
            else:
                yield event
    yield replace(tuned, command=command, run=run, finished=finished)


def resumed(study: Study) -> Note:
    """That an earlier search goes on."""
    number, folder = sum(row.state != "running" for row in study.rows()), study.folder
    return Note(
        f"Going on with the search in {folder}: {number} trials are there.",
        f"{folder} 의 탐색을 이어서 합니다: 시도 {number}번이 있습니다.",
        "step",
    )


def several_labels(number: int) -> UsageError:
    """The error for images that may have several classes."""
    return UsageError(
        say(
            en=f"Settings are searched for one class an image; {number} labels here can stand together. Use `hubel train`, which "
            "chooses by itself.",
            ko=f"설정 탐색은 이미지마다 클래스가 하나일 때만 할 수 있지만, 여기서는 레이블 {number}개가 함께 붙을 수 있습니다. 스스로 고르는 "
            "`hubel train`을 쓰세요.",
        )
    )


def nothing_done(ended: Ending, rows: list[Row]) -> HubelError:
    """The error for a search without a finished trial, with the reason of one that failed."""
    why = next((f" {row.reason}" for row in rows if row.reason), "")
    if ended == "budget" and not why:
        return HubelError(
            say(
                en="The time was over before a trial was. Give more with --budget, or shorter trials with --epochs; the same command "
                "goes on from here.",
                ko="시도가 하나도 끝나기 전에 시간이 다 되었습니다. --budget을 늘리거나 --epochs로 시도를 짧게 하세요. 같은 명령을 다시 실행하면 이어서 합니다.",
            )
        )
    return HubelError(
        say(
            en=f"None of {len(rows)} trials came to its end, so there is no best one.{why} Search among others with --over, or more of them "
            "with --trials; the same command goes on from here.",
            ko=f"시도 {len(rows)}번 가운데 끝까지 간 것이 없어 가장 좋은 것을 고를 수 없습니다.{why} --over로 다른 후보를 찾거나 --trials로 시도를 "
            "늘리세요. 같은 명령을 다시 실행하면 이어서 합니다.",
        )
    )
