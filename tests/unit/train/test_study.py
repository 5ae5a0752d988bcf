"""A search in its folder: what is proposed, what is kept, that stopping changes nothing, and who may work on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from hubel.core.errors import DataError, UsageError
from hubel.core.events import EpochDone
from hubel.train.space import Space, read_space
from hubel.train.strategies import Score, Settings
from hubel.train.study import Study, ranked
from hubel.train.study_folder import DATABASE, open_study

SPACE = read_space(["strategy=features,scratch", "lr=1e-4..1e-1", "width=16,32,64"])
FIRST: list[dict[str, str | int | float]] = [{"strategy": "features"}, {"strategy": "scratch", "lr": 0.01, "width": 32}]


def epoch(number: int, accuracy: float) -> EpochDone:
    return EpochDone(number, 4, 0.1, 1.0, 0.5, 1.0, accuracy, is_best=True, seconds=1.0)


def quality(settings: Settings) -> float:
    """A landscape: the base is good, wide networks at high rates are better."""
    if settings["strategy"] == "features":
        return 0.8
    return 0.5 + 0.005 * float(settings["width"]) + float(settings.get("lr", 0))


def run_trials(study: Study, number: int) -> list[Settings]:
    """So many trials, each with four epochs unless it is pruned."""
    tried = []
    for _ in range(number):
        job = study.next_job()
        assert job is not None
        tried.append(job.settings)
        value = quality(job.settings)
        if any(study.must_prune(job.number, epoch(step, value * step / 4)) for step in (1, 2, 3, 4)):
            study.prune(job.number, 2.0)
        else:
            study.complete(job.number, Score(value, 1 - value), 4.0)
    return tried


def test_a_search_that_was_killed_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    with open_study(tmp_path / "whole", SPACE, {}, seed=3) as study:
        study.begin_with(FIRST)
        whole = run_trials(study, 14)
        rows = study.rows()
    with open_study(tmp_path / "killed", SPACE, {}, seed=3) as study:
        study.begin_with(FIRST)
        before = run_trials(study, 7)
        assert study.next_job() is not None  # and its process dies
    with open_study(tmp_path / "killed", SPACE, {}, seed=3) as study:
        study.begin_with(FIRST)
        assert [*before, *run_trials(study, 7)] == whole
        assert study.rows() == rows


def test_another_seed_tries_something_else(tmp_path: Path) -> None:
    found = []
    for seed in (0, 1):
        with open_study(tmp_path / str(seed), SPACE, {}, seed=seed) as study:
            found.append(run_trials(study, 3))
    assert found[0] != found[1]


def test_what_has_nothing_to_search_is_tried_once(tmp_path: Path) -> None:
    with open_study(tmp_path / "search", SPACE, {}, seed=0) as study:
        study.begin_with(FIRST)
        tried = run_trials(study, 12)
    assert [settings["strategy"] for settings in tried].count("features") == 1
    assert len({tuple(settings.items()) for settings in tried}) == 12


def test_every_combination_of_candidates_is_tried_and_then_there_is_none(tmp_path: Path) -> None:
    space = read_space(["strategy=features,scratch", "width=16,32,64", "augment=none,mirrored"])
    with open_study(tmp_path / "search", space, {}, seed=0) as study:
        tried = run_trials(study, 7)
        assert len({tuple(settings.items()) for settings in tried}) == 7
        assert study.next_job() is None


def test_trials_that_fall_behind_are_pruned_and_stand_behind_the_others(tmp_path: Path) -> None:
    with open_study(tmp_path / "search", SPACE, {}, seed=0) as study:
        run_trials(study, 20)
        rows = ranked(study.rows())
    states = [row.state for row in rows]
    assert "pruned" in states
    assert states == sorted(states)
    assert rows[0].accuracy == max(row.accuracy or 0 for row in rows)


def test_a_trial_is_measured_against_those_of_its_own_strategy(tmp_path: Path) -> None:
    space = read_space(["strategy=finetune,scratch", "lr=1e-3..1e-1", "fine_lr=1e-4..1e-2"])
    with open_study(tmp_path / "search", space, {}, seed=0) as study:
        study.begin_with([{"strategy": "finetune", "fine_lr": rate} for rate in (1e-3, 2e-3, 3e-3, 4e-3, 5e-3, 6e-3)])
        for _ in range(6):
            job = study.next_job()
            assert job is not None
            assert not any(study.must_prune(job.number, epoch(step, 0.9)) for step in (1, 2))
            study.complete(job.number, Score(0.9, 0.1), 1.0)
        study.optuna.enqueue_trial({"strategy": "scratch", "lr": 0.01})
        study.optuna.enqueue_trial({"strategy": "finetune", "fine_lr": 7e-3})
        pruned = []
        for _ in range(2):
            job = study.next_job()
            assert job is not None
            pruned.append(any(study.must_prune(job.number, epoch(step, 0.5)) for step in (1, 2)))
    assert pruned == [False, True]


def test_failed_trials_stand_last_with_their_reason_and_are_not_tried_again(tmp_path: Path) -> None:
    space = read_space(["depth=1,12"])
    with open_study(tmp_path / "search", space, {}, seed=0) as study:
        study.begin_with([{"depth": 12}])
        first = study.next_job()
        assert first is not None
        study.fail(first.number, "12 is too deep.", 0.1)
        second = study.next_job()
        assert second is not None
        study.complete(second.number, Score(0.5, 1.0), 1.0)
        assert study.next_job() is None
    with open_study(tmp_path / "search", space, {}, seed=0) as study:
        rows = ranked(study.rows())
    assert [(row.state, row.settings["depth"], row.reason) for row in rows] == [
        ("complete", 1, ""),
        ("failed", 12, "12 is too deep."),
    ]


def test_among_equals_the_lower_loss_is_the_better(tmp_path: Path) -> None:
    with open_study(tmp_path / "search", SPACE, {}, seed=0) as study:
        for loss in (0.5, 0.2, 0.4):
            job = study.next_job()
            assert job is not None
            study.complete(job.number, Score(0.9, loss), 1.0)
        assert [row.number for row in ranked(study.rows())] == [2, 3, 1]


def test_the_setting_that_decides_is_the_most_important(tmp_path: Path) -> None:
    space = read_space(["lr=1e-4..1e-1", "dropout=0..0.5"])
    with open_study(tmp_path / "search", space, {}, seed=0) as study:
        for _ in range(24):
            job = study.next_job()
            assert job is not None
            study.complete(job.number, Score(float(job.settings["lr"]) * 5, 1.0), 1.0)
        importance = study.importance()
    assert list(importance) == ["lr", "dropout"]
    assert sum(importance.values()) == pytest.approx(1)
    assert importance["lr"] > 0.7


def test_trials_that_are_all_alike_tell_nothing_of_importance(tmp_path: Path) -> None:
    with open_study(tmp_path / "search", SPACE, {}, seed=0) as study:
        for _ in range(3):
            job = study.next_job()
            assert job is not None
            study.complete(job.number, Score(0.9, 0.5), 1.0)
        assert study.importance() == {}


def test_a_search_of_something_else_gets_a_folder_of_its_own(tmp_path: Path) -> None:
    names = []
    for about in ({"data": "pets"}, {"data": "cars"}, {"data": "pets"}):
        with open_study(tmp_path / "search", SPACE, about, seed=0) as study:
            names.append(study.folder.name)
    assert names == ["search", "search-2", "search"]


def test_only_one_process_works_on_a_search(tmp_path: Path) -> None:
    with open_study(tmp_path / "search", SPACE, {}, seed=0), pytest.raises(UsageError, match="Another process"):
        enter(tmp_path / "search", SPACE)
    enter(tmp_path / "search", SPACE)


def test_a_damaged_database_is_said(tmp_path: Path) -> None:
    enter(tmp_path / "search", SPACE)
    (tmp_path / "search" / DATABASE).write_bytes(b"not a database" * 100)
    with pytest.raises(DataError, match="cannot be read"):
        enter(tmp_path / "search", SPACE)


@pytest.mark.parametrize("name", ["a {b} c", "what?", "50%", "하늘 # 1"])
def test_a_folder_of_any_name_will_do(tmp_path: Path, name: str) -> None:
    enter(tmp_path / name, SPACE)
    assert (tmp_path / name / DATABASE).is_file()


def enter(folder: Path, space: Space) -> None:
    """Open a search and close it."""
    with open_study(folder, space, {}, seed=0):
        pass
