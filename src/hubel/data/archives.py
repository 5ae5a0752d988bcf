"""What is in a zip or tar archive, one member at a time. Nothing is written here, and no name is trusted.

Read are .zip and .tar, the latter as it is or compressed by gzip, bzip2, xz or Zstandard. The content decides, then the name.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal, Protocol, cast, runtime_checkable

from hubel.core.errors import DataError, MissingExtraError
from hubel.core.language import say
from hubel.data.names import shown
from hubel.data.sniff import sniff_other

MemberKind = Literal["file", "link", "symbolic", "special", "encrypted"]

_SUFFIXES: dict[str, Literal["zip", "tar"]] = {
    ".zip": "zip",
    **dict.fromkeys((".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz", ".tbz2", ".tar.xz", ".txz", ".tar.zst", ".tzst"), "tar"),
}  # fmt: skip
_ZIP_MAGICS = (b"PK\x03\x04", b"PK\x05\x06")
_GZIP, _BZIP2, _XZ, _ZSTANDARD = b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd"
_UTF8_FLAG, _ENCRYPTED_FLAG = 0x800, 0x1
_MOST_AT_ONCE = 64 * 2**20
_HANGUL_OR_ASCII = re.compile("[\x20-\x7e\uac00-\ud7a3\u3131-\u318e]+")
_DAMAGE = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, struct.error),
    *(ValueError, OverflowError, NotImplementedError),
)


@runtime_checkable
class Readable(Protocol):
    """Whatever bytes can be read from."""

    def read(self, size: int = -1, /) -> bytes:
        """So many bytes, fewer only at the end."""


@dataclass(frozen=True, slots=True)
class Member:
    """One member of an archive: its name as text, and its size as the archive declares it.

    `open` gives its bytes; it must be used before the next member is asked for. `target` is what a link leads to.
    """

    name: str
    kind: MemberKind
    num_bytes: int
    target: str
    open: Callable[[], io.BufferedIOBase]


def archive_kind(path: Path) -> Literal["zip", "tar"] | None:
    """Whether a file is an archive that can be unpacked, by its first bytes, else by its name.

    Examples
    --------
    >>> archive_kind(Path("no-such-file.tar.gz"))
    'tar'
    """
    try:
        with path.open("rb") as opened:
            start = opened.read(262)
    except OSError:  # the name alone must do; whoever opens it says what is wrong
        start = b""
    if start.startswith(_ZIP_MAGICS):
        return "zip"
    if start.startswith((_GZIP, _BZIP2, _XZ, _ZSTANDARD)) or start[257:] == b"ustar":
        return "tar"
    name = path.name.lower()
    return next((kind for suffix, kind in _SUFFIXES.items() if name.endswith(suffix)), None)


def archive_stem(name: str) -> str:
    """An archive's name without what says that it is one.

    Examples
    --------
    >>> archive_stem("pets.tar.gz"), archive_stem("pets.v2.zip")
    ('pets', 'pets.v2')
    """
    suffix = next((suffix for suffix in _SUFFIXES if name.lower().endswith(suffix)), "")
    return name[: len(name) - len(suffix)]


def read_members(path: Path) -> Iterator[Member]:
    """The members of an archive in its order, folders left out. Use it inside of `naming_damage`.

    Raises
    ------
    MissingExtraError
        For Zstandard without its package.
    """
    if archive_kind(path) == "zip":
        yield from _zip_members(path)
    else:
        yield from _tar_members(path)


def count_members(path: Path) -> int:
    """How many members there are; 0 where only reading all of it would tell."""
    if archive_kind(path) != "zip":
        return 0
    with zipfile.ZipFile(path) as archive:
        return len(archive.infolist())


@contextmanager
def naming_damage(path: Path) -> Iterator[None]:
    """Say of an archive that it is damaged when reading it inside the block fails so.

    Raises
    ------
    DataError
        When it is no archive, ends early, or a checksum inside does not fit.
    """
    try:
        yield
    except OSError as error:
        if error.errno is not None:  # the disk, not the archive
            raise
        raise _damaged(path, error) from error
    except _DAMAGE as error:
        raise _damaged(path, error) from error


def _zip_members(path: Path) -> Iterator[Member]:
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            if info.is_dir():
                continue

            def opened(info: zipfile.ZipInfo = info) -> io.BufferedIOBase:
                return cast(io.BufferedIOBase, archive.open(info))

            kind, target = _zip_kind(info), ""
            if kind == "symbolic" and info.file_size <= 4096:
                target = opened().read().decode("utf-8", "surrogateescape")
            yield Member(_zip_name(info), kind, info.file_size, target, opened)


def _zip_kind(info: zipfile.ZipInfo) -> MemberKind:
    """Unix leaves a file's type in the upper half of the outer attributes."""
    if info.flag_bits & _ENCRYPTED_FLAG:
        return "encrypted"
    type_bits = (info.external_attr >> 28) & 0xF if info.create_system == 3 else 0
    return {0: "file", 0x8: "file", 0xA: "symbolic"}.get(type_bits, "special")  # type: ignore[return-value]  # of the literals above


def _zip_name(info: zipfile.ZipInfo) -> str:
    """The name as it was meant: zip knows UTF-8 by a flag that many writers forget, else every computer's own encoding."""
    name = info.orig_filename
    if info.flag_bits & _UTF8_FLAG:
        return name
    octets = name.encode("cp437")  # how Python has read them
    for encoding in ("utf-8", "cp949"):
        try:
            text = octets.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding == "utf-8" or _HANGUL_OR_ASCII.fullmatch(text):
            return text
    return name


def _tar_members(path: Path) -> Iterator[Member]:
    with _decompressed(path) as stream:
        forward = _Forward(stream)
        with tarfile.open(fileobj=cast(IO[bytes], forward), mode="r:", encoding="utf-8") as archive:
            while (info := archive.next()) is not None:
                archive.members.clear()  # type: ignore[attr-defined]  # tarfile keeps them all; millions fill the memory
                if info.isdir():
                    continue

                def opened(info: tarfile.TarInfo = info) -> io.BufferedIOBase:
                    return cast(io.BufferedIOBase, archive.extractfile(info))

                yield Member(info.name, _tar_kind(info), info.size, info.linkname, opened)
        if forward.last.strip(b"\0"):  # tarfile takes a broken header for the end
            raise tarfile.ReadError("bad header")


def _tar_kind(info: tarfile.TarInfo) -> MemberKind:
    if info.issym():
        return "symbolic"
    if info.islnk():
        return "link"
    return "file" if info.isreg() and not info.issparse() else "special"


@contextmanager
def _decompressed(path: Path) -> Iterator[Readable]:
    with path.open("rb") as opened:
        start = opened.read(6)
        opened.seek(0)
        if start.startswith(_GZIP):
            with gzip.open(opened) as stream:
                yield stream
        elif start.startswith(_BZIP2):
            with bz2.open(opened) as stream:
                yield stream
        elif start.startswith(_XZ):
            with lzma.LZMAFile(opened) as stream:
                yield stream
        elif start.startswith(_ZSTANDARD):
            with _zstandard_stream(opened) as stream:
                yield stream
        else:
            yield opened


@contextmanager
def _zstandard_stream(opened: io.BufferedReader) -> Iterator[Readable]:
    try:
        import zstandard
    except ImportError as error:
        raise MissingExtraError("zstandard", "zstd") from error
    try:
        with zstandard.ZstdDecompressor().stream_reader(opened, read_across_frames=True) as stream:
            yield stream
    except zstandard.ZstdError as error:
        raise tarfile.ReadError(str(error)) from error


class _Forward:
    """A stream as tarfile needs it, that only goes on, and never takes more at once than a sane header or block.

    Parameters
    ----------
    stream
        Where the bytes come from.
    """

    def __init__(self, stream: Readable) -> None:
        self.stream = stream
        self.position = 0
        self.last = b""

    def tell(self) -> int:
        """How many bytes were passed."""
        return self.position

    def seek(self, position: int) -> int:
        """Read on to a later position."""
        while self.position < position:
            if not self.read(min(position - self.position, 1 << 20)):
                break
        return self.position

    def read(self, size: int) -> bytes:
        """So many bytes, fewer only at the end."""
        if not 0 <= size <= _MOST_AT_ONCE:  # a header that declares gigabytes of name
            raise tarfile.ReadError(f"header of {size} bytes")
        pieces, wanted = [], size
        while wanted and (piece := self.stream.read(wanted)):
            pieces.append(piece)
            wanted -= len(piece)
        self.last = b"".join(pieces)
        self.position += len(self.last)
        return self.last


def _damaged(path: Path, error: Exception) -> DataError:
    value, reason = shown(str(path)), shown(f"{type(error).__name__}: {error}")
    with path.open("rb") as opened:
        what, _ = sniff_other(opened.read(4096))
    if what in ("HTML", "text", "PDF"):
        return DataError(
            say(
                en=f"{value} is no archive, whatever its name says: it holds {what}. It may be the page around a download; fetch the file itself.",
                ko=f"{value} 는 이름과 달리 압축 파일이 아닙니다. 내용은 {what} 입니다. 내려받기 안내 페이지일 수 있으니 파일 자체를 받으세요.",
            )
        )
    return DataError(
        say(
            en=f"The archive {value} is damaged or ends early ({reason}). Nothing of it was used; copy or download it again.",
            ko=f"압축 파일 {value} 가 손상되었거나 중간에 끊겼습니다({reason}). 아무것도 쓰지 않았습니다. 다시 복사하거나 내려받으세요.",
        )
    )
