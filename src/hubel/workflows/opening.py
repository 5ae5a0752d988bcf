"""What the user names as data becomes a folder or table on this machine: the only way in for every verb.

What exists under a name comes first, then sets by name. Archives, Parquet files, lists of addresses and what has to be
fetched are made into a folder of the cache once; from there on they are a user's folder like any other.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Generator
from contextlib import suppress
from pathlib import Path

from hubel.core.errors import DataError
from hubel.core.events import Note
from hubel.core.files import cache_root
from hubel.core.language import say
from hubel.core.origin import SourceInfo
from hubel.data.archives import archive_kind, archive_stem
from hubel.data.builtin import BUILTIN_NAMES, write_builtin
from hubel.data.download import download
from hubel.data.kept import DOWNLOADS, TABLE, URLS, Kept, Step, content_sha256, keep, key_of, sources_root
from hubel.data.named import introduction, named_sets, write_named
from hubel.data.names import nearest, shown
from hubel.data.network import is_url, name_in, public_url
from hubel.data.parquet import find_parquet, write_parquet
from hubel.data.transfer import Remote
from hubel.data.unpack import TABLES, unpack
from hubel.data.unpacked import unpack_notes
from hubel.data.url_list import failure_notes, fetch_all, has_urls, list_rows, local_table
from hubel.data.walk import has_image_name, is_hidden
from hubel.data.wrong_source import given_path

Opening = Generator[Step, None, str]
"""Events while a source is opened; it returns the path of a folder, table or image on this machine."""


def open_source(source: str, *, stop: Callable[[], bool] | None = None) -> Opening:
    """The path of the data that the user named, made on this machine if need be.

    Parameters
    ----------
    source
        A path of anything, an address of an archive, table or image, or the name of a set.
    stop
        Asked between events; once True, opening ends as by Ctrl-C, and a download can be resumed later.

    Raises
    ------
    DataError
        When what is there cannot be used.
    DownloadError
        When something has to be fetched and cannot be.
    """
    events = _opened(source)
    while True:
        try:
            event = next(events)
        except StopIteration as end:
            path: str = end.value
            return path
        yield event
        if stop is not None and stop():
            events.close()
            raise KeyboardInterrupt


def resolve_source(source: str) -> str:
    """The same path, for those who do not listen to events."""
    events = open_source(source)
    while True:
        try:
            next(events)
        except StopIteration as end:
            path: str = end.value
            return path


def called(source: str) -> str:
    """What the user called a source, without secrets that an address may hold."""
    return public_url(source) if is_url(source) else source


def command_called(command: str, source: str) -> str:
    """A command line without the secrets that the source's address in it may hold.

    Examples
    --------
    >>> address = "https://me:secret@example.org/pets.zip"
    >>> "secret" in command_called(f"hubel train {address}", address)
    False
    """
    return command.replace(source, called(source))


def source_name(source: str) -> str:
    """What a run made of a source is called, where the user gives it no name.

    Examples
    --------
    >>> source_name("https://example.org/sets/pets.tar.gz?version=2"), source_name("photos/pets.zip")
    ('pets', 'pets')
    """
    name = name_in(source) if is_url(source) else Path(source).absolute().name
    stem = archive_stem(name)
    return stem.removesuffix(".parquet") or name


def _opened(source: str) -> Opening:
    if is_url(source):
        return (yield from _from_url(source))
    path = given_path(source)
    if not os.path.lexists(path):
        if source in BUILTIN_NAMES:
            return str(write_builtin(source, cache_root() / "builtin"))
        if source in named_sets():
            return (yield from _from_name(source))
        _check_spelling(source)
        return source
    if os.path.isdir(path):  # noqa: PTH112  Path.is_dir raises for names that are too long
        parquet = find_parquet(path)
        return (yield from _from_parquet(parquet, source)) if parquet else source
    if not path.is_file():
        return source
    if path.suffix.lower() == ".parquet":
        return (yield from _from_parquet([path], source))
    if has_urls(path):
        return (yield from _from_table(path, source))
    if may_be_archive(path):
        return (yield from _from_archive(path, source))
    return source


def may_be_archive(path: Path) -> bool:
    """Whether a file is an archive: what is called like an image is none, and is not looked into."""
    return (not has_image_name(path.name) or "." not in path.name) and archive_kind(path) is not None


def _from_archive(path: Path, source: str) -> Opening:
    sha256 = content_sha256([path])

    def fill(target: Path) -> Generator[Step, None, Kept]:
        unpacked = yield from unpack(path, target)
        info = SourceInfo(
            kind="archive", origin=source, sha256=sha256, num_files=unpacked.num_files, num_bytes=unpacked.num_bytes
        )
        return Kept(info=info, notes=tuple(unpack_notes(unpacked)))

    folder = yield from keep(key_of("archive", sha256), fill, origin=source)
    return str(_inner_root(folder))


def _from_parquet(paths: list[Path], source: str) -> Opening:
    sha256 = content_sha256(paths)

    def fill(target: Path) -> Generator[Step, None, Kept]:
        written = yield from write_parquet(paths, target)
        info = SourceInfo(
            kind="parquet", origin=source, sha256=sha256, num_files=written.num_files, num_bytes=written.num_bytes
        )
        return Kept(info=info, notes=written.notes)

    folder = yield from keep(key_of("parquet", sha256), fill, origin=source)
    return str(folder / TABLE)


def _from_table(path: Path, source: str) -> Opening:
    """The images of a table of addresses; the table of what came is another one whenever more or fewer came."""
    rows = list(list_rows(path))
    fetched = yield from fetch_all((row.path for row in rows if is_url(row.path)), sources_root() / URLS)
    text = local_table(rows, fetched)

    def fill(target: Path) -> Generator[Step, None, Kept]:
        target.mkdir(parents=True)
        (target / TABLE).write_text(text, encoding="utf-8", errors="surrogateescape", newline="")
        num_bytes = sum(place.stat().st_size for place in fetched.paths.values())
        info = SourceInfo(
            kind="urls", origin=source, sha256=content_sha256([path]), num_files=len(fetched.paths), num_bytes=num_bytes
        )
        yield from ()
        return Kept(info=info, notes=tuple(failure_notes(fetched)))

    folder = yield from keep(key_of("urls", text, str(failure_notes(fetched))), fill, origin=source)
    return str(folder / TABLE)


def _from_name(name: str) -> Opening:
    chosen = named_sets()[name]

    def fill(target: Path) -> Generator[Step, None, Kept]:
        return (yield from write_named(chosen, target, downloads=sources_root() / DOWNLOADS / name))

    yield Note(*introduction(chosen))
    folder = yield from keep(key_of("named", name, *(one.checksums[0] for one in chosen.files)), fill, origin=name)
    return str(_inner_root(folder))


def _from_url(url: str) -> Opening:
    """What lies at an address: an archive unpacked, anything else as the file it is, then opened in its turn."""
    place = public_url(url)
    downloads = sources_root() / DOWNLOADS / key_of(url)

    def fill(target: Path) -> Generator[Step, None, Kept]:
        fetched = yield from download(Remote(name_in(url), (url,)), downloads)
        sha256, notes = content_sha256([fetched]), list[tuple[str, str]]()
        num_files, num_bytes = 1, fetched.stat().st_size
        if archive_kind(fetched) and fetched.suffix.lower() != ".parquet":
            unpacked = yield from unpack(fetched, target)
            num_files, num_bytes, notes = unpacked.num_files, unpacked.num_bytes, unpack_notes(unpacked)
            fetched.unlink()
        else:
            target.mkdir(parents=True)
            fetched.replace(target / fetched.name)
        with suppress(OSError):  # a part of another try waits in it
            downloads.rmdir()
        info = SourceInfo(
            kind="url", origin=place, sha256=sha256, urls=(place,), num_files=num_files, num_bytes=num_bytes
        )
        return Kept(info=info, notes=tuple(notes))

    folder = yield from keep(key_of("url", url), fill, origin=place)
    single = folder / name_in(url)
    if not single.is_file():
        return str(_inner_root(folder))
    return (yield from _opened(str(single)))


def _inner_root(folder: Path) -> Path:
    """Where the data begin in an unpacked archive: below folders that hold nothing but one folder of folders; or a table."""
    while True:
        folders, images, tables = _inside(folder)
        if len(tables) == 1 and len(folders) < 2:
            return tables[0]
        if len(folders) != 1 or images or (not _inside(folders[0])[0] and not _inside(folders[0])[2]):
            return folder
        folder = folders[0]


def _inside(folder: Path) -> tuple[list[Path], list[Path], list[Path]]:
    """The folders, images and tables in a folder."""
    inside = [path for path in folder.iterdir() if not is_hidden(path.name)]
    files = [path for path in inside if path.is_file()]
    tables = [path for path in files if path.name.lower().endswith(TABLES)]
    return [path for path in inside if path.is_dir()], [path for path in files if path not in tables], tables


def _check_spelling(source: str) -> None:
    """Refuse a word that is nothing here but looks like the name of a set."""
    names = (*BUILTIN_NAMES, *named_sets())
    close = ", ".join(nearest(source, names))
    if close and re.fullmatch(r"[\w-]+", source):
        value, known = shown(source), ", ".join(sorted(names))
        raise DataError(
            say(
                en=f"There is no file, folder or set of images named {value}. Did you mean the set {close}? Known sets: {known}.",
                ko=f"{value} 라는 파일, 폴더, 이미지 세트가 없습니다. 혹시 이 세트인가요: {close}. 알려진 세트: {known}",
            )
        )
