"""Features are computed once for each content, whoever the file is, and the same whatever way they come."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hubel.core.card import ImageSpec
from hubel.core.files import cache_root
from hubel.core.types import PixelBatch
from hubel.core.views import show
from hubel.data.cache import Cache
from hubel.data.images import load_image
from hubel.models.backbone import open_backbone
from hubel.runtime.engines import BATCH_SIZE, Engine, open_engine
from hubel.train.features import Extraction, Extractor, extract_features, new_extraction
from small_runs import SIZE, write_pictures

NUM_FILES = 10
NUM_BATCHES = -(-NUM_FILES // BATCH_SIZE)


class Counter:
    """An engine that counts its calls."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.calls = 0

    def run(self, pixels: PixelBatch) -> dict[str, np.ndarray]:
        self.calls += 1
        return self.engine.run(pixels)


OPENED: list[str] = []


def note_opening(event: str, arguments: tuple[object, ...]) -> None:
    """An audit hook (it cannot be taken out again) that notes which files this process opens."""
    if event == "open" and isinstance(arguments[0], str):
        OPENED.append(arguments[0])


@pytest.fixture(scope="module")
def audit() -> None:
    sys.addaudithook(note_opening)


@pytest.fixture
def opened(audit: None) -> list[str]:
    OPENED.clear()
    return OPENED


@pytest.fixture(scope="module")
def engine() -> Engine:
    graph = open_backbone("efficientnet_lite0", cache_root() / "graphs").graph
    return open_engine("onnxruntime-f32", graph, workers=2)


@pytest.fixture
def counter(engine: Engine) -> Counter:
    return Counter(engine)


@pytest.fixture
def extractor(counter: Counter, tmp_path: Path) -> Iterator[Extractor]:
    with Cache(tmp_path / "cache") as cache:
        counted = replace(counter.engine, run=counter.run)
        yield Extractor(counted, ImageSpec(size=SIZE, resize="squash"), cache, "base", 2024)


@pytest.fixture
def paths(tmp_path: Path) -> list[str]:
    root = write_pictures(tmp_path / "data", {"a": NUM_FILES // 2, "b": NUM_FILES // 2})
    return sorted(map(str, root.rglob("*.png")))


def extract(
    extractor: Extractor, paths: list[str], *, view: str = "plain", order: list[int] | None = None
) -> Extraction:
    extraction = new_extraction(len(paths))
    visiting = np.array(order if order is not None else range(len(paths)))
    *_, last = extract_features(extractor, paths, view, visiting, extraction=extraction)
    assert last == len(paths)
    return extraction


def test_features_are_the_bases_for_the_fitted_pixels(extractor: Extractor, engine: Engine, paths: list[str]) -> None:
    found = extract(extractor, paths, view="mirror").features["mirror"]
    pixels = np.stack([load_image(path, extractor.spec) for path in paths])
    expected = engine.run(show(pixels, "mirror"))["features"]
    np.testing.assert_allclose(found, expected, rtol=2e-3, atol=1e-3)


def test_a_second_time_nothing_is_run(extractor: Extractor, counter: Counter, paths: list[str]) -> None:
    first = extract(extractor, paths)
    calls = counter.calls
    second = extract(extractor, paths)
    assert counter.calls == calls == NUM_BATCHES
    assert second.num_from_cache == NUM_FILES
    assert second.contents == first.contents
    np.testing.assert_array_equal(second.features["plain"], first.features["plain"])


def test_a_second_time_no_file_is_opened(extractor: Extractor, paths: list[str], opened: list[str]) -> None:
    extract(extractor, paths)
    assert set(paths) <= set(opened)
    opened.clear()
    extract(extractor, paths)
    assert not set(paths) & set(opened)


def test_another_view_takes_the_pixels_from_the_cache(
    extractor: Extractor, paths: list[str], opened: list[str]
) -> None:
    extract(extractor, paths)
    opened.clear()
    assert extract(extractor, paths, view="mirror").done.all()
    assert not set(paths) & set(opened)


def test_order_and_threads_change_no_bit(
    extractor: Extractor, engine: Engine, paths: list[str], tmp_path: Path
) -> None:
    first = extract(extractor, paths)
    for workers in (1, 3):
        with Cache(tmp_path / f"cache{workers}") as cache:
            other = replace(extractor, cache=cache, engine=replace(engine, workers=workers))
            again = extract(other, paths, order=list(np.random.default_rng(workers).permutation(NUM_FILES)))
        np.testing.assert_array_equal(again.features["plain"], first.features["plain"])


def test_a_changed_file_is_new(extractor: Extractor, counter: Counter, paths: list[str]) -> None:
    first = extract(extractor, paths)
    calls = counter.calls
    Image.new("RGB", (72, 56), (200, 30, 60)).save(paths[4])
    second = extract(extractor, paths)
    assert counter.calls == calls + 1
    changed = (first.features["plain"] != second.features["plain"]).any(axis=1)
    assert np.flatnonzero(changed).tolist() == [4]
    assert [index for index in range(NUM_FILES) if first.contents[index] != second.contents[index]] == [4]


@pytest.mark.parametrize("how", ["touched", "renamed", "copied"])
def test_a_known_content_is_recognised_whatever_the_file_is_called(
    extractor: Extractor, counter: Counter, paths: list[str], how: str
) -> None:
    first = extract(extractor, paths)
    calls, rows = counter.calls, extractor.cache.summary().rows_by_kind
    changed = list(paths)
    for index, path in enumerate(paths):
        if how == "touched":
            os.utime(path, ns=(1, 1))
        else:
            changed[index] = f"{path}.new"
            Path(changed[index]).write_bytes(Path(path).read_bytes())
            if how == "renamed":
                Path(path).unlink()
    second = extract(extractor, changed)
    assert counter.calls == calls
    assert second.num_from_cache == NUM_FILES
    assert extractor.cache.summary().rows_by_kind == rows
    np.testing.assert_array_equal(second.features["plain"], first.features["plain"])


def test_unreadable_files_are_refused_once_and_remembered(
    extractor: Extractor, counter: Counter, paths: list[str]
) -> None:
    Path(paths[2]).write_bytes(Path(paths[2]).read_bytes()[:200])
    Path(paths[5]).write_bytes(b"")
    Path(paths[7]).unlink()
    first = extract(extractor, paths)
    assert {(entry.index, entry.refusal) for entry in first.refused} == {(2, "truncated"), (5, "empty"), (7, "missing")}
    assert np.flatnonzero(~first.done).tolist() == [2, 5, 7]
    assert not first.features["plain"][[2, 5, 7]].any()
    calls = counter.calls
    second = extract(extractor, paths)
    assert counter.calls == calls
    assert {(entry.index, entry.refusal) for entry in second.refused} == {
        (2, "truncated"),
        (5, "empty"),
        (7, "missing"),
    }


def test_what_a_missing_plugin_refused_is_tried_again(extractor: Extractor, paths: list[str]) -> None:
    jpeg_xl = bytes.fromhex("0000000c4a584c200d0a870a") + bytes(200)
    Path(paths[0]).write_bytes(jpeg_xl)
    first = extract(extractor, paths)
    assert [entry.refusal for entry in first.refused] == ["unsupported-format"]
    assert extractor.cache.refusals_of(first.contents) == {}


def test_a_pass_that_is_closed_early_keeps_what_it_did(
    extractor: Extractor, counter: Counter, paths: list[str]
) -> None:
    extraction = new_extraction(NUM_FILES)
    reading = extract_features(extractor, paths, "plain", np.arange(NUM_FILES), extraction=extraction)
    assert next(reading) == 0
    assert next(reading) == BATCH_SIZE
    reading.close()
    assert extraction.done.sum() == BATCH_SIZE
    calls = counter.calls
    again = extract(extractor, paths)
    assert again.done.all()
    assert again.num_from_cache >= BATCH_SIZE
    assert counter.calls < calls + NUM_BATCHES


def test_shards_that_vanish_are_made_good_from_the_files(
    extractor: Extractor, counter: Counter, paths: list[str]
) -> None:
    first = extract(extractor, paths)
    for shard in extractor.cache.folder.glob("*.rows"):
        shard.unlink()
    second = extract(extractor, paths)
    np.testing.assert_array_equal(second.features["plain"], first.features["plain"])
    calls = counter.calls
    extract(extractor, paths)
    assert counter.calls == calls
