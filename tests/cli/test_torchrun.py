"""`torchrun -m hubel train …`: two real processes make one run, the same as one process makes; a killed one comes back."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import torch
from safetensors.torch import load_file

from support import run_hubel

TRAIN = (
    "train", "photos", "--model", "cnn_cifar10", "--size", "32", "--epochs", "6", "--patience", "0", "--batch-size", "8",
    "--set", "precision=f32", "--out", "runs/photos",
)  # fmt: skip
TORCHRUN = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")


@dataclass(frozen=True)
class Place:
    """A folder where training was done, and how it ended."""

    folder: Path
    code: int
    out: str
    err: str

    @property
    def weights(self) -> dict[str, torch.Tensor]:
        return load_file(self.folder / "runs" / "photos" / "network.safetensors")


def begin(folder: Path, shapes: Path, *words: str) -> subprocess.Popen[str]:
    """Start two processes in a folder of their own, with a cache of its own and frequent checkpoints."""
    (folder / "photos").symlink_to(shapes)
    own = {"HUBEL_CACHE": str(folder / "cache"), "HUBEL_CHECKPOINT_SECONDS": "0", "HUBEL_LANG": "en", "TERM": "dumb"}
    return subprocess.Popen(
        [sys.executable, *TORCHRUN, *words], cwd=folder, env=os.environ | own, encoding="utf-8",
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def ended(folder: Path, process: subprocess.Popen[str]) -> Place:
    """What became of it."""
    out, err = process.communicate(timeout=300)
    return Place(folder, process.returncode, out, err)


@pytest.fixture(scope="module")
def together(shapes: Path, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """An undisturbed training by two."""
    folder = tmp_path_factory.mktemp("together")
    return ended(folder, begin(folder, shapes, "-m", "hubel", *TRAIN))


@pytest.mark.slow
def test_two_processes_make_one_run_with_the_weights_of_one_process(
    together: Place, shapes: Path, tmp_path: Path
) -> None:
    assert together.code == 0, together.err
    assert together.out.count("held-out images right") == 1
    assert together.err.count("Epoch 6/6") == 1
    assert sorted(path.name for path in (together.folder / "runs").iterdir()) == ["photos"]
    (tmp_path / "photos").symlink_to(shapes)
    alone = run_hubel(*TRAIN, cwd=tmp_path, timeout=300)
    assert alone.returncode == 0, alone.stderr
    weights = load_file(tmp_path / "runs" / "photos" / "network.safetensors")
    assert all(torch.allclose(weights[name], together.weights[name], rtol=1e-2, atol=2e-3) for name in weights)


@pytest.mark.slow
def test_after_a_kill_torchrun_begins_anew_where_it_was_and_ends_in_the_same_weights(
    together: Place, shapes: Path, tmp_path: Path
) -> None:
    process = begin(tmp_path, shapes, "--max-restarts", "1", "-m", "hubel", *TRAIN)
    deadline = time.monotonic() + 200
    while not list((tmp_path / "cache" / "checkpoints").glob("[!.]*.safetensors")):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    leader = next(child for child in psutil.Process(process.pid).children() if child.environ().get("RANK") == "0")
    leader.kill()
    place = ended(tmp_path, process)
    assert place.code == 0, place.err
    assert "where an earlier run of the same settings left off" in place.err
    assert [path.name for path in (tmp_path / "runs").iterdir()] == ["photos"]
    assert all(torch.equal(place.weights[name], together.weights[name]) for name in place.weights)


@pytest.mark.slow
def test_an_error_ends_both_with_its_exit_code_and_is_said_once(shapes: Path, tmp_path: Path) -> None:
    place = ended(tmp_path, begin(tmp_path, shapes, "-m", "hubel", *TRAIN, "--model", "lenet6"))
    assert place.err.count("lenet5") == 1
    assert "exitcode  : 4" in place.err.partition("Root Cause")[2]
    assert not (tmp_path / "runs").exists()


@pytest.mark.slow
def test_what_is_not_shared_is_done_once_and_says_so(shapes: Path, tmp_path: Path) -> None:
    place = ended(tmp_path, begin(tmp_path, shapes, "-m", "hubel", "check", "photos"))
    assert place.err.count("torchrun started 2 processes") == 1
    assert place.out.count("broken.png") <= 2


@pytest.mark.gpu
@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="two graphics cards are needed")
def test_two_graphics_cards_train_what_the_processor_does(together: Place, shapes: Path, tmp_path: Path) -> None:
    place = ended(tmp_path, begin(tmp_path, shapes, "-m", "hubel", *TRAIN, "--device", "cuda"))
    assert place.code == 0, place.err
    assert all(
        torch.allclose(place.weights[name], together.weights[name], rtol=0.1, atol=0.02) for name in place.weights
    )
