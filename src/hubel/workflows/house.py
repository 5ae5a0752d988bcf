"""Keeping house: what the cache holds, and emptying it."""

from __future__ import annotations

import shutil

from hubel.core.files import cache_root
from hubel.data.cache import Cache, CacheSummary

PARTS = ("rows", "graphs", "engines", "builtin")
"""The folders of the cache: pixels and features, converted bases, engine measurements, built-in images."""


def cache_summary() -> CacheSummary:
    """What the cache of pixels and features holds."""
    with Cache(cache_root() / "rows") as cache:
        return cache.summary()


def clear_cache() -> int:
    """Remove everything hubel can compute again; returns how many bytes that was."""
    freed = 0
    for part in PARTS:
        folder = cache_root() / part
        freed += sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        shutil.rmtree(folder, ignore_errors=True)
    return freed
