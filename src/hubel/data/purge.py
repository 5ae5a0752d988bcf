"""What the caches hold of one content, and taking it out of them, so that its bytes are gone and not merely unlisted."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from hubel.data.cache import Cache
from hubel.data.kept import RECORD, sources_root


@dataclass(frozen=True, slots=True)
class Cached:
    """What the caches hold of one content.

    `rows` counts rows by what they are (features, pixels, trace, …); `copies` are files in the caches with that content;
    `files` are the user's own files that had it when they were last read.
    """

    rows: dict[str, int]
    copies: tuple[Path, ...]
    files: tuple[Path, ...]

    @property
    def is_empty(self) -> bool:
        """Whether the caches hold nothing of it; where the user's own files lie does not count."""
        return not self.rows and not self.copies


def cached_of(cache: Cache, content: str) -> Cached:
    """What the caches hold of a content.

    Parameters
    ----------
    cache
        The cache of rows; copies lie in unpacked sources.
    content
        Its key.
    """
    kinds = cache.index.execute("SELECT kind FROM rows WHERE content = ?", (content,)).fetchall()
    paths = [
        Path(os.fsdecode(path))
        for (path,) in cache.index.execute("SELECT path FROM files WHERE content = ?", (content,))
    ]
    ours = sources_root().absolute()
    there = sorted(path for path in paths if os.path.lexists(path))
    return Cached(
        rows=dict(Counter(kind.partition(":")[0] for (kind,) in kinds)),
        copies=tuple(path for path in there if path.is_relative_to(ours)),
        files=tuple(path for path in there if not path.is_relative_to(ours)),
    )


def purge(cache: Cache, content: str) -> Cached:
    """Take a content out of the caches; returns what was there.

    Rows are overwritten with zeros; a shard of which the length of a row is not known is removed whole, and an unpacked
    source that holds the content too: both can be made again. The user's own files stay.
    """
    found = cached_of(cache, content)
    cache.commit()
    cache.index.execute("PRAGMA secure_delete = ON")
    query = "SELECT shard, place, row_bytes FROM rows LEFT JOIN shards USING (shard) WHERE content = ?"
    places = cache.index.execute(query, (content,)).fetchall()
    for table in ("rows", "files", "refusals"):
        cache.index.execute(f"DELETE FROM {table} WHERE content = ?", (content,))  # noqa: S608  three words of ours
    for shard in {shard for shard, _, row_bytes in places if row_bytes is None}:
        cache.index.execute("DELETE FROM rows WHERE shard = ?", (shard,))
    cache.index.commit()
    cache.index.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # what was deleted must not live on in the log
    for shard, place, row_bytes in places:
        overwrite(cache.folder / shard, place, row_bytes)
    for copy in found.copies:
        remove_copy(copy)
    return found


def overwrite(shard: Path, place: int, row_bytes: int | None) -> None:
    """Zeros instead of one row; the whole shard goes when the row's length is not known."""
    if row_bytes is None:
        shard.unlink(missing_ok=True)
        return
    if shard.is_file() and shard.stat().st_size >= (place + 1) * row_bytes:
        with shard.open("r+b") as opened:
            opened.seek(place * row_bytes)
            opened.write(bytes(row_bytes))


def remove_copy(path: Path) -> None:
    """Remove the unpacked source that a file belongs to, or the file alone where it was fetched by itself."""
    entry = sources_root().absolute() / path.relative_to(sources_root().absolute()).parts[0]
    if (entry / RECORD).is_file():
        shutil.rmtree(entry)
    else:
        path.unlink(missing_ok=True)
