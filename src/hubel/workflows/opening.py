"""What the user names as data: a path, or one of the built-in sets."""

from __future__ import annotations

import os

from hubel.core.files import cache_root
from hubel.data.builtin import BUILTIN_NAMES, write_builtin


def resolve_source(source: str) -> str:
    """The path of the data: what exists under that name, else the built-in set of that name, written out."""
    if source in BUILTIN_NAMES and not os.path.lexists(source):
        return str(write_builtin(source, cache_root() / "builtin"))
    return source
