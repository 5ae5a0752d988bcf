"""Unpacking an archive: the images and tables in it, written below one folder and nowhere else, within limits.

Members that would leave the folder, encrypted ones and bombs refuse the whole archive. What is merely no image stays
inside: other files, hidden ones, archives in the archive, devices, and links to what was not unpacked. Bytes are written
as they are.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from hubel.core.errors import DataError
from hubel.core.events import Progress
from hubel.core.language import say
from hubel.data.archives import Member, count_members, naming_damage, read_members
from hubel.data.names import class_name, shown
from hubel.data.unpacked import Unpacked, bomb, encrypted, leads_out, too_much
from hubel.data.walk import extension_of, has_image_name, is_hidden

TABLES = (".csv", ".tsv", ".jsonl", ".ndjson")

_CHUNK_BYTES = 1 << 20
_SECONDS_BETWEEN_EVENTS = 0.1
_MOST_NAME_BYTES = 255
_SPARE_BYTES = 512 * 2**20


@dataclass(frozen=True, slots=True)
class UnpackLimits:
    """What an archive may hold.

    Parameters
    ----------
    max_members
        The most members, of whatever kind.
    max_bytes
        The most bytes that are written.
    max_ratio, free_bytes
        Beyond `free_bytes`, what is written may be at most `max_ratio` times the archive. Photos do not shrink in an
        archive; deflate alone reaches 1000 with nothing but zeros.
    max_file_bytes
        A larger file is left out: the reader of images would refuse it.
    """

    max_members: int = 2_000_000
    max_bytes: int = 64 * 2**30
    max_ratio: int = 200
    free_bytes: int = 2**30
    max_file_bytes: int = 256 * 2**20


DEFAULT_LIMITS = UnpackLimits()


def unpack(path: Path, target: Path, *, limits: UnpackLimits = DEFAULT_LIMITS) -> Generator[Progress, None, Unpacked]:
    """Write the images and tables of an archive below `target`; what is half done when it fails is the caller's to remove.

    Raises
    ------
    DataError
        When the archive is damaged, encrypted, a bomb, or a name in it leads out.
    """
    target.mkdir(parents=True, exist_ok=True)
    unpacked, waiting, last = Unpacked(), list[tuple[PurePosixPath, Member]](), 0.0
    most = min(limits.max_bytes, max(shutil.disk_usage(target).free - _SPARE_BYTES, 0))
    ratio_bytes = max(limits.free_bytes, limits.max_ratio * path.stat().st_size)
    with naming_damage(path):
        total = count_members(path)
        for number, member in enumerate(read_members(path), start=1):
            if number > limits.max_members:
                raise bomb(
                    path, say(en=f"more than {limits.max_members} files", ko=f"파일 {limits.max_members}개 초과")
                )
            inside = safe_name(member.name)
            if inside is None:
                raise leads_out(path, member.name)
            if _is_wanted(inside, member, unpacked, limits):
                if member.kind == "encrypted":
                    raise encrypted(path, member.name)
                if member.kind != "file":
                    waiting.append((inside, member))
                    continue
                place = _place(target, inside, unpacked)
                for written in _write(member, place):
                    unpacked.num_bytes += written
                    if unpacked.num_bytes > min(most, ratio_bytes):
                        raise too_much(path, unpacked.num_bytes, most, ratio_bytes)
            if time.monotonic() - last > _SECONDS_BETWEEN_EVENTS:
                last = time.monotonic()
                yield Progress("unpack", number, total, None)
    for inside, member in waiting:
        _link(target, inside, member, unpacked)
    unpacked.num_files = len(unpacked.taken)
    return unpacked


def safe_name(name: str) -> PurePosixPath | None:
    r"""The place of a member below the folder, in the spelling it will have there; None when it would lie outside.

    Backslashes part names as slashes do, for many archives come from Windows. A name that is too long for the disk is
    cut in its middle.

    Examples
    --------
    >>> safe_name("pets/./cat\\1.jpg")
    PurePosixPath('pets/cat/1.jpg')
    >>> [safe_name(name) for name in ("/etc/passwd", "a/../../b", "C:\\b", "\\\\host\\b", "a\0b", "")]
    [None, None, None, None, None, None]
    """
    slashed = name.replace("\\", "/")
    parts = [class_name(part) for part in slashed.split("/") if part not in ("", ".")]
    if not parts or slashed.startswith("/") or ".." in parts or re.match("[A-Za-z]:", parts[0]) or "\0" in name:
        return None
    return PurePosixPath(*map(_short, parts))


def _short(part: str) -> str:
    octets = os.fsencode(part)
    if len(octets) <= _MOST_NAME_BYTES:
        return part
    stem, dot, extension = part.rpartition(".")
    ending = f"~{sum(octets) % 9973}{dot}{extension[:16]}"
    room = _MOST_NAME_BYTES - len(os.fsencode(ending))
    return os.fsencode(stem)[:room].decode("utf-8", "ignore") + ending


def _is_wanted(inside: PurePosixPath, member: Member, unpacked: Unpacked, limits: UnpackLimits) -> bool:
    if any(is_hidden(part) for part in inside.parts):
        unpacked.hidden += 1
    elif member.kind == "special":
        unpacked.special.append(member.name)
    elif not has_image_name(inside.name) and not inside.name.lower().endswith(TABLES):
        unpacked.other[extension_of(inside.name)] += 1
    elif member.num_bytes > limits.max_file_bytes:
        unpacked.large.append(member.name)
    else:
        return True
    return False


def _place(target: Path, inside: PurePosixPath, unpacked: Unpacked) -> Path:
    """Where a file goes: its own name, numbered when another file's differs only in capitals, so every disk holds both."""
    folder, whole = str(inside.parent), str(inside)
    if folder not in unpacked.made:
        _make_folder(target, folder, unpacked)
    key, name, number = whole.casefold(), inside.name, 1
    while (holder := unpacked.taken.get(key)) is not None and holder != whole:
        number += 1
        name = f"{inside.stem}~{number}{inside.suffix}"
        key = str(inside.with_name(name)).casefold()
    if holder is not None:
        unpacked.replaced.append(whole)
    elif number > 1:
        unpacked.renamed.append(whole)
    unpacked.taken[key] = whole
    return target / folder / name


def _make_folder(target: Path, folder: str, unpacked: Unpacked) -> None:
    _check_capitals(target, folder, unpacked)
    try:
        (target / folder).mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise ValueError(f"a file is also a folder: {folder}") from error
    unpacked.made.add(folder)


def _check_capitals(target: Path, folder: str, unpacked: Unpacked) -> None:
    """Refuse folders that differ only in capitals where the disk cannot hold both: two classes would become one."""
    first = unpacked.folders.setdefault(folder.casefold(), folder)
    if (
        first != folder
        and (target.parent / target.name.upper()).exists()
        and (target.parent / target.name.lower()).exists()
    ):
        one, other = shown(first), shown(folder)
        raise DataError(
            say(
                en=f"The folders {one} and {other} in the archive differ only in capitals, and this disk cannot hold both. "
                "Rename one of them, or set HUBEL_CACHE to a folder on another disk.",
                ko=f"압축 파일의 {one} 폴더와 {other} 폴더는 대소문자만 다르며, 이 디스크에는 둘 다 둘 수 없습니다. "
                "하나의 이름을 바꾸거나 HUBEL_CACHE를 다른 디스크의 폴더로 지정하세요.",
            )
        )


def _write(member: Member, place: Path) -> Generator[int, None, None]:
    """Write one file, telling of every piece how large it is."""
    if place.is_dir():
        raise ValueError(f"a folder is also a file: {place.name}")
    with member.open() as stream, place.open("wb") as written:
        while chunk := stream.read(_CHUNK_BYTES):
            written.write(chunk)
            yield len(chunk)


def _link(target: Path, inside: PurePosixPath, member: Member, unpacked: Unpacked) -> None:
    """A link becomes the file it leads to, when that came out of the same archive."""
    base = str(inside.parent) if member.kind == "symbolic" else "."
    joined = os.path.normpath(f"{base}/{member.target}").replace("\\", "/")
    leads_to = None if member.target.startswith(("/", "\\")) else safe_name(joined)
    source = target / leads_to if leads_to is not None else None
    if source is None or str(leads_to).casefold() not in unpacked.taken or not source.is_file():
        unpacked.links.append(member.name)
        return
    place = _place(target, inside, unpacked)
    if place != source:
        place.unlink(missing_ok=True)
        shutil.copyfile(source, place)
        unpacked.num_bytes += place.stat().st_size
