"""A run folder may come from anyone: whatever stands in it, loading it reads nothing else and ends in a ModelError."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto

from hubel.core import card as card_module
from hubel.core.card import read_card
from hubel.core.errors import ModelError
from hubel.core.golden import read_golden
from hubel.workflows import load_predictor
from small_runs import copy_of, small_run


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return copy_of(small_run(), tmp_path)


HOSTILE_CARDS: dict[str, dict[str, Any]] = {
    "classes of another type": {"classes": "ab"},
    "one class": {"classes": ["a"]},
    "a class twice": {"classes": ["a", "a"]},
    "an unknown field": {"__class__": "os.system"},
    "a huge size": {"image": {"size": 10**9, "resize": "squash"}},
    "an unknown rule": {"image": {"size": 64, "resize": "../../x"}},
    "temperature not a number": {"temperature": float("nan")},
    "temperature without end": {"temperature": float("inf")},
    "temperature zero": {"temperature": 0},
    "a newer version": {"version": 99},
    "no metrics": {"metrics": None},
}


@pytest.mark.parametrize("attack", HOSTILE_CARDS)
def test_a_hostile_card_is_refused(run: Path, attack: str) -> None:
    card = json.loads((run / "card.json").read_text(encoding="utf-8")) | HOSTILE_CARDS[attack]
    (run / "card.json").write_text(json.dumps(card), encoding="utf-8")
    with pytest.raises(ModelError, match=r"card\.json"):
        load_predictor(run)


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff\xfe", b"[" * 10**6, b'{"version": ' + b"9" * 10**6 + b"}"])
def test_a_card_that_is_none_is_refused(run: Path, content: bytes) -> None:
    (run / "card.json").write_bytes(content)
    with pytest.raises(ModelError, match=r"card\.json"):
        load_predictor(run)


def test_a_card_that_is_too_large_is_not_read(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(card_module, "MOST_BYTES", 100)
    with pytest.raises(ModelError, match="too large"):
        read_card(run / "card.json")


def test_names_of_golden_images_lead_nowhere_else(run: Path, tmp_path: Path) -> None:
    golden = run / "golden"
    secret = tmp_path / "secret.png"
    secret.write_bytes((golden / "00.png").read_bytes())
    table = json.loads((golden / "expected.json").read_text(encoding="utf-8"))
    names = ["../../secret.png", str(secret), "..", "\0", *list(table)[4:]]
    (golden / "expected.json").write_text(json.dumps(dict(zip(names, table.values(), strict=True))), encoding="utf-8")
    assert all(path.parent == golden for path in read_golden(golden).paths)
    with pytest.raises(ModelError, match="cannot be read"):
        load_predictor(run)


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", "[" * 10**5, '{"00.png": [NaN, NaN]}', '{"00.png": [{}]}', '{"00.png": [1], "01.png": []}'],
)
def test_hostile_expectations_are_refused(run: Path, content: str) -> None:
    (run / "golden" / "expected.json").write_text(content, encoding="utf-8")
    with pytest.raises(ModelError, match="golden images"):
        load_predictor(run)


@pytest.mark.parametrize("attack", ["pickle", "huge", "cut", "text", "objects"])
def test_hostile_features_are_refused_and_never_unpickled(run: Path, tmp_path: Path, attack: str) -> None:
    path, proof = run / "golden" / "features.npy", tmp_path / "proof"
    evil = f"cos\nmkdir\n(V{proof}\ntR.".encode()
    if attack == "pickle":
        path.write_bytes(evil)
    elif attack == "huge":
        header = b"{'descr': '<f2', 'fortran_order': False, 'shape': (17, 999999999999), }"
        path.write_bytes(b"\x93NUMPY\x01\x00" + (len(header) + 1).to_bytes(2, "little") + header + b"\n" + bytes(64))
    elif attack == "cut":
        path.write_bytes(path.read_bytes()[:200])
    elif attack == "text":
        path.write_bytes(b"\x93NUMPY\x01\x00\x10\x00not a dictionary")
    else:
        header = b"{'descr': '|O', 'fortran_order': False, 'shape': (17, 1), }"
        path.write_bytes(b"\x93NUMPY\x01\x00" + (len(header) + 1).to_bytes(2, "little") + header + b"\n" + evil)
    with pytest.raises(ModelError, match="golden images"):
        load_predictor(run)
    assert not proof.exists()


@pytest.mark.parametrize("location", ["../secret.bin", "/etc/passwd", "weights.safetensors"])
def test_a_model_that_takes_weights_from_other_files_is_refused(run: Path, location: str) -> None:
    (run.parent / "secret.bin").write_bytes(bytes(10**6))
    model = onnx.load(str(run / "model.onnx"))
    tensor = next(entry for entry in model.graph.initializer if len(entry.raw_data) > 100)
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    (run / "model.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(ModelError, match="other files"):
        load_predictor(run)


@pytest.mark.parametrize("content", [b"", b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", b"\xff" * 100, b"<html>"])
def test_a_model_that_is_none_is_refused(run: Path, content: bytes) -> None:
    (run / "model.onnx").write_bytes(content)
    with pytest.raises(ModelError, match=r"model\.onnx"):
        load_predictor(run)


def test_a_model_cut_short_is_refused(run: Path) -> None:
    content = (run / "model.onnx").read_bytes()
    noise = np.random.default_rng(0)
    for length in [*noise.integers(1, len(content), 5), len(content) - 1]:
        (run / "model.onnx").write_bytes(content[:length])
        with pytest.raises(ModelError, match=r"model\.onnx"):
            load_predictor(run)


@pytest.mark.parametrize("name", ["card.json", "model.onnx", "golden/expected.json", "golden/03.png"])
def test_links_to_what_is_no_part_of_a_run_are_refused(run: Path, name: str) -> None:
    (run / name).unlink()
    (run / name).symlink_to("/etc/passwd")
    with pytest.raises(ModelError):
        load_predictor(run)


@pytest.mark.parametrize("name", ["golden/03.png"])
def test_a_pipe_in_place_of_an_image_does_not_hang(run: Path, name: str) -> None:
    (run / name).unlink()
    os.mkfifo(run / name)
    with pytest.raises(ModelError):
        load_predictor(run)


def test_a_run_folder_may_be_a_link(run: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(run)
    assert load_predictor(tmp_path / "link").card == read_card(run / "card.json")
