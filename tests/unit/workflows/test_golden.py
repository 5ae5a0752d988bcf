"""A run folder that was tampered with, or a reader that drifted, is refused when the model is loaded, by every engine."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from PIL import Image

from hubel.core.errors import ModelError
from hubel.core.golden import FEATURES, read_golden
from hubel.data import resize as resize_module
from hubel.data.images import read_image
from hubel.runtime.engines import ENGINE_NAMES
from hubel.workflows import load_predictor
from small_runs import copy_of, small_run

SLOW_TO_OPEN = [name for name in ENGINE_NAMES if name.startswith("openvino")]


@pytest.fixture(params=["onnxruntime-f32", *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW_TO_OPEN)])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return copy_of(small_run(), tmp_path)


def change_card(run: Path, **changes: Any) -> None:
    card = json.loads((run / "card.json").read_text(encoding="utf-8"))
    (run / "card.json").write_text(json.dumps(card | changes), encoding="utf-8")


def change_graph(run: Path, change: Callable[[str, np.ndarray], np.ndarray]) -> None:
    """Every weight of the model, by name, put through a function."""
    model = onnx.load(str(run / "model.onnx"))
    for tensor in model.graph.initializer:
        old = numpy_helper.to_array(tensor)
        new = change(tensor.name, old)
        if new is not old:
            tensor.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(new, old.dtype), tensor.name))
    (run / "model.onnx").write_bytes(model.SerializeToString())


def is_scale(value: np.ndarray) -> bool:
    return value.shape == (1, 3, 1, 1) and bool((value > 0).all())


def is_offset(value: np.ndarray) -> bool:
    return value.shape == (1, 3, 1, 1) and bool((value < 0).all())


def test_an_intact_run_loads(engine: str) -> None:
    assert load_predictor(small_run(), engine=engine).engine.name == engine


TAMPERINGS: dict[str, Callable[[str, np.ndarray], np.ndarray]] = {
    "deviation": lambda _, value: value / 0.225 * 0.5 if is_scale(value) else value,
    "mean": lambda _, value: value * 0 if is_offset(value) else value,
    "channels": lambda _, value: value[:, ::-1] if value.ndim == 4 and value.shape[1:] == (3, 3, 3) else value,
    "head": lambda name, value: value[..., ::-1] if name.startswith("head.") else value,
    "base": lambda _, value: value * 0.5 if value.shape == (1280, 320, 1, 1) else value,
}


@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_a_changed_graph_is_refused(run: Path, engine: str, tampering: str) -> None:
    change_graph(run, TAMPERINGS[tampering])
    with pytest.raises(ModelError, match="no longer does here what it did"):
        load_predictor(run, engine=engine)


@pytest.mark.parametrize("image", [{"resize": "crop"}, {"resize": "pad"}, {"size": 96}, {"size": 64, "resize": "pad"}])
def test_a_changed_image_spec_is_refused(run: Path, image: dict[str, Any]) -> None:
    card = json.loads((run / "card.json").read_text(encoding="utf-8"))
    change_card(run, image=card["image"] | image)
    with pytest.raises(ModelError, match="image_spec is"):
        load_predictor(run)


@pytest.mark.parametrize("resize", ["crop", "pad"])
def test_another_resize_rule_shows_on_the_golden_images_alone(run: Path, engine: str, resize: str) -> None:
    card = json.loads((run / "card.json").read_text(encoding="utf-8"))
    image = card["image"] | {"resize": resize}
    change_card(run, image=image)
    model = onnx.load(str(run / "model.onnx"))
    for entry in model.metadata_props:
        if entry.key == "image_spec":
            entry.value = json.dumps(image, separators=(",", ":"))
    (run / "model.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(ModelError, match="golden images"):
        load_predictor(run, engine=engine)


@pytest.mark.parametrize("change", [{"classes": ["stripes", "discs"]}, {"temperature": 9.0}, {"views": ["plain"]}])
def test_a_changed_card_is_refused(run: Path, change: dict[str, Any]) -> None:
    change_card(run, **change)
    with pytest.raises(ModelError, match="do not belong together"):
        load_predictor(run)


def test_a_replaced_golden_image_is_refused(run: Path, engine: str) -> None:
    Image.new("RGB", (72, 56), (10, 200, 90)).save(run / "golden" / "05.png")
    with pytest.raises(ModelError, match="golden images"):
        load_predictor(run, engine=engine)


def test_an_edited_expectation_is_refused(run: Path, engine: str) -> None:
    expected = run / "golden" / "expected.json"
    table = json.loads(expected.read_text(encoding="utf-8"))
    table["03.png"] = table["03.png"][::-1]
    expected.write_text(json.dumps(table), encoding="utf-8")
    with pytest.raises(ModelError, match="golden images"):
        load_predictor(run, engine=engine)


def test_another_resampling_filter_is_refused(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def nearest(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
        return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.NEAREST))

    run = small_run()
    monkeypatch.setattr(resize_module, "_resample", nearest)
    with pytest.raises(ModelError, match="golden images"):
        load_predictor(run, engine=engine)


def test_swapped_channels_in_the_reader_are_refused(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run, honest = small_run(), resize_module._resample
    monkeypatch.setattr(resize_module, "_resample", lambda pixels, size: honest(pixels, size)[:, :, ::-1].copy())
    with pytest.raises(ModelError, match="golden images"):
        load_predictor(run, engine=engine)


@pytest.mark.parametrize("lost", ["expected.json", FEATURES, "07.png", ""])
def test_a_run_without_all_its_golden_files_is_refused(run: Path, lost: str) -> None:
    for path in [run / "golden" / lost] if lost else list((run / "golden").iterdir()):
        path.unlink()
    with pytest.raises(ModelError, match="cannot be read"):
        load_predictor(run)


def test_golden_copies_keep_the_shape_of_their_images() -> None:
    sizes = {read_image(path).shape[1::-1] for path in read_golden(small_run() / "golden").paths}
    assert sizes == {(72, 56), (300, 200)}


def test_a_model_of_another_run_is_refused(run: Path) -> None:
    model = onnx.load(str(run / "model.onnx"))
    del model.metadata_props[:]
    (run / "model.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(ModelError, match="classes is –"):
        load_predictor(run)
