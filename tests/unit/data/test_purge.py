"""Taking a content out of the caches: its bytes are gone, those of others stay."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hubel.core.origin import SourceInfo
from hubel.data.cache import Cache, file_stamp
from hubel.data.kept import RECORD, Kept, sources_root
from hubel.data.purge import cached_of, purge


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUBEL_CACHE", str(tmp_path / "cache"))


def fill(cache: Cache) -> np.ndarray:
    """Rows of three contents in one shard."""
    rows = np.random.default_rng(0).integers(1, 256, (3, 64), dtype=np.uint8)
    cache.rows("pixels:64", (64,), np.uint8).append(["a", "b", "c"], rows)
    cache.commit()
    return rows


def test_the_bytes_of_one_content_are_gone_from_the_shard_and_the_others_stay(tmp_path: Path) -> None:
    with Cache(tmp_path / "rows") as cache:
        rows = fill(cache)
        assert cached_of(cache, "b").rows == {"pixels": 1}
        assert purge(cache, "b").rows == {"pixels": 1}
        assert cached_of(cache, "b").is_empty
        store = cache.rows("pixels:64", (64,), np.uint8)
        places = store.places(["a", "b", "c"])
        assert set(places) == {"a", "c"}
        np.testing.assert_array_equal(store.read([places["a"], places["c"]]), rows[[0, 2]])
        (shard,) = (tmp_path / "rows").glob("*.rows")
        assert rows[1].tobytes() not in shard.read_bytes()


def test_a_shard_of_unknown_rows_goes_whole(tmp_path: Path) -> None:
    with Cache(tmp_path / "rows") as cache:
        fill(cache)
        cache.index.execute("DELETE FROM shards")
        purge(cache, "b")
        assert cache.rows("pixels:64", (64,), np.uint8).places(["a", "c"]) == {}
    assert list((tmp_path / "rows").glob("*.rows")) == []


def test_unpacked_copies_go_and_files_of_the_user_stay(tmp_path: Path) -> None:
    mine, entry = tmp_path / "mine.jpg", sources_root() / "0123"
    copy = entry / "data" / "a" / "1.jpg"
    copy.parent.mkdir(parents=True)
    (entry / RECORD).write_text(Kept(info=SourceInfo(kind="archive", origin="x.zip")).model_dump_json())
    with Cache(tmp_path / "rows") as cache:
        for file in (mine, copy):
            file.write_bytes(b"picture")
            cache.remember_contents([(str(file), file_stamp(str(file)), "key")])
        cache.commit()
        found = purge(cache, "key")
    assert (found.copies, found.files) == ((copy,), (mine,))
    assert mine.read_bytes() == b"picture"
    assert not entry.exists()


def test_an_index_of_the_form_before_is_begun_anew(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x")
    with Cache(tmp_path / "rows") as cache:
        cache.remember_contents([(str(file), file_stamp(str(file)), "key of another kind")])
        cache.commit()
        cache.index.execute("PRAGMA user_version = 0")
    with Cache(tmp_path / "rows") as cache:
        assert cache.contents_of([str(file)]) == [None]
        cache.remember_contents([(str(file), file_stamp(str(file)), "key")])
    with Cache(tmp_path / "rows") as cache:
        assert cache.contents_of([str(file)]) == ["key"]
