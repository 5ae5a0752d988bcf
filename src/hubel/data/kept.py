"""Sources that are no plain folder, kept as one: unpacked, decoded or fetched once, whole or absent, and found again.

Every entry is a folder ``sources/<key>`` of the cache with the images under ``data`` and what is known of them in
``source.json``. The key says what the content is, so a changed archive is another entry.
"""

from __future__ import annotations

import csv
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from pydantic import ValidationError

from hubel.core.events import Note as NoteEvent
from hubel.core.events import Progress
from hubel.core.files import cache_root, current_umask, file_sha256, write_atomically
from hubel.core.frozen import Frozen
from hubel.core.origin import SourceInfo
from hubel.data.dataset import Note

SOURCES = "sources"
DATA = "data"
URLS = "urls"
DOWNLOADS = "downloads"
TABLE = "table.csv"
"""What the table in an entry is called, where its images are listed and not laid out as class folders."""
RECORD = "source.json"
LIMIT_BYTES = 50 * 2**30
"""Beyond this the entries that were not used for longest are removed."""

_PART = ".part-"
_KNOWN = ".known"
_FORM = "1"  # goes into every key: entries of another layout are not found
_DAY_SECONDS = 86_400
_SETTLED_SECONDS = 2


class Kept(Frozen):
    """What stands in an entry's ``source.json``."""

    info: SourceInfo
    notes: tuple[Note, ...] = ()


Step = Progress | NoteEvent
"""What is said while a source is made."""
Fill = Callable[[Path], Generator[Step, None, Kept]]
"""Writes the images into a folder that does not exist yet, and says what they are."""


def sources_root() -> Path:
    """The folder of the entries."""
    return cache_root() / SOURCES


def keep(key: str, fill: Fill, *, origin: str) -> Generator[Step, None, Path]:
    """The ``data`` folder of an entry, made by `fill` unless it is there; its remarks are yielded either way.

    Nothing stays behind of an entry that could not be finished.

    Parameters
    ----------
    key
        Names the content; see `key_of`.
    fill
        Makes it.
    origin
        What the user calls it this time: the same archive may lie in several places.
    """
    folder = sources_root() / key
    kept = _read(folder)
    if kept is None:
        yield from _make(folder, fill)
        kept = _read(folder)
        assert kept is not None
        make_room()
    with suppress(OSError):  # a cache that cannot be written can still be read; only the order of removal suffers
        if kept.info.origin == origin:
            (folder / RECORD).touch()
        else:
            kept = kept.model_copy(update={"info": kept.info.model_copy(update={"origin": origin})})
            write_atomically(folder / RECORD, kept.model_dump_json(indent=1))
    for note in kept.notes:
        yield NoteEvent(*note)
    return folder / DATA


def source_info(root: str | Path) -> SourceInfo | None:
    """What is known of the source that a data set's folder belongs to; None when it is the user's own folder."""
    path, top = Path(root).absolute(), sources_root().absolute()
    if not path.is_relative_to(top) or path == top:
        return None
    kept = _read(top / path.relative_to(top).parts[0])
    return kept.info if kept else None


def key_of(*words: str) -> str:
    """A key made of words.

    Examples
    --------
    >>> key_of("named", "mnist") == key_of("named", "mnist") != key_of("namedmnist")
    True
    """
    return hashlib.sha256("\0".join((_FORM, *words)).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def content_sha256(paths: Sequence[Path]) -> str:
    """The SHA-256 of one file, or of the names and SHA-256 of several; of unchanged files it is remembered."""
    if len(paths) == 1:
        return _remembered_sha256(paths[0])
    digest = hashlib.sha256()
    for path in paths:
        digest.update(f"{path.name}\0{_remembered_sha256(path)}\n".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def make_room(limit_bytes: int = LIMIT_BYTES) -> None:
    """Remove what killed processes and given-up downloads left, and the longest unused entries beyond the limit.

    What was used within the last day stays: another process may be reading it.
    """
    now = time.time()
    for pattern, most_seconds in ((f"{_PART}*", _DAY_SECONDS), (f"{DOWNLOADS}/*", 30 * _DAY_SECONDS)):
        for left in sources_root().glob(pattern):
            with suppress(OSError):  # another process removes it too
                if now - left.stat().st_mtime > most_seconds:
                    shutil.rmtree(left, ignore_errors=True)
    entries = sorted(_entries(), key=lambda entry: entry[0])
    excess = sum(kept.info.num_bytes for _, _, kept in entries) - limit_bytes
    for used, folder, kept in entries:
        if excess <= 0 or now - used < _DAY_SECONDS:
            break
        for fetched in _fetched_for(folder) if kept.info.kind == "urls" else ():
            shutil.rmtree(fetched, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)
        excess -= kept.info.num_bytes


def _make(folder: Path, fill: Fill) -> Generator[Step, None, None]:
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=_PART))
    try:
        kept = yield from fill(temporary / DATA)
        write_atomically(temporary / RECORD, kept.model_dump_json(indent=1))
        temporary.chmod(0o777 & ~current_umask())
        if folder.exists() and _read(folder) is None:  # what is there is not whole
            shutil.rmtree(folder)
        temporary.rename(folder)
    except OSError:
        if _read(folder) is None:  # else another process was quicker, and what it wrote is the same
            raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _read(folder: Path) -> Kept | None:
    try:
        return Kept.model_validate_json((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValidationError):  # not there, or not whole: it is made again
        return None


def _entries() -> Iterator[tuple[float, Path, Kept]]:
    for record in sources_root().glob(f"*/{RECORD}"):
        kept = _read(record.parent)
        if kept is not None:
            yield record.stat().st_mtime, record.parent, kept


def _fetched_for(folder: Path) -> Iterator[Path]:
    """The folders of the images that a table of addresses lists; others that list them fetch them again."""
    with (folder / DATA / TABLE).open(encoding="utf-8", errors="surrogateescape", newline="") as opened:
        for row in csv.DictReader(opened):
            place = Path(row["file_name"]).parent
            if place.parent == sources_root().absolute() / URLS:
                yield place


def _remembered_sha256(path: Path) -> str:
    """Hashing ten gigabytes takes many seconds; what a file is called, how large, how old and where on disk, none."""
    status = os.stat(path)  # noqa: PTH116  follows links, as reading does
    marks = (str(path.absolute()), status.st_size, status.st_mtime_ns, status.st_ino, status.st_dev)
    note = sources_root() / _KNOWN / key_of(*map(str, marks))
    with suppress(OSError, UnicodeDecodeError):  # not remembered: hashed below
        known = note.read_text(encoding="ascii")
        if len(known) == 64:
            return known
    found = file_sha256(path)
    if time.time() - status.st_mtime > _SETTLED_SECONDS:  # a younger file may change again within the clock's tick
        write_atomically(note, found)
    return found
