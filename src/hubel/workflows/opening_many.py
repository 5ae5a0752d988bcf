"""What `predict` is given, opened: several sources of any kind, and what the user calls the images in them."""

from __future__ import annotations

import csv
import os
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from hubel.data.builtin import BUILTIN_NAMES
from hubel.data.kept import TABLE, Step
from hubel.data.named import named_sets
from hubel.data.network import is_url
from hubel.data.parquet import find_parquet
from hubel.data.url_list import has_urls
from hubel.data.wrong_source import given_path
from hubel.workflows.opening import called, may_be_archive, open_source


@dataclass(frozen=True, slots=True)
class SourceNames:
    """What the user calls images in the cache: some by their whole path, the others by the folder they lie in."""

    exact: dict[str, str]
    below: tuple[tuple[str, str], ...]


def open_sources(sources: Sequence[str]) -> Generator[Step, None, tuple[list[str], SourceNames]]:
    """The paths of several sources, as `predict` takes them, and what the user calls the images below each."""
    paths, exact, below = list[str](), dict[str, str](), list[tuple[str, str]]()
    for source in sources:
        if source == "-" or not has_to_be_made(source):
            paths.append(source)
            continue
        path = yield from open_source(source)
        paths.append(path)
        if Path(path).name == TABLE:
            exact.update(_names_in(Path(path)))
        exact.setdefault(path, called(source))
        folder = path if Path(path).is_dir() else str(Path(path).parent)
        below.append((folder, called(source)))
    return paths, SourceNames(exact, tuple(below))


def has_to_be_made(source: str) -> bool:
    """Whether `predict` cannot take a source as it is. A pattern or a missing file is left to the reader of lists."""
    if is_url(source):
        return True
    path = given_path(source)
    if not os.path.lexists(path):
        return source in BUILTIN_NAMES or source in named_sets()
    if os.path.isdir(path):  # noqa: PTH112  Path.is_dir raises for names that are too long
        return bool(find_parquet(path))
    return path.is_file() and (path.suffix.lower() == ".parquet" or has_urls(path) or may_be_archive(path))


def users_name(names: SourceNames, path: str) -> str:
    """What the user calls an image that lies in a source that was made here.

    Examples
    --------
    >>> users_name(SourceNames({}, (("/cache/1/data", "pets.zip"),)), "/cache/1/data/cat/1.jpg")
    'pets.zip/cat/1.jpg'
    """
    if path in names.exact:
        return names.exact[path]
    for folder, name in names.below:
        if path.startswith(f"{folder}{os.sep}"):
            return name + path[len(folder) :]
    return path


def _names_in(table: Path) -> Iterator[tuple[str, str]]:
    """The addresses from which the images in a table came, by their paths."""
    with table.open(encoding="utf-8", errors="surrogateescape", newline="") as opened:
        for row in csv.DictReader(opened):
            if is_url(row["source"]):
                yield row["file_name"], row["source"]
