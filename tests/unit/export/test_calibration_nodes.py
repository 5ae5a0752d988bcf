"""What the exported graph computes after the features, on every engine, against the same in Python."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from hubel.core.card import BaseInfo, Card, ImageSpec, Provenance
from hubel.core.decision import Calibration, Method
from hubel.evaluate.calibrators import calibrate, fit_calibration
from hubel.evaluate.metrics import measure
from hubel.export.calibration_nodes import calibration_nodes, ramps
from hubel.runtime.engines import ENGINE_NAMES, import_openvino, processor_has_bf16

METHODS: tuple[Method, ...] = ("temperature", "vector", "isotonic")
NUM_FEATURES = 8


def card_with(num_classes: int, temperature: float, calibration: Calibration) -> Card:
    """A card of which only the calibration matters here."""
    classes = tuple(f"class {number}" for number in range(num_classes))
    rows = np.full((num_classes, num_classes), 1 / num_classes)
    return Card(
        classes=classes,
        image=ImageSpec(size=32, resize="squash"),
        base=BaseInfo(name="b", source="", sha256="", licence="", num_features=NUM_FEATURES),
        views=("plain",),
        temperature=temperature,
        regularisation=0.1,
        metrics=measure(rows, np.arange(num_classes), classes=classes, protocol="test"),
        provenance=Provenance(
            created="", command="", seed=0, data_sha256="", num_train=1, versions={}, machine="", engine=""
        ),
        calibration=calibration,
    )


def head_task(num_classes: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Features, weights, bias and labels that are partly as the scores say."""
    noise = np.random.default_rng(num_classes)
    features = noise.normal(0, 1, (400, NUM_FEATURES)).astype(np.float32)
    weights = noise.normal(0, 1, (NUM_FEATURES, num_classes)).astype(np.float32)
    bias = noise.normal(0, 1, num_classes).astype(np.float32)
    noisy = features @ weights + bias + noise.normal(0, 2, (400, num_classes))
    return features, weights, bias, noisy.argmax(1)


def write_graph(path: Path, weights: np.ndarray, bias: np.ndarray, card: Card) -> Path:
    """A graph from features to probabilities."""
    constants: list[onnx.TensorProto] = []

    def constant(name: str, value: np.ndarray) -> str:
        constants.append(numpy_helper.from_array(value, name))
        return name

    nodes = calibration_nodes(helper, weights, bias, card=card, constant=constant)
    given = helper.make_tensor_value_info("features", onnx.TensorProto.FLOAT, ["n", NUM_FEATURES])
    said = helper.make_tensor_value_info("probabilities", onnx.TensorProto.FLOAT, ["n", len(bias)])
    model = helper.make_model(
        helper.make_graph(nodes, "head", [given], [said], constants), opset_imports=[helper.make_opsetid("", 17)]
    )
    model.ir_version = 8
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString())
    return path


def run_on(engine: str, path: Path, features: np.ndarray) -> np.ndarray:
    """What an engine says of features; hubel's own engines take pixels, so the runtimes are called here."""
    if engine.startswith("onnxruntime"):
        import onnxruntime

        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        return np.asarray(session.run(["probabilities"], {"features": features})[0])
    openvino = import_openvino()
    precision = {"bf16": "bf16", "f32": "f32"}[engine.rpartition("-")[2]]
    compiled = openvino.Core().compile_model(str(path), "CPU", {"INFERENCE_PRECISION_HINT": precision})
    return np.array(compiled({"features": features})["probabilities"])


@pytest.mark.parametrize("engine", ENGINE_NAMES)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("num_classes", [2, 5, 100])
def test_every_engine_says_what_python_says(engine: str, method: Method, num_classes: int, tmp_path: Path) -> None:
    if engine == "openvino-bf16" and not processor_has_bf16():
        pytest.skip("this processor has no bf16")
    features, weights, bias, labels = head_task(num_classes)
    logits = features @ weights + bias
    temperature, calibration = fit_calibration(logits, labels, method)
    card = card_with(num_classes, temperature, calibration)
    found = run_on(engine, write_graph(tmp_path / "head.onnx", weights, bias, card), features)
    difference = np.abs(found - calibrate(logits, temperature, calibration))
    assert difference.max() < (0.1 if engine.endswith("bf16") else 1e-4)
    assert np.abs(found.sum(1) - 1).max() < (0.02 if engine.endswith("bf16") else 1e-5)


def test_a_curve_of_one_knot_is_level(tmp_path: Path) -> None:
    _, weights, bias, _ = head_task(2)
    level = Calibration(method="isotonic", losses={}, stated=((0.5,), (0.2, 0.7)), true=((0.3,), (0.1, 0.9)))
    features = np.random.default_rng(0).normal(0, 1, (20, NUM_FEATURES)).astype(np.float32)
    path = write_graph(tmp_path / "head.onnx", weights, bias, card_with(2, 1.5, level))
    expected = calibrate(features @ weights + bias, 1.5, level)
    np.testing.assert_allclose(run_on("onnxruntime-f32", path, features), expected, atol=1e-5)


def test_ramps_of_short_curves_end_level() -> None:
    curves = Calibration(method="isotonic", losses={}, stated=((0.5,), (0.2, 0.4, 0.8)), true=((0.3,), (0.1, 0.2, 0.9)))
    starts, widths, slopes, lowest = ramps(curves)
    assert starts.shape == widths.shape == slopes.shape == (2, 2)
    assert slopes[0].tolist() == [0, 0]
    np.testing.assert_allclose(slopes[1], [0.5, 1.75])
    assert lowest.tolist() == [0.3, 0.1]
