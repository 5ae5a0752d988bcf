"""The SQLite index of the cache: its tables, and how it is opened, made, or begun anew when it is damaged."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

TABLES = {
    "files": "path BLOB PRIMARY KEY, stamp TEXT NOT NULL, content TEXT NOT NULL",
    "refusals": "content TEXT PRIMARY KEY, refusal TEXT NOT NULL, detail TEXT NOT NULL",
    "rows": "kind TEXT, content TEXT, shard TEXT NOT NULL, place INTEGER NOT NULL, checksum INTEGER NOT NULL, "
    "PRIMARY KEY (kind, content)",
    "shards": "shard TEXT PRIMARY KEY, row_bytes INTEGER NOT NULL",
}
FORM = 2
"""Of the index. Nothing in one of another form can be trusted to mean the same, so it is begun anew."""
LOCK_SECONDS = 60.0
"""How long to wait for another process; each holds the index for milliseconds only."""


def open_index(path: Path) -> sqlite3.Connection:
    """The index; a damaged one is removed and begun anew, since everything in it can be computed again."""
    try:
        return open_sound_index(path)
    except sqlite3.DatabaseError as error:
        if error_code(error) not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise
    for part in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
        part.unlink(missing_ok=True)
    return open_sound_index(path)


def open_sound_index(path: Path) -> sqlite3.Connection:
    """The index, made when absent, after a look at its structure; waits for processes that are opening it too."""
    give_up = time.monotonic() + LOCK_SECONDS
    while True:
        index = sqlite3.connect(path, timeout=LOCK_SECONDS, check_same_thread=False)
        try:
            index.execute("PRAGMA journal_mode = WAL")
            index.execute("PRAGMA synchronous = OFF")
            if form_of(index) != FORM:
                begin_anew(index)
            if index.execute("PRAGMA quick_check(1)").fetchone() == ("ok",):
                return index
            raise sqlite3.DatabaseError("quick_check")
        except sqlite3.DatabaseError as error:
            index.close()
            # entering WAL mode does not wait for the lock by itself
            if error_code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                raise
        time.sleep(0.05)


def form_of(index: sqlite3.Connection) -> int:
    """The form that an index was made in; 0 when it is new."""
    return int(index.execute("PRAGMA user_version").fetchone()[0])


def begin_anew(index: sqlite3.Connection) -> None:
    """Empty tables of today's form, unless another process has made them while this one waited."""
    index.execute("BEGIN IMMEDIATE")
    if form_of(index) != FORM:
        for table, columns in TABLES.items():
            index.execute(f"DROP TABLE IF EXISTS {table}")
            index.execute(f"CREATE TABLE {table} ({columns}) WITHOUT ROWID")
        index.execute(f"PRAGMA user_version = {FORM}")
    index.commit()


def error_code(error: sqlite3.DatabaseError) -> int:
    """SQLite's primary code of an error; what has none was found by the check of the structure."""
    return int(getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)) & 0xFF
