"""What holds for any input: rows come back, order stays, views are slices, names are safe."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from hubel.core.parallel import batches, map_in_order
from hubel.core.rundir import safe_run_name
from hubel.core.views import VIEWS, border_px, show
from hubel.data.cache import Cache

KEYS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
PARTS = st.lists(st.lists(KEYS, max_size=6, unique=True), max_size=6)


@given(PARTS)
def test_a_row_store_returns_what_was_put_in(parts: list[list[str]]) -> None:
    expected: dict[str, np.ndarray] = {}
    noise = np.random.default_rng(len(parts))
    with tempfile.TemporaryDirectory() as folder, Cache(Path(folder)) as cache:
        for keys in parts:  # a new store now and then, as in another process
            store = cache.rows("kind", (2, 3), np.uint8)
            rows = noise.integers(0, 256, (len(keys), 2, 3), dtype=np.uint8)
            store.append(keys, rows)
            expected |= dict(zip(keys, rows, strict=True))
        cache.commit()
        store = cache.rows("kind", (2, 3), np.uint8)
        places = store.places(expected)
        assert set(places) == set(expected)
        if places:
            np.testing.assert_array_equal(store.read(list(places.values())), [expected[key] for key in places])


@given(st.lists(st.integers()), st.integers(1, 5))
def test_results_come_in_the_order_of_the_items(items: list[int], workers: int) -> None:
    assert list(map_in_order(lambda item: -item, items, workers=workers)) == [-item for item in items]


@given(st.lists(st.integers()), st.integers(1, 9))
def test_batches_are_the_items_in_order(items: list[int], size: int) -> None:
    parts = list(batches(items, size))
    assert [item for part in parts for item in part] == items
    assert all(len(part) == size for part in parts[:-1])


@given(st.integers(1, 3), st.integers(8, 70), st.sampled_from(list(VIEWS)), st.data())
def test_a_view_is_a_slice_of_the_square(count: int, size: int, name: str, data: st.DataObject) -> None:
    pixels = data.draw(arrays.arrays(np.uint8, (count, size, size, 3)))
    before = pixels.copy()
    cut = border_px(VIEWS[name], size)
    shown = show(pixels, name)
    expected = pixels[:, cut : size - cut, cut : size - cut]
    np.testing.assert_array_equal(shown, expected[:, :, ::-1] if VIEWS[name].mirrored else expected)
    np.testing.assert_array_equal(pixels, before)
    assert shown.flags.c_contiguous
    assert not np.shares_memory(shown, pixels)


@given(st.text(max_size=200))
def test_a_run_name_is_one_plain_folder_name(text: str) -> None:
    name = safe_run_name(text)
    assert name
    assert len(name) <= 60
    assert not set(name) & set('/\\:*?"<>|.\0\n ')
    assert Path(name).name == name
    name.encode("utf-8")
