"""What was computed once is not computed again: contents, pixels and features, kept by content.

A SQLite index says which file had which content when it was last seen (path, size, times), why a content was refused,
and in which shard a content's row stands. Shards are plain files of rows of one shape, only ever appended to, a new one
in every process, so that processes do not disturb each other and a crash loses at most what was not yet indexed.
"""

from __future__ import annotations

import os
import sqlite3
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

SCHEMA = """
CREATE TABLE IF NOT EXISTS files (path BLOB PRIMARY KEY, stamp TEXT NOT NULL, content TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS refusals (content TEXT PRIMARY KEY, refusal TEXT NOT NULL, detail TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rows (kind TEXT, content TEXT, shard TEXT NOT NULL, place INTEGER NOT NULL,
    PRIMARY KEY (kind, content)) WITHOUT ROWID;
"""
DEFAULT_LIMIT_BYTES = 10 * 2**30
PIXEL_SHARE = 0.25
"""The part of the limit that decoded pixels may take; features are small and dear, pixels large and cheap."""
QUERY_SIZE = 500


@dataclass(frozen=True, slots=True)
class CacheSummary:
    """What the cache holds."""

    folder: Path
    num_bytes: int
    limit_bytes: int
    num_files_known: int
    rows_by_kind: dict[str, int]


class Cache:
    """The cache in one folder; used from one thread.

    Parameters
    ----------
    folder
        Where it lies; made when absent.
    limit_bytes
        What it may grow to; whole shards are dropped, the least recently used first.
    """

    def __init__(self, folder: Path, limit_bytes: int = DEFAULT_LIMIT_BYTES) -> None:
        self.folder = folder
        self.limit_bytes = limit_bytes
        folder.mkdir(parents=True, exist_ok=True)
        self.index = open_index(folder / "index.sqlite")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Write what is pending, keep to the limit, and close."""
        self.index.commit()
        self.trim()
        self.index.close()

    def contents_of(self, paths: Sequence[str]) -> list[str | None]:
        """The content key of every file that has not changed since it was last read; None for the others."""
        known: dict[bytes, tuple[str, str]] = {}
        names = [os.fsencode(Path(path).absolute()) for path in paths]
        for start in range(0, len(names), QUERY_SIZE):
            part = names[start : start + QUERY_SIZE]
            query = f"SELECT path, stamp, content FROM files WHERE path IN ({placeholders(part)})"  # noqa: S608  only question marks are put in
            known.update((path, (stamp, content)) for path, stamp, content in self.index.execute(query, part))
        contents: list[str | None] = []
        for path, name in zip(paths, names, strict=True):
            entry = known.get(name)
            contents.append(entry[1] if entry and entry[0] == file_stamp(path) else None)
        return contents

    def remember_contents(self, entries: Iterable[tuple[str, str | None, str]]) -> None:
        """Note the content of files: (path, the stamp taken before reading, content key)."""
        rows = [
            (os.fsencode(Path(path).absolute()), stamp, content)
            for path, stamp, content in entries
            if stamp is not None
        ]
        self.index.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?)", rows)

    def refusals_of(self, contents: Iterable[str]) -> dict[str, tuple[str, str]]:
        """Why a content was refused, for those that were: {content: (refusal, detail)}."""
        wanted = list(contents)
        found: dict[str, tuple[str, str]] = {}
        for start in range(0, len(wanted), QUERY_SIZE):
            part = wanted[start : start + QUERY_SIZE]
            query = f"SELECT content, refusal, detail FROM refusals WHERE content IN ({placeholders(part)})"  # noqa: S608  only question marks are put in
            found.update((content, (refusal, detail)) for content, refusal, detail in self.index.execute(query, part))
        return found

    def remember_refusal(self, content: str, refusal: str, detail: str) -> None:
        """Note that a content cannot be read."""
        self.index.execute("INSERT OR REPLACE INTO refusals VALUES (?, ?, ?)", (content, refusal, detail))

    def rows(self, kind: str, shape: tuple[int, ...], dtype: type[np.generic], *, share: float = 1.0) -> RowStore:
        """The rows of one kind, each an array of that shape; at most that share of the limit is added to them."""
        return RowStore(self, kind, shape, np.dtype(dtype), max_bytes=int(share * self.limit_bytes))

    def trim(self) -> None:
        """Drop whole shards, least recently used first, until the cache is within its limit."""
        shards = sorted(self.folder.glob("*.rows"), key=lambda path: path.stat().st_mtime)
        excess = folder_bytes(self.folder) - self.limit_bytes
        for shard in shards:
            if excess <= 0:
                break
            excess -= shard.stat().st_size
            self.index.execute("DELETE FROM rows WHERE shard = ?", (shard.name,))
            self.index.commit()
            shard.unlink(missing_ok=True)

    def summary(self) -> CacheSummary:
        """What is here."""
        kinds = dict(self.index.execute("SELECT kind, COUNT(*) FROM rows GROUP BY kind").fetchall())
        files = int(self.index.execute("SELECT COUNT(*) FROM files").fetchone()[0])
        return CacheSummary(self.folder, folder_bytes(self.folder), self.limit_bytes, files, kinds)


class RowStore:
    """Arrays of one kind and shape, by content."""

    def __init__(
        self, cache: Cache, kind: str, shape: tuple[int, ...], dtype: np.dtype[np.generic], max_bytes: int
    ) -> None:
        self.cache = cache
        self.kind = kind
        self.shape = shape
        self.dtype = dtype
        self.row_bytes = int(np.prod(shape)) * dtype.itemsize
        self.shard: Path | None = None
        self.next_place = 0
        self.bytes_left = max_bytes

    def places(self, contents: Iterable[str]) -> dict[str, tuple[str, int]]:
        """Where the rows of these contents stand: {content: (shard, place)}; absent ones are left out."""
        wanted = list(contents)
        found: dict[str, tuple[str, int]] = {}
        for start in range(0, len(wanted), QUERY_SIZE):
            part = wanted[start : start + QUERY_SIZE]
            query = f"SELECT content, shard, place FROM rows WHERE kind = ? AND content IN ({placeholders(part)})"  # noqa: S608  only question marks are put in
            found.update(
                (key, (shard, place)) for key, shard, place in self.cache.index.execute(query, [self.kind, *part])
            )
        sizes = {shard: self.shard_rows(shard) for shard in {shard for shard, _ in found.values()}}
        return {key: (shard, place) for key, (shard, place) in found.items() if place < sizes[shard]}

    def read(self, places: Sequence[tuple[str, int]]) -> np.ndarray:
        """The rows at these places, of shape (n, *shape)."""
        rows = np.empty((len(places), *self.shape), self.dtype)
        by_shard: dict[str, list[int]] = {}
        for position, (shard, _) in enumerate(places):
            by_shard.setdefault(shard, []).append(position)
        for shard, positions in by_shard.items():
            path = self.cache.folder / shard
            stored = np.memmap(path, self.dtype, "r", shape=(self.shard_rows(shard), *self.shape))
            rows[positions] = stored[[places[position][1] for position in positions]]
            os.utime(path)
        return rows

    def append(self, contents: Sequence[str], rows: np.ndarray) -> None:
        """Keep rows of shape (n, *shape); a content that is known already stays as it is."""
        if self.bytes_left < rows.nbytes or not len(rows):
            return
        self.bytes_left -= rows.nbytes
        if self.shard is None:
            self.shard = self.cache.folder / f"{uuid.uuid4().hex}.rows"
        with self.shard.open("ab") as shard:
            shard.write(np.ascontiguousarray(rows, self.dtype).data)
        entries = [(self.kind, key, self.shard.name, self.next_place + offset) for offset, key in enumerate(contents)]
        self.cache.index.executemany("INSERT OR IGNORE INTO rows VALUES (?, ?, ?, ?)", entries)
        self.next_place += len(rows)
        if self.next_place * self.row_bytes > 2**28:
            self.shard, self.next_place = None, 0
            self.cache.index.commit()

    def shard_rows(self, shard: str) -> int:
        """How many whole rows a shard holds; none when it is gone."""
        path = self.cache.folder / shard
        return path.stat().st_size // self.row_bytes if path.is_file() else 0


def open_index(path: Path) -> sqlite3.Connection:
    """The index; a damaged one is put aside and begun anew, since everything in it can be computed again."""
    for attempt in (1, 2):
        index = sqlite3.connect(path, timeout=60)
        try:
            index.execute("PRAGMA journal_mode = WAL")
            index.execute("PRAGMA synchronous = OFF")
            index.executescript(SCHEMA)
            return index
        except sqlite3.DatabaseError:
            index.close()
            if attempt == 2:
                raise
            path.replace(path.with_suffix(".damaged"))
    raise AssertionError("unreachable")


def file_stamp(path: str) -> str | None:
    """What changes when a file's content does: size, times, inode; None when it cannot be seen."""
    try:
        status = Path(path).stat()
    except (OSError, ValueError):
        return None
    return f"{status.st_size}:{status.st_mtime_ns}:{status.st_ctime_ns}:{status.st_ino}"


def folder_bytes(folder: Path) -> int:
    """The size of the files in a folder, not of folders in it."""
    return sum(entry.stat().st_size for entry in os.scandir(folder) if entry.is_file())


def placeholders(values: Sequence[object]) -> str:
    """``?,?,?`` for a query."""
    return ",".join("?" * len(values))
