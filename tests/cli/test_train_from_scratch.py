"""`hubel train` with the options of a network of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, get_args

import pytest

from hubel.cli import scratch_choice
from hubel.cli.progress import event_line
from hubel.core.events import EpochDone
from hubel.data.augmentation import AUGMENTATIONS
from hubel.train import recipes
from hubel.train.schedule import SCHEDULES

if TYPE_CHECKING:
    from cli.conftest import Hubel

NOTHING = scratch_choice.Words(False, None, None, None, None, None, None, False, None, None, None, None, None, False)
QUICK = ("--epochs", "2", "--batch-size", "8", "--size", "32")


def words(**said: object) -> scratch_choice.Words:
    """What was typed."""
    return scratch_choice.Words(**{name: getattr(NOTHING, name) for name in NOTHING.__slots__} | said)


def test_the_help_offers_what_there_is() -> None:
    assert tuple(recipes.RECIPES) == scratch_choice.RECIPES
    assert recipes.OPTIMISERS == scratch_choice.OPTIMISERS
    assert SCHEDULES == scratch_choice.SCHEDULES
    assert tuple(AUGMENTATIONS) == scratch_choice.AUGMENTATIONS
    assert set(scratch_choice.FINER) < set(recipes.Recipe.model_fields)
    assert set(get_args(recipes.Precision)) == {"f32", "bf16", "auto"}


def test_nothing_said_means_a_head_on_the_bundled_base() -> None:
    assert scratch_choice.scratch_choice("efficientnet_lite0", NOTHING) is None
    assert scratch_choice.scratch_choice("resnet18", NOTHING) is None
    assert scratch_choice.scratch_choice("model@file.pth", NOTHING) is None


@pytest.mark.parametrize(
    ("model", "said", "network"),
    [
        ("lenet5", {}, "lenet5"),
        ("efficientnet_lite0", {"from_scratch": True}, "hubel_small"),
        ("resnet18", {"epochs": 3}, "resnet18"),
        ("vgg-d", {"recipe": "fast"}, "vgg16"),
        ("efficientnet_lite0", {"recipe": "sprint"}, "hubel_tiny"),
        ("lenet5", {"recipe": "sprint"}, "lenet5"),
    ],
)
def test_a_network_that_only_hubel_has_or_any_of_the_options_asks_for_training(
    model: str, said: dict[str, object], network: str
) -> None:
    found = scratch_choice.scratch_choice(model, words(**said))
    assert found is not None
    assert found.network == network


def test_a_short_training_gets_a_patience_that_can_fire() -> None:
    assert [scratch_choice.recipe_of(words(epochs=epochs)).patience for epochs in (4, 8, 100)] == [2, 4, 5]
    assert scratch_choice.recipe_of(words(epochs=4, patience=0)).patience is None


def test_finer_settings_and_augmentation_are_read() -> None:
    found = scratch_choice.recipe_of(
        words(
            finer=["mixup=0.2", "clip-norm=1", "average=none"],
            augment="rotation_range=20,horizontal_flip,fill_mode=wrap",
            recipe="fast",
        )
    )
    assert (found.mixup, found.clip_norm, found.average) == (0.2, 1.0, None)
    assert (found.augmentation.rotation_range, found.augmentation.horizontal_flip) == (20.0, True)
    assert found.augmentation.fill_mode == "wrap"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--recipe", "clasic"), "classic"),
        (("--optimiser", "adm"), "adam"),
        (("--schedule", "cosin"), "cosine"),
        (("--epochs", "0"), "epochs = 0"),
        (("--lr", "-1"), "learning_rate = -1"),
        (("--set", "mixups=1"), "mixup"),
        (("--set", "mixup"), "NAME=VALUE"),
        (("--augment", "rotation=20"), "rotation_range"),
        (("--augment", "fill_mode=black"), "fill_mode = black"),
        (("--ensemble", "99"), "from 1 to 32"),
        (("--show-augmented", "out.png"), "changes no image"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_what_does(
    arguments: tuple[str, ...], said: str, hubel: Hubel, shapes: Path
) -> None:
    ended = hubel("train", shapes, *arguments)
    assert ended.code == 2, ended.err
    assert said in " ".join(ended.err.split())


def test_an_unknown_network_is_an_error_of_the_model(hubel: Hubel, shapes: Path) -> None:
    ended = hubel("train", shapes, "--from-scratch", "--model", "lenet6")
    assert ended.code == 4, ended.err
    assert "lenet5" in ended.err


def test_a_line_an_epoch_and_a_run_that_predicts(hubel: Hubel, shapes: Path, tmp_path: Path) -> None:
    ended = hubel("train", shapes, "--model", "lenet5", *QUICK, "--out", tmp_path / "run")
    assert ended.code == 0, ended.err
    assert "Epoch 1/2: training" in ended.err
    assert "Epoch 2/2: training" in ended.err
    assert "held-out images right" in " ".join(ended.out.split())
    assert hubel("predict", tmp_path / "run", shapes / "circles" / "0.png").code == 0


def test_an_epoch_is_said_in_words_and_drawn() -> None:
    line = event_line(EpochDone(3, 20, 0.1, 1.25, 0.5, 1.5, 0.4, is_best=True, seconds=2.0))
    assert line.startswith("Epoch  3/20: training 1.250")
    assert "████████░" in line
    assert "★" in line
    assert "★" not in event_line(EpochDone(3, 20, 0.1, 1.25, 0.5, 1.5, 0.4, is_best=False, seconds=2.0))


def test_what_is_augmented_is_shown_and_nothing_trained(hubel: Hubel, shapes: Path, tmp_path: Path) -> None:
    ended = hubel("train", shapes, "--show-augmented", tmp_path / "sheet.png", "--augment", "photos", "--size", "32")
    assert ended.code == 0, ended.err
    assert (tmp_path / "sheet.png").is_file()
    assert "sheet.png" in ended.out


def test_imagenet_weights_are_fetched_before_anything_is_read(
    hubel: Hubel, shapes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("HUBEL_OFFLINE", "1")
    ended = hubel("train", shapes, "--out", tmp_path / "run", "--model", "resnet18", "--weights", "imagenet", *QUICK)
    assert ended.code == 1
    assert "weights of resnet18 could not be fetched" in " ".join(ended.err.split())
    assert not (tmp_path / "run").exists()
