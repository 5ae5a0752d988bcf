"""Made sources are whole or absent, made once, and the longest unused go first."""

from __future__ import annotations

import os
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from hubel.core.events import Note, Progress
from hubel.core.origin import SourceInfo
from hubel.data.kept import RECORD, Kept, content_sha256, keep, make_room, source_info, sources_root


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUBEL_CACHE", str(tmp_path / "cache"))


def drain(steps: Generator[Any, None, Path]) -> tuple[Path, list[Any]]:
    events = []
    while True:
        try:
            events.append(next(steps))
        except StopIteration as end:
            return end.value, events


def filling(num_bytes: int = 3) -> Any:
    def fill(target: Path) -> Generator[Progress, None, Kept]:
        target.mkdir()
        (target / "1.jpg").write_bytes(b"abc")
        yield Progress("unpack", 1, 1, None)
        return Kept(
            info=SourceInfo(kind="archive", origin="a.zip", num_files=1, num_bytes=num_bytes), notes=(("en", "ko"),)
        )

    return fill


def test_a_source_is_made_once_and_its_remarks_are_said_every_time() -> None:
    first, events = drain(keep("a", filling(), origin="a.zip"))
    second, again = drain(keep("a", filling(), origin="a.zip"))
    assert first == second
    assert (first / "1.jpg").read_bytes() == b"abc"
    assert events == [Progress("unpack", 1, 1, None), Note("en", "ko")]
    assert again == [Note("en", "ko")]


def test_what_is_known_of_a_source_is_found_from_any_folder_in_it() -> None:
    folder, _ = drain(keep("a", filling(), origin="a.zip"))
    for place in (folder, folder / "pets" / "cat"):
        info = source_info(place)
        assert info is not None
        assert info.origin == "a.zip"
    assert source_info(sources_root()) is None
    assert source_info("photos") is None


def test_a_source_is_called_as_it_was_called_last() -> None:
    for origin in ("a.zip", "b.zip"):
        folder, _ = drain(keep("a", filling(), origin=origin))
        info = source_info(folder)
        assert info is not None
        assert info.origin == origin


@pytest.mark.parametrize("when", ["failed", "closed"])
def test_nothing_is_left_of_a_source_that_was_not_finished(when: str) -> None:
    def fill(target: Path) -> Generator[Progress, None, Kept]:
        target.mkdir()
        (target / "1.jpg").write_bytes(b"abc")
        yield Progress("unpack", 1, 2, None)
        raise ValueError(when)

    steps = keep("a", fill, origin="a.zip")
    next(steps)
    if when == "closed":
        steps.close()
    else:
        with pytest.raises(ValueError, match="failed"):
            next(steps)
    assert list(sources_root().iterdir()) == []


def test_an_entry_without_its_record_is_made_again() -> None:
    folder, _ = drain(keep("a", filling(), origin="a.zip"))
    (folder.parent / RECORD).write_text("{")
    (folder / "1.jpg").write_bytes(b"half")
    assert (drain(keep("a", filling(), origin="a.zip"))[0] / "1.jpg").read_bytes() == b"abc"


def test_the_longest_unused_go_first_and_todays_stay() -> None:
    now = time.time()
    for days, key in ((9, "old"), (5, "newer"), (0, "today")):
        folder, _ = drain(keep(key, filling(100), origin="a.zip"))
        os.utime(folder.parent / RECORD, (now - days * 86_400, now - days * 86_400))
    make_room(250)
    assert sorted(path.name for path in sources_root().iterdir()) == ["newer", "today"]
    make_room(0)
    assert [path.name for path in sources_root().iterdir()] == ["today"]


def test_a_changed_file_has_another_hash_and_an_unchanged_one_is_not_read_again(tmp_path: Path) -> None:
    file = tmp_path / "a.zip"
    file.write_bytes(b"one")
    os.utime(file, (1e9, 1e9))
    first = content_sha256([file])
    assert len(first) == 64
    file.write_bytes(b"two")
    os.utime(file, (1e9, 1e9))
    assert content_sha256([file]) == first  # same name, size, time and place: taken for the same, unread
    os.utime(file, (1e9 + 1, 1e9 + 1))
    assert content_sha256([file]) != first
