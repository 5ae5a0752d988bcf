"""The exported model is a valid graph that says, on every engine, what base, views and head say in NumPy."""

from __future__ import annotations

import functools
import json
from pathlib import Path

import numpy as np
import onnx
import pytest

from hubel.core.card import read_card
from hubel.core.files import cache_root
from hubel.core.views import VIEWS, show
from hubel.evaluate.calibration import softmax
from hubel.export.model_card import model_card
from hubel.export.onnx import ModelParts, export_model
from hubel.export.weights import write_weights
from hubel.models.backbone import open_backbone
from hubel.runtime.engines import TOLERANCES, Engine, open_engine
from small_runs import SIZE, small_run

CLASSES = ("discs", "stripes")


@functools.cache
def base_engine() -> Engine:
    return open_engine("onnxruntime-f32", open_backbone("efficientnet_lite0", cache_root() / "graphs").graph)


def head() -> tuple[np.ndarray, np.ndarray]:
    noise = np.random.default_rng(0)
    return noise.normal(0, 0.05, (2024, 2)).astype(np.float32), noise.normal(0, 0.1, 2).astype(np.float32)


def export(path: Path, views: tuple[str, ...]) -> Path:
    card = read_card(small_run() / "card.json").model_copy(update={"views": views, "temperature": 1.7})
    parts = ModelParts(open_backbone("efficientnet_lite0", cache_root() / "graphs").graph, *head())
    export_model(parts, card=card, path=path)
    return path


@pytest.mark.parametrize("views", [(name,) for name in VIEWS] + [tuple(VIEWS)], ids="+".join)
def test_every_view_in_the_graph_is_the_one_in_numpy(tmp_path: Path, views: tuple[str, ...]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (3, SIZE, SIZE, 3), dtype=np.uint8)
    said = open_engine("onnxruntime-f32", export(tmp_path / "model.onnx", views)).run(pixels)
    features = np.mean([base_engine().run(show(pixels, view))["features"] for view in views], axis=0)
    np.testing.assert_allclose(said["features"], features, atol=1e-4 * np.abs(features).max())
    weights, bias = head()
    np.testing.assert_allclose(said["probabilities"], softmax(features @ weights + bias, temperature=1.7), atol=1e-4)


def test_openvino_and_onnx_runtime_agree() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (8, SIZE, SIZE, 3), dtype=np.uint8)
    one, other = (
        open_engine(name, small_run() / "model.onnx").run(pixels) for name in ("onnxruntime-f32", "openvino-f32")
    )
    np.testing.assert_allclose(one["probabilities"], other["probabilities"], atol=1e-4)
    largest = np.abs(one["features"]).max()
    assert np.abs(one["features"] - other["features"]).max() <= TOLERANCES["openvino-f32"] * largest


def test_the_model_is_valid_and_says_how_to_use_it() -> None:
    model = onnx.load(str(small_run() / "model.onnx"))
    onnx.checker.check_model(model, full_check=True)
    about = {entry.key: entry.value for entry in model.metadata_props}
    card = read_card(small_run() / "card.json")
    assert json.loads(about["classes"]) == list(card.classes) == list(CLASSES)
    assert json.loads(about["image_spec"]) == card.image.model_dump()
    assert float(about["temperature"]) == card.temperature
    assert json.loads(about["views"]) == list(card.views)
    assert about["data_sha256"] == card.provenance.data_sha256
    assert [entry.name for entry in model.graph.input] == ["pixels"]
    outputs = [entry.name for entry in model.graph.output]
    assert outputs == ["probabilities", "features", "unknown_score", "known", "in_set"]


def test_the_same_head_gives_the_same_bytes(tmp_path: Path) -> None:
    card = read_card(small_run() / "card.json")
    for name in ("one", "two", "three"):
        write_weights(tmp_path / name, *head(), card=card)
    assert len({(tmp_path / name).read_bytes() for name in ("one", "two", "three")}) == 1


def test_the_model_card_can_be_written_whatever_the_names_are() -> None:
    card = read_card(small_run() / "card.json")
    hostile = card.model_copy(update={"classes": ("a|b", "<script>`\n# x")})
    text = model_card("r\udcfcn\n---\nx", hostile)
    text.encode("utf-8")
    assert text.startswith("---\nlibrary_name: hubel\n")
    assert "\n# x" not in text
    assert "<script>" not in text
    assert text.count("\n---\n") == 1
