"""Who runs trials: one process or several, to the same end; and what is said when one of them is lost."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from hubel.core.errors import HubelError, UsageError
from hubel.core.events import EpochDone
from hubel.train.crew import Alone, Crew, Processes
from hubel.train.material import Arrays, Material
from hubel.train.scratch import Scratch
from hubel.train.sets import TrainingSet
from hubel.train.strategies import Score, Settings
from hubel.train.study import Job
from small_networks import NUM_CLASSES, one_thread, small_recipe, small_set

SETTINGS: Settings = {"strategy": "scratch", "width": 4, "depth": 1}
TOO_DEEP: Settings = {"strategy": "scratch", "width": 4, "depth": 12}


@pytest.fixture(autouse=True)
def few_threads() -> Iterator[None]:
    yield from one_thread()


@pytest.fixture
def material(tmp_path: Path) -> Material:
    """Small pictures to learn from and others to judge on."""
    train, tuning = arrays_of(small_set(60, seed=0)), arrays_of(small_set(60, seed=1))
    scratch = Scratch(network="hubel_small", recipe=small_recipe(epochs=2, precision="f32"))
    return Material(train, tuning, NUM_CLASSES, 60, "small", scratch, 0, tmp_path / "checkpoints")


def arrays_of(data: TrainingSet) -> Arrays:
    labels = data.labels.numpy()
    return {"labels": labels, "groups": np.arange(len(labels)), "pixels": data.images.numpy()}


def run_to_the_end(crew: Crew, number: int) -> list[float]:
    """The validation accuracies of the epochs of one trial, and its own at the end."""
    found: list[float] = []
    while True:
        news = crew.wait()
        if news is None:
            continue
        assert news.number == number
        if isinstance(news.what, EpochDone):
            found.append(news.what.validation_accuracy or 0.0)
            crew.go_on(number)
        else:
            assert isinstance(news.what, Score)
            return [*found, news.what.accuracy]


@pytest.mark.slow
def test_another_process_with_as_many_threads_comes_to_the_same(material: Material, tmp_path: Path) -> None:
    alone = Alone(material, lambda: False)
    alone.begin(Job(1, SETTINGS))
    one = run_to_the_end(alone, 1)
    (tmp_path / "arrays").mkdir()
    crew = Processes(material, 2, tmp_path / "arrays")
    try:
        crew.begin(Job(2, {**SETTINGS, "dropout": 0.0}))
        assert run_to_the_end(crew, 2) == one
        assert crew.num_free() == 2
    finally:
        crew.close()
    assert list((tmp_path / "arrays").iterdir()) == []


def test_a_trial_that_is_dropped_leaves_room_for_another(material: Material) -> None:
    crew = Alone(material, lambda: False)
    crew.begin(Job(1, SETTINGS))
    assert crew.num_free() == 0
    news = crew.wait()
    assert isinstance(news.what, EpochDone)
    crew.drop(1)
    assert crew.num_free() == 1


def test_a_trial_that_is_cut_short_says_so(material: Material) -> None:
    crew = Alone(material, lambda: True)
    crew.begin(Job(1, SETTINGS))
    assert isinstance(crew.wait().what, EpochDone)
    ended = crew.wait().what
    assert isinstance(ended, Score)
    assert not ended.complete


def test_settings_that_the_images_do_not_allow_are_an_error_of_usage(material: Material) -> None:
    crew = Alone(material, lambda: False)
    crew.begin(Job(1, TOO_DEEP))
    with pytest.raises(UsageError, match=r"hubel_small\[width=4,depth=12\] does not take images of 8 pixels"):
        crew.wait()


@pytest.mark.slow
def test_an_error_in_a_worker_and_a_lost_worker_are_said(material: Material, tmp_path: Path) -> None:
    crew = Processes(material, 2, tmp_path)
    try:
        crew.begin(Job(1, TOO_DEEP))
        with pytest.raises(HubelError, match="does not take images of 8 pixels") as failed:
            run_to_the_end(crew, 1)
        assert failed.value.exit_code == UsageError.exit_code
        lost = crew.workers[1]
        crew.begin(Job(2, SETTINGS))
        lost.process.kill()
        crew.workers[0].job = None
        with pytest.raises(HubelError, match="fewer --workers"):
            run_to_the_end(crew, 2)
    finally:
        crew.close()
