"""What was computed once is not computed again: contents, pixels and features, kept by content.

A SQLite index says which file had which content when it was last seen (path, size, times), why a content was refused,
and in which shard a content's row stands. Shards are plain files of rows of one shape, only ever appended to, a new one
in every process, so that processes do not disturb each other and a crash loses at most what was not yet indexed. Every row
has a checksum: after a power cut a file may have its size and not its bytes.
"""

from __future__ import annotations

import os
import sqlite3
import uuid
import zlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from hubel.core.errors import UsageError
from hubel.core.language import say
from hubel.data.cache_index import open_index

DEFAULT_LIMIT_BYTES = 10 * 2**30
PIXEL_SHARE = 0.25
"""The part of the limit that decoded pixels may take; features are small and dear, pixels large and cheap."""
QUERY_SIZE = 500
SHARD_BYTES = 2**28
"""From so many bytes on a new shard is begun, so that there are parts to drop."""
Place = tuple[str, int, int]
"""Where a row stands: its shard, its number there, and the checksum (CRC-32) of its bytes."""


@dataclass(frozen=True, slots=True)
class CacheSummary:
    """What the cache holds."""

    folder: Path
    num_bytes: int
    limit_bytes: int
    num_files_known: int
    rows_by_kind: dict[str, int]


class Cache:
    """The cache in one folder. It is written from one thread; rows may be looked up and read from several.

    What is to be noted waits in memory until `commit`, so that processes do not keep each other waiting.

    Parameters
    ----------
    folder
        Where it lies; made when absent.
    limit_bytes
        What it may grow to; whole shards are dropped, the least recently used first.

    Raises
    ------
    UsageError
        When the folder cannot be written.
    """

    def __init__(self, folder: Path, limit_bytes: int = DEFAULT_LIMIT_BYTES) -> None:
        self.folder = folder
        self.limit_bytes = limit_bytes
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.index = open_index(folder / "index.sqlite")
        except (OSError, sqlite3.Error) as error:
            raise UsageError(
                say(
                    en=f"The cache in {folder} cannot be used: {error}. Name a folder you can write to in HUBEL_CACHE.",
                    ko=f"{folder} 의 캐시를 사용할 수 없습니다: {error}. 쓸 수 있는 폴더를 HUBEL_CACHE에 지정하세요.",
                )
            ) from error
        self.pending: list[tuple[str, list[tuple[Any, ...]]]] = []

    def __enter__(self) -> Cache:  # noqa: PYI034  beartype cannot check Self in a method
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Write what is pending, keep to the limit, and close."""
        self.commit()
        self.trim()
        self.index.close()

    def commit(self) -> None:
        """Write what is pending: from now on it survives a crash, and other processes see it."""
        for statement, rows in self.pending:
            self.index.executemany(statement, rows)
        self.pending.clear()
        self.index.commit()

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
        self.pending.append(("INSERT OR REPLACE INTO files VALUES (?, ?, ?)", rows))

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
        self.pending.append(("INSERT OR REPLACE INTO refusals VALUES (?, ?, ?)", [(content, refusal, detail)]))

    def rows(self, kind: str, shape: tuple[int, ...], dtype: type[np.generic], *, share: float = 1.0) -> RowStore:
        """The rows of one kind, each an array of that shape; at most that share of the limit is added to them."""
        return RowStore(self, kind, shape, np.dtype(dtype), max_bytes=int(share * self.limit_bytes))

    def trim(self) -> None:
        """Drop whole shards, least recently used first, until the cache is within its limit."""
        if not self.folder.is_dir():  # cleared meanwhile
            return
        sizes = file_statuses(self.folder)
        excess = sum(status.st_size for status in sizes.values()) - self.limit_bytes
        shards = [name for name in sizes if name.endswith(".rows")]
        for shard in sorted(shards, key=lambda name: sizes[name].st_mtime_ns):
            if excess <= 0:
                break
            excess -= sizes[shard].st_size
            self.index.execute("DELETE FROM rows WHERE shard = ?", (shard,))
            self.index.execute("DELETE FROM shards WHERE shard = ?", (shard,))
            self.index.commit()
            (self.folder / shard).unlink(missing_ok=True)

    def summary(self) -> CacheSummary:
        """What is here."""
        kinds = dict(self.index.execute("SELECT kind, COUNT(*) FROM rows GROUP BY kind").fetchall())
        files = int(self.index.execute("SELECT COUNT(*) FROM files").fetchone()[0])
        num_bytes = sum(status.st_size for status in file_statuses(self.folder).values())
        return CacheSummary(self.folder, num_bytes, self.limit_bytes, files, kinds)


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

    def holds_any(self) -> bool:
        """Whether there are rows of this kind, of whatever content."""
        return self.cache.index.execute("SELECT 1 FROM rows WHERE kind = ? LIMIT 1", [self.kind]).fetchone() is not None

    def places(self, contents: Iterable[str]) -> dict[str, Place]:
        """Where the rows of these contents stand; absent ones are left out."""
        wanted = list(contents)
        found: dict[str, Place] = {}
        for start in range(0, len(wanted), QUERY_SIZE):
            part = wanted[start : start + QUERY_SIZE]
            query = (
                f"SELECT content, shard, place, checksum FROM rows WHERE kind = ? AND content IN ({placeholders(part)})"  # noqa: S608  only question marks are put in
            )
            entries = self.cache.index.execute(query, [self.kind, *part])
            found.update((key, (shard, place, checksum)) for key, shard, place, checksum in entries)
        sizes = {shard: self.shard_rows(shard) for shard in {shard for shard, _, _ in found.values()}}
        return {key: place for key, place in found.items() if place[1] < sizes[place[0]]}

    def read(self, places: Sequence[Place]) -> np.ndarray:
        """The rows at these places, of shape (n, *shape).

        Raises
        ------
        FileNotFoundError
            When a shard is gone: another process has dropped it since `places` was asked, or it is damaged and dropped now.
        """
        rows = np.empty((len(places), *self.shape), self.dtype)
        by_shard: dict[str, list[int]] = {}
        for position, (shard, _, _) in enumerate(places):
            by_shard.setdefault(shard, []).append(position)
        for shard, positions in by_shard.items():
            path = self.cache.folder / shard
            stored = np.memmap(path, self.dtype, "r", shape=(self.shard_rows(shard), *self.shape))
            rows[positions] = stored[[places[position][1] for position in positions]]
            del stored
            if any(zlib.crc32(rows[position].data) != places[position][2] for position in positions):
                path.unlink(missing_ok=True)
                raise FileNotFoundError(path)
            os.utime(path)
        return rows

    def append(self, contents: Sequence[str], rows: np.ndarray) -> None:
        """Keep rows of shape (n, *shape); a content that is known already gets the new row."""
        if self.bytes_left < rows.nbytes or not len(rows):
            return
        rows = np.ascontiguousarray(rows, self.dtype)
        try:
            shard, place = self.write(rows)
        except OSError:  # a full disk, or the folder was cleared: the cache only saves time, the run goes on without
            self.bytes_left = 0
            return
        self.bytes_left -= rows.nbytes
        if place == 0:
            self.cache.pending.append(("INSERT OR REPLACE INTO shards VALUES (?, ?)", [(shard.name, self.row_bytes)]))
        sums = [zlib.crc32(row.data) for row in rows]
        entries = [
            (self.kind, key, shard.name, place + offset, checksum)
            for offset, (key, checksum) in enumerate(zip(contents, sums, strict=True))
        ]
        self.cache.pending.append(("INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?, ?)", entries))

    def write(self, rows: np.ndarray) -> tuple[Path, int]:
        """Add rows to this store's shard; returns it and the place of the first.

        A shard that is not as it was left (dropped by another process, or ended by a full disk within a row) is given
        up, since places in it would be wrong; so is a full one.
        """
        if (
            self.shard is None
            or self.shard_bytes() != self.next_place * self.row_bytes
            or self.shard_bytes() > SHARD_BYTES
        ):
            self.shard, self.next_place = self.cache.folder / f"{uuid.uuid4().hex}.rows", 0
        with self.shard.open("ab") as opened:
            opened.write(rows.data)
        place = self.next_place
        self.next_place += len(rows)
        return self.shard, place

    def shard_bytes(self) -> int:
        """The size of the shard that is being written; 0 when it is gone."""
        return self.shard.stat().st_size if self.shard is not None and self.shard.is_file() else 0

    def shard_rows(self, shard: str) -> int:
        """How many whole rows a shard holds; none when it is gone."""
        path = self.cache.folder / shard
        return path.stat().st_size // self.row_bytes if path.is_file() else 0


def file_stamp(path: str) -> str | None:
    """What changes when a file's content does: size, times, inode; None when it cannot be seen."""
    try:
        status = Path(path).stat()
    except (OSError, ValueError):
        return None
    return f"{status.st_size}:{status.st_mtime_ns}:{status.st_ctime_ns}:{status.st_ino}"


def file_statuses(folder: Path) -> dict[str, os.stat_result]:
    """The status of each file in a folder, not of folders in it; files that vanish meanwhile are left out."""
    statuses = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):
                if entry.is_file():
                    statuses[entry.name] = entry.stat()
    return statuses


def placeholders(values: Sequence[object]) -> str:
    """``?,?,?`` for a query."""
    return ",".join("?" * len(values))
