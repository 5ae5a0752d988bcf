"""The images below a folder: hidden things left out, every real folder read once, names in natural order.

What counts as an image is decided by the name alone, for speed: a known extension, or none at all. What the file
really holds is for the reader to say. Files with any other extension are counted.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from hubel.core.rundir import CARD, MODEL
from hubel.data.dataset import Note
from hubel.data.names import natural_key, shown

IMAGE_EXTENSIONS = frozenset(
    "jpg jpeg jpe jfif mpo png apng bmp dib gif webp tif tiff avif heic heif hif".split()  # noqa: SIM905
)
"""The extensions, in small letters, that an image in a folder may have."""

RUN_MARKS = {CARD, MODEL}
"""The files that tell a run folder of hubel."""

Identity = tuple[int, int]
"""A folder's device and inode: the same however it was reached."""

_SYSTEM_FILES = frozenset((".ds_store", "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"))
_SYSTEM_NAMES = _SYSTEM_FILES | {
    *("__macosx", "@eadir", "#recycle", "$recycle.bin", "system volume information", "lost+found")
}
_SUSPECT = frozenset(letter for name in _SYSTEM_NAMES for letter in (name[0], name[0].upper())) | {"."}


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder found in another; `linked` when it is reached through a symbolic link."""

    name: str
    path: str
    linked: bool


@dataclass(slots=True)
class Tally:
    """What was left out while folders were read: it grows as they are walked."""

    other: Counter[str] = field(default_factory=Counter)
    hidden: int = 0
    broken: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)


def walk_all_images(path: str, tally: Tally) -> Iterator[str]:
    """The paths of all images below a folder, links to folders included, those last.

    A link to a folder that was already read, or that encloses this one, is not followed.
    """
    seen = enclosing(Path(path).resolve().parent)
    links = [path]
    for link in links:  # the list grows while it is read: links found behind links come last
        yield from walk_images(link, tally, seen, links)


def walk_images(path: str, tally: Tally, seen: set[Identity], links: list[str]) -> Iterator[str]:
    """The paths of the images in a folder and its real subfolders; links to folders are put aside for later.

    Real folders come before links so that a link never takes images away from the class they lie in.

    Parameters
    ----------
    path
        Where to begin.
    tally
        Receives what is left out.
    seen
        The folders that are not to be read again; grows.
    links
        Receives the links to folders.
    """
    pending = [path]
    while pending:
        current = pending.pop()
        try:
            status = os.stat(current)  # noqa: PTH116  a million folders
        except OSError:
            tally.unreadable.append(current)
            continue
        identity = (status.st_dev, status.st_ino)
        if identity in seen:
            tally.repeated.append(current)
            continue
        seen.add(identity)
        folders, files = list_folder(current, tally)
        yield from files
        links.extend(folder.path for folder in folders if folder.linked)
        pending.extend(folder.path for folder in reversed(folders) if not folder.linked)


def list_folder(path: str, tally: Tally) -> tuple[list[Folder], list[str]]:
    """The folders in a folder, and the paths of its images, each in natural order.

    A folder that cannot be opened is empty, and tallied; so is a run folder, whose pictures are hubel's own.
    """
    folders: list[Folder] = []
    marks: set[str] = set()
    files: list[tuple[str, str]] = []
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                name = entry.name
                try:
                    if name[0] in _SUSPECT and is_hidden(name):
                        tally.hidden += name.casefold() not in _SYSTEM_FILES
                    elif entry.is_dir():
                        folders.append(Folder(name, entry.path, entry.is_symlink()))
                    elif not entry.is_file():
                        tally.broken.append(entry.path)
                    elif has_image_name(name):
                        files.append((natural_key(name), entry.path))
                    elif name in RUN_MARKS:
                        marks.add(name)
                    else:
                        tally.other[extension_of(name)] += 1
                except OSError:  # a link that leads to itself
                    tally.broken.append(entry.path)
    except OSError:
        tally.unreadable.append(path)
    if marks == RUN_MARKS:
        tally.runs.append(path)
        return [], []
    tally.other.update(extension_of(name) for name in marks)
    folders.sort(key=lambda folder: (natural_key(folder.name), folder.name))
    files.sort()
    return folders, [file for _, file in files]


def is_hidden(name: str) -> bool:
    """Whether a file or folder is the system's business: its name begins with a dot, or is one systems write.

    Examples
    --------
    >>> [is_hidden(name) for name in (".git", "__MACOSX", "Thumbs.db", "cats")]
    [True, True, True, False]
    """
    return name[0] == "." or name.casefold() in _SYSTEM_NAMES


def has_image_name(name: str) -> bool:
    """Whether a file in a folder is taken for an image: by its extension, or because it has none.

    Examples
    --------
    >>> [has_image_name(name) for name in ("1.JPG", "scan0001", "notes.txt")]
    [True, True, False]
    """
    extension = extension_of(name)
    return not extension or extension in IMAGE_EXTENSIONS


def extension_of(name: str) -> str:
    """The extension without its dot, in small letters; empty when there is none."""
    dot = name.rfind(".")
    return name[dot + 1 :].lower() if dot > 0 else ""


def enclosing(path: Path) -> set[Identity]:
    """A folder and all that it lies in: a link to any of them is a loop."""
    whole = path.resolve()
    statuses = [folder.stat() for folder in (whole, *whole.parents)]
    return {(status.st_dev, status.st_ino) for status in statuses}


def tally_notes(tally: Tally) -> list[Note]:
    """What was left out, in words."""
    notes: list[Note] = []
    if tally.other:
        number = sum(tally.other.values())
        by_number = sorted(tally.other.items(), key=lambda item: (-item[1], item[0]))
        kinds = ", ".join(f".{shown(extension)} {count}" for extension, count in by_number[:5])
        notes.append(
            (
                f"Files that are no images by their extension, not read: {number} ({kinds})",
                f"확장자가 이미지가 아니어서 읽지 않은 파일: {number}개 ({kinds})",
            )
        )
    if tally.hidden:
        notes.append(
            (
                f"Hidden or system files and folders, not read: {tally.hidden}",
                f"숨김 또는 시스템 파일과 폴더라서 읽지 않음: {tally.hidden}개",
            )
        )
    texts = (
        (tally.broken, "Broken links and special files, not read", "끊어진 링크나 특수 파일이라서 읽지 않음"),
        (
            tally.repeated,
            "Links to folders that are read anyway, not followed",
            "이미 읽는 폴더로 이어지는 링크라서 따라가지 않음",
        ),
        (tally.unreadable, "Folders that could not be opened", "열 수 없는 폴더"),
        (tally.runs, "Run folders of hubel, not read", "hubel의 실행 폴더라서 읽지 않음"),
    )
    for paths, english, korean in texts:
        if paths:
            first = shown(min(paths)) + (" …" if len(paths) > 1 else "")
            notes.append((f"{english}: {len(paths)} ({first})", f"{korean}: {len(paths)}개 ({first})"))
    return notes
