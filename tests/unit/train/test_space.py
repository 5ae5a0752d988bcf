"""The space of a search: what words mean, what is refused, what comes first, what there is in all."""

from __future__ import annotations

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from hubel.cli.main import build_app
from hubel.cli.scratch_choice import Words, scratch_choice
from hubel.core.errors import UsageError
from hubel.train.recipes import CLASSIC, FAST, Recipe
from hubel.train.scratch import Scratch
from hubel.train.space import SETTINGS, Choices, Range, read_space, usual_space
from hubel.train.strategies import STRATEGIES, Settings, scratch_with

SCRATCH = Scratch(network="hubel_small", recipe=FAST)


def test_candidates_and_ranges_are_read_in_the_order_of_the_settings() -> None:
    space = read_space(["width=32, 48", "lr=1e-4..1e-1", "augment=none,photos", "depth=2..4"])
    assert list(space.candidates) == ["lr", "width", "depth", "augment"]
    assert space.candidates["width"] == Choices((32, 48))
    assert space.candidates["lr"] == Range(1e-4, 1e-1)
    assert space.strategies == ("scratch",)


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("widht=32", "Did you mean width?"),
        ("width", "width=4..8"),
        ("width=", "width=4..8"),
        ("width=wide", "wide"),
        ("width=2", "within 4..1024"),
        ("width=64..32", "64..32"),
        ("lr=0..1", "lr=1e-4..1e-1"),
        ("lr=1e-3..x", "lr=1e-4..1e-1"),
        ("augment=foto", "Choose among: "),
        ("augment=photo", "Choose among: photos"),
        ("strategy=features2", "features"),
    ],
)
def test_a_bad_word_is_refused_with_what_would_do(word: str, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        read_space([word])
    assert said in str(refused.value)


def test_a_setting_that_no_strategy_has_is_refused() -> None:
    with pytest.raises(UsageError, match="strategy=scratch"):
        read_space(["strategy=features", "width=32,48"])


def test_every_setting_belongs_to_a_strategy_and_every_setting_of_a_strategy_is_known() -> None:
    used = {name for strategy in STRATEGIES.values() for name in strategy.settings}
    assert used == SETTINGS.keys() - {"strategy"}


def test_the_first_trial_is_what_train_would_do() -> None:
    space = usual_space(SCRATCH, 32)
    assert space.usual("features", SCRATCH) == {"strategy": "features"}
    first = space.usual("scratch", SCRATCH)
    assert first == {"strategy": "scratch", "lr": 0.05, "width": 64, "depth": 5, "dropout": 0.0, "augment": "small"}
    assert scratch_with(SCRATCH, first, 1000).network == "hubel_small"


def test_what_comes_nearest_is_taken_where_the_usual_value_is_no_candidate() -> None:
    space = read_space(["lr=1e-3..1e-2", "width=16,48", "augment=none,photos"])
    assert space.usual("scratch", SCRATCH) == {"lr": 1e-2, "width": 48, "augment": "none"}


@pytest.mark.parametrize(("size", "deepest"), [(32, 6), (8, 5)])
def test_no_usual_network_halves_the_images_to_nothing(size: int, deepest: int) -> None:
    depths = usual_space(SCRATCH, size).candidates["depth"]
    assert isinstance(depths, Choices)
    assert max(map(float, depths.values)) == deepest


def test_combinations_are_counted_where_there_is_an_end_of_them() -> None:
    space = read_space(["strategy=features,scratch", "width=32,48", "depth=2..4"])
    assert space.combinations("features") == [{"strategy": "features"}]
    assert len(space.combinations("scratch") or ()) == 6
    assert read_space(["lr=1e-3..1e-2"]).combinations("scratch") is None


FAST_SHORT = FAST.model_copy(update={"epochs": 4, "least_steps": 0, "patience": 2})


@pytest.mark.parametrize(
    "settings",
    [
        {"strategy": "scratch"},
        {"strategy": "scratch", "lr": 0.0123, "width": 48, "depth": 4, "dropout": 0.25, "augment": "mirrored"},
        {"strategy": "scratch", "batch_size": 64, "optimiser": "adamw", "weight_decay": 1e-4, "label_smoothing": 0.05},
    ],
)
@pytest.mark.parametrize("recipe", [FAST, CLASSIC, FAST_SHORT], ids=["fast", "classic", "fast for 4 epochs"])
def test_the_printed_command_asks_for_the_very_training_of_the_trial(settings: Settings, recipe: Recipe) -> None:
    scratch = Scratch(network="hubel_small", recipe=recipe)
    asked = training_asked_for(STRATEGIES["scratch"].words(scratch, settings))
    grown = asked.model_copy(update={"recipe": asked.recipe.for_images(1000)})
    assert grown == scratch_with(scratch, settings, 1000)


def training_asked_for(words: list[str]) -> Scratch:
    """What `hubel train` makes of these words."""
    command = get_command(build_app())
    assert isinstance(command, TyperGroup)
    with command.commands["train"].make_context("train", ["photos", *words]) as context:
        said = context.params
    found = scratch_choice(
        said["model"], Words(**{name: said[name] for name in Words.__slots__} | {"finer": [*said["finer"]]})
    )
    assert found is not None
    return found
