"""`hubel cache`: seen, cleared, and as JSON."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from cli.conftest import Hubel, Trained


def test_new_cache_is_seen_and_cleared(hubel: Hubel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUBEL_CACHE", str(tmp_path))
    assert str(tmp_path) in hubel("cache").out
    (record,) = hubel("cache", "--json").records
    assert record["folder"] == str(tmp_path)
    assert record["num_files_known"] == 0
    assert hubel("cache", "--clear", "--json").records[0]["freed_bytes"] > 0
    assert not (tmp_path / "rows").exists()


def test_training_is_kept_in_the_cache(trained: Trained, hubel: Hubel) -> None:
    (record,) = hubel("cache", "--json").records
    assert sum(record["rows_by_kind"].values()) > 0
