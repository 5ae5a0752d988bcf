"""Sets by name: what is known of them, and their binary forms."""

from __future__ import annotations

import gzip
import io
import re
import struct
import tarfile
from collections.abc import Generator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from hubel.core.errors import DataError
from hubel.core.events import Note
from hubel.data.binary_sets import write_cifar, write_idx
from hubel.data.named import DEBIAN_FOLDER, NamedSet, introduction, named_sets, write_named
from hubel.data.network import DownloadError
from hubel.data.sources import open_dataset
from hubel.data.transfer import Patience, Remote
from local_server import Site, serving

GENERATOR = np.random.default_rng(0)
FILES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)


def drain(steps: Generator[Any, None, Any]) -> tuple[Any, list[Any]]:
    events = []
    while True:
        try:
            events.append(next(steps))
        except StopIteration as end:
            return end.value, events


def idx(array: np.ndarray) -> bytes:
    return struct.pack(f">{array.ndim + 1}I", 0x800 + array.ndim, *array.shape) + array.tobytes()


def small_set(urls: str = "http://127.0.0.1:9") -> tuple[NamedSet, dict[str, bytes]]:
    """A set like MNIST of twelve images, and its four files."""
    contents = {}
    for name in FILES:
        shape = (6, 5, 4) if "images" in name else (6,)
        array = GENERATOR.integers(0, 256, shape, np.uint8) if "images" in name else np.arange(6, dtype=np.uint8) % 2
        contents[name] = gzip.compress(idx(array))
    remotes = tuple(
        Remote(name, (f"{urls}/{name}",), (f"sha256:{sha256(content).hexdigest()}",), len(content))
        for name, content in contents.items()
    )
    return replace(named_sets()["mnist"], name="small", classes=("no", "yes"), files=remotes), contents


@pytest.mark.parametrize("name", sorted(named_sets()))
def test_every_set_says_where_it_is_from_and_how_it_is_checked(name: str) -> None:
    chosen = named_sets()[name]
    assert chosen.form in {"idx", "cifar", "archive"}
    assert len(set(chosen.classes)) == len(chosen.classes) >= 2
    assert all("/" not in label for label in chosen.classes)
    for remote in chosen.files:
        assert re.fullmatch(r"[\w.-]+", remote.name)
        assert all(re.fullmatch(r"https?://[\w.-]+/\S+", url) for url in remote.urls)
        assert remote.checksums
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}|md5:[0-9a-f]{32}", checksum) for checksum in remote.checksums)
    english, korean = introduction(chosen)
    assert chosen.licence in english
    assert chosen.citation in korean


def test_a_set_in_the_users_folder_needs_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen, contents = small_set()
    for name, content in contents.items():
        (tmp_path / "here" / "small").mkdir(parents=True, exist_ok=True)
        (tmp_path / "here" / "small" / name).write_bytes(content)
    monkeypatch.setenv("HUBEL_DATASETS", str(tmp_path / "here"))
    monkeypatch.setenv("HUBEL_OFFLINE", "1")
    kept, events = drain(write_named(chosen, tmp_path / "out", downloads=tmp_path / "downloads"))
    dataset = open_dataset(tmp_path / "out")
    assert (dataset.classes, len(dataset.examples)) == (("no", "yes"), 12)
    assert {one.split for one in dataset.examples} == {"train", "test"}
    assert (kept.info.num_files, kept.info.licence, kept.info.urls) == (12, chosen.licence, ())
    assert not any(isinstance(event, Note) for event in events)
    assert len(list((tmp_path / "here" / "small").iterdir())) == 4


def test_a_set_is_downloaded_checked_and_its_files_removed(tmp_path: Path) -> None:
    with serving(Site()) as site:
        chosen, contents = small_set(site.url)
        site.files = {f"/{name}": content for name, content in contents.items()}
        kept, events = drain(write_named(chosen, tmp_path / "out", downloads=tmp_path / "downloads"))
    assert kept.info.num_files == 12
    assert len(kept.info.urls) == 4
    assert not (tmp_path / "downloads").exists()
    assert events[0].en.startswith("Downloading 4 files")


def test_a_file_that_is_here_but_another_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen, _ = small_set()
    (tmp_path / "here" / "small").mkdir(parents=True)
    (tmp_path / "here" / "small" / FILES[0]).write_bytes(b"another")
    monkeypatch.setenv("HUBEL_DATASETS", str(tmp_path / "here"))
    with pytest.raises(DataError, match="is not the one that is known"):
        drain(write_named(chosen, tmp_path / "out", downloads=tmp_path / "downloads"))


def test_a_set_that_nobody_gives_is_a_download_error(tmp_path: Path) -> None:
    chosen, _ = small_set()
    patience = Patience(connect_seconds=0.5, attempts=1, wait_seconds=0)
    with pytest.raises(DownloadError):
        drain(write_named(chosen, tmp_path / "out", downloads=tmp_path / "downloads", patience=patience))


def test_idx_pixels_are_written_as_they_are(tmp_path: Path) -> None:
    pixels = GENERATOR.integers(0, 256, (3, 28, 28), np.uint8)
    (tmp_path / "images").write_bytes(idx(pixels))
    (tmp_path / "labels").write_bytes(idx(np.array([1, 0, 1], np.uint8)))
    drain(write_idx(tmp_path / "images", tmp_path / "labels", tmp_path / "out", classes=("a", "b")))
    with Image.open(tmp_path / "out" / "b" / "00002.png") as image:
        assert np.array_equal(np.asarray(image), pixels[2])


@pytest.mark.parametrize("spoil", ["short", "magic", "huge", "count", "label"])
def test_idx_files_that_do_not_add_up_are_refused(spoil: str, tmp_path: Path) -> None:
    images, labels = idx(np.zeros((2, 4, 4), np.uint8)), idx(np.array([0, 1], np.uint8))
    if spoil == "short":
        images = images[:-1]
    elif spoil == "magic":
        images = b"\0\0\x0c\x03" + images[4:]
    elif spoil == "huge":
        images = struct.pack(">4I", 0x803, 2**31, 2**31, 2**31)
    elif spoil == "count":
        labels = idx(np.zeros(3, np.uint8))
    else:
        labels = idx(np.array([0, 9], np.uint8))
    (tmp_path / "images").write_bytes(images)
    (tmp_path / "labels").write_bytes(labels)
    with pytest.raises(DataError):
        drain(write_idx(tmp_path / "images", tmp_path / "labels", tmp_path / "out", classes=("a", "b")))


def cifar(path: Path, batches: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in batches.items():
            info = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def test_cifar_records_become_colour_pictures(tmp_path: Path) -> None:
    record = bytes([1]) + bytes([10]) * 1024 + bytes([20]) * 1024 + bytes([30]) * 1024
    batches = {
        "data_batch_1.bin": record * 2,
        "data_batch_2.bin": record,
        "test_batch.bin": record,
        "readme.html": b"x",
    }
    number, _ = drain(write_cifar(cifar(tmp_path / "a.tar.gz", batches), tmp_path / "out", classes=("a", "b")))
    assert number == 4
    assert [one.split for one in open_dataset(tmp_path / "out").examples] == ["train"] * 3 + ["test"]
    with Image.open(tmp_path / "out" / "test" / "b" / "test_batch-00000.png") as image:
        assert np.asarray(image)[0, 0].tolist() == [10, 20, 30]


@pytest.mark.parametrize(
    "batches", [{}, {"data_batch_1.bin": b"x" * 100}, {"data_batch_1.bin": bytes([9]) + bytes(3072)}]
)
def test_cifar_archives_that_do_not_add_up_are_refused(batches: dict[str, bytes], tmp_path: Path) -> None:
    with pytest.raises(DataError):
        drain(write_cifar(cifar(tmp_path / "a.tar.gz", batches), tmp_path / "out", classes=("a", "b")))


@pytest.mark.slow
def test_debians_fashion_mnist_is_the_one_that_is_known(tmp_path: Path) -> None:
    if not (DEBIAN_FOLDER / "fashion-mnist").is_dir():
        pytest.skip("Debian's package dataset-fashion-mnist is not installed")
    steps = write_named(named_sets()["fashion-mnist"], tmp_path / "out", downloads=tmp_path / "downloads")
    assert not isinstance(
        next(steps), Note
    )  # nothing is downloaded: all checksums fitted before the first image was written
    steps.close()
    counts = []
    for name in FILES[1::2]:
        with gzip.open(DEBIAN_FOLDER / "fashion-mnist" / name) as opened:
            labels = np.frombuffer(opened.read()[8:], np.uint8)
        counts.append((len(labels), len(np.unique(labels))))
    assert counts == [(60_000, 10), (10_000, 10)]
