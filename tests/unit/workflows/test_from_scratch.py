"""A network of one's own ends in the same run folder as a head on a base."""

from __future__ import annotations

import functools
import itertools
import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from hubel.core.card import read_card
from hubel.core.errors import ModelError, UsageError
from hubel.core.events import EpochDone, Event, Finished, Note
from hubel.core.rundir import NETWORK
from hubel.data.augmentation import PHOTOS
from hubel.data.cache import Cache
from hubel.data.sources import open_dataset
from hubel.models.registry import create_network
from hubel.train.learn import Learned
from hubel.train.options import TrainOptions
from hubel.train.prepared import Prepared, exportable
from hubel.train.recipes import CLASSIC, Recipe
from hubel.train.scratch import Scratch
from hubel.workflows import evaluate, load_predictor, reproduce, show_augmented, train
from hubel.workflows.from_scratch import open_scratch_session, train_from_scratch
from hubel.workflows.reproducing import ReproduceOptions, Reproduction
from small_networks import one_thread
from small_runs import small_data, write_pictures
from support import run_hubel_without

alone = pytest.fixture(autouse=True, scope="module")(one_thread)


def recipe(**changes: Any) -> Recipe:
    """A short training."""
    return Recipe.model_validate(
        CLASSIC.model_dump() | {"epochs": 3, "batch_size": 8, "learning_rate": 0.003} | changes
    )


def options(out: Path, **changes: Any) -> TrainOptions:
    """LeNet on small pictures."""
    network = changes.pop("network", "lenet5")
    own = Scratch(network=network, recipe=changes.pop("recipe", recipe()), **changes.pop("scratch", {}))
    return TrainOptions(**{"out": out, "model": network, "size": 32, "scratch": own} | changes)


def trained(out: Path, *, source: Path | None = None, **changes: Any) -> tuple[Finished, list[Event]]:
    """A run and its events."""
    events = list(train(str(source or three_classes()), options(out, **changes), command="hubel train"))
    finished = events[-1]
    assert isinstance(finished, Finished)
    return finished, events


@functools.cache
def three_classes() -> Path:
    """Three classes of twenty pictures; shared, never written to."""
    folder = Path(os.environ["HUBEL_CACHE"]) / "three-classes"
    return write_pictures(folder, {"stripes": 20, "discs": 20, "boards": 20}, seed=4)


@functools.cache
def shared_run() -> tuple[Path, tuple[Event, ...]]:
    """A run with two views; shared, never written to."""
    finished, events = trained(Path(os.environ["HUBEL_CACHE"]) / "own-run", views=2)
    return finished.folder, tuple(events)


def test_the_run_has_everything_and_its_card_says_how_it_was_trained() -> None:
    folder, events = shared_run()
    names = {path.name for path in folder.iterdir()}
    assert {
        "card.json",
        "model.onnx",
        "weights.safetensors",
        "network.safetensors",
        "curves.svg",
        "report.html",
    } <= names
    assert not [name for name in names if name.startswith(".")]
    card = read_card(folder / "card.json")
    assert card.learning is not None
    assert card.learning.network == card.base.name == "lenet5"
    assert card.learning.settings["learning_rate"] == 0.003
    assert card.metrics.protocol == "holdout"
    assert [epoch.epoch for epoch in card.learning.trainings[0].epochs] == [1, 2, 3]
    assert [event.epoch for event in events if isinstance(event, EpochDone)] == [1, 2, 3]
    logged = [json.loads(line)["event"] for line in (folder / "events.jsonl").read_text().splitlines()]
    assert logged.count("EpochDone") == 3
    assert "How it learned" in (folder / "report.html").read_text()


def test_every_image_has_one_part_and_what_chose_is_not_what_measured() -> None:
    folder, _ = shared_run()
    rows = (folder / "split.csv").read_text().splitlines()[1:]
    parts = [row.split(",")[2] for row in rows]
    card = read_card(folder / "card.json")
    assert card.learning is not None
    assert len(parts) == 60
    assert parts.count("train") == card.learning.num_train == card.provenance.num_train
    assert parts.count("validation") == card.learning.num_validation
    assert parts.count("test") == card.metrics.num_images


def test_prediction_needs_no_torch() -> None:
    folder, _ = shared_run()
    image = sorted(three_classes().rglob("*.png"))[0]
    finished = run_hubel_without(("torch", "torchvision", "timm", "onnx", "safetensors"), "predict", folder, image)
    assert finished.returncode == 0, finished.stderr
    assert "%" in finished.stdout


def test_the_graph_says_what_the_network_says() -> None:
    folder, _ = shared_run()
    pixels = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), dtype=np.uint8)
    _, features = load_predictor(folder).outputs(pixels)
    network = Prepared(create_network("lenet5", np.random.default_rng(0), num_classes=3), [0.0], [1.0])
    network.load_state_dict(load_file(folder / "network.safetensors"))
    images = torch.from_numpy(pixels)
    with torch.inference_mode():
        module = exportable([network])
        expected = (module(images) + module(images.flip(2))) / 2  # two views
    np.testing.assert_allclose(features, expected.numpy(), atol=1e-4)


def test_evaluating_on_the_training_folder_runs() -> None:
    folder, _ = shared_run()
    evaluation = list(evaluate(folder, str(three_classes())))[-1]
    assert evaluation.metrics.num_images == 60  # type: ignore[union-attr] # the last is the evaluation


def test_the_same_seed_gives_the_same_weights_and_an_earlier_checkpoint_changes_nothing(tmp_path: Path) -> None:
    folder, _ = shared_run()
    again, events = trained(tmp_path / "again", views=2)
    assert any(isinstance(event, Note) and "Going on after epoch 3" in event.en for event in events)
    anew, _ = trained(tmp_path / "anew", views=2, scratch={"restart": True})
    for other in (again.folder, anew.folder):
        for name in ("network.safetensors", "weights.safetensors"):
            assert (other / name).read_bytes() == (folder / name).read_bytes()


def test_a_run_can_be_reproduced() -> None:
    folder, _ = shared_run()
    last = list(reproduce(folder, ReproduceOptions(data=str(three_classes()))))[-1]
    assert isinstance(last, Reproduction)
    assert last.differences.verdict == "identical"


def test_a_test_part_measures_and_a_validation_part_chooses(tmp_path: Path) -> None:
    for part, seed, number in (("train", 1, 12), ("validation", 2, 5), ("test", 3, 6)):
        write_pictures(tmp_path / "data" / part, {"stripes": number, "discs": number}, seed=seed)
    finished, _ = trained(tmp_path / "run", source=tmp_path / "data")
    card = read_card(finished.folder / "card.json")
    assert card.learning is not None
    assert (card.metrics.protocol, card.metrics.num_images) == ("test", 12)
    assert "Cross-validated" not in (finished.folder / "events.jsonl").read_text(encoding="utf-8")
    assert (card.learning.num_train, card.learning.num_validation) == (24, 10)


def test_several_networks_are_averaged_in_one_model(tmp_path: Path) -> None:
    finished, _ = trained(tmp_path / "run", recipe=recipe(epochs=1), scratch={"members": 2})
    card = read_card(finished.folder / "card.json")
    assert card.learning is not None
    assert len(card.learning.trainings) == 2
    assert len({training.seed for training in card.learning.trainings}) == 2
    assert card.base.num_features == 2 * 84


def test_weights_of_another_run_can_be_the_first_ones(tmp_path: Path) -> None:
    folder, _ = shared_run()
    start = {"weights": str(folder / "network.safetensors")}
    finished, events = trained(tmp_path / "run", recipe=recipe(epochs=1), scratch=start)
    first = next(event for event in events if isinstance(event, EpochDone))
    untaught = next(event for event in shared_run()[1] if isinstance(event, EpochDone))
    assert first.loss < untaught.loss
    assert finished.folder.is_dir()


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    folder, _ = shared_run()
    own = Scratch(network="nin", recipe=recipe(epochs=1), weights=str(folder / "network.safetensors"))
    with pytest.raises(ModelError, match="does not have the weights of nin"):
        list(train(str(three_classes()), TrainOptions(out=tmp_path / "run", model="nin", size=32, scratch=own)))
    assert not (tmp_path / "run").exists()


def test_a_network_that_cannot_take_the_size_is_refused(tmp_path: Path) -> None:
    own = Scratch(network="alexnet", recipe=recipe(epochs=1))
    with pytest.raises(UsageError, match="alexnet does not take images of 16 pixels"):
        list(train(str(small_data()), TrainOptions(out=tmp_path / "run", model="alexnet", size=16, scratch=own)))


def test_a_training_that_goes_off_the_rails_writes_no_run(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="off the rails"):
        trained(tmp_path / "run", network="cnn_cifar10", recipe=recipe(optimiser="sgd", learning_rate=1e30))
    assert not (tmp_path / "run").exists()


def test_stopping_ends_with_what_was_learned(tmp_path: Path) -> None:
    asked = itertools.count()
    chosen = options(tmp_path / "run", recipe=recipe(epochs=500, patience=None), seed=5)
    list(train(str(three_classes()), chosen, stop=lambda: next(asked) > 15))
    card = read_card(tmp_path / "run" / "card.json")
    assert card.learning is not None
    assert card.learning.trainings[0].ended == "stopped"
    assert card.learning.num_epochs < 10


def test_augmented_images_are_shown_as_a_picture(tmp_path: Path) -> None:
    chosen = options(tmp_path / "run", recipe=recipe(augmentation=PHOTOS))
    show_augmented(str(three_classes()), chosen, tmp_path / "sheet.png")
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width > 8 * 96
        assert sheet.height > 8 * 96
    assert not (tmp_path / "run").exists()


def test_showing_what_changes_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="changes no image"):
        show_augmented(str(three_classes()), options(tmp_path / "run"), tmp_path / "sheet.png")


def test_the_networks_tensors_are_those_that_were_kept() -> None:
    tensors = load_file(shared_run()[0] / "network.safetensors")
    assert tensors["network.head.weight"].shape == (3, 84)
    assert all(torch.isfinite(tensor).all() for tensor in tensors.values())


def test_a_longer_training_goes_on_where_the_rate_does_not_depend_on_the_end(tmp_path: Path) -> None:
    said = []
    for epochs in (1, 2):
        _, events = trained(tmp_path / f"{epochs}", recipe=recipe(epochs=epochs, batch_size=16), seed=8)
        said.append(any(isinstance(event, Note) and "Going on" in event.en for event in events))
    assert said == [False, True]


def test_where_the_rate_depends_on_the_end_a_longer_training_begins_anew_and_says_why(tmp_path: Path) -> None:
    chosen = [recipe(epochs=epochs, schedule="linear", warm_up=0.1, batch_size=16) for epochs in (1, 2)]
    trained(tmp_path / "short", recipe=chosen[0], seed=8)
    longer, events = trained(tmp_path / "long", recipe=chosen[1], seed=8)
    said = [event.en for event in events if isinstance(event, Note) and "begins anew: with this" in event.en]
    assert len(said) == 1
    assert "(epochs: 1)" in said[0]
    assert "(linear, warm_up=0.1)" in said[0]
    assert "--weights RUN/network.safetensors" in said[0]
    alone, events = trained(tmp_path / "alone", recipe=chosen[1], seed=8, scratch={"restart": True})
    assert not any("begins anew: with this" in event.en for event in events if isinstance(event, Note))
    assert (longer.folder / "network.safetensors").read_bytes() == (alone.folder / "network.safetensors").read_bytes()


def test_pixels_in_a_file_give_the_same_run_as_pixels_in_memory(tmp_path: Path) -> None:
    def learned(name: str, most_bytes: int) -> tuple[list[Event], Learned]:
        chosen = options(tmp_path / name, recipe=recipe(epochs=2, augmentation=PHOTOS))
        (tmp_path / name).mkdir()
        with Cache(tmp_path / "rows") as cache:
            session, _ = open_scratch_session(
                open_dataset(three_classes()), chosen, cache=cache, stop=lambda: False, started=time.monotonic()
            )
            training = train_from_scratch(
                session, folder=tmp_path / name, checkpoints=tmp_path / f"{name}-kept", most_bytes=most_bytes
            )
            events = []
            while True:
                try:
                    events.append(next(training))
                except StopIteration as end:
                    return events, end.value

    (in_memory, first), (in_file, second) = learned("memory", 2**30), learned("file", 1000)
    said = ["temporary file" in note.en for note in (*in_memory, *in_file) if isinstance(note, Note)]
    assert said.count(True) == 1
    assert (tmp_path / "memory" / NETWORK).read_bytes() == (tmp_path / "file" / NETWORK).read_bytes()
    np.testing.assert_array_equal(first.logits, second.logits)
    assert not [path for path in (tmp_path / "rows").iterdir() if "pixels" in path.name]


def test_classes_of_very_different_sizes_are_said_and_can_be_made_to_weigh_the_same(tmp_path: Path) -> None:
    source = write_pictures(tmp_path / "data", {"stripes": 40, "discs": 10}, seed=3)
    said, weights = [], []
    for name, chosen in (("alike", recipe(epochs=1)), ("balanced", recipe(epochs=1, class_weights="balanced"))):
        finished, events = trained(tmp_path / name, source=source, recipe=chosen)
        said.append(next(note.en for note in events if isinstance(note, Note) and "largest class" in note.en))
        weights.append((finished.folder / NETWORK).read_bytes())
        learning = read_card(finished.folder / "card.json").learning
        assert learning is not None
        assert learning.settings["class_weights"] == chosen.class_weights
    assert "4 times the images of the smallest, and all images count alike" in said[0]
    assert "Images of rare classes count more" in said[1]
    assert weights[0] != weights[1]


@pytest.mark.slow
def test_the_budget_ends_the_training_and_a_run_stands(tmp_path: Path) -> None:
    finished, _ = trained(tmp_path / "run", recipe=recipe(epochs=100_000, patience=None), budget=12.0, seed=9)
    card = read_card(finished.folder / "card.json")
    assert card.learning is not None
    assert card.learning.trainings[0].ended == "budget"
