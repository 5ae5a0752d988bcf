"""Weights are read out of every common wrapping, and nothing in a file is run."""

from __future__ import annotations

import argparse
import os
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from hubel.core.errors import ModelError
from hubel.models.checkpoint import plain_names, read_checkpoint

WEIGHTS = {"fc.weight": torch.arange(6.0).reshape(2, 3), "fc.bias": torch.ones(2)}


class Attack:
    """Unpickling this runs a command that writes a file."""

    def __init__(self, evidence: Path) -> None:
        self.evidence = evidence

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch '{self.evidence}'",)


@pytest.mark.parametrize("suffix", [".pth", ".pt", ".bin", ".safetensors", ".PTH"])
def test_every_kind_of_file_gives_its_tensors(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"weights{suffix}"
    if suffix == ".safetensors":
        save_file(WEIGHTS, path)
    else:
        torch.save(WEIGHTS, path)
    tensors = read_checkpoint(path)
    assert set(tensors) == set(WEIGHTS)
    assert torch.equal(tensors["fc.weight"], WEIGHTS["fc.weight"])


@pytest.mark.parametrize("wrapper", ["state_dict", "model", "model_state_dict", "module", "net"])
def test_weights_are_found_among_a_training_scripts_records(tmp_path: Path, wrapper: str) -> None:
    torch.save({"epoch": 3, "optimizer": {"lr": 0.1}, wrapper: WEIGHTS}, tmp_path / "run.pth")
    assert set(read_checkpoint(tmp_path / "run.pth")) == set(WEIGHTS)


def test_weights_are_found_two_wrappings_deep(tmp_path: Path) -> None:
    torch.save({"model": {"state_dict": WEIGHTS, "note": "x"}}, tmp_path / "run.pth")
    assert set(read_checkpoint(tmp_path / "run.pth")) == set(WEIGHTS)


@pytest.mark.parametrize("prefix", ["module.", "model.", "_orig_mod.", "module._orig_mod.", "model.module."])
def test_prefixes_of_wrappers_are_taken_off(prefix: str) -> None:
    tensors = {f"{prefix}{name}": tensor for name, tensor in WEIGHTS.items()}
    assert plain_names(tensors, WEIGHTS) == WEIGHTS


def test_a_prefix_that_belongs_to_the_network_stays() -> None:
    tensors = {"model.0.weight": torch.ones(1)}
    assert set(plain_names({f"module.{name}": tensor for name, tensor in tensors.items()}, tensors)) == {
        "model.0.weight"
    }


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_pickle_that_would_run_code_is_refused_and_runs_nothing(tmp_path: Path, protocol: int) -> None:
    evidence, path = tmp_path / "evidence", tmp_path / "attack.pth"
    path.write_bytes(pickle.dumps({"state_dict": WEIGHTS, "hook": Attack(evidence)}, protocol))
    with pytest.raises(ModelError, match=r"can run code when it is read.*Where it was made, save only the weights"):
        read_checkpoint(path)
    assert not evidence.exists()


def test_an_archive_of_torch_with_code_inside_is_refused_and_runs_nothing(tmp_path: Path) -> None:
    evidence, path = tmp_path / "evidence", tmp_path / "attack.pth"
    torch.save({"state_dict": WEIGHTS, "hook": Attack(evidence)}, path)
    with pytest.raises(ModelError, match=r"posix\.system.*can run code"):
        read_checkpoint(path)
    assert not evidence.exists()
    pickle.loads(pickle.dumps(Attack(evidence)))
    assert evidence.exists(), "the attack must be real"


def test_a_pickle_of_other_objects_is_refused_by_name(tmp_path: Path) -> None:
    torch.save({"state_dict": WEIGHTS, "args": argparse.Namespace(epochs=3)}, tmp_path / "run.pth")
    with pytest.raises(ModelError, match=r"argparse\.Namespace"):
        read_checkpoint(tmp_path / "run.pth")


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize("content", [b"", b"hello", b"\x00" * 4096, b"PK\x03\x04broken"])
def test_a_file_that_is_no_checkpoint_is_a_model_error(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"broken{suffix}"
    path.write_bytes(content)
    with pytest.raises(ModelError, match="broken"):
        read_checkpoint(path)


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_a_truncated_checkpoint_is_refused_as_damaged(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"weights{suffix}"
    if suffix == ".safetensors":
        save_file(WEIGHTS, path)
    else:
        torch.save(WEIGHTS, path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ModelError, match=r"damaged.*again"):
        read_checkpoint(path)


def test_a_checkpoint_without_tensors_says_what_it_holds(tmp_path: Path) -> None:
    torch.save({"epoch": 3, "names": ["cat"]}, tmp_path / "run.pth")
    with pytest.raises(ModelError, match=r"no weights.*epoch, names"):
        read_checkpoint(tmp_path / "run.pth")
    torch.save([1, 2], tmp_path / "list.pth")
    with pytest.raises(ModelError, match=r"no weights.*list"):
        read_checkpoint(tmp_path / "list.pth")


def test_a_missing_file_and_a_file_of_another_kind_are_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no checkpoint file at .*gone\.pth"):
        read_checkpoint(tmp_path / "gone.pth")
    (tmp_path / "model.h5").write_bytes(b"x")
    with pytest.raises(ModelError, match=r"\.h5.*\.safetensors"):
        read_checkpoint(tmp_path / "model.h5")
