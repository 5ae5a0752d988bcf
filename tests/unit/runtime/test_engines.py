"""An engine opens a graph or says why not, and brings nobody else along."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hubel.core.errors import ModelError, UsageError
from hubel.core.parallel import usable_cores
from hubel.models.graph import GraphBuilder
from hubel.runtime.engines import ENGINE_NAMES, available_engines, open_engine


@pytest.fixture(scope="module")
def small_graph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The mean of each channel, scaled to [−1, 1]."""
    graph = GraphBuilder()
    pooled = graph.pooled(graph.scaled_pixels(np.full(3, 0.5), np.full(3, 0.5)))
    path = tmp_path_factory.mktemp("graph") / "means.onnx"
    path.write_bytes(graph.finish("means", {"features": (pooled, 3)}).SerializeToString())
    return path


@pytest.mark.parametrize("name", ENGINE_NAMES)
def test_an_engine_gives_float32_rows_by_output_name(small_graph: Path, name: str) -> None:
    engine = open_engine(name, small_graph, workers=1)
    pixels = np.random.default_rng(0).integers(0, 256, (5, 16, 24, 3), dtype=np.uint8)
    results = engine.run(pixels)
    assert engine.name == name
    assert engine.workers == 1
    assert list(results) == ["features"]
    assert results["features"].dtype == np.float32
    expected = pixels.mean((1, 2)) / 127.5 - 1
    np.testing.assert_allclose(results["features"], expected, atol=2e-2 if name.endswith("bf16") else 1e-5)


@pytest.mark.parametrize("name", ENGINE_NAMES)
def test_a_later_call_leaves_earlier_results_alone(small_graph: Path, name: str) -> None:
    engine = open_engine(name, small_graph, workers=1)
    first = engine.run(np.zeros((2, 8, 8, 3), np.uint8))["features"]
    engine.run(np.full((2, 8, 8, 3), 255, np.uint8))
    np.testing.assert_allclose(first, -1, atol=1e-2)


@pytest.mark.parametrize("name", ENGINE_NAMES)
def test_pixels_that_are_a_view_give_what_their_copy_gives(small_graph: Path, name: str) -> None:
    engine = open_engine(name, small_graph, workers=1)
    pixels = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 3), dtype=np.uint8)
    mirrored = pixels[:, :, ::-1]
    mirrored.flags.writeable = False
    np.testing.assert_array_equal(engine.run(mirrored)["features"], engine.run(mirrored.copy())["features"])


@pytest.mark.parametrize("name", ENGINE_NAMES)
@pytest.mark.parametrize("content", [b"", b"this is no graph", None])
def test_a_file_that_is_no_graph_is_a_model_error(tmp_path: Path, name: str, content: bytes | None) -> None:
    path = tmp_path / "broken.onnx"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelError, match=r"broken\.onnx cannot be run by"):
        open_engine(name, path)


def test_an_unknown_engine_is_refused_with_the_names_there_are(small_graph: Path) -> None:
    with pytest.raises(UsageError, match=r"'tensorrt'.*openvino-bf16, openvino-f32, onnxruntime-f32"):
        open_engine("tensorrt", small_graph)


def test_by_default_there_is_a_worker_for_every_core(small_graph: Path) -> None:
    assert open_engine("onnxruntime-f32", small_graph).workers == usable_cores()


def test_onnx_runtime_is_always_available() -> None:
    assert "onnxruntime-f32" in available_engines()


def test_openvino_comes_without_telemetry_and_leaves_no_file_at_home(tmp_path: Path) -> None:
    script = "import sys; from hubel.runtime.engines import import_openvino; core = import_openvino().Core(); "
    script += "print([name for name in sys.modules if name.startswith('openvino_telemetry')])"
    finished = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"HOME": str(tmp_path)},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.strip() == "[]"
    assert list(tmp_path.iterdir()) == []
