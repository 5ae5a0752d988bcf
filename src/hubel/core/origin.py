"""Where the images of a run came from."""

from __future__ import annotations

from typing import Literal

from hubel.core.frozen import Frozen


class SourceInfo(Frozen):
    """Where the images came from, when that was no plain folder or table.

    `origin` is what the user named, without passwords and queries; `sha256` that of the archive, the Parquet files or the
    table; `urls` whence files were fetched.
    """

    kind: Literal["archive", "parquet", "urls", "named", "url"]
    origin: str
    sha256: str = ""
    licence: str = ""
    citation: str = ""
    urls: tuple[str, ...] = ()
    num_files: int = 0
    num_bytes: int = 0
