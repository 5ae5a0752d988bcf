"""The fastest engine is measured once on a machine, and again when the record no longer tells the truth."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from hubel.models.graph import GraphBuilder
from hubel.runtime.engines import available_engines
from hubel.runtime.probe import Measured, fastest_engine, machine_key, read_measurements


@pytest.fixture(scope="module")
def small_graph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    graph = GraphBuilder()
    pooled = graph.pooled(graph.scaled_pixels(np.full(3, 0.5), np.full(3, 0.5)))
    path = tmp_path_factory.mktemp("graph") / "means.onnx"
    path.write_bytes(graph.finish("means", {"features": (pooled, 3)}).SerializeToString())
    return path


def record_in(store: Path) -> Path:
    (record,) = store.glob("engines-*.json")
    return record


def test_every_available_engine_is_measured_and_the_record_kept(small_graph: Path, tmp_path: Path) -> None:
    engine, measured = fastest_engine(small_graph, 32, math.inf, store=tmp_path)
    assert {entry.engine for entry in measured} == set(available_engines())
    assert engine.name == min(measured, key=lambda entry: entry.seconds_per_image).engine
    assert read_measurements(record_in(tmp_path)) == measured


def test_the_second_call_reads_the_measurement(small_graph: Path, tmp_path: Path) -> None:
    _, first = fastest_engine(small_graph, 32, math.inf, store=tmp_path)
    written = record_in(tmp_path).stat().st_mtime_ns
    _, second = fastest_engine(small_graph, 32, math.inf, store=tmp_path)
    assert second == first
    assert record_in(tmp_path).stat().st_mtime_ns == written


def test_the_kept_measurement_decides_by_the_number_of_images(small_graph: Path, tmp_path: Path) -> None:
    fastest_engine(small_graph, 32, math.inf, store=tmp_path)
    slow_start, slow_run = available_engines()[0], "onnxruntime-f32"
    entries = [
        {"engine": slow_start, "load_seconds": 5.0, "seconds_per_image": 0.001},
        {"engine": slow_run, "load_seconds": 0.1, "seconds_per_image": 0.01},
    ]
    record_in(tmp_path).write_text(json.dumps({"machine": machine_key(), "measured": entries}), encoding="utf-8")
    assert fastest_engine(small_graph, 32, 100, store=tmp_path)[0].name == slow_run
    assert fastest_engine(small_graph, 32, 10_000, store=tmp_path)[0].name == slow_start


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"machine": 1}', "\x00", '"text"', "null"])
def test_a_damaged_record_is_measured_again(small_graph: Path, tmp_path: Path, content: str) -> None:
    fastest_engine(small_graph, 32, math.inf, store=tmp_path)
    record_in(tmp_path).write_text(content, encoding="utf-8")
    assert fastest_engine(small_graph, 32, math.inf, store=tmp_path)[1]
    assert read_measurements(record_in(tmp_path)) is not None


@pytest.mark.parametrize(
    "measured", [[], [{"engine": "tensorrt", "load_seconds": 1, "seconds_per_image": 1}], None, [3]]
)
def test_a_record_that_names_no_engine_of_ours_is_measured_again(
    small_graph: Path, tmp_path: Path, measured: object
) -> None:
    fastest_engine(small_graph, 32, math.inf, store=tmp_path)
    record_in(tmp_path).write_text(json.dumps({"machine": machine_key(), "measured": measured}), encoding="utf-8")
    _, found = fastest_engine(small_graph, 32, math.inf, store=tmp_path)
    assert {entry.engine for entry in found} == set(available_engines())


def test_the_record_of_another_machine_is_measured_again(small_graph: Path, tmp_path: Path) -> None:
    fastest_engine(small_graph, 32, math.inf, store=tmp_path)
    content = json.loads(record_in(tmp_path).read_text(encoding="utf-8"))
    content["machine"]["processor"] = "another"
    for entry in content["measured"]:
        entry["seconds_per_image"] = 77.0
    record_in(tmp_path).write_text(json.dumps(content), encoding="utf-8")
    _, measured = fastest_engine(small_graph, 32, math.inf, store=tmp_path)
    assert all(entry.seconds_per_image < 77 for entry in measured)


def test_few_images_are_not_worth_measuring(small_graph: Path, tmp_path: Path) -> None:
    engine, measured = fastest_engine(small_graph, 32, 3, store=tmp_path)
    assert engine.name == "onnxruntime-f32"
    assert measured == ()
    assert list(tmp_path.iterdir()) == []


def test_the_time_of_an_engine_is_its_start_and_its_images() -> None:
    assert Measured("x", 2.0, 0.5).seconds(10) == 7.0
