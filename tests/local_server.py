"""A server on this machine that answers as servers on the network sometimes do: in pieces, slowly, wrongly, elsewhere."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TAG = '"v1"'


@dataclass
class Site:
    """The files of a server, how it treats each path, and which requests have come.

    `cut_after` breaks the answer off after so many bytes of it, the first so many times that `cuts` says; `no_ranges`
    ignores Range; `status`, `location` and `silent` answer with an error, elsewhere, or not at all.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    cut_after: dict[str, int] = field(default_factory=dict)
    cuts: dict[str, int] = field(default_factory=dict)
    no_ranges: set[str] = field(default_factory=set)
    no_length: set[str] = field(default_factory=set)
    status: dict[str, list[int]] = field(default_factory=dict)
    location: dict[str, str] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    tags: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    woken: threading.Event = field(default_factory=threading.Event)
    url: str = ""


@contextmanager
def serving(site: Site) -> Iterator[Site]:
    """Serve the site on a free port of the loopback address while the block runs."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(site))
    server.daemon_threads = True
    site.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        site.woken.set()
        server.shutdown()
        server.server_close()
        thread.join(5)


def handler_of(site: Site) -> Callable[..., BaseHTTPRequestHandler]:
    """The class that answers for this site."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002  the name of the base class
            """Say nothing."""

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            site.requests.append((path, self.headers.get("Range")))
            if path in site.silent:
                site.woken.wait(10)
                self.close_connection = True
            elif site.status.get(path):
                self.send_bare(site.status[path].pop(0))
            elif path in site.location:
                self.send_bare(302, location=site.location[path])
            elif path not in site.files:
                self.send_bare(404)
            else:
                self.send_file(path)

        def send_bare(self, status: int, location: str | None = None) -> None:
            self.send_response(status)
            if location:
                self.send_header("Location", location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def send_file(self, path: str) -> None:
            content, tag = site.files[path], site.tags.get(path, TAG)
            asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range") or "")
            start = int(asked[1]) if asked and path not in site.no_ranges else 0
            if start and self.headers.get("If-Range") not in (None, tag):
                start = 0
            if start >= len(content) > 0:
                return self.send_bare(416)
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            if path in site.no_length:
                self.close_connection = True
            else:
                self.send_header("Content-Length", str(len(content) - start))
            self.send_header("ETag", tag)
            for name, value in site.headers.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "HEAD":
                return None
            piece = content[start:]
            if site.cuts.get(path, 0) > 0:
                site.cuts[path] -= 1
                piece = piece[: site.cut_after[path]]
                self.close_connection = True
            with suppress(ConnectionError):  # the client has heard enough
                self.wfile.write(piece)
            return None

    return Handler
