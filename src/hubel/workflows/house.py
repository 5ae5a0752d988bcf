"""Keeping house: what the cache holds, and emptying it."""

from __future__ import annotations

import shutil
from dataclasses import replace

from hubel.core.files import cache_root
from hubel.data.cache import Cache, CacheSummary
from hubel.data.kept import LIMIT_BYTES

PARTS = ("rows", "graphs", "engines", "builtin", "sources", "checkpoints")
"""The folders of the cache: pixels and features, converted bases, engine measurements, built-in images, unpacked sources,
trainings to go on with."""


def cache_summary() -> CacheSummary:
    """What the cache holds: pixels and features, and the size of everything hubel can compute again."""
    with Cache(cache_root() / "rows") as cache:
        rows = cache.summary()
    num_bytes = sum(part_bytes(part) for part in PARTS)
    return replace(rows, folder=cache_root(), num_bytes=num_bytes, limit_bytes=rows.limit_bytes + LIMIT_BYTES)


def clear_cache() -> int:
    """Remove everything hubel can compute again; returns how many bytes that was."""
    freed = 0
    for part in PARTS:
        freed += part_bytes(part)
        shutil.rmtree(cache_root() / part, ignore_errors=True)
    return freed


def part_bytes(part: str) -> int:
    """The size of one folder of the cache."""
    return sum(path.stat().st_size for path in (cache_root() / part).rglob("*") if path.is_file())
