"""``--sort-into``: every image into the folder of its class, by copy or by link; nothing is ever overwritten."""

from __future__ import annotations

import errno
import filecmp
import fnmatch
import os
import re
import shutil
import tempfile
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from hubel.core.errors import HubelError, UsageError
from hubel.core.language import say
from hubel.data.names import class_name, shown

UNKNOWN, UNSURE = "\0unknown", "\0unsure"
"""Stand for a label where there is none; no class has a NUL in its name."""
LONGEST_NAME_BYTES = 240
"""Most file systems take 255 bytes; the rest is for a number."""
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f\ud800-\udfff]')
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?")
_WILDCARDS = re.compile(r"[*?\[]")


@dataclass(slots=True)
class Sorter:
    """Where images go, and how many have gone there: `placed` by class, `known` those that were there already."""

    target: Path
    folders: dict[str, str]
    link: bool
    placed: Counter[str] = field(default_factory=Counter)
    known: int = 0


def open_sorter(target: Path, classes: Sequence[str], sources: Iterable[str], *, link: bool) -> Sorter:
    """A sorter for these classes; refuses a target from which the sources would read their own copies.

    Raises
    ------
    UsageError
        When the target lies in a source.
    """
    folders = with_answer_folders(folder_names(classes))
    places = [target, *(target / name for name in folders.values())]
    for source in sources:
        if looped := next((place for place in places if reads(source, place)), None):
            folder, value = shown(str(looped)), shown(source)
            raise UsageError(
                say(
                    en=f"--sort-into would write into {folder}, which the source {value} reads: copies would be read again. "
                    "Choose a folder outside of the source.",
                    ko=f"--sort-into가 쓸 {folder} 은(는) 소스 {value} 이(가) 읽는 곳이라 복사본을 다시 읽게 됩니다. "
                    "소스 밖의 폴더를 지정하세요.",
                )
            )
    return Sorter(target, folders, link)


def sort_image(sorter: Sorter, path: str, label: str) -> Path:
    """Put one image into the folder of its class and say where it is; equal content of that name is left as it is.

    Raises
    ------
    HubelError
        When the system does not let it.
    """
    if label not in sorter.folders:  # a set of labels, which are too many to foresee
        sorter.folders |= folder_names([label], sorter.folders.values())
    folder = sorter.target / sorter.folders[label]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for number in count(1):
            final = folder / numbered_name(Path(path).name, number)
            if os.path.lexists(final):
                if same_content(path, final):
                    sorter.known += 1
                    return final
            elif (link_file if sorter.link else copy_file)(path, final):
                sorter.placed[label] += 1
                return final
    except OSError as error:
        source, place, reason = shown(path), shown(str(folder)), error.strerror or str(error)
        raise HubelError(
            say(
                en=f"{source} could not be put into {place}: {reason}. Check the disk and the permissions; run it again to go on.",
                ko=f"{source} 을(를) {place} 에 넣을 수 없습니다: {reason}. 디스크와 권한을 확인하고 다시 실행하면 이어서 진행합니다.",
            )
        ) from error
    raise AssertionError("unreachable: numbers do not end")


def folder_names(classes: Sequence[str], others: Iterable[str] = ()) -> dict[str, str]:
    """A folder for every class; two classes never share one, nor one of the `others`, not even where capitals do not count.

    Examples
    --------
    >>> folder_names(["cat", "Cat", "a/b"])
    {'cat': 'cat', 'Cat': 'Cat-2', 'a/b': 'a_b'}
    """
    names: dict[str, str] = {}
    taken = {name.casefold() for name in others}
    for label in classes:
        name = next(
            name for number in count(1) if (name := numbered_name(safe_name(label), number)).casefold() not in taken
        )
        taken.add(name.casefold())
        names[label] = name
    return names


def with_answer_folders(folders: dict[str, str]) -> dict[str, str]:
    """The same with a folder each for images that are unknown or between classes, under names that no class has.

    Examples
    --------
    >>> list(with_answer_folders({"unknown": "unknown"}).values())
    ['unknown', 'unknown-2', 'unsure']
    """
    taken = {name.casefold() for name in folders.values()}
    aside = {
        key: next(name for number in count(1) if (name := numbered_name(answer, number)).casefold() not in taken)
        for key, answer in ((UNKNOWN, "unknown"), (UNSURE, "unsure"))
    }
    return folders | aside


def safe_name(label: str) -> str:
    """A class name as one folder that every system can make: no separators, nothing hidden, nothing reserved.

    Examples
    --------
    >>> [safe_name(label) for label in ("고양이", "..", "a/b", "CON", "", ".git", "dot.")]
    ['고양이', '_', 'a_b', '_CON', '_', '_git', 'dot']
    """
    name = _FORBIDDEN.sub("_", unicodedata.normalize("NFC", label)).strip().rstrip(". ")
    name = re.sub(r"^\.+", "_", name) or "_"
    if _RESERVED.fullmatch(name):
        name = f"_{name}"
    return cut(name, LONGEST_NAME_BYTES)


def numbered_name(name: str, number: int) -> str:
    """The name with a number before its extension; the first has none.

    Examples
    --------
    >>> numbered_name("photo.jpg", 1), numbered_name("photo.jpg", 2), numbered_name("cat", 3)
    ('photo.jpg', 'photo-2.jpg', 'cat-3')
    """
    if number == 1:
        return name
    path = Path(name)
    return cut(path.stem, LONGEST_NAME_BYTES - len(os.fsencode(path.suffix))) + f"-{number}{path.suffix}"


def cut(name: str, num_bytes: int) -> str:
    """The beginning of a name, in at most so many bytes and whole letters."""
    while len(name.encode("utf-8", "surrogateescape")) > max(num_bytes, 1):
        name = name[:-1]
    return name


def same_content(path: str, other: Path) -> bool:
    """Whether two files hold the same bytes."""
    return other.is_file() and (other.samefile(path) or filecmp.cmp(path, other, shallow=False))


def copy_file(path: str, final: Path) -> bool:
    """Copy so that `final` appears whole; False when somebody else took the name meanwhile."""
    handle, name = tempfile.mkstemp(dir=final.parent, prefix=".hubel-")
    os.close(handle)
    temporary = Path(name)
    try:
        shutil.copy2(path, temporary)
        try:
            os.link(temporary, final)  # unlike a rename, it fails when the name is taken
        except FileExistsError:
            return False
        except OSError:  # a file system without hard links
            if os.path.lexists(final):
                return False
            temporary.rename(final)
        return True
    finally:
        temporary.unlink(missing_ok=True)


def link_file(path: str, final: Path) -> bool:
    """A hard link, or a symbolic one where the disk is another; False when somebody else took the name meanwhile."""
    original = os.path.realpath(path)
    try:
        os.link(original, final)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EPERM, errno.EACCES, errno.EMLINK, errno.ENOTSUP, errno.ENOSYS):
            raise
        try:
            final.symlink_to(original)
        except FileExistsError:
            return False
    return True


def reads(source: str, place: Path) -> bool:
    """Whether a source that is a folder or a pattern would read files in a place."""
    path = Path(source).expanduser()
    where = os.path.realpath(place)
    if os.path.isdir(path):  # noqa: PTH112  Path.is_dir raises for names that are too long
        return is_inside(where, os.path.realpath(path))
    if os.path.lexists(path) or not _WILDCARDS.search(source):
        return False
    fixed = [part for part in path.parts if not _WILDCARDS.search(part)]
    first = next(at for at, part in enumerate(path.parts) if _WILDCARDS.search(part))
    root = os.path.realpath(Path(*fixed[:first]) if first else Path())
    if not is_inside(where, root):
        return False
    below = Path(os.path.relpath(where, root)).parts
    wild = path.parts[first]
    return wild == "**" or not below or fnmatch.fnmatchcase(class_name(below[0]), class_name(wild))


def is_inside(path: str, folder: str) -> bool:
    """Whether a resolved path is a folder or lies in it."""
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)
