"""`hubel forget` and `hubel reproduce` at the command line: what they print, and what they end with."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hubel.core.files import cache_root

if TYPE_CHECKING:
    from cli.conftest import Hubel, Trained


def test_forget_names_run_part_and_copies_and_ends_well(trained: Trained, hubel: Hubel) -> None:
    ended = hubel("forget", trained.data / "stripes" / "3.png", "--runs", trained.run.parent)
    assert ended.code == 0
    assert "In 1 of 1 run; 1 learned from it." in ended.out
    assert "stripes/3.png [stripes]: learned from" in ended.out
    assert "Your own file, untouched" in ended.out


def test_forget_says_of_a_broken_file_that_it_was_set_aside(trained: Trained, hubel: Hubel) -> None:
    (record,) = hubel("forget", trained.data / "circles" / "broken.png", "--runs", trained.run.parent, "--json").records
    (file,) = record["files"]
    assert (file["status"], file["learned_from"], file["copies"]) == ("set aside", False, [])


def test_forget_strict_tells_by_its_exit_code(trained: Trained, hubel: Hubel) -> None:
    folder = trained.run.parent
    assert hubel("forget", trained.data / "stripes" / "3.png", "--runs", folder, "--strict").code == 3
    ended = hubel("forget", "0" * 64, "--runs", folder, "--strict")
    assert ended.code == 0
    assert "In none of 1 run." in ended.out


def test_forget_purges_the_cache_and_nothing_else(
    trained: Trained, hubel: Hubel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(cache_root() / "rows", tmp_path / "cache" / "rows")
    monkeypatch.setenv("HUBEL_CACHE", str(tmp_path / "cache"))
    file = trained.data / "stripes" / "5.png"
    words = ("forget", file, "--runs", trained.run.parent, "--json")
    (before,) = hubel(*words).records
    assert before["cache"]["rows"]["features"] >= 1
    (purged,) = hubel(*words, "--purge").records
    assert purged["cache"] == before["cache"] | {"purged": True}
    (after,) = hubel(*words).records
    assert after["cache"]["rows"] == {}
    assert file.is_file()
    assert trained.run.is_dir()


def test_forget_refuses_what_is_neither_a_file_nor_a_hash(hubel: Hubel, tmp_path: Path) -> None:
    ended = hubel("forget", "holiday.jpg", "--runs", tmp_path)
    assert ended.code == 2
    assert "SHA-256" in ended.err


def test_reproduce_says_that_a_run_is_the_same(trained: Trained, hubel: Hubel) -> None:
    ended = hubel("reproduce", trained.run, "--from-cache")
    assert ended.code == 0, ended.err
    assert "The same: every weight to the last bit" in ended.out


def test_reproduce_ends_with_3_when_the_data_differ_and_names_the_file(
    trained: Trained, hubel: Hubel, tmp_path: Path
) -> None:
    data = shutil.copytree(trained.data, tmp_path / "data")
    (data / "stripes" / "3.png").unlink()
    ended = hubel("reproduce", trained.run, "--data", data, "--from-cache", "--json")
    assert ended.code == 3, ended.err
    (record,) = ended.records
    assert record["verdict"] == "data"
    assert record["data"]["removed"] == ["stripes/3.png"]
