"""One file from the network, whole and checked: resumed where it was cut, from the next place where one fails.

Nothing is fetched unless the user named it. ``HUBEL_OFFLINE=1`` forbids the network altogether. What has arrived of a file
stays in ``<name>.part`` until the rest does, whatever ends the process.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from hubel.core.errors import MissingExtraError
from hubel.core.events import Progress
from hubel.data.network import DownloadError, Problem, public_url
from hubel.data.transfer import DEFAULT_PATIENCE, MOST_REDIRECTS, CutError, Patience, Remote, receive, size_of

OFFLINE = "HUBEL_OFFLINE"
LEAST_OF_CHECKSUM = 8
"""So many digits of a checksum must be known: as many as torchvision has in the names of its files."""

_MOST_REQUESTS = 100
_ABANDONED_SECONDS = 120
_MOST_RETRY_SECONDS = 60.0


def download(
    remote: Remote, folder: Path, *, patience: Patience = DEFAULT_PATIENCE, session: Any = None
) -> Generator[Progress, None, Path]:
    """Fetch a file into a folder, from the first of its places that gives it whole.

    Parameters
    ----------
    remote
        The file.
    folder
        Where it goes; what is there under its name already is taken as it is when its checksum fits.
    patience
        How long to wait.
    session
        A requests session to use again.

    Returns
    -------
    Path
        ``folder/remote.name``.

    Raises
    ------
    DownloadError
        When no place gives it; the message names each with its reason.
    MissingExtraError
        When requests is not installed.
    """
    target = folder / remote.name
    if target.is_file() and (not remote.checksums or checksum_fits(target, remote.checksums)):
        return target
    if os.environ.get(OFFLINE, "") not in ("", "0"):
        raise DownloadError(Problem.OFFLINE, public_url(remote.urls[0]), OFFLINE)
    session = session or open_session()
    folder.mkdir(parents=True, exist_ok=True)
    failures: list[DownloadError] = []
    with _own_part(folder / f"{remote.name}.part") as part:
        for url in remote.urls:
            try:
                yield from _fetch_checked(session, url, part, remote, patience)
            except DownloadError as error:
                failures.append(error)
                continue
            part.replace(target)
            return target
    with suppress(OSError):  # a part waits in it for the next try
        folder.rmdir()
    raise failures[0] if len(failures) == 1 else DownloadError.of_all(remote.name, failures)


def open_session() -> Any:
    """A session of requests, which keeps connections open between files of one server."""
    try:
        import requests
    except ImportError as error:
        raise MissingExtraError("requests", "download") from error
    session = requests.Session()
    session.max_redirects = MOST_REDIRECTS
    session.headers.update({"User-Agent": "hubel", "Accept-Encoding": "identity", "Accept": "*/*"})
    return session


def checksum_fits(path: Path, checksums: tuple[str, ...]) -> bool:
    """Whether a file has one of the checksums, or begins with it where only the beginning is known."""
    found = {}
    for algorithm in {checksum.partition(":")[0] for checksum in checksums}:
        with path.open("rb") as opened:
            found[algorithm] = hashlib.file_digest(opened, algorithm).hexdigest()
    return any(
        len(value) >= LEAST_OF_CHECKSUM and found[algorithm].startswith(value)
        for algorithm, _, value in (checksum.partition(":") for checksum in checksums)
    )


@contextmanager
def _own_part(part: Path) -> Iterator[Path]:
    """The part that came before, taken out of other processes' sight, and put back at the end for the next try."""
    own = part.with_name(f"{part.name}-{os.getpid()}")
    abandoned = [
        other
        for other in part.parent.glob(f"{part.name}-*")
        if time.time() - other.stat().st_mtime > _ABANDONED_SECONDS
    ]
    for before in (part, *abandoned):
        with suppress(OSError):  # none there, or another process was quicker
            before.rename(own)
            break
    try:
        yield own
    finally:
        with suppress(OSError):  # it became the file, or nothing came
            own.rename(part)


def _fetch_checked(
    session: Any, url: str, part: Path, remote: Remote, patience: Patience
) -> Generator[Progress, None, None]:
    """Fetch from one place; what does not fit is fetched once more from its beginning if its parts came in two goes."""
    if remote.checksums and part.is_file() and checksum_fits(part, remote.checksums):
        return
    for _ in range(2):
        begun_anew = yield from _fetch(session, url, part, remote, patience)
        if not remote.checksums or checksum_fits(part, remote.checksums):
            return
        part.unlink(missing_ok=True)
        if begun_anew:
            break
    raise DownloadError(Problem.CHECKSUM, public_url(url), ", ".join(remote.checksums))


def _fetch(session: Any, url: str, part: Path, remote: Remote, patience: Patience) -> Generator[Progress, None, bool]:
    """Ask until all of it is there, or nothing more comes; True when all of it came in one go."""
    fruitless = 0
    for _ in range(_MOST_REQUESTS):
        before = size_of(part)
        try:
            return (yield from receive(session, url, part, remote, patience))
        except CutError as cut:
            fruitless = 1 if size_of(part) > before else fruitless + 1
            if fruitless >= patience.attempts:
                raise cut.error from cut
            time.sleep(min(max(cut.wait_seconds, patience.wait_seconds * 2 ** (fruitless - 1)), _MOST_RETRY_SECONDS))
    raise DownloadError(Problem.CUT, public_url(url), f"{_MOST_REQUESTS} x")
