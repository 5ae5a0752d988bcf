"""Pictures that do not fit into memory are in a file, and nobody sees the difference."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from hubel.core.errors import UsageError
from hubel.train.roomy import UNKNOWN_BYTES, available_bytes, room_for

MEMINFO = "MemTotal:  8000 kB\nMemFree:  100 kB\nMemAvailable:   4000 kB\n"


def linux(root: Path, **files: str) -> Path:
    """A root with these files in place of the kernel's."""
    for name, text in files.items():
        file = root / {"meminfo": "proc/meminfo"}.get(name, f"sys/fs/cgroup/memory.{name}")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return root


def test_what_fits_is_in_memory_and_the_rest_in_a_file(tmp_path: Path) -> None:
    assert not isinstance(room_for(4, 8, folder=tmp_path, most_bytes=4 * 8 * 8 * 3), np.memmap)
    pixels = room_for(4, 8, folder=tmp_path, most_bytes=4 * 8 * 8 * 3 - 1)
    assert isinstance(pixels, np.memmap)
    pixels[2] = 7
    assert (pixels.shape, pixels.sum()) == ((4, 8, 8, 3), 7 * 8 * 8 * 3)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere an open file keeps its name")
def test_nothing_stays_even_if_the_process_is_killed(tmp_path: Path) -> None:
    pixels = room_for(4, 8, folder=tmp_path, most_bytes=0)
    assert not list(tmp_path.iterdir())
    assert pixels.size


def test_a_disk_without_room_is_said_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"1000000000 images of 224 px take 150528\.0 GB.*HUBEL_CACHE"):
        room_for(10**9, 224, folder=tmp_path, most_bytes=2**30)
    assert not list(tmp_path.iterdir())


def test_free_memory_is_what_the_kernel_says(tmp_path: Path) -> None:
    assert available_bytes(linux(tmp_path, meminfo=MEMINFO)) == 4000 * 1024


def test_a_container_has_no_more_than_its_limit_leaves(tmp_path: Path) -> None:
    own = linux(tmp_path, meminfo=MEMINFO, max="2000000\n", current="900000\n", stat="anon 5\ninactive_file 100000\n")
    assert available_bytes(own) == 1_200_000


def test_a_container_without_a_limit_has_all(tmp_path: Path) -> None:
    assert available_bytes(linux(tmp_path, meminfo=MEMINFO, max="max\n", current="900000\n")) == 4000 * 1024


def test_where_nothing_is_told_a_guess_is_taken(tmp_path: Path) -> None:
    assert available_bytes(tmp_path) == UNKNOWN_BYTES
