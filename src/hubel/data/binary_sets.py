"""The two binary forms in which classic sets of small images come, written out as PNG files in class folders.

idx: MNIST and its kin (big-endian sizes, then bytes; gzip around it). CIFAR-10: records of one label byte and 3 × 32 × 32
bytes, channels first, in .bin files inside of a tar archive.
"""

from __future__ import annotations

import gzip
import time
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from hubel.core.arrays import UInt8
from hubel.core.errors import DataError
from hubel.core.events import Progress
from hubel.core.language import say
from hubel.data.archives import naming_damage, read_members
from hubel.data.names import shown

SPLIT_FILES = {"train": "train", "test": "t10k"}
"""The split folders, and how the idx files of each begin."""

_IMAGES, _LABELS = 0x803, 0x801
_MOST_BYTES = 2**30
_SIDE_PX = 32
_RECORD_BYTES = 1 + 3 * _SIDE_PX * _SIDE_PX
_SECONDS_BETWEEN_EVENTS = 0.1

_Labels = UInt8[np.ndarray, " n"]
_Stack = UInt8[np.ndarray, "n ..."]


def write_idx(images: Path, labels: Path, target: Path, *, classes: Sequence[str]) -> Generator[Progress, None, int]:
    """Write a pair of idx files as ``target/class/number.png``; returns how many.

    Raises
    ------
    DataError
        When a file is damaged or the two do not belong together.
    """
    with naming_damage(images):
        pixels = _read_idx(images, _IMAGES, 3)
    with naming_damage(labels):
        numbers = _read_idx(labels, _LABELS, 1)
    if len(pixels) != len(numbers):
        raise _misfit(images, f"{len(pixels)} ≠ {len(numbers)}")
    return (yield from _write_pngs(pixels, numbers, target, classes))


def write_cifar(archive: Path, target: Path, *, classes: Sequence[str]) -> Generator[Progress, None, int]:
    """Write the batches in CIFAR-10's binary archive as ``target/train/class/number.png`` and ``target/test/…``."""
    written = 0
    with naming_damage(archive):
        for member in read_members(archive):
            name = member.name.rpartition("/")[2]
            if member.kind != "file" or (not name.endswith("_batch.bin") and not name.startswith("data_batch_")):
                continue
            if member.num_bytes > _MOST_BYTES or member.num_bytes % _RECORD_BYTES:
                raise ValueError(f"{name}: {member.num_bytes} bytes")
            with member.open() as opened:
                records = np.frombuffer(opened.read(), np.uint8).reshape(-1, _RECORD_BYTES)
            pixels = records[:, 1:].reshape(-1, 3, _SIDE_PX, _SIDE_PX).transpose(0, 2, 3, 1)  # n h w 3
            split, stem = ("test" if name.startswith("test") else "train"), name.removesuffix(".bin")
            written += yield from _write_pngs(pixels, records[:, 0], target / split, classes, prefix=f"{stem}-")
    if not written:
        raise _misfit(archive, "0")
    return written


def _read_idx(path: Path, magic: int, num_axes: int) -> np.ndarray:
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as opened:
        head = opened.read(4 + 4 * num_axes)
        sizes = [int.from_bytes(head[at : at + 4], "big") for at in range(0, len(head), 4)]
        num_bytes = int(np.prod(sizes[1:], dtype=np.int64)) if len(sizes) == num_axes + 1 else 0
        if sizes[:1] != [magic] or not 0 < num_bytes <= _MOST_BYTES:
            raise ValueError(f"idx header {head.hex()}")
        octets = opened.read(num_bytes)
    if len(octets) < num_bytes:
        raise EOFError(f"{len(octets)} / {num_bytes}")
    return np.frombuffer(octets, np.uint8).reshape(sizes[1:])


def _write_pngs(
    pixels: _Stack, labels: _Labels, target: Path, classes: Sequence[str], *, prefix: str = ""
) -> Generator[Progress, None, int]:
    if len(labels) and int(labels.max()) >= len(classes):
        raise _misfit(target, f"{int(labels.max())} ≥ {len(classes)}")
    for name in classes:
        (target / name).mkdir(parents=True, exist_ok=True)
    last = 0.0
    for number, (image, label) in enumerate(_pairs(pixels, labels)):
        Image.fromarray(image).save(target / classes[label] / f"{prefix}{number:05}.png")
        if time.monotonic() - last > _SECONDS_BETWEEN_EVENTS:
            last = time.monotonic()
            yield Progress("unpack", number, len(labels), None)
    return len(labels)


def _pairs(pixels: _Stack, labels: _Labels) -> Iterator[tuple[np.ndarray, int]]:
    for image, label in zip(pixels, labels, strict=True):
        yield np.ascontiguousarray(image), int(label)


def _misfit(path: Path, found: str) -> DataError:
    value = shown(str(path))
    return DataError(
        say(
            en=f"The images and labels in {value} do not fit together ({found}). Remove the files and fetch them again.",
            ko=f"{value} 의 이미지와 레이블이 서로 맞지 않습니다({found}). 파일을 지우고 다시 받으세요.",
        )
    )
