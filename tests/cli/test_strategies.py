"""`hubel train` in named ways: what each takes, and all of them compared on the same images."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cli.test_train_from_scratch import NOTHING, words
from hubel.cli import strategy_choice
from hubel.cli.strategy_choice import ways_of
from hubel.cli.ways import words_for
from hubel.core.card import read_card
from hubel.core.errors import UsageError
from hubel.core.rundir import CARD, NETWORK
from hubel.data.split_file import read_split_csv
from support import run_hubel

if TYPE_CHECKING:
    from cli.conftest import Hubel

SMALL = ("--size", "64", "--model", "efficientnet_lite0")


def test_no_strategy_is_as_ever_and_unfreezing_asks_for_fine_tuning() -> None:
    assert strategy_choice.strategy_choice("efficientnet_lite0", NOTHING, None, None, None).tuning is None
    found = strategy_choice.strategy_choice("efficientnet_lite0", NOTHING, None, "last:3", None).tuning
    assert found is not None
    assert found.unfreeze == "last:3"


def test_the_words_of_a_recipe_refine_fine_tuning() -> None:
    found = strategy_choice.strategy_choice("resnet18", words(epochs=3, learning_rate=1e-5), "finetune", None, None)
    assert found.scratch is None
    assert found.tuning is not None
    assert (found.tuning.recipe.epochs, found.tuning.recipe.rate, found.tuning.recipe.name) == (3, 1e-5, "fine")


def test_augment_is_training_from_scratch_with_changed_images() -> None:
    found = strategy_choice.strategy_choice("cnn_catsdogs", NOTHING, "augment", None, None).scratch
    assert found is not None
    assert found.recipe.augmentation.rotation_range > 0
    plain = strategy_choice.strategy_choice("cnn_catsdogs", NOTHING, "scratch", None, None).scratch
    assert plain is not None
    assert plain.recipe.augmentation.changes_nothing


@pytest.mark.parametrize(
    ("strategy", "said", "option"),
    [
        ("features", {"epochs": 3}, "--epochs"),
        ("frozen", {"learning_rate": 0.1}, "--lr"),
        ("finetune", {"weights": "imagenet"}, "--weights"),
    ],
)
def test_an_option_that_says_nothing_to_a_strategy_is_refused(
    strategy: str, said: dict[str, object], option: str
) -> None:
    with pytest.raises(UsageError, match=option):
        strategy_choice.strategy_choice("efficientnet_lite0", words(**said), strategy, None, None)


def test_in_a_comparison_each_way_takes_the_options_that_are_its_own() -> None:
    assert ways_of("scratch:lenet5, features", "resnet18") == [("scratch", "lenet5"), ("features", "resnet18")]
    said = words(epochs=3, augment="photos")
    assert words_for("features", said).say_nothing()
    assert words_for("frozen", said).augment == "photos"
    assert words_for("scratch", said) == said


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--strategy", "fine"), "--strategy"),
        (("--strategy", "finetune", "--unfreeze", "stage:99"), "has only"),
        (("--strategy", "finetune", "--unfreeze", "the-top"), "--unfreeze does not take"),
        (("--strategy", "finetune", "--set", "mixup=0.2"), "mixup"),
        (("--compare", "features"), "two or more"),
        (("--compare", "features,finetune", "--unfreeze", "all"), "--unfreeze cannot stand beside --compare"),
        (("--reuse", "late"), "--reuse"),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_no_run(
    hubel: Hubel, shapes: Path, tmp_path: Path, options: tuple[str, ...], complaint: str
) -> None:
    ended = hubel("train", shapes, "--out", tmp_path / "run", *SMALL, *options)
    assert ended.code == 2, ended.err
    assert complaint in " ".join(ended.err.split())
    assert not list(tmp_path.rglob(CARD))


@pytest.mark.slow
def test_fine_tuning_ends_in_a_run_that_answers_and_can_be_made_again(shapes: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    done = run_hubel(
        "train",
        shapes,
        "--out",
        run,
        "--size",
        "64",
        "--strategy",
        "finetune",
        "--epochs",
        "3",
        "--lr",
        "1e-3",
        "--seed",
        "4",
        "--json",
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["protocol"] == "holdout"
    settings = tomllib.loads((run / "config.toml").read_text(encoding="utf-8"))
    assert json.loads(settings["tuning"])["unfreeze"] == "stage:1"
    card = read_card(run / CARD)
    assert (card.learning is not None) == (run / NETWORK).is_file()
    again = run_hubel("reproduce", run, "--out", tmp_path / "again", "--json")
    assert again.returncode == 0, again.stderr
    answered = run_hubel("predict", run, shapes / "circles" / "1.png", "--json")
    assert answered.returncode == 0, answered.stderr


@pytest.mark.slow
def test_all_ways_are_measured_on_the_same_images(shapes: Path, tmp_path: Path) -> None:
    ways = "features,frozen,finetune:efficientnet_lite0,scratch:cnn_cifar10,augment:cnn_cifar10"
    done = run_hubel(
        "train", shapes, "--out", tmp_path / "ways", "--size", "64", "--epochs", "2", "--compare", ways, "--json"
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [way["way"] for way in found["ways"]] == [
        "features",
        "frozen",
        "finetune",
        "scratch:cnn_cifar10",
        "augment:cnn_cifar10",
    ]
    tested = [
        sorted(row.file for row in read_split_csv(Path(way["folder"]) / "split.csv") if row.split == "test")
        for way in found["ways"]
    ]
    assert tested[0]
    assert all(files == tested[0] for files in tested)
    assert sum(way["against_best"] is None for way in found["ways"]) == 1
    page = Path(found["page"]).read_text(encoding="utf-8")
    assert all(way["way"] in page for way in found["ways"])
    assert page.count("<svg") >= 2


@pytest.mark.slow
def test_a_budget_says_its_plan_and_keeps_what_is_better(tmp_path: Path) -> None:
    digits = run_hubel("train", "digits", "--out", tmp_path / "run", "--budget", "45s", "--size", "64", "--json")
    assert digits.returncode == 0, digits.stderr
    assert "Plan for the time that is left" in digits.stderr
    card = read_card(tmp_path / "run" / CARD)
    settings = tomllib.loads((tmp_path / "run" / "config.toml").read_text(encoding="utf-8"))
    assert ("tuning" in settings) == (card.metrics.protocol == "holdout")


def test_with_nothing_left_to_gain_a_budget_is_not_spent(hubel: Hubel, shapes: Path, tmp_path: Path) -> None:
    ended = hubel("train", shapes, "--out", tmp_path / "run", "--budget", "10m", "--size", "128")
    assert ended.code == 0, ended.err
    assert "the rest of the budget is not spent" in " ".join(ended.err.split())
