"""Tables of addresses become tables of local files; dead addresses are left out and named."""

from __future__ import annotations

import io
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from hubel.data.network import DownloadError, Problem
from hubel.data.transfer import Patience
from hubel.data.url_list import Fetched, failure_notes, fetch_all, has_urls, is_plain_list, list_rows, local_table
from local_server import Site, serving

IMPATIENT = Patience(connect_seconds=2, read_seconds=0.3, attempts=1, wait_seconds=0, max_bytes=100_000)


def drain(steps: Generator[Any, None, Fetched]) -> Fetched:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            fetched: Fetched = end.value
            return fetched


@pytest.fixture(scope="module")
def picture() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (9, 9), "red").save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def site(picture: bytes) -> Iterator[Site]:
    files = {f"/{number}.png": picture for number in range(20)} | {
        "/page.jpg": b"<html>Sorry</html>",
        "/empty.jpg": b"",
    }
    with serving(Site(files=files)) as started:
        yield started


@pytest.mark.parametrize("name", ["list.csv", "list.jsonl"])
def test_a_table_of_addresses_is_told_from_one_of_files(name: str, tmp_path: Path) -> None:
    for word, expected in (("https://example.org/1.jpg", True), ("photos/1.jpg", False), ("photos/http:/1.jpg", False)):
        line = f'{{"file_name": "{word}", "label": "a"}}' if name.endswith("jsonl") else f"file_name,label\n{word},a"
        (tmp_path / name).write_text(line)
        assert has_urls(tmp_path / name) is expected


def test_a_plain_list_needs_no_header(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("\nhttps://example.org/1.jpg\n https://example.org/2.jpg \n")
    assert is_plain_list(tmp_path / "list.txt")
    assert has_urls(tmp_path / "list.txt")
    assert [row.path for row in list_rows(tmp_path / "list.txt")] == [
        "https://example.org/1.jpg",
        "https://example.org/2.jpg",
    ]


def test_addresses_and_columns_come_out_as_written(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(
        "label,url_is_not,file_name,split,group\ncat,x,https://example.org/a//b.jpg?c=1,train,g\ncat,x,1.jpg,,\n"
    )
    rows = list(list_rows(tmp_path / "list.csv"))
    assert (rows[0].path, rows[0].label, rows[0].split, rows[0].group) == (
        "https://example.org/a//b.jpg?c=1",
        "cat",
        "train",
        "g",
    )
    assert rows[1].path == str(tmp_path / "1.jpg")


def test_images_are_fetched_once_and_kept(site: Site, picture: bytes, tmp_path: Path) -> None:
    urls = [f"{site.url}/{number}.png" for number in range(20)]
    drain(fetch_all(urls, tmp_path, patience=IMPATIENT))
    fetched = drain(fetch_all([*urls, *urls], tmp_path, patience=IMPATIENT))
    assert len(site.requests) == 20
    assert {path.read_bytes() for path in fetched.paths.values()} == {picture}
    assert fetched.paths[urls[3]].name == "3.png"


def test_dead_addresses_are_left_out_and_named(site: Site, tmp_path: Path) -> None:
    site.files["/large.png"] = b"\x89PNG\r\n\x1a\n" + bytes(200_000)
    site.silent.add("/slow.png")
    names = ["1.png", "gone.png", "page.jpg", "empty.jpg", "large.png", "slow.png", "gone2.png"]
    fetched = drain(fetch_all([f"{site.url}/{name}" for name in names], tmp_path, patience=IMPATIENT))
    assert [url.rpartition("/")[2] for url in fetched.paths] == ["1.png"]
    assert list(fetched.failures.values()) == [
        *(Problem.NOT_FOUND, Problem.NOT_AN_IMAGE, Problem.NOT_AN_IMAGE),
        *(Problem.TOO_LARGE, Problem.TIMEOUT, Problem.NOT_FOUND),
    ]
    assert failure_notes(fetched)[0][0].startswith(
        "Addresses that gave no image, left out: 6 of 7 (there is no such file: 2, "
    )


def test_when_nothing_comes_the_first_reason_is_raised(site: Site, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="gone"):
        drain(fetch_all([f"{site.url}/gone.png", f"{site.url}/page.jpg"], tmp_path, patience=IMPATIENT))


def test_offline_is_said_at_once(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUBEL_OFFLINE", "1")
    with pytest.raises(DownloadError) as caught:
        drain(fetch_all([f"{site.url}/1.png"], tmp_path))
    assert caught.value.problem == Problem.OFFLINE


def test_the_table_of_what_came_keeps_label_split_group_and_local_files(site: Site, tmp_path: Path) -> None:
    (tmp_path / "local.png").write_bytes(site.files["/1.png"])
    table = tmp_path / "list.csv"
    table.write_text(
        f"file_name,label,split,group\n{site.url}/1.png?key=secret,cat,test,g1\n{site.url}/gone.png,cat,,\nlocal.png,dog,train,\n"
    )
    rows = list(list_rows(table))
    fetched = drain(fetch_all((row.path for row in rows if "://" in row.path), tmp_path / "kept", patience=IMPATIENT))
    lines = local_table(rows, fetched).splitlines()
    assert lines[0] == "file_name,label,split,group,source"
    assert lines[1].endswith(f"1.png,cat,test,g1,{site.url}/1.png")
    assert lines[2] == f"{tmp_path / 'local.png'},dog,train,,"
    assert len(lines) == 3
