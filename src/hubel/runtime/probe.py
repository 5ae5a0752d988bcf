"""Which engine is fastest here, by a short measurement that is kept."""

from __future__ import annotations

import json
import platform
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

import numpy as np

from hubel.core.files import write_atomically
from hubel.core.parallel import usable_cores
from hubel.runtime.engines import (
    BATCH_SIZE,
    ENGINE_NAMES,
    Engine,
    available_engines,
    installed,
    open_engine,
)

PROBE_BATCHES = 1
"""Batches per worker that are timed, after one to warm up; engines differ by far more than a batch's noise."""
WORTH_MEASURING = 64
"""Below so many images the engine that starts fastest is taken without measuring."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What one engine took: seconds to make the graph ready, and seconds per image with all workers busy."""

    engine: str
    load_seconds: float
    seconds_per_image: float

    def seconds(self, num_images: float) -> float:
        """The time it would take from nothing to `num_images` done."""
        return self.load_seconds + num_images * self.seconds_per_image


def fastest_engine(
    graph: Path, size: int, num_images: float, *, store: Path, name: str | None = None
) -> tuple[Engine, tuple[Measured, ...]]:
    """The engine that finishes so many images first, ready to run.

    Parameters
    ----------
    graph
        The ONNX graph.
    size
        The side of its input in pixels.
    num_images
        How many images will be run; infinity when unknown.
    store
        The folder in which measurements are kept, by graph, processor and versions.
    name
        What the measurement is kept under; graphs of one name are alike. The file's own name by default.

    Returns
    -------
    tuple
        The engine, and the measurements (none where nothing was measured).
    """
    if num_images < WORTH_MEASURING:
        return open_engine("onnxruntime-f32", graph), ()
    record = store / f"engines-{name or graph.stem}-{size}.json"
    kept = read_measurements(record)
    if kept is not None:
        best = min(kept, key=lambda measured: (measured.seconds(num_images), measured.seconds_per_image))
        return open_engine(best.engine, graph), kept
    engines: dict[str, Engine] = {}
    measurements = []
    for candidate in available_engines():
        started = time.perf_counter()
        engines[candidate] = open_engine(candidate, graph)
        load_seconds = time.perf_counter() - started
        measurements.append(Measured(candidate, load_seconds, seconds_per_image(engines[candidate], size)))
    found = tuple(measurements)
    write_atomically(record, json.dumps({"machine": machine_key(), "measured": [asdict(entry) for entry in found]}))
    return engines[
        min(found, key=lambda measured: (measured.seconds(num_images), measured.seconds_per_image)).engine
    ], found


def seconds_per_image(engine: Engine, size: int) -> float:
    """The time per image with every worker busy, on random pixels."""
    pixels = np.random.default_rng(0).integers(0, 256, (BATCH_SIZE, size, size, 3), dtype=np.uint8)
    with ThreadPoolExecutor(engine.workers) as pool:
        list(pool.map(engine.run, [pixels] * engine.workers))
        started = time.perf_counter()
        list(pool.map(engine.run, [pixels] * (engine.workers * PROBE_BATCHES)))
        elapsed = time.perf_counter() - started
    return elapsed / (BATCH_SIZE * engine.workers * PROBE_BATCHES)


def read_measurements(record: Path) -> tuple[Measured, ...] | None:
    """The kept measurements, if they were made on this machine with these versions."""
    try:
        content = json.loads(record.read_text(encoding="utf-8"))
        if content["machine"] != machine_key():
            return None
        measured = tuple(Measured(**entry) for entry in content["measured"])
        return measured if measured and {entry.engine for entry in measured} <= set(ENGINE_NAMES) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None  # absent or damaged: it is measured again


def machine_key() -> dict[str, str]:
    """What a measurement depends on: the processor, its cores, and the engines' versions."""
    versions = {name: metadata.version(name) for name in ("onnxruntime", "openvino") if installed(name)}
    return {"processor": processor_name(), "cores": str(usable_cores()), **versions}


def processor_name() -> str:
    """The processor's name as the system gives it."""
    information = Path("/proc/cpuinfo")
    if information.is_file():
        for line in information.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
