"""Reading all files of a search before it begins, and where what is read is kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

from hubel.core.events import Event, StageDone
from hubel.data.cache import Cache
from hubel.train.session import Session, gather


@dataclass(frozen=True, slots=True)
class Places:
    """The cache's folder, the cache, and what asks to stop."""

    root: Path
    cache: Cache
    stop: Callable[[], bool]


def gathered(session: Session) -> Generator[Event, None, None]:
    """Read all files; a search is not begun with a part of them."""
    begun = time.monotonic()
    yield from gather(session, "plain")
    if session.stop():
        raise KeyboardInterrupt
    yield StageDone("read", time.monotonic() - begun)
