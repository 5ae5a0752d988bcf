"""Whatever the user names as data becomes a folder or table of this machine."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from hubel.core.errors import DataError
from hubel.core.events import Note, Progress
from hubel.data.kept import RECORD, make_room, source_info, sources_root
from hubel.data.network import DownloadError, Problem
from hubel.data.sources import open_dataset
from hubel.workflows.opening import open_source, resolve_source, source_name
from hubel.workflows.opening_many import open_sources, users_name
from local_server import Site, serving


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUBEL_CACHE", str(tmp_path / "cache"))


def drain(steps: Generator[Any, None, Any]) -> tuple[Any, list[Any]]:
    events = []
    while True:
        try:
            events.append(next(steps))
        except StopIteration as end:
            return end.value, events


def png(level: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.full((8, 8, 3), level, np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def zip_of(names: list[str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for level, name in enumerate(names):
            archive.writestr(name, png(level) if name.endswith("png") else b"file_name,label\n1.png,a\n2.png,b\n")
    return buffer.getvalue()


PETS = ["pets/train/cat/1.png", "pets/train/dog/2.png", "pets/test/cat/3.png", "pets/readme.txt"]


@pytest.fixture
def site() -> Iterator[Site]:
    with serving(Site(files={"/pets.zip": zip_of(PETS), "/1.png": png(1), "/2.png": png(2)})) as started:
        yield started


def test_folders_tables_and_images_are_left_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "photos" / "cat").mkdir(parents=True)
    (tmp_path / "photos" / "1.png").write_bytes(png(1))
    (tmp_path / "list.csv").write_text("file_name,label\nphotos/1.png,a\n")
    for source in ("photos", "list.csv", "photos/1.png", "nowhere/*.jpg", "missing-folder"):
        assert resolve_source(str(tmp_path / source)) == str(tmp_path / source)
    assert not sources_root().exists()


def test_an_archive_opens_at_its_class_folders_with_splits(tmp_path: Path) -> None:
    (tmp_path / "pets.zip").write_bytes(zip_of(PETS))
    path, events = drain(open_source(str(tmp_path / "pets.zip")))
    dataset = open_dataset(path)
    assert dataset.classes == ("cat", "dog")
    assert [one.split for one in dataset.examples] == ["train", "test", "train"]
    assert Path(dataset.examples[0].path).read_bytes() == png(0)
    assert any(isinstance(event, Note) and ".txt 1" in event.en for event in events)
    info = source_info(dataset.root)
    assert info is not None
    assert (info.kind, info.origin, info.num_files) == ("archive", str(tmp_path / "pets.zip"), 3)
    assert resolve_source(str(tmp_path / "pets.zip")) == path


@pytest.mark.parametrize(
    ("names", "root"),
    [
        (["cat/1.png", "dog/2.png"], ""),
        (["a/b/cat/1.png", "a/b/dog/2.png"], "a/b"),
        (["a/cat/1.png", "a/dog/2.png", "a/notes.csv"], "a"),
        (["a/images.csv", "a/1.png", "a/2.png"], "a/images.csv"),
        (["images.csv", "images/1.png", "images/2.png"], "images.csv"),
    ],
)
def test_the_data_begin_below_wrapping_folders_or_at_the_table(names: list[str], root: str, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zip_of(names))
    assert resolve_source(str(tmp_path / "a.zip")).partition("/data")[2].strip("/") == root


def test_an_archive_of_one_class_says_so_and_not_that_there_are_no_classes(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zip_of(["cat/1.png", "cat/2.png"]))
    assert open_dataset(resolve_source(str(tmp_path / "a.zip"))).classes == ("cat",)


def test_a_changed_archive_is_another_source(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zip_of(["cat/1.png", "dog/2.png"]))
    first = resolve_source(str(tmp_path / "a.zip"))
    (tmp_path / "a.zip").write_bytes(zip_of(["cat/1.png", "cow/2.png", "dog/2.png"]))
    assert resolve_source(str(tmp_path / "a.zip")) != first


def test_a_hostile_archive_leaves_nothing(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        for name in ("cat/1.png", "../2.png"):
            archive.addfile(tarfile.TarInfo(name))
    with pytest.raises(DataError, match="outside of its own folder"):
        resolve_source(str(tmp_path / "a.tar"))
    assert [path for path in sources_root().iterdir() if path.name != ".known"] == []


def test_the_address_of_an_archive_is_fetched_once(site: Site) -> None:
    for _ in range(2):
        path, _ = drain(open_source(f"{site.url}/pets.zip"))
        assert len(open_dataset(path).examples) == 3
    assert len(site.requests) == 1
    assert list((sources_root() / "downloads").iterdir()) == []


def test_a_failed_address_leaves_no_entry(site: Site) -> None:
    with pytest.raises(DownloadError) as caught:
        resolve_source(f"{site.url}/gone.zip")
    assert caught.value.problem == Problem.NOT_FOUND
    assert list(sources_root().glob("*/data")) == []


def test_stopping_a_download_ends_as_ctrl_c_does_and_leaves_its_part(site: Site) -> None:
    site.files["/large.zip"] = bytes(4_000_000)
    with pytest.raises(KeyboardInterrupt):
        drain(open_source(f"{site.url}/large.zip", stop=lambda: True))
    assert list(sources_root().rglob("large.zip.part"))
    assert list(sources_root().glob(".part-*")) == []


def test_a_table_of_addresses_becomes_a_table_of_files(site: Site, tmp_path: Path) -> None:
    table = tmp_path / "list.csv"
    table.write_text(
        f"file_name,label,split\n{site.url}/1.png,cat,train\n{site.url}/2.png,dog,test\n{site.url}/no.png,dog,test\n"
    )
    path, events = drain(open_source(str(table)))
    dataset = open_dataset(path)
    assert [(dataset.classes[one.label], one.split) for one in dataset.examples] == [("cat", "train"), ("dog", "test")]
    assert any(
        isinstance(event, Progress) and (event.stage, event.done, event.total) == ("fetch", 3, 3) for event in events
    )
    assert any(isinstance(event, Note) and "left out: 1 of 3" in event.en for event in events)


def test_an_address_that_comes_back_completes_the_table(site: Site, tmp_path: Path) -> None:
    table = tmp_path / "list.csv"
    table.write_text(f"file_name,label\n{site.url}/1.png,cat\n{site.url}/3.png,dog\n")
    assert len(open_dataset(resolve_source(str(table))).examples) == 1
    site.files["/3.png"] = png(3)
    assert len(open_dataset(resolve_source(str(table))).examples) == 2


def test_the_images_of_a_removed_table_go_with_it(site: Site, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(f"file_name,label\n{site.url}/1.png,cat\n{site.url}/2.png,dog\n")
    table = Path(resolve_source(str(tmp_path / "list.csv")))
    os.utime(table.parents[1] / RECORD, (1e9, 1e9))
    make_room(0)
    assert list(sources_root().rglob("*.png")) == []


def test_parquet_files_become_a_table(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    for split in ("train", "test"):
        rows = pyarrow.table(
            {"image": [{"bytes": png(1), "path": ""}, {"bytes": png(2), "path": ""}], "label": ["a", "b"]}
        )
        parquet.write_table(rows, tmp_path / f"{split}-00000-of-00001.parquet")
    dataset = open_dataset(resolve_source(str(tmp_path)))
    assert len(dataset.examples) == 4
    single = open_dataset(resolve_source(str(tmp_path / "test-00000-of-00001.parquet")))
    assert [one.split for one in single.examples] == ["test", "test"]


def test_a_set_misspelt_is_asked_after(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="Did you mean the set fashion-mnist"):
        resolve_source("fasion-mnist")


def test_a_folder_of_the_name_of_a_set_comes_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "flowers").mkdir()
    assert resolve_source("flowers") == "flowers"


def test_a_set_offline_names_what_forbids_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HUBEL_OFFLINE", "1")
    events = open_source("flowers")
    introduction = next(events)
    assert isinstance(introduction, Note)
    assert "Licence: CC BY 2.0" in introduction.en
    with pytest.raises(DownloadError, match="HUBEL_OFFLINE"):
        drain(events)


def test_answers_keep_the_names_that_the_user_gave(site: Site, tmp_path: Path) -> None:
    (tmp_path / "pets.zip").write_bytes(zip_of(PETS))
    (tmp_path / "list.txt").write_text(f"{site.url}/1.png\n{site.url}/2.png\n")
    given = [str(tmp_path / "pets.zip"), f"{site.url}/1.png", str(tmp_path / "list.txt"), "photos/*.jpg", "-"]
    (paths, names), _ = drain(open_sources(given))
    assert paths[3:] == ["photos/*.jpg", "-"]
    assert users_name(names, f"{paths[0]}/train/cat/1.png") == f"{given[0]}/train/cat/1.png"
    assert users_name(names, paths[1]) == given[1]
    table = Path(paths[2]).read_text().splitlines()
    assert users_name(names, table[2].partition(",")[0]) == f"{site.url}/2.png"
    assert users_name(names, "photos/1.jpg") == "photos/1.jpg"


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("a/pets.tar.gz", "pets"),
        ("https://example.org/pets.zip?x=1", "pets"),
        ("faces", "faces"),
        ("a/b.v2", "b.v2"),
        ("x.parquet", "x"),
    ],
)
def test_a_run_is_called_after_its_source(source: str, name: str) -> None:
    assert source_name(source) == name
