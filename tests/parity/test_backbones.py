"""The bundled base is timm's network with the file's weights, and every engine says the same of real photos."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from skimage import data as photos

from hubel.models.backbone import open_bundled
from hubel.models.bundled import read_bundled_tensors, verified_weights_file
from hubel.models.foreign import load_torch_module
from hubel.runtime.engines import BATCH_SIZE, ENGINE_NAMES, TOLERANCES, Engine, open_engine, processor_has_bf16
from hubel.runtime.torch_engine import open_torch_engine

pytestmark = pytest.mark.slow

SIZES = (160, 224, 256)
ALL_ENGINES = (*ENGINE_NAMES, "torch-f32", "torch-bf16")


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return open_bundled(tmp_path_factory.mktemp("store")).graph


@pytest.fixture(scope="module")
def module() -> torch.nn.Module:
    return load_torch_module("efficientnet_lite0")


@pytest.fixture(scope="module")
def engine(graph: Path, module: torch.nn.Module) -> Callable[[str], Engine]:
    opened: dict[str, Engine] = {}

    def open_once(name: str) -> Engine:
        if name.endswith("bf16") and not processor_has_bf16():
            pytest.skip("this processor has no bf16 arithmetic")
        if name not in opened:
            runtime, _, precision = name.partition("-")
            opened[name] = (
                open_torch_engine(module, precision=precision) if runtime == "torch" else open_engine(name, graph)
            )
        return opened[name]

    return open_once


@pytest.fixture(scope="module")
def expected(module: torch.nn.Module) -> Callable[[int], np.ndarray]:
    """`expected(224)` is what torch says of the three photos in float32."""

    @cache
    def of_size(size: int) -> np.ndarray:
        with torch.inference_mode():
            return np.asarray(module(torch.from_numpy(real_photos(size)[:3])))

    return of_size


def real_photos(size: int) -> np.ndarray:
    """An astronaut, a cat and a cup of coffee, each once more in the mirror and upside down: nine images."""
    pictures = [Image.fromarray(getattr(photos, name)()) for name in ("astronaut", "chelsea", "coffee")]
    pixels = np.stack([np.asarray(picture.resize((size, size))) for picture in pictures])
    return np.concatenate([pixels, pixels[:, :, ::-1], pixels[:, ::-1]])


def distance(found: np.ndarray, expected: np.ndarray) -> float:
    """The largest difference, relative to the largest value."""
    return float(np.abs(found - expected).max() / np.abs(expected).max())


def test_the_tensors_read_without_torch_are_those_that_torch_reads() -> None:
    expected = torch.load(verified_weights_file(), map_location="cpu", weights_only=True)
    found = read_bundled_tensors()
    assert list(found) == list(expected)
    for name, tensor in expected.items():
        np.testing.assert_array_equal(found[name], tensor.numpy(), strict=True)


@pytest.mark.parametrize("size", SIZES)
def test_the_bundled_graph_is_timms_network_stage_by_stage(engine: Any, module: Any, size: int) -> None:
    pixels = real_photos(size)[:3]
    found = engine("onnxruntime-f32").run(pixels)["features"]
    network = module.network
    with torch.inference_mode():
        scaled = (torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255 - 0.5) / 0.5
        stages = network.forward_intermediates(scaled, indices=[2, 3, 4], intermediates_only=True)
        head = network.forward_head(network.forward_features(scaled), pre_logits=True).numpy()
    assert found.shape == (3, 2024)
    assert distance(found[:, -1280:], head) < 1e-4
    widths = [stage.shape[1] for stage in stages]
    assert widths == [40, 112, 320]  # timm names the last stage of each resolution
    for start, stage in zip((0, 40 + 80, 40 + 80 + 112 + 192), stages, strict=True):
        assert distance(found[:, start : start + stage.shape[1]], stage.mean((2, 3)).numpy()) < 1e-4


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ALL_ENGINES)
def test_an_engine_agrees_with_torch_in_float32_on_photos(engine: Any, expected: Any, name: str, size: int) -> None:
    opened = engine(name)
    found = opened.run(real_photos(size)[:3])["features"]
    assert opened.name == name
    assert found.dtype == np.float32
    assert distance(found, expected(size)) <= TOLERANCES[name]


@pytest.mark.parametrize("name", ENGINE_NAMES)
def test_an_image_gets_the_same_features_in_any_company(engine: Any, name: str) -> None:
    run = engine(name).run
    pixels = real_photos(224)
    batch = pixels[:BATCH_SIZE]
    features = run(batch)["features"]
    for shift in range(1, BATCH_SIZE):
        moved = run(np.roll(batch, shift, axis=0))["features"]
        np.testing.assert_array_equal(np.roll(moved, -shift, axis=0), features)
    strangers = np.random.default_rng(0).integers(0, 256, batch.shape, dtype=np.uint8)
    strangers[-1] = batch[0]
    np.testing.assert_array_equal(run(strangers)["features"][-1], features[0])


@pytest.mark.parametrize("name", ALL_ENGINES)
def test_several_threads_at_once_get_what_one_gets(engine: Any, name: str) -> None:
    run = engine(name).run
    batches = [np.roll(real_photos(160), shift, axis=0)[:2] for shift in range(6)]
    alone = [run(batch)["features"] for batch in batches]
    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(lambda batch: run(batch)["features"], batches))
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)
