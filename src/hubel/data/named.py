"""Well-known sets of images by name: found on this machine, else downloaded, checked, and written out as class folders.

What is known of them (places, checksums and where these are published, licence, citation) stands in ``named_sets.json``.
Nothing is downloaded unless the user names the set.
"""

from __future__ import annotations

import json
import os
from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from hubel.core.errors import DataError
from hubel.core.events import Note as NoteEvent
from hubel.core.language import say
from hubel.core.origin import SourceInfo
from hubel.data.binary_sets import SPLIT_FILES, write_cifar, write_idx
from hubel.data.dataset import Note
from hubel.data.download import checksum_fits, download
from hubel.data.kept import Kept, Step, content_sha256
from hubel.data.names import shown
from hubel.data.network import public_url
from hubel.data.transfer import DEFAULT_PATIENCE, Patience, Remote
from hubel.data.unpack import unpack
from hubel.data.unpacked import unpack_notes

DATASETS = "HUBEL_DATASETS"
DEBIAN_FOLDER = Path("/usr/share/datasets")


@dataclass(frozen=True, slots=True)
class NamedSet:
    """A set and its files."""

    name: str
    what_en: str
    what_ko: str
    licence: str
    citation: str
    homepage: str
    form: Literal["idx", "cifar", "archive"]
    classes: tuple[str, ...]
    checksum_source: str
    files: tuple[Remote, ...]


@cache
def named_sets() -> dict[str, NamedSet]:
    """All sets by their names."""
    table = json.loads(Path(__file__).with_name("named_sets.json").read_text(encoding="utf-8"))
    return {name: _set_of(name, record) for name, record in table.items()}


def places() -> tuple[Path, ...]:
    """The folders in which a set's files may lie, in a folder of its name: the user's, then Debian's."""
    own = os.environ.get(DATASETS)
    return (*((Path(own).expanduser(),) if own else ()), DEBIAN_FOLDER)


def introduction(chosen: NamedSet) -> Note:
    """What the set is, under which licence, and whom to cite: shown before anything is fetched."""
    licence, citation = chosen.licence, chosen.citation
    return (
        f"{chosen.name}: {chosen.what_en}. Licence: {licence}. Please cite: {citation}. {chosen.homepage}",
        f"{chosen.name}: {chosen.what_ko}. 라이선스: {licence}. 인용: {citation}. {chosen.homepage}",
    )


def write_named(
    chosen: NamedSet, target: Path, *, downloads: Path, patience: Patience = DEFAULT_PATIENCE
) -> Generator[Step, None, Kept]:
    """Write a set's images below `target`, from files that are here or else are downloaded, then removed again.

    Parameters
    ----------
    chosen
        The set.
    target
        The folder to make.
    downloads
        Where files go that have to be downloaded, and stay while any is missing.
    patience
        How long to wait for a server.

    Raises
    ------
    DownloadError
        When a file is not here and no place gives it.
    DataError
        When a file that is here is not the one that is known, or damaged.
    """
    found = [_find(chosen, remote) for remote in chosen.files]
    missing = [remote for remote, path in zip(chosen.files, found, strict=True) if path is None]
    if missing:
        yield _downloading(missing)
    paths = []
    for remote, path in zip(chosen.files, found, strict=True):
        paths.append(path or (yield from download(remote, downloads, patience=patience)))
    notes, num_files = yield from _write(chosen, paths, target)
    sha256 = content_sha256(paths)
    for path in paths:
        if path.parent == downloads:
            path.unlink()
    with suppress(OSError):  # there is none, or a part waits in it
        downloads.rmdir()
    return Kept(
        info=SourceInfo(
            kind="named",
            origin=chosen.name,
            sha256=sha256,
            licence=chosen.licence,
            citation=chosen.citation,
            urls=tuple(remote.urls[0] for remote in missing),
            num_files=num_files,
            num_bytes=sum(path.stat().st_size for path in target.rglob("*") if path.is_file()),
        ),
        notes=notes,
    )


def _set_of(name: str, record: dict[str, object]) -> NamedSet:
    known = dict(record)
    files = known.pop("files")
    assert isinstance(files, list)
    remotes = (Remote(one["name"], tuple(one["urls"]), tuple(one["checksums"]), one["num_bytes"]) for one in files)
    classes = known.pop("classes")
    assert isinstance(classes, list)
    return NamedSet(name=name, files=tuple(remotes), classes=tuple(classes), **known)  # type: ignore[arg-type]  # a test reads the whole table


def _find(chosen: NamedSet, remote: Remote) -> Path | None:
    """The file in one of the places, if it is the one that is known."""
    for place in places():
        path = place / chosen.name / remote.name
        if path.is_file():
            if not checksum_fits(path, remote.checksums):
                raise _another_file(path, remote)
            return path
    return None


def _write(
    chosen: NamedSet, paths: Sequence[Path], target: Path
) -> Generator[Step, None, tuple[tuple[Note, ...], int]]:
    """Decode or unpack the files; returns remarks and how many images there are."""
    num_files = 0
    notes: list[Note] = []
    if chosen.form == "idx":
        by_name = {path.name: path for path in paths}
        for split, stem in SPLIT_FILES.items():
            images, labels = by_name[f"{stem}-images-idx3-ubyte.gz"], by_name[f"{stem}-labels-idx1-ubyte.gz"]
            num_files += yield from write_idx(images, labels, target / split, classes=chosen.classes)
    elif chosen.form == "cifar":
        num_files = yield from write_cifar(paths[0], target, classes=chosen.classes)
    else:
        for path in paths:
            unpacked = yield from unpack(path, target)
            num_files += unpacked.num_files
            notes += unpack_notes(unpacked)
    return tuple(notes), num_files


def _downloading(missing: Sequence[Remote]) -> NoteEvent:
    sizes = [remote.num_bytes for remote in missing]
    size = f"{sum(filter(None, sizes)) / 1e6:,.0f} MB" if all(sizes) else "? MB"
    place, number = public_url(missing[0].urls[0]), len(missing)
    return NoteEvent(
        f"Downloading {number} files, {size}, from {place}",
        f"내려받기: 파일 {number}개, {size}, {place}",
    )


def _another_file(path: Path, remote: Remote) -> DataError:
    value, known = shown(str(path)), ", ".join(remote.checksums)
    return DataError(
        say(
            en=f"The file {value} is not the one that is known: none of its checksums fits ({known}). Remove it, and it will be downloaded.",
            ko=f"{value} 는 알려진 파일이 아닙니다. 체크섬이 하나도 맞지 않습니다({known}). 파일을 지우면 새로 내려받습니다.",
        )
    )
