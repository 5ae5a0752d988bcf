"""OpenVINO, ONNX Runtime and torch behind one call: pixels in, arrays out.

An engine runs single-threaded in each of its `workers` lanes, and `run` may be called from that many threads at once:
whoever calls it decodes images in the same thread, so reading and inference share the cores without queues between them.
Small batches (`BATCH_SIZE`) keep a worker's activations in its core's own cache; see `LAB.md`, 2026-11-22.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hubel.core.errors import MissingExtraError, ModelError, UsageError
from hubel.core.language import say
from hubel.core.parallel import usable_cores
from hubel.core.silence import import_onnxruntime
from hubel.core.types import PixelBatch

BATCH_SIZE = 4
"""Images per call. Faster than 1, 2, 8, 16 or 32 where the network is bound by memory (`LAB.md`, 2026-11-22)."""

ENGINE_NAMES = ("openvino-bf16", "openvino-f32", "onnxruntime-f32")
"""The engines that run an ONNX graph."""
EXACT_ENGINE = "onnxruntime-f32"
"""The engine that every install has, and that golden images are made with."""
TOLERANCES = {
    "openvino-bf16": 4e-2,
    "openvino-f32": 1e-4,
    "onnxruntime-f32": 1e-4,
    "torch-bf16": 4e-2,
    "torch-f32": 1e-4,
}
"""How far an engine's result may be from float32's, relative to the largest value (tested)."""


@dataclass(frozen=True, slots=True)
class Engine:
    """A graph made ready. ``run(pixels)`` gives the graph's outputs by name, each float32 with n rows.

    `workers` is how many threads may call `run` at once, each using one core.
    """

    name: str
    workers: int
    run: Callable[[PixelBatch], dict[str, np.ndarray]]


def available_engines() -> tuple[str, ...]:
    """The engines worth measuring here: where the processor has bf16, OpenVINO's float32 form is never faster."""
    if not installed("openvino"):
        return ("onnxruntime-f32",)
    return ("openvino-bf16" if processor_has_bf16() else "openvino-f32", "onnxruntime-f32")


def open_engine(name: str, graph: Path, *, workers: int | None = None) -> Engine:
    """Make a graph ready to run.

    Parameters
    ----------
    name
        One of `ENGINE_NAMES`.
    graph
        An ONNX file whose input is ``pixels``, uint8 (n h w 3).
    workers
        The number of lanes; by default one for every core this process may use.

    Raises
    ------
    UsageError
        When there is no engine of that name.
    ModelError
        When the file is not a graph the engine can read.
    """
    lanes = workers or usable_cores()
    if name not in ENGINE_NAMES:
        raise UsageError(
            say(
                en=f"There is no engine {name!r}. Choose one of: {', '.join(ENGINE_NAMES)}",
                ko=f"{name!r} 이라는 엔진은 없습니다. 다음 중에서 고르세요: {', '.join(ENGINE_NAMES)}",
            )
        )
    try:
        if name == "onnxruntime-f32":
            return open_onnxruntime(graph, lanes)
        return open_openvino(graph, lanes, precision=name.removeprefix("openvino-"))
    except (MissingExtraError, UsageError):
        raise
    except Exception as error:  # each runtime raises its own types for a file it cannot read
        raise ModelError(
            say(
                en=f"{graph} cannot be run by {name}: {error}. Restore the file or train again.",
                ko=f"{name} 엔진으로 {graph} 을(를) 실행할 수 없습니다: {error}. 파일을 복원하거나 다시 학습하세요.",
            )
        ) from error


def open_onnxruntime(graph: Path, workers: int) -> Engine:
    """ONNX Runtime on the CPU; its sessions may be run from several threads."""
    onnxruntime = import_onnxruntime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    place = str(graph)
    # ONNX Runtime takes no path that is not UTF-8.
    source = place if is_utf8(place) else graph.read_bytes()
    session = onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]

    def run(pixels: PixelBatch) -> dict[str, np.ndarray]:
        return dict(zip(names, session.run(names, {"pixels": pixels}), strict=True))

    return Engine("onnxruntime-f32", workers, run)


def is_utf8(text: str) -> bool:
    """Whether a text can be written in UTF-8: a path need not."""
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def open_openvino(graph: Path, workers: int, *, precision: str) -> Engine:
    """OpenVINO on the CPU with one stream a core; every calling thread has its own request."""
    openvino = import_openvino()
    # The binding sets up its bridge to NumPy when it first makes a tensor; two threads doing that at once lock each
    # other for ever (seen with 2026.4), so it is done here, before any thread begins.
    openvino.Tensor(np.zeros(1, np.uint8))
    core = openvino.Core()
    settings = {
        "INFERENCE_PRECISION_HINT": precision,
        "NUM_STREAMS": str(workers),
        "INFERENCE_NUM_THREADS": str(workers),
        "PERFORMANCE_HINT": "THROUGHPUT",
    }
    compiled = core.compile_model(core.read_model(str(graph)), "CPU", settings)
    names = [output.any_name for output in compiled.outputs]
    local = threading.local()

    def run(pixels: PixelBatch) -> dict[str, np.ndarray]:
        if not hasattr(local, "request"):
            local.request = compiled.create_infer_request()
        results = local.request.infer({"pixels": pixels}, share_inputs=True)
        return {name: np.array(results[name], np.float32) for name in names}

    return Engine(f"openvino-{precision}", workers, run)


def import_openvino() -> Any:
    """OpenVINO without its telemetry.

    ``import openvino`` loads its converter, and that reports the import to an analytics server through the package
    `openvino_telemetry`. hubel has no use for the converter and calls nobody: with that package hidden for the moment of
    the import, OpenVINO takes the silent stand-in that it ships (docs/decisions/0004).
    """
    if not installed("openvino"):
        raise MissingExtraError("openvino", "train")
    hidden = "openvino_telemetry"
    absent = hidden not in sys.modules
    if absent:
        sys.modules[hidden] = None  # type: ignore[assignment] # None makes the import machinery raise ImportError
    try:
        import openvino
    finally:
        if absent:
            del sys.modules[hidden]
    return openvino


def installed(package: str) -> bool:
    """Whether a package can be imported, without importing it."""
    import importlib.util

    return importlib.util.find_spec(package) is not None


def processor_has_bf16() -> bool:
    """Whether OpenVINO finds bf16 arithmetic in this processor."""
    openvino = import_openvino()
    return "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
