"""One request for a file and its answer: what is missing of it is asked for, what comes is written, and what goes wrong has a name."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from hubel.core.events import Progress
from hubel.data.names import shown
from hubel.data.network import DownloadError, Problem, public_url

MOST_REDIRECTS = 10

_CHUNK_BYTES = 1 << 18
_SECONDS_BETWEEN_EVENTS = 0.1
_BUSY = (408, 425, 429, 500, 502, 503, 504)
_GONE = (404, 410)


@dataclass(frozen=True, slots=True)
class Remote:
    """A file on the network: its name here, the places to get it from in their order, and what is known of its bytes.

    `checksums` are written ``sha256:…`` or ``md5:…``, in full or from the eighth digit on; one of them must fit. Without any, nothing but the length is checked.
    """

    name: str
    urls: tuple[str, ...]
    checksums: tuple[str, ...] = ()
    num_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait: for a connection, for the next bytes, how often to try without any coming, and how long between."""

    connect_seconds: float = 10.0
    read_seconds: float = 30.0
    attempts: int = 4
    wait_seconds: float = 1.0
    max_bytes: int = 64 * 2**30


DEFAULT_PATIENCE = Patience()


class CutError(Exception):
    """The connection was lost or refused for now; what came before counts."""

    def __init__(self, error: DownloadError, *, wait_seconds: float = 0.0) -> None:
        super().__init__(str(error))
        self.error = error
        self.wait_seconds = wait_seconds


def receive(session: Any, url: str, part: Path, remote: Remote, patience: Patience) -> Generator[Progress, None, bool]:
    """One request and its answer; True when it gave the file from its first byte."""
    seal = part.with_name(f"{part.name.rpartition('-')[0]}.seal")
    start = size_of(part)
    headers = _resume_headers(url, seal, start, remote)
    if not headers:
        start = 0
    with (
        _naming_problems(url),
        session.get(
            url, headers=headers, stream=True, timeout=(patience.connect_seconds, patience.read_seconds)
        ) as answer,
    ):
        _check_answer(answer, url, remote)
        if answer.status_code == 200:
            start = 0
        elif not answer.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
            part.unlink(
                missing_ok=True
            )  # the part is longer than the file, or the server gives another piece than asked for
            raise CutError(DownloadError(Problem.CUT, public_url(url), str(answer.status_code)))
        length = answer.headers.get("Content-Length", "")
        total = start + int(length) if length.isdigit() else None
        if max(total or 0, remote.num_bytes or 0) > patience.max_bytes:
            raise DownloadError(Problem.TOO_LARGE, public_url(url), str(total or remote.num_bytes))
        seal.write_text(f"{url}\n{_validator(answer)}", encoding="utf-8")
        with part.open("ab" if start else "wb") as written:
            yield from _receive_body(answer, written, start, total or remote.num_bytes, patience, url)
    if total is not None and size_of(part) != total:
        raise CutError(DownloadError(Problem.CUT, public_url(url), f"{size_of(part)} / {total}"))
    seal.unlink(missing_ok=True)
    return start == 0


def _receive_body(
    answer: Any, written: Any, done: int, total: int | None, patience: Patience, url: str
) -> Generator[Progress, None, None]:
    begun, first, last = time.monotonic(), done, 0.0
    while piece := answer.raw.read(_CHUNK_BYTES, decode_content=False):  # as it is: checksums are of what was sent
        written.write(piece)
        done += len(piece)
        if done > patience.max_bytes:
            raise DownloadError(Problem.TOO_LARGE, public_url(url), str(done))
        now = time.monotonic()
        if now - last > _SECONDS_BETWEEN_EVENTS:
            last = now
            rate = (done - first) / max(now - begun, 1e-3)
            yield Progress("download", done, total or 0, (total - done) / rate if total and rate else None)
    yield Progress("download", done, total or done, 0.0)


def _resume_headers(url: str, seal: Path, start: int, remote: Remote) -> dict[str, str]:
    """What asks for the rest alone; empty when the rest might be of another file."""
    if not start:
        return {}
    try:
        before, _, validator = seal.read_text(encoding="utf-8").partition("\n")
    except (OSError, UnicodeDecodeError):  # nobody knows what the part is of
        before, validator = "", ""
    if before == url and validator:
        return {"Range": f"bytes={start}-", "If-Range": validator}
    return {"Range": f"bytes={start}-"} if remote.checksums else {}


def _validator(answer: Any) -> str:
    """What tells whether the file on the server is still the same: its strong entity tag, else its date (RFC 9110, 13.1.5)."""
    tag = str(answer.headers.get("ETag", ""))
    return tag if tag.startswith('"') else str(answer.headers.get("Last-Modified", ""))


def _check_answer(answer: Any, url: str, remote: Remote) -> None:
    code = answer.status_code
    if code in (200, 206, 416):
        if url.lower().startswith("https:") and answer.url.lower().startswith("http:") and not remote.checksums:
            raise DownloadError(Problem.REDIRECT, public_url(url), public_url(answer.url))
        return
    if code in _BUSY:
        wait = answer.headers.get("Retry-After", "")
        error = DownloadError(Problem.BUSY, public_url(url), str(code))
        raise CutError(error, wait_seconds=float(wait) if wait.isdigit() else 0.0)
    raise DownloadError(Problem.NOT_FOUND if code in _GONE else Problem.REFUSED, public_url(url), str(code))


@contextmanager
def _naming_problems(url: str) -> Iterator[None]:
    """Turn what requests and urllib3 raise into our own words."""
    import requests
    import urllib3

    place = public_url(url)
    try:
        yield
    except requests.TooManyRedirects as error:
        raise DownloadError(Problem.REDIRECT, place, f"> {MOST_REDIRECTS}") from error
    except (
        requests.exceptions.InvalidSchema,
        requests.exceptions.InvalidURL,
        requests.exceptions.MissingSchema,
    ) as error:
        raise DownloadError(Problem.REDIRECT, place, shown(str(error))[:200]) from error
    except requests.exceptions.SSLError as error:
        raise DownloadError(Problem.REFUSED, place, shown(str(error))[:200]) from error
    except (requests.Timeout, urllib3.exceptions.TimeoutError) as error:
        _cut(Problem.TIMEOUT, place, error)
    except requests.ConnectionError as error:
        _cut(Problem.UNREACHABLE, place, error)
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        _cut(Problem.CUT, place, error)


def _cut(problem: Problem, place: str, error: Exception) -> NoReturn:
    raise CutError(DownloadError(problem, place, type(error).__name__)) from error


def size_of(path: Path) -> int:
    """The bytes in a file; 0 where there is none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
