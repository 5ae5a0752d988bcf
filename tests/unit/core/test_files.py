"""Files are whole or absent; work on many items keeps its order and ends cleanly."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from hubel.core.files import atomic_path, write_atomically
from hubel.core.parallel import map_in_order
from hubel.core.views import VIEWS, view_names


def test_a_failed_write_leaves_the_old_content_and_no_other_file(tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    write_atomically(path, "old")
    with pytest.raises(NotADirectoryError), atomic_path(path) as temporary:
        (temporary / "inside").write_text("new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_written_file_can_be_read_by_others(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a", b"content")
    other = tmp_path / "b"
    other.write_bytes(b"content")
    assert (tmp_path / "a").stat().st_mode == other.stat().st_mode


def test_no_more_is_begun_than_is_wanted() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(1000):
            taken.append(number)
            yield number

    results = map_in_order(abs, items(), workers=2)
    assert next(results) == 0
    assert len(taken) <= 8


def test_an_error_in_a_worker_is_raised_where_its_result_would_be() -> None:
    results = map_in_order(lambda number: 1 / number, [2, 1, 0, 1], workers=2)
    assert [next(results), next(results)] == [0.5, 1]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_closing_leaves_no_thread_at_work() -> None:
    before = threading.active_count()
    results = map_in_order(abs, range(100), workers=3)
    next(results)
    results.close()  # type: ignore[attr-defined] # it is a generator
    assert threading.active_count() == before


def test_views_are_added_in_their_order() -> None:
    assert view_names(len(VIEWS)) == tuple(VIEWS)
