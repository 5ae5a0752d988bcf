"""The three answers in the graph are those of NumPy, on every engine."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import onnx
import pytest

from hubel.core.answers import SetLimit, UnknownLimit
from hubel.core.card import Card, read_card
from hubel.core.familiar import Familiar
from hubel.core.files import cache_root
from hubel.evaluate.conformal import class_sets
from hubel.evaluate.unknown import graph_logits, known_images, unknown_scores
from hubel.export.onnx import ModelParts, export_model
from hubel.models.backbone import open_backbone
from hubel.runtime.engines import open_engine
from small_runs import SIZE, small_run

NUM_FEATURES = 2024
ENGINES = [
    "onnxruntime-f32",
    *(pytest.param(name, marks=pytest.mark.slow) for name in ("openvino-f32", "openvino-bf16")),
]


def head() -> tuple[np.ndarray, np.ndarray]:
    noise = np.random.default_rng(0)
    return noise.normal(0, 0.05, (NUM_FEATURES, 2)).astype(np.float32), noise.normal(0, 0.1, 2).astype(np.float32)


def card() -> Card:
    unknown = UnknownLimit(reject=0.01, threshold=0.3, num_images=99, num_groups=99)
    sets = SetLimit(accept_error=0.1, threshold=0.4, num_images=99, num_groups=99)
    changes = {"unknown": unknown, "sets": sets, "temperature": 1.7, "calibration": None}
    return read_card(small_run() / "card.json").model_copy(update=changes)


@functools.cache
def familiar() -> Familiar:
    noise = np.random.default_rng(1)
    remembered = np.abs(noise.normal(size=(NUM_FEATURES, 7)))
    remembered /= np.linalg.norm(remembered, axis=0)
    inverse = noise.uniform(0.5, 2, NUM_FEATURES).astype(np.float32)
    return Familiar(inverse, remembered.astype(np.float16), (-0.7, 0.05), (0.0, 1.5), shift=0.2)


@functools.cache
def exported() -> Path:
    path = cache_root() / "test-unknown" / "model.onnx"
    base = open_backbone("efficientnet_lite0", cache_root() / "graphs").graph
    export_model(ModelParts(base, *head(), familiar()), card=card(), path=path)
    return path


@pytest.mark.parametrize("engine", ENGINES)
def test_graph_gives_the_three_answers_of_numpy(engine: str) -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (6, SIZE, SIZE, 3), dtype=np.uint8)
    pixels[3:] = (pixels[3:] // 64 + np.array([30, 90, 200], np.uint8)).astype(np.uint8)
    said = open_engine(engine, exported()).run(pixels)
    weights, bias = head()
    logits = graph_logits(said["features"] @ weights + bias, 1.7, None)
    expected = unknown_scores(familiar(), said["features"], logits)
    rough = engine.endswith("bf16")
    np.testing.assert_allclose(said["unknown_score"], expected, atol=0.5 if rough else 2e-3)
    known = known_images(said["unknown_score"], card().unknown, num_images=6)
    assert said["known"].astype(bool).tolist() == known.tolist()
    probabilities = said["probabilities"]
    sets = class_sets(probabilities, card().sets, probabilities.argmax(1))
    assert said["in_set"].astype(bool).tolist() == sets.tolist()


def test_limits_and_outputs_stand_in_the_model_itself() -> None:
    model = onnx.load(str(exported()))
    onnx.checker.check_model(model, full_check=True)
    about = {entry.key: entry.value for entry in model.metadata_props}
    assert UnknownLimit.model_validate_json(about["unknown"]) == card().unknown
    assert SetLimit.model_validate_json(about["sets"]) == card().sets
    outputs = [entry.name for entry in model.graph.output]
    assert outputs == ["probabilities", "features", "unknown_score", "known", "in_set"]


def test_model_without_a_memory_keeps_to_the_old_outputs(tmp_path: Path) -> None:
    base = open_backbone("efficientnet_lite0", cache_root() / "graphs").graph
    export_model(ModelParts(base, *head()), card=card(), path=tmp_path / "model.onnx")
    model = onnx.load(str(tmp_path / "model.onnx"))
    assert [entry.name for entry in model.graph.output] == ["probabilities", "features"]
