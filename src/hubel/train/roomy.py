"""Room for pictures that may not fit into memory: an array, or the same array in a file that the system pages in and out.

The kernel kills a process that takes more memory than there is, without a word; a page of a file it merely drops and reads again.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import numpy as np

from hubel.core.errors import UsageError
from hubel.core.language import say
from hubel.core.types import PixelBatch

IN_MEMORY_SHARE = 0.25
"""Pictures may take so much of the memory that is free; a training needs the rest."""
SPARE_BYTES = 2**28
"""So much of a disk is left free."""
UNKNOWN_BYTES = 4 * 2**30
"""What is taken for free where the system does not tell."""
GROUPS = (
    ("memory.max", "memory.current", "memory.stat"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "memory/memory.stat"),
)
"""What a control group may have, what it has, and of what kinds; of the second version and of the first."""


def most_in_memory(root: Path = Path("/")) -> int:
    """How many bytes of pictures are kept in memory."""
    return int(IN_MEMORY_SHARE * available_bytes(root))


def available_bytes(root: Path = Path("/")) -> int:
    """The memory that can be had without swapping: what the kernel estimates, and no more than a container may have.

    Parameters
    ----------
    root
        Where Linux shows its files; elsewhere there are none, and the answer is a guess.
    """
    found = [free_of_kernel(root / "proc" / "meminfo")]
    found += [free_of_group(*(root / "sys" / "fs" / "cgroup" / name for name in names)) for names in GROUPS]
    return max(0, min((value for value in found if value is not None), default=UNKNOWN_BYTES))


def free_of_kernel(file: Path) -> int | None:
    """MemAvailable of proc(5), in bytes; None where it is not told."""
    value = named_number(file, "MemAvailable:")
    return None if value is None else value * 1024


def free_of_group(limit: Path, usage: Path, kinds: Path) -> int | None:
    """What is left of a control group's memory, with the pages of files that it can drop; None without a limit."""
    try:
        return int(limit.read_text()) - int(usage.read_text()) + (named_number(kinds, "inactive_file") or 0)
    except (OSError, ValueError):  # no such group, or its limit is the word "max"
        return None


def named_number(file: Path, name: str) -> int | None:
    """The number after a name at the beginning of a line; None where there is none."""
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) for line in lines if line.split()[:1] == [name]), None)


def room_for(num_images: int, size: int, *, folder: Path, most_bytes: int) -> PixelBatch:
    """Room for so many pictures (n size size 3): in memory, or above `most_bytes` in a file that goes with the array.

    Parameters
    ----------
    num_images, size
        n, and the side of a picture.
    folder
        Where the file would be. It has no name there where the system allows that, so that nothing stays after a crash.
    most_bytes
        What may be in memory.

    Raises
    ------
    UsageError
        When the disk has no room for them either.
    """
    shape = (num_images, size, size, 3)
    num_bytes = num_images * size * size * 3
    if num_bytes <= most_bytes:
        return np.empty(shape, np.uint8)
    free = shutil.disk_usage(folder).free - SPARE_BYTES
    if num_bytes > free:
        raise no_room(num_images, size, folder, free)
    with tempfile.TemporaryFile(dir=folder, prefix=".pixels-") as file:
        try:
            if hasattr(os, "posix_fallocate"):  # else a disk that fills up later would end the process
                os.posix_fallocate(file.fileno(), 0, num_bytes)
        except OSError as error:
            raise no_room(num_images, size, folder, free) from error
        return np.memmap(file, np.uint8, "w+", shape=shape)


def no_room(num_images: int, size: int, folder: Path, free: int) -> UsageError:
    """The error for pictures that fit neither into memory nor onto the disk."""
    needed, there = (gigabytes(value) for value in (num_images * size * size * 3, max(free, 0)))
    return UsageError(
        say(
            en=f"The pixels of {num_images} images of {size} px take {needed}, too much for memory, and {folder} has room for {there}. "
            "Choose a smaller --size or fewer images, free the disk, or name a folder on another one in HUBEL_CACHE.",
            ko=f"{size}픽셀 이미지 {num_images}장의 픽셀은 {needed}로 메모리에 담을 수 없고, {folder} 에 남은 자리는 {there}입니다. --size를 줄이거나 "
            "이미지를 줄이거나, 디스크를 비우거나, HUBEL_CACHE에 다른 디스크의 폴더를 지정하세요.",
        )
    )


def gigabytes(num_bytes: int) -> str:
    """Bytes in words.

    Examples
    --------
    >>> gigabytes(150_528_000_000)
    '150.5 GB'
    """
    return f"{num_bytes / 1e9:.1f} GB"
