"""Who runs trials: one process or several, to the same end; and what is said when one of them is lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hubel.core.errors import DataError, HubelError
from hubel.core.events import EpochDone
from hubel.train.crew import Alone, Crew, Processes
from hubel.train.material import Arrays, Material
from hubel.train.scratch import Scratch
from hubel.train.sets import TrainingSet
from hubel.train.strategies import Broken, Score, Settings
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


def of_one_group(material: Material) -> Material:
    """The same with the pixels as features, and all images belonging together."""

    def changed(arrays: Arrays) -> Arrays:
        labels = arrays["labels"]
        features = arrays["pixels"].reshape(len(labels), -1).astype(np.float16)
        return {"labels": labels, "groups": np.zeros(len(labels), int), "features": features}

    return replace(material, train=changed(material.train), tuning=changed(material.tuning))


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


def test_settings_that_the_images_do_not_allow_end_their_trial_with_the_reason(material: Material) -> None:
    crew = Alone(material, lambda: False)
    crew.begin(Job(1, TOO_DEEP))
    ended = crew.wait().what
    assert isinstance(ended, Broken)
    assert "hubel_small[width=4,depth=12] does not take images of 8 pixels" in ended.reason
    assert crew.num_free() == 1


def test_data_that_no_settings_can_learn_from_end_the_search(material: Material) -> None:
    crew = Alone(of_one_group(material), lambda: False)
    crew.begin(Job(1, {"strategy": "features"}))
    with pytest.raises(DataError, match="belong to one group"):
        crew.wait()


@pytest.mark.slow
def test_an_error_in_a_worker_is_said(material: Material, tmp_path: Path) -> None:
    crew = Processes(of_one_group(material), 2, tmp_path)
    try:
        crew.begin(Job(1, {"strategy": "features"}))
        with pytest.raises(HubelError, match="belong to one group") as failed:
            run_to_the_end(crew, 1)
        assert failed.value.exit_code == DataError.exit_code
    finally:
        crew.close()


@pytest.mark.slow
def test_a_worker_goes_on_after_an_impossible_trial_and_a_lost_one_is_said(material: Material, tmp_path: Path) -> None:
    crew = Processes(material, 1, tmp_path)
    try:
        crew.begin(Job(1, TOO_DEEP))
        news = None
        while news is None:
            news = crew.wait()
        assert isinstance(news.what, Broken)
        crew.begin(Job(2, SETTINGS))
        crew.workers[0].process.kill()
        with pytest.raises(HubelError, match="fewer --workers"):
            run_to_the_end(crew, 2)
    finally:
        crew.close()
