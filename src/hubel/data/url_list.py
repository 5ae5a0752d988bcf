"""Tables and lists whose images lie on the network: fetched once, a few at a time, and listed in a table of local files.

An address that gives no image never ends the run: it is left out and named. Images that came stay, so that a list that was
cut short, or has some dead addresses, is quickly gone through again.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from hubel.core.errors import DataError
from hubel.core.events import Progress
from hubel.core.parallel import map_in_order
from hubel.data.dataset import Note
from hubel.data.download import download, open_session
from hubel.data.kept import key_of
from hubel.data.names import shown
from hubel.data.network import DownloadError, Problem, explain_en_ko, is_url, name_in, public_url
from hubel.data.sniff import is_beginning, sniff_format
from hubel.data.tables import Row, is_table, read_rows
from hubel.data.transfer import DEFAULT_PATIENCE, Patience, Remote

NUM_WORKERS = 8
IMAGE_PATIENCE = replace(DEFAULT_PATIENCE, attempts=3, max_bytes=256 * 2**20)

_HEAD_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Fetched:
    """Where each image lies that came, by its address, and why each other did not."""

    paths: dict[str, Path]
    failures: dict[str, Problem]


def has_urls(path: Path) -> bool:
    """Whether a table's file names are addresses; its first rows tell."""
    if not is_table(path):
        return False
    try:
        with path.open("rb") as opened:
            head = opened.read(_HEAD_BYTES)
    except OSError:  # the reader of tables says what is wrong
        return False
    if b"://" not in head.replace(b"\0", b""):  # UTF-16 has zeros between letters
        return False
    if is_plain_list(path):
        return True
    try:
        return any(is_url(_address(row, path)) for row in islice(read_rows(path, ("file",)), 100))
    except DataError:  # no table; who has to read it says so
        return False


def is_plain_list(path: Path) -> bool:
    """Whether a text file is nothing but addresses, one a line, without a header."""
    if path.suffix.lower() != ".txt":
        return False
    with path.open(encoding="utf-8", errors="replace") as opened:
        first = next((line.strip() for line in opened if line.strip()), "")
    return is_url(first) and not any(mark in first for mark in ",;\t|")


def list_rows(path: Path) -> Iterator[Row]:
    """The rows of a table or plain list, with addresses as they were written."""
    if is_plain_list(path):
        with path.open(encoding="utf-8-sig", errors="replace") as opened:
            for number, line in enumerate(opened, start=1):
                if line.strip():
                    yield Row(number, line.strip(), "", "", "")
        return
    for row in read_rows(path, ("file",)):
        yield replace(row, path=_address(row, path))


def fetch_all(
    urls: Iterable[str], folder: Path, *, patience: Patience = IMAGE_PATIENCE
) -> Generator[Progress, None, Fetched]:
    """Fetch the images of many addresses, each once; the same addresses may stand there again.

    Raises
    ------
    DownloadError
        When none of them came, with the reason of the first; or the network is forbidden.
    """
    wanted = list(dict.fromkeys(urls))
    session = open_session()
    found, failures = dict[str, Path](), dict[str, Problem]()
    first_error: DownloadError | None = None

    def work(url: str) -> tuple[str, Path | DownloadError]:
        return url, _fetch_image(url, folder, patience, session)

    for done, (url, outcome) in enumerate(map_in_order(work, wanted, workers=NUM_WORKERS), start=1):
        if isinstance(outcome, DownloadError):
            if outcome.problem == Problem.OFFLINE:
                raise outcome
            first_error = first_error or outcome
            failures[url] = outcome.problem
        else:
            found[url] = outcome
        yield Progress("fetch", done, len(wanted), None)
    if first_error and not found:
        raise first_error
    return Fetched(found, failures)


def local_table(rows: Sequence[Row], fetched: Fetched) -> str:
    """The table of the rows whose image is here, as CSV with whole paths."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["file_name", "label", "split", "group", "source"])
    for row in rows:
        if not is_url(row.path):
            writer.writerow([str(Path(row.path).absolute()), row.label, row.split, row.group, ""])
        elif row.path in fetched.paths:
            place = str(fetched.paths[row.path].absolute())
            writer.writerow([place, row.label, row.split, row.group, public_url(row.path)])
    return text.getvalue()


def failure_notes(fetched: Fetched) -> list[Note]:
    """How many addresses gave no image, and why."""
    if not fetched.failures:
        return []
    number, total = len(fetched.failures), len(fetched.failures) + len(fetched.paths)
    first = shown(public_url(next(iter(fetched.failures))))
    counts = Counter(fetched.failures.values()).most_common()
    english = ", ".join(f"{explain_en_ko(reason)[0]}: {count}" for reason, count in counts)
    korean = ", ".join(f"{explain_en_ko(reason)[1]}: {count}" for reason, count in counts)
    return [
        (f"Addresses that gave no image, left out: {number} of {total} ({english}; the first {first})",
         f"이미지를 받지 못해 뺀 주소: {total}개 가운데 {number}개 ({korean}, 첫 주소 {first})")
    ]  # fmt: skip


def _address(row: Row, table: Path) -> str:
    """What the table says, when it is an address: the reader of tables takes it for a name below the table's folder."""
    written = row.path.removeprefix(f"{table.parent}/").removeprefix(f"{table.parent}\\")
    return written if is_url(written) else row.path


def _fetch_image(url: str, folder: Path, patience: Patience, session: Any) -> Path | DownloadError:
    """The image of one address, or why there is none; called in a worker thread."""
    try:
        remote = Remote(name_in(url), (url,))
        path = _exhausted(download(remote, folder / key_of(url), patience=patience, session=session))
    except DownloadError as error:
        return error
    with path.open("rb") as opened:
        head = opened.read(4096)
    if sniff_format(head) is None and not (head and is_beginning(head)):
        path.unlink()
        return DownloadError(Problem.NOT_AN_IMAGE, public_url(url), f"{len(head)} bytes")
    return path


def _exhausted(steps: Generator[Any, None, Path]) -> Path:
    """What a generator returns, its events left alone."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            path: Path = end.value
            return path
