"""The cache returns what was put in, forgets the oldest first, and survives damage, crashes and company."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hubel.core.errors import UsageError
from hubel.data.cache import Cache, RowStore, file_stamp


def rows_of(cache: Cache, kind: str = "rows") -> RowStore:
    return cache.rows(kind, (4,), np.float32)


def fill(cache: Cache, keys: list[str], value: float, *, kind: str = "rows") -> None:
    rows_of(cache, kind).append(keys, np.full((len(keys), 4), value, np.float32))
    cache.commit()


def found(cache: Cache, keys: list[str]) -> dict[str, float]:
    """The first number of every row that is there."""
    store = rows_of(cache)
    places = store.places(keys)
    return {key: float(store.read([place])[0, 0]) for key, place in places.items()}


def test_rows_outlive_the_process_that_made_them(tmp_path: Path) -> None:
    with Cache(tmp_path) as cache:
        fill(cache, ["a", "b"], 1)
    with Cache(tmp_path) as cache:
        fill(cache, ["c"], 2)
        assert found(cache, ["a", "b", "c", "d"]) == {"a": 1, "b": 1, "c": 2}


def test_kinds_do_not_mix(tmp_path: Path) -> None:
    with Cache(tmp_path) as cache:
        fill(cache, ["a"], 1, kind="other")
        assert found(cache, ["a"]) == {}


def test_more_keys_than_one_query_takes(tmp_path: Path) -> None:
    with Cache(tmp_path) as cache:
        keys = [f"{number}" for number in range(1234)]
        store = rows_of(cache)
        store.append(keys, np.repeat(np.arange(1234, dtype=np.float32)[:, None], 4, axis=1))
        cache.commit()
        assert found(cache, keys) == {key: float(key) for key in keys}


def test_a_file_is_known_until_it_changes(tmp_path: Path) -> None:
    file = tmp_path / "image"
    file.write_bytes(b"one")
    with Cache(tmp_path / "cache") as cache:
        cache.remember_contents([(str(file), file_stamp(str(file)), "key")])
        cache.commit()
        assert cache.contents_of([str(file), str(tmp_path / "absent")]) == ["key", None]
        file.write_bytes(b"two")  # as long as before
        assert cache.contents_of([str(file)]) == [None]


def test_a_file_touched_or_replaced_with_the_same_time_is_read_again(tmp_path: Path) -> None:
    file, other = tmp_path / "image", tmp_path / "other"
    file.write_bytes(b"one")
    other.write_bytes(b"two")
    with Cache(tmp_path / "cache") as cache:
        status = file.stat()
        cache.remember_contents([(str(file), file_stamp(str(file)), "key")])
        cache.commit()
        os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
        other.replace(file)
        assert file.stat().st_mtime_ns == status.st_mtime_ns
        assert cache.contents_of([str(file)]) == [None]


def test_names_that_are_not_utf8_are_known_too(tmp_path: Path) -> None:
    path = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9")
    Path(path).write_bytes(b"one")
    with Cache(tmp_path / "cache") as cache:
        cache.remember_contents([(path, file_stamp(path), "key")])
        cache.commit()
        assert cache.contents_of([path]) == ["key"]


def test_refusals_are_remembered_by_content(tmp_path: Path) -> None:
    with Cache(tmp_path) as cache:
        cache.remember_refusal("key", "truncated", "PNG")
        cache.commit()
        assert cache.refusals_of(["key", "other"]) == {"key": ("truncated", "PNG")}


def test_over_its_limit_the_cache_drops_the_least_recently_used(tmp_path: Path) -> None:
    for number, key in enumerate("abc"):
        with Cache(tmp_path) as cache:
            store = cache.rows("rows", (25_000,), np.float32)  # 100 kB
            store.append([key], np.full((1, 25_000), number, np.float32))
            cache.commit()
            shard = store.places([key])[key][0]
            os.utime(tmp_path / shard, (number, number))
    with Cache(tmp_path) as cache:
        store = cache.rows("rows", (25_000,), np.float32)
        store.read([store.places(["a"])["a"]])  # used just now
        overhead = cache.summary().num_bytes - 300_000
    with Cache(tmp_path, limit_bytes=250_000 + overhead) as cache:
        pass
    with Cache(tmp_path) as cache:
        assert set(cache.rows("rows", (25_000,), np.float32).places("abc")) == {"a", "c"}
        assert len(list(tmp_path.glob("*.rows"))) == 2


def test_no_more_is_added_than_a_kinds_share_of_the_limit(tmp_path: Path) -> None:
    with Cache(tmp_path, limit_bytes=10**6) as cache:
        store = cache.rows("pixels", (100,), np.uint8, share=3e-4)
        for key in "abcd":
            store.append([key], np.zeros((1, 100), np.uint8))
        cache.commit()
        assert set(store.places("abcd")) == set("abc")


def test_a_full_shard_is_followed_by_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hubel.data.cache.SHARD_BYTES", 20)
    with Cache(tmp_path) as cache:
        store = rows_of(cache)
        for number, key in enumerate("abcdef"):
            store.append([key], np.full((1, 4), number, np.float32))
        cache.commit()
        assert found(cache, list("abcdef")) == {key: number for number, key in enumerate("abcdef")}
        assert len(list(tmp_path.glob("*.rows"))) == 3


@pytest.mark.parametrize("damage", [b"no database", b"", None])
def test_a_damaged_index_is_begun_anew(tmp_path: Path, damage: bytes | None) -> None:
    with Cache(tmp_path) as cache:
        for number in range(300):
            fill(cache, [f"{number:064}"], 1)
    index = tmp_path / "index.sqlite"
    content = bytearray(index.read_bytes())
    content[4096:] = os.urandom(len(content) - 4096)  # the head stays: only the structure tells
    index.write_bytes(content if damage is None else damage)
    with Cache(tmp_path) as cache:
        assert found(cache, [f"{0:064}"]) == {}
        fill(cache, ["b"], 2)
        assert found(cache, ["b"]) == {"b": 2}


def test_a_shard_that_another_process_dropped_is_absent_and_can_be_made_again(tmp_path: Path) -> None:
    with Cache(tmp_path) as cache:
        fill(cache, ["a"], 1)
        places = rows_of(cache).places(["a"])
        for shard in tmp_path.glob("*.rows"):
            shard.unlink()
        with pytest.raises(FileNotFoundError):
            rows_of(cache).read([places["a"]])
        assert found(cache, ["a"]) == {}
        fill(cache, ["a"], 3)
        assert found(cache, ["a"]) == {"a": 3}


@pytest.mark.parametrize("damaged", [b"\0" * 16, b"\0" * 15 + b"\1"])
def test_rows_whose_bytes_were_lost_are_absent_and_can_be_made_again(tmp_path: Path, damaged: bytes) -> None:
    with Cache(tmp_path) as cache:
        fill(cache, ["a", "b"], 1)
    for shard in tmp_path.glob("*.rows"):
        content = shard.read_bytes()
        shard.write_bytes(content[:-16] + damaged)  # as a power cut leaves it: the size is right, the last row is not
    with Cache(tmp_path) as cache:
        store = rows_of(cache)
        places = store.places(["a", "b"])
        assert store.read([places["a"]]).tolist() == [[1, 1, 1, 1]]
        with pytest.raises(FileNotFoundError):
            store.read([places["b"]])
        assert found(cache, ["a", "b"]) == {}
        fill(cache, ["a", "b"], 3)
        assert found(cache, ["a", "b"]) == {"a": 3, "b": 3}


def test_rows_never_land_in_a_shard_that_is_not_as_it_was_left(tmp_path: Path) -> None:
    with Cache(tmp_path) as cache:
        store = rows_of(cache)
        store.append(["a", "b"], np.full((2, 4), 1, np.float32))
        cache.commit()
        for shard in tmp_path.glob("*.rows"):
            shard.unlink()  # another process keeps to the limit
        store.append(["c"], np.full((1, 4), 2, np.float32))
        store.append(["d"], np.full((1, 4), 3, np.float32))
        for shard in tmp_path.glob("*.rows"):
            with shard.open("ab") as opened:
                opened.write(b"half a r")  # as a full disk leaves it
        store.append(["e"], np.full((1, 4), 4, np.float32))
        cache.commit()
        assert found(cache, list("abcde")) == {"c": 2, "d": 3, "e": 4}


def test_a_cleared_folder_does_not_end_the_run_that_uses_it(tmp_path: Path) -> None:
    with Cache(tmp_path / "cache") as cache:
        store = rows_of(cache)
        for path in (tmp_path / "cache").iterdir():
            path.unlink()
        (tmp_path / "cache").rmdir()
        store.append(["a"], np.zeros((1, 4), np.float32))
        (tmp_path / "cache").mkdir()


def test_a_cache_that_cannot_be_made_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="HUBEL_CACHE"):
        Cache(tmp_path / "file" / "cache")


WRITER = """
import sys
import numpy as np
from pathlib import Path
from hubel.data.cache import Cache
folder, name, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
with Cache(folder) as cache:
    store = cache.rows("rows", (4,), np.float32)
    print("ready", flush=True)
    for number in range(count):
        store.append([f"{name}{number}", f"both{number}"], np.full((2, 4), number, np.float32))
        cache.commit()
"""


def writer(folder: Path, name: str, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), name, str(count)], stdout=subprocess.PIPE, encoding="utf-8"
    )


def test_two_processes_at_once_leave_a_sound_cache(tmp_path: Path) -> None:
    processes = [writer(tmp_path, name, 200) for name in ("one", "two")]
    for process in processes:
        process.communicate(timeout=60)
    assert [process.returncode for process in processes] == [0, 0]
    with Cache(tmp_path) as cache:
        keys = [f"{name}{number}" for name in ("one", "two", "both") for number in range(200)]
        assert found(cache, keys) == {key: float(key.lstrip("onetwbh")) for key in keys}


def test_a_killed_process_leaves_what_it_had_noted(tmp_path: Path) -> None:
    process = writer(tmp_path, "one", 10**9)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    while not list(tmp_path.glob("*.rows")) or next(tmp_path.glob("*.rows")).stat().st_size < 3200:
        assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.communicate()
    with Cache(tmp_path) as cache:
        keys = [f"one{number}" for number in range(10**5)]
        there = found(cache, keys)
        assert len(there) >= 50
        assert there == {key: float(key.removeprefix("one")) for key in there}
