"""The files that `predict` is to look at: files, folders, patterns, tables and standard input, one path at a time."""

from __future__ import annotations

import csv
import fnmatch
import os
import re
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

from hubel.core.errors import DataError, UsageError
from hubel.core.language import say
from hubel.data.names import class_name, natural_key, shown
from hubel.data.tables import is_table, read_rows
from hubel.data.walk import Tally, has_image_name, is_hidden, walk_all_images
from hubel.data.wrong_source import given_path, no_images

FILE_COLUMN = "file_name"
_WILDCARDS = re.compile(r"[*?\[]")


def list_images(
    sources: Iterable[str], *, stream: Iterable[str] | None = None, tally: Tally | None = None
) -> Iterator[str]:
    """The path of every image that the sources name, in their order; memory holds one folder at a time.

    A file is taken whatever its name, and so is one that does not exist: the reader refuses it, and it is counted.
    Folders are read with all below them, as in training. In a pattern ``*``, ``?``, ``[…]`` match within a name,
    ``**`` any folders except links; a pattern's last part may name any extension, but ``*`` and ``**`` mean images.

    Parameters
    ----------
    sources
        Files, folders, patterns, tables with a column file_name, or ``-`` for the names in `stream`.
    stream
        Lines with one name each, such as ``sys.stdin``, or the lines of a CSV table with a column file_name.
    tally
        Receives what was left out of folders.

    Raises
    ------
    DataError
        When a folder or pattern yields no image, or a table cannot be read; only when its turn comes.
    UsageError
        When ``-`` is given without a stream, or a source is empty.
    """
    tally, sources = Tally() if tally is None else tally, list(sources)
    for source in sources:
        if source == "-":
            yield from _lines(stream)
            continue
        path = given_path(source)
        if os.path.isdir(path):  # noqa: PTH112  Path.is_dir raises for names that are too long
            yield from _required(walk_all_images(str(path), tally), str(path), tally)
        elif os.path.isfile(path) and is_table(path):  # noqa: PTH113  as above
            yield from _listed(path, source, among_others=len(sources) > 1)
        elif _WILDCARDS.search(source) and not os.path.lexists(path):
            yield from _matching(path, tally)
        else:
            yield os.path.expanduser(source)  # noqa: PTH111  otherwise as it was given


def _lines(stream: Iterable[str] | None) -> Iterator[str]:
    if stream is None:
        raise UsageError(
            say(
                en="The source - stands for standard input, which was not given. Pass the names as `stream`.",
                ko="소스 - 는 표준 입력을 뜻하지만 입력이 주어지지 않았습니다. `stream`으로 이름을 넘기세요.",
            )
        )
    names = (name for line in stream if (name := line.rstrip("\r\n")))
    first = next(names, None)
    if first is None:
        raise DataError(
            say(
                en="No name came on standard input. Send one path a line, or a CSV table with a column file_name.",
                ko="표준 입력에 이름이 없습니다. 한 줄에 경로 하나씩, 또는 file_name 열이 있는 CSV 표를 보내세요.",
            )
        )
    header = next(csv.reader([first]))
    if FILE_COLUMN not in header:
        yield first
        yield from names
        return
    place = header.index(FILE_COLUMN)
    yield from (row[place] for row in csv.reader(names) if len(row) > place and row[place])


def _listed(path: Path, source: str, *, among_others: bool) -> Iterator[str]:
    """The images of a table; of a text that is no table and lies beside images, as ``folder/*`` brings it, its own name."""
    rows = read_rows(path, ("file",))
    try:
        first = next(rows, None)
    except DataError:
        if not among_others or path.suffix.lower() != ".txt":
            raise
        yield source
        return
    yield from (row.path for row in chain([first] if first else [], rows) if row.path)


def _required(paths: Iterator[str], root: str, tally: Tally) -> Iterator[str]:
    """The same paths, and an error when there is none."""
    first = next(paths, None)
    if first is None:
        raise no_images(root, tally)
    yield first
    yield from paths


def _matching(pattern: Path, tally: Tally) -> Iterator[str]:
    folder, parts = _fixed_part(pattern)
    found = False
    for path in _expand(folder, parts, tally if "**" not in parts else None):
        found = True
        yield path
    if not found:
        value, place = shown(str(pattern)), shown(str(Path(folder).absolute()))
        raise DataError(
            say(
                en=f"No image matches the pattern {value} (looked in {place}). Check the folder, the extension and its capitals.",
                ko=f"패턴 {value} 에 맞는 이미지가 없습니다({place} 에서 찾았습니다). 폴더와 확장자, 대소문자를 확인하세요.",
            )
        )


def _fixed_part(pattern: Path) -> tuple[str, tuple[str, ...]]:
    """The folder before the first wildcard, and the parts from there on; ``**`` stands once where it is repeated."""
    folder, parts = Path(pattern.anchor), list(pattern.parts[1:] if pattern.anchor else pattern.parts)
    while len(parts) > 1 and (not _WILDCARDS.search(parts[0]) or os.path.isdir(folder / parts[0])):  # noqa: PTH112
        folder /= parts.pop(0)
    return str(folder), tuple(part for at, part in enumerate(parts) if part != "**" or parts[at - 1 : at] != ["**"])


def _expand(folder: str, parts: tuple[str, ...], tally: Tally | None) -> Iterator[str]:
    """The files that match, below a folder; a matching folder is read whole when there is a tally for it."""
    first, rest = parts[0], parts[1:] or ("*",) * (parts[0] == "**")
    if first == "**":
        yield from _expand(folder, rest, tally)
    matches = re.compile(fnmatch.translate(class_name(first))).match
    for entry in _entries(folder):
        path = entry.path.removeprefix("./")
        if first == "**":
            if entry.is_dir(follow_symlinks=False):
                yield from _expand(path, parts, tally)
        elif not matches(class_name(entry.name)):
            continue
        elif rest:
            if entry.is_dir():
                yield from _expand(path, rest, tally)
        elif entry.is_file():
            if first != "*" or has_image_name(entry.name):
                yield path
        elif entry.is_dir() and tally is not None:
            yield from walk_all_images(path, tally)


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(
                (entry for entry in entries if not is_hidden(entry.name)),
                key=lambda entry: (natural_key(entry.name), entry.name),
            )
    except OSError:  # nothing matches in a folder that is not there or cannot be opened
        return []
