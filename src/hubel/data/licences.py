"""Licences and sources of files, as far as the data set itself says: in its table, in a list beside it, or for all at once.

The first of these that says something of a file is taken: the columns ``licence`` (or ``license``) and ``source`` of the
table the images came from; the same columns of ``licences.csv`` (or ``licenses.csv``) in the data set's folder; what is
known of an archive or named set; the first line of a file ``LICENSE`` or ``LICENCE`` in the data set's folder.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hubel.core.origin import SourceInfo
from hubel.data.tables import is_table, read_origins

LISTS = ("licences.csv", "licenses.csv")
TEXTS = ("LICENSE", "LICENCE", "LICENSE.txt", "LICENCE.txt", "LICENSE.md", "LICENCE.md")
MOST_CHARACTERS = 120


@dataclass(frozen=True, slots=True)
class Origin:
    """What is known of one file; empty where nothing is."""

    licence: str = ""
    source: str = ""


def find_origins(opened: str, root: str, paths: Sequence[str], *, info: SourceInfo | None) -> list[Origin]:
    """The origin of each of n files.

    Parameters
    ----------
    opened
        The folder or table that was opened.
    root
        The data set's folder.
    paths
        The files, as the data set has them.
    info
        What is known of the whole, when it is no folder of the user's own.

    Raises
    ------
    DataError
        When a table or list with such columns cannot be read to its end.
    """
    tables = [Path(opened)] if os.path.isfile(opened) and is_table(Path(opened)) else []  # noqa: PTH113  Path raises for long names
    tables += [Path(root) / name for name in LISTS if (Path(root) / name).is_file()]
    licence, source = (info.licence, info.origin) if info else ("", "")
    licence = licence or licence_text(Path(root))
    found = [Origin(licence, source)] * len(paths)
    for table in reversed(tables):  # the surest last, so that it stays
        said = {os.path.normpath(path): words for path, *words in read_origins(table)}
        if said:
            found = [
                better(origin, said.get(os.path.normpath(path))) for origin, path in zip(found, paths, strict=True)
            ]
    return found


def better(origin: Origin, words: list[str] | None) -> Origin:
    """The origin with the words of a surer place, where there are any."""
    return Origin(words[0] or origin.licence, words[1] or origin.source) if words else origin


def licence_text(folder: Path) -> str:
    """The first line of the folder's licence, or nothing."""
    for name in TEXTS:
        path = folder / name
        if path.is_file():
            with path.open(encoding="utf-8", errors="replace") as opened:
                lines = (line.strip(" \t\r\n#*=-\ufeff") for line in opened.readlines(4096))
                return next((line for line in lines if line), "")[:MOST_CHARACTERS]
    return ""
