"""`hubel tune`: a search by the real command, in processes of their own."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from hubel.cli.progress import event_line
from hubel.core.card import read_card
from hubel.core.events import TrialDone
from support import run_hubel

if TYPE_CHECKING:
    from cli.conftest import Hubel

TINY = ("--size", "16", "--epochs", "3")
SPACE = ("--over", "lr=1e-3..1e-1", "--over", "width=4,8", "--over", "depth=1,2")


@pytest.fixture(scope="session")
def colours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty noisy squares each of red, green and blue, 16 × 16."""
    folder, noise = tmp_path_factory.mktemp("data") / "colours", np.random.default_rng(0)
    for channel, name in enumerate(("blue", "green", "red")):
        (folder / name).mkdir(parents=True)
        for number in range(40):
            pixels = noise.integers(0, 200, (16, 16, 3), dtype=np.uint8)
            pixels[:, :, 2 - channel] += 40
            Image.fromarray(pixels).save(folder / name / f"{number}.png")
    return folder


def trials_in(study: Path) -> list[dict[str, str]]:
    with (study / "trials.csv").open(encoding="utf-8", newline="") as opened:
        return sorted(csv.DictReader(opened), key=lambda row: int(row["trial"]))


def without_time(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    return [row | {"seconds": ""} for row in rows]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--over", "widht=32"), "Did you mean width?"),
        (("--over", "augment=foto"), "photos"),
        (("--trials", "0"), "--trials"),
        (("--workers", "0"), "--workers"),
        (("--recipe", "fats"), "fast"),
        (("--epochs", "0"), "epochs"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_what_does(
    arguments: tuple[str, ...], said: str, hubel: Hubel, shapes: Path, tmp_path: Path
) -> None:
    ended = hubel("tune", shapes, "--out", tmp_path / "run", *arguments)
    assert ended.code == 2, ended.err
    assert said in " ".join(ended.err.split())
    assert list(tmp_path.iterdir()) == []


def test_a_trial_is_said_in_one_line() -> None:
    settings: dict[str, str | int | float] = {"strategy": "scratch", "lr": 0.0123, "width": 48}
    done = TrialDone(
        number=7, num_trials=30, settings=settings, accuracy=0.75, pruned=False, epochs=4, best=0.9, best_number=3,
        seconds=12.0, seconds_left=240.0,
    )  # fmt: skip
    line = event_line(done).replace("\u202f", " ")
    assert (
        line
        == "Trial  7/30: scratch lr=0.0123 width=48 · validation 75.0 % · best 90.0 % (3) · 12.0 s · 4 min 0 s left"
    )


@pytest.mark.slow
def test_two_workers_search_and_the_best_is_trained_and_measured_on_images_no_trial_saw(
    colours: Path, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    ended = run_hubel(
        "tune", colours, *TINY, "--over", "strategy=features,scratch", *SPACE,
        "--trials", "6", "--workers", "2", "--out", out, "--json",
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout)
    assert found["num_trials"] == 6
    assert {trial["settings"]["strategy"] for trial in found["trials"]} == {"features", "scratch"}
    assert found["importance_is_meaningful"] is False
    assert Path(found["run"]) == out
    assert "Trial 6/6: " in ended.stderr or "Trial 5/6: " in ended.stderr
    study = tmp_path / "run-tune"
    assert (study / "importance.svg").read_text(encoding="utf-8").startswith("<svg")
    assert len(trials_in(study)) == 6
    assert not list(study.glob(".arrays*"))
    metrics = read_card(out / "card.json").metrics
    assert metrics.protocol in {"holdout", "test"}
    assert metrics.num_images == 24  # a fifth of each class, which is in no array that trials were given


@pytest.mark.slow
def test_learning_on_a_base_is_searched_from_rows_made_once_and_the_best_is_trained_as_it_was_tried(
    colours: Path, tmp_path: Path
) -> None:
    ended = run_hubel(
        "tune", colours, "--over", "strategy=features,frozen,finetune", "--over", "fine_lr=1e-3,3e-4",
        "--over", "unfreeze=stage:1,last:3", "--epochs", "2", "--trials", "6", "--workers", "2", "--out", tmp_path / "run", "--json",
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout)
    assert (found["num_trials"], found["num_failed"]) == (6, 0), found["trials"]
    tried = [trial["settings"] for trial in found["trials"]]
    assert sorted(settings["strategy"] for settings in tried) == ["features", *["finetune"] * 4, "frozen"]
    assert read_card(tmp_path / "run" / "card.json").metrics.num_images == 24  # a fifth, which no trial was given
    best = found["best"]
    assert (best["settings"]["strategy"] == "features") == ("--strategy" not in found["command"])


@pytest.mark.slow
def test_the_best_fine_tuning_is_not_trained_twice(colours: Path, tmp_path: Path) -> None:
    """What decides its weights is the same in the trial and in the training, so that the trial's checkpoint is taken up."""
    ended = run_hubel(
        "tune", colours, "--over", "strategy=finetune", "--over", "fine_lr=3e-3", "--epochs", "2", "--out", tmp_path / "run",
        "--json",
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout)
    assert found["ended"] == "exhausted"
    assert "--strategy finetune --epochs 2 --lr 0.003" in found["command"]
    assert ended.stderr.count("Going on after epoch 2") == 1


@pytest.mark.slow
def test_the_printed_command_makes_the_same_model_as_the_search(colours: Path, tmp_path: Path) -> None:
    command = ("tune", colours, *TINY, *SPACE, "--trials", "3", "--out", tmp_path / "run", "--json")
    found = json.loads(run_hubel(*command).stdout)
    words = found["command"].split()
    assert words[:2] == ["hubel", "train"]
    again = run_hubel(*(word.strip("'") for word in words[1:-2]), "--restart", "--out", tmp_path / "again", "--json")
    assert again.returncode == 0, again.stderr
    first, second = (read_card(tmp_path / run / "card.json") for run in ("run", "again"))
    assert first.base == second.base
    assert first.metrics == second.metrics
    kept = second.learning
    assert kept is not None
    best = kept.trainings[0].epochs[kept.trainings[0].kept_epoch - 1]
    assert best.validation_accuracy == found["best"]["validation_accuracy"]


@pytest.mark.slow
def test_a_killed_search_goes_on_to_the_same_trials(colours: Path, tmp_path: Path) -> None:
    """With a cache of its own each, so that no checkpoint of the one helps the other."""
    command = ["tune", str(colours), *TINY, *SPACE, "--trials", "5", "--no-train", "--json"]
    whole = run_hubel(*command, "--out", tmp_path / "whole")
    assert whole.returncode == 0, whole.stderr
    process = subprocess.Popen(
        [sys.executable, "-m", "hubel", *command, "--out", str(tmp_path / "killed")],
        env=os.environ | {"HUBEL_CACHE": str(tmp_path / "cache"), "TERM": "dumb"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "Trial 2/5" in line:
            process.send_signal(signal.SIGKILL)
            break
    process.communicate()
    again = run_hubel(*command, "--out", tmp_path / "killed")
    assert again.returncode == 0, again.stderr
    assert "Going on with the search" in again.stderr
    assert "Trial 1/5" not in again.stderr
    assert without_time(trials_in(tmp_path / "killed-tune")) == without_time(trials_in(tmp_path / "whole-tune"))
    once_more = run_hubel(*command, "--out", tmp_path / "killed")
    assert once_more.returncode == 0
    assert "Trial" not in once_more.stderr


@pytest.mark.slow
def test_ctrl_c_ends_with_what_is_there_and_trains_nothing(colours: Path, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [
            sys.executable, "-m", "hubel", "tune", str(colours), *TINY, *SPACE, "--trials", "500", "--workers", "2",
            "--out", str(tmp_path / "run"), "--json",
        ],
        env=os.environ | {"TERM": "dumb"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=True,
    )  # fmt: skip
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith("Trial"):
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers, too
            break
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    found = json.loads(out)
    assert found["ended"] == "stopped"
    assert found["run"] is None
    assert found["command"].startswith("hubel train")
    assert not (tmp_path / "run").exists()


def test_a_trial_that_failed_says_why() -> None:
    done = TrialDone(
        number=2, num_trials=2, settings={"strategy": "scratch", "depth": 12}, accuracy=None, pruned=False, epochs=0, best=0.9,
        best_number=1, seconds=1.0, seconds_left=None, failure="It is too deep.",
    )  # fmt: skip
    assert "scratch depth=12 · failed: It is too deep. · best 90.0" in event_line(done)


@pytest.mark.slow
def test_what_is_impossible_fails_alone_and_only_where_all_is_does_the_search(colours: Path, tmp_path: Path) -> None:
    command = ("tune", colours, "--size", "8", "--epochs", "1", "--over", "width=4", "--no-train", "--json")
    ended = run_hubel(*command, "--over", "depth=1,12", "--out", tmp_path / "some")
    assert ended.returncode == 0, ended.stderr
    assert "does not take images of 8 pixels" in ended.stderr
    found = json.loads(ended.stdout)
    assert (found["num_trials"], found["num_failed"], found["best"]["settings"]["depth"]) == (2, 1, 1)
    assert [row["state"] for row in trials_in(tmp_path / "some-tune")].count("failed") == 1
    ended = run_hubel(*command, "--over", "depth=12", "--out", tmp_path / "none")
    assert ended.returncode == 1, ended.stderr
    assert "None of 1 trials came to its end" in ended.stderr
    assert "does not take images of 8 pixels" in ended.stderr


@pytest.mark.slow
def test_every_combination_of_candidates_ends_the_search(colours: Path, tmp_path: Path) -> None:
    ended = run_hubel(
        "tune", colours, *TINY, "--over", "width=4,8", "--over", "augment=none,mirrored", "--no-train",
        "--out", tmp_path / "run",
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert "Every combination was tried: 4 trials" in " ".join(ended.stdout.split())
