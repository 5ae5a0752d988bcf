"""A killed training goes on to the very same weights."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from hubel.core.errors import ModelError
from hubel.core.events import EpochDone
from hubel.data.augmentation import Augmentation
from hubel.train.checkpoint import Checkpoints, drop_oldest
from hubel.train.loop import fit
from hubel.train.recipes import Recipe
from hubel.train.sets import validator
from hubel.train.state import FitState, begin
from killed_training import main as train_or_go_on
from small_networks import one_thread, small_network, small_recipe, small_set
from support import ROOT

alone = pytest.fixture(autouse=True, scope="module")(one_thread)

EVERYTHING: dict[str, Any] = {
    "optimiser": "muon", "weight_decay": 0.01, "schedule": "cosine", "warm_up": 0.1, "label_smoothing": 0.1, "mixup": 0.2,
    "average": 0.9, "patience": 3, "clip_norm": 5.0,
    "augmentation": Augmentation(rotation_range=20, alternating_flip=True, crop_padding=1, erasing=0.3, brightness_range=0.2),
}  # fmt: skip


def new_state(recipe: Recipe, *, seed: int = 0) -> FitState:
    """A training that has not begun."""
    return begin(small_network(dropout=0.3), recipe, 70, np.random.default_rng(seed))


def run(state: FitState, **options: Any) -> list[Any]:
    """Train to the end."""
    return list(fit(state, small_set(), validate=validator(small_set(40, seed=9)), **options))


def assert_same_weights(first: FitState, second: FitState) -> None:
    """Bit for bit."""
    one, other = first.network.state_dict(), second.network.state_dict()
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("optimiser", ["sgd", "momentum", "adagrad", "rmsprop", "adam", "adamw", "muon"])
@pytest.mark.parametrize("after", [3, 9])
def test_going_on_from_a_checkpoint_gives_the_same_weights(optimiser: str, after: int, tmp_path: Path) -> None:
    recipe = small_recipe(**EVERYTHING | {"optimiser": optimiser})
    whole = new_state(recipe)
    run(whole)
    checkpoints = Checkpoints(tmp_path / "checkpoint.safetensors", every_steps=1)
    begun = fit(new_state(recipe), small_set(), validate=validator(small_set(40, seed=9)), checkpoints=checkpoints)
    list(itertools.islice(begun, after))
    begun.close()
    resumed = new_state(recipe, seed=5)  # whatever it would have drawn, the checkpoint says what it draws
    assert checkpoints.resume(resumed)
    run(resumed)
    assert_same_weights(whole, resumed)
    assert [epoch.loss for epoch in whole.history] == [epoch.loss for epoch in resumed.history]
    assert whole.kept_epoch == resumed.kept_epoch


def test_epochs_may_grow(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "checkpoint.safetensors")
    whole = new_state(small_recipe(epochs=4))
    run(whole)
    short = new_state(small_recipe(epochs=2))
    run(short, checkpoints=checkpoints)
    longer = new_state(small_recipe(epochs=4))
    assert checkpoints.resume(longer)
    events = run(longer)
    assert [event.epoch for event in events if isinstance(event, EpochDone)] == [3, 4]
    assert_same_weights(whole, longer)


def test_a_checkpoint_beyond_the_last_epoch_does_not_serve(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "checkpoint.safetensors")
    run(new_state(small_recipe(epochs=3)), checkpoints=checkpoints)
    assert not checkpoints.resume(new_state(small_recipe(epochs=2)))
    assert checkpoints.resume(new_state(small_recipe(epochs=3)))


def test_a_training_that_was_stopped_can_be_finished_to_the_same_weights(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "checkpoint.safetensors")
    whole, stopped, finished = (new_state(small_recipe(**EVERYTHING)) for _ in range(3))
    run(whole)
    run(stopped, checkpoints=checkpoints, stop=lambda: stopped.step >= 7)
    assert checkpoints.resume(finished)
    assert finished.step == 7
    run(finished)
    assert_same_weights(whole, finished)


def test_without_a_file_nothing_is_resumed(tmp_path: Path) -> None:
    assert not Checkpoints(tmp_path / "none.safetensors").resume(new_state(small_recipe()))


def test_a_damaged_checkpoint_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.safetensors"
    run(new_state(small_recipe(epochs=1)), checkpoints=Checkpoints(path))
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ModelError, match=r"checkpoint\.safetensors is damaged"):
        Checkpoints(path).resume(new_state(small_recipe()))


def test_a_checkpoint_of_another_network_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.safetensors"
    run(new_state(small_recipe(epochs=1)), checkpoints=Checkpoints(path))
    other = begin(
        torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(192, 3)), small_recipe(), 70, np.random.default_rng(0)
    )
    with pytest.raises(ModelError, match="another training"):
        Checkpoints(path).resume(other)


def test_the_oldest_checkpoints_go_first(tmp_path: Path) -> None:
    for number in range(4):
        path = tmp_path / f"{number}.safetensors"
        path.write_bytes(b"0" * 100)
        os.utime(path, (number, number))
    drop_oldest(tmp_path, keep=tmp_path / "0.safetensors", limit_bytes=250)
    assert sorted(path.stem for path in tmp_path.iterdir()) == ["0", "2", "3"]


def train_in_a_process(folder: Path, *, pause: float) -> subprocess.Popen[str]:
    """A process that trains with a checkpoint after every step."""
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path; import torch; torch.set_num_threads(1)\n"
        "from killed_training import main; main(Path(sys.argv[2]), float(sys.argv[3]))"
    )
    return subprocess.Popen([sys.executable, "-c", program, str(ROOT / "tests"), str(folder), str(pause)], text=True)


@pytest.mark.slow
def test_a_killed_process_leaves_a_checkpoint_from_which_the_same_weights_come(tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    (tmp_path / "killed").mkdir()
    train_or_go_on(tmp_path / "whole", 0)
    noise = np.random.default_rng(time.time_ns())
    victim = train_in_a_process(tmp_path / "killed", pause=0.02)
    counter = tmp_path / "killed" / "steps"
    until = int(noise.integers(2, 13))
    while not counter.exists() or int(counter.read_text() or 0) < until:
        assert victim.poll() is None, "it ended before it was killed"
        time.sleep(0.002)
    os.kill(victim.pid, signal.SIGKILL)
    victim.wait(timeout=60)
    assert not (tmp_path / "killed" / "final.pt").exists()
    train_or_go_on(tmp_path / "killed", 0)
    whole, killed = (torch.load(tmp_path / name / "final.pt", weights_only=True) for name in ("whole", "killed"))
    assert all(torch.equal(whole[name], killed[name]) for name in whole), f"killed after step {until}"
