"""Archives, addresses and lists at the command line: the same answers as from the folder they were made of."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hubel.cli.progress import amount_text
from hubel.core.events import Progress
from local_server import Site, serving
from support import run_hubel

if TYPE_CHECKING:
    from cli.conftest import Hubel, Trained


@pytest.fixture
def packed(trained: Trained, tmp_path: Path) -> Path:
    """The shapes that were learned from, as a zip."""
    path = tmp_path / "shapes.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(trained.data.rglob("*.png")):
            archive.write(file, f"shapes/{file.relative_to(trained.data)}")
    return path


@pytest.fixture
def site(trained: Trained, packed: Path) -> Iterator[Site]:
    """A server with the zip and two of the pictures."""
    files = {"/shapes.zip": packed.read_bytes()}
    files |= {f"/{number}.png": (trained.data / "stripes" / f"{number}.png").read_bytes() for number in (1, 2)}
    with serving(Site(files=files)) as started:
        yield started


def test_evaluating_a_zip_is_evaluating_its_folder(trained: Trained, packed: Path, hubel: Hubel) -> None:
    (of_folder,) = hubel("evaluate", trained.run, trained.data, "--json").records
    (of_zip,) = hubel("evaluate", trained.run, packed, "--json").records
    for one in (of_folder, of_zip):
        one.pop("seconds", None)
        one.pop("set_aside", None)
    assert of_zip == of_folder


def test_a_zip_is_predicted_under_its_own_name(trained: Trained, packed: Path, hubel: Hubel) -> None:
    ended = hubel("predict", trained.run, packed, "--json")
    paths = [record["file"] for record in ended.records]
    assert len(paths) == 25
    assert ended.code == 3  # one is broken
    assert paths[0].startswith(f"{packed}/")
    assert any(path.endswith("/stripes/1.png") for path in paths)


def test_an_address_and_a_list_of_addresses_are_predicted(
    trained: Trained, site: Site, hubel: Hubel, tmp_path: Path
) -> None:
    (tmp_path / "list.txt").write_text(f"{site.url}/1.png\n{site.url}/2.png\n")
    ended = hubel("predict", trained.run, f"{site.url}/1.png", tmp_path / "list.txt", "--json")
    assert ended.code == 0, ended.err
    names = [record["file"].rpartition("/")[2] for record in ended.records]
    assert names == ["1.png", "1.png", "2.png"]
    assert {record["label"] for record in ended.records} == {"stripes"}
    assert all(record["file"].startswith(site.url) for record in ended.records)


def test_an_archive_at_an_address_is_evaluated(trained: Trained, site: Site, hubel: Hubel) -> None:
    ended = hubel("evaluate", trained.run, f"{site.url}/shapes.zip", "--json")
    assert ended.code == 0, ended.err
    assert ended.records[0]["num_images"] == 24


@pytest.mark.parametrize(("place", "code"), [("/gone.zip", 1), ("/1.png", 3)])
def test_an_address_that_is_no_data_ends_with_its_code(
    place: str, code: int, trained: Trained, site: Site, hubel: Hubel
) -> None:
    ended = hubel("evaluate", trained.run, site.url + place)
    assert ended.code == code
    assert ended.err.startswith("error: ")


def test_a_download_is_told_in_megabytes() -> None:
    assert amount_text(Progress("download", 1_500_000, 3_000_000, None)) == "1.5 MB / 3.0 MB"
    assert amount_text(Progress("download", 1_500_000, 0, None)) == "1.5 MB"


def test_offline_forbids_addresses(trained: Trained, site: Site, hubel: Hubel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUBEL_OFFLINE", "1")
    monkeypatch.setenv("HUBEL_CACHE", str(trained.data.parent / "empty-cache"))
    ended = hubel("evaluate", trained.run, f"{site.url}/shapes.zip")
    assert ended.code == 1
    assert "HUBEL_OFFLINE" in ended.err
    assert site.requests == []


def test_a_hostile_zip_is_an_error_in_the_data(trained: Trained, hubel: Hubel, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("../escaped.png", b"x")
    ended = hubel("evaluate", trained.run, tmp_path / "a.zip")
    assert ended.code == 3
    assert "outside of its own folder" in ended.err
    assert not list(tmp_path.parent.glob("escaped.png"))


def test_unpacked_sources_count_in_the_cache_and_are_cleared(
    trained: Trained, packed: Path, hubel: Hubel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUBEL_CACHE", str(tmp_path / "cache"))
    hubel("evaluate", trained.run, packed)
    (record,) = hubel("cache", "--json").records
    assert record["num_bytes"] > packed.stat().st_size
    hubel("cache", "--clear")
    assert not (tmp_path / "cache" / "sources").exists()


def test_training_on_a_zip_learns_the_same_and_says_where_the_images_came_from(
    trained: Trained, packed: Path, tmp_path: Path
) -> None:
    finished = run_hubel("train", packed, "--out", tmp_path / "run", "--size", "128", "--json")
    assert finished.returncode == 0, finished.stderr
    card, before = (json.loads((run / "card.json").read_text()) for run in (tmp_path / "run", trained.run))
    assert (card["source"]["kind"], card["source"]["origin"], card["source"]["num_files"]) == (
        "archive",
        str(packed),
        25,
    )
    assert before["source"] is None
    assert card["provenance"]["data_sha256"] == before["provenance"]["data_sha256"]
    assert card["metrics"]["confusion"] == before["metrics"]["confusion"]
    assert str(packed) in finished.stderr
