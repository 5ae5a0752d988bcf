"""`forget`: in which runs a file is, as what, and where copies of it lie; nothing of the user's is ever removed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hubel.core.errors import DataError, ModelError, UsageError
from hubel.core.files import cache_root, file_sha256
from hubel.core.language import say
from hubel.core.rundir import CARD
from hubel.data.cache import Cache
from hubel.data.fingerprint import fingerprint
from hubel.data.images import UnreadableImage, read_image
from hubel.data.ledger_file import LEDGER, LedgerRow, read_ledger
from hubel.data.names import shown
from hubel.data.perceptual import NEAR_BITS, distance_bits, perceptual_hashes
from hubel.data.purge import Cached, cached_of, purge

SHORTEST_HASH = 8
"""So many digits of a SHA-256 are enough to name a file."""
Match = Literal["content", "near"]


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file of a run's ledger that is the one sought (`match` content) or looks like it (near, by so many `bits`)."""

    run: Path
    row: LedgerRow
    match: Match
    bits: int

    @property
    def places(self) -> tuple[Path, ...]:
        """The files of the run folder that show it."""
        return tuple(self.run / name for name in self.row.copies.split())

    @property
    def learned_from(self) -> bool:
        """Whether the model's weights depend on it."""
        return self.row.status == "used" and self.row.part == "train"


@dataclass(frozen=True, slots=True)
class Forgetting:
    """What was found of a file.

    `sha256` and `perceptual_hash` are the file's, as far as they are known; `num_runs` were looked at, `unclear` are those
    of which nothing can be said, with the reason; `cached` is what the caches hold, or held when `purged`.
    """

    sha256: str
    perceptual_hash: str
    found: tuple[FoundFile, ...]
    num_runs: int
    unclear: tuple[tuple[Path, str], ...]
    cached: Cached
    purged: bool

    @property
    def is_clear(self) -> bool:
        """Whether nothing of the file is anywhere that hubel looked, and nothing is left in doubt."""
        return not self.found and not self.unclear and (self.purged or self.cached.is_empty)


def forget(sought: str, *, runs: Path = Path("runs"), near: bool = False, clear: bool = False) -> Forgetting:
    """Look for a file in finished runs and in the caches.

    Parameters
    ----------
    sought
        A file, or the first eight or more digits of a SHA-256.
    runs
        A folder with run folders, at any depth, or a run folder.
    near
        Look for images that look like it too.
    clear
        Take it out of the caches.

    Raises
    ------
    UsageError
        When `sought` is neither a file nor a hash, a short hash means several files, or there is no such folder.
    DataError
        When `near` is asked of a file that is no image.
    """
    if not runs.is_dir():
        raise no_folder(runs)
    sha256, look = identify(sought, near=near)
    ledgers, unclear = read_ledgers(runs)
    sha256 = whole_hash(sha256, ledgers)
    exact = [FoundFile(run, row, "content", 0) for run, row in all_rows(ledgers) if row.sha256 == sha256]
    look = look or next((entry.row.perceptual_hash for entry in exact if entry.row.perceptual_hash), "")
    alike = list(looking_like(look, ledgers, sha256)) if near else []
    with Cache(cache_root() / "rows") as cache:
        cached = (purge if clear else cached_of)(cache, sha256)
    found = tuple(sorted([*exact, *alike], key=lambda entry: (str(entry.run), entry.bits, entry.row.file)))
    return Forgetting(sha256, look, found, len(ledgers) + len(unclear), tuple(unclear), cached, clear)


def identify(sought: str, *, near: bool) -> tuple[str, str]:
    """The SHA-256 of what is sought, perhaps only its beginning, and how it looks where that is asked and can be told."""
    path = Path(sought).expanduser()
    word = sought.strip().casefold().removeprefix("sha256:")
    if path.is_file():
        return file_sha256(path), look_of(path) if near else ""
    if re.fullmatch(f"[0-9a-f]{{{SHORTEST_HASH},64}}", word):
        return word, ""
    value = shown(sought)
    raise UsageError(
        say(
            en=f"{value} is neither a file nor a SHA-256. Give an image file, or at least {SHORTEST_HASH} digits of its SHA-256.",
            ko=f"{value} 은(는) 파일도 SHA-256도 아닙니다. 이미지 파일이나 SHA-256의 앞 {SHORTEST_HASH}자리 이상을 주세요.",
        )
    )


def look_of(path: Path) -> str:
    """The perceptual hash of an image file."""
    try:
        return perceptual_hashes(fingerprint(read_image(path))[None])[0]
    except UnreadableImage as error:
        file, reason = shown(str(path)), shown(str(error.refusal))
        raise DataError(
            say(
                en=f"{file} cannot be read as an image ({reason}), so nothing can be found that looks like it. Leave --near out.",
                ko=f"{file} 을 이미지로 읽을 수 없어({reason}) 비슷한 이미지를 찾을 수 없습니다. --near를 빼세요.",
            )
        ) from error


def read_ledgers(runs: Path) -> tuple[dict[Path, Sequence[LedgerRow]], list[tuple[Path, str]]]:
    """The ledgers of all runs below a folder, and the runs without one that can be read, with the reason."""
    ledgers: dict[Path, Sequence[LedgerRow]] = {}
    unclear: list[tuple[Path, str]] = []
    for card in sorted(runs.rglob(CARD)):
        run = card.parent
        if any(part.startswith(".") for part in run.relative_to(runs).parts):
            continue  # a run that is being written
        if not (run / LEDGER).is_file():
            unclear.append((run, say(en="it has no ledger", ko="원장이 없습니다")))
            continue
        try:
            ledgers[run] = read_ledger(run / LEDGER)
        except ModelError as error:
            unclear.append((run, str(error)))
    return ledgers, unclear


def all_rows(ledgers: dict[Path, Sequence[LedgerRow]]) -> Iterator[tuple[Path, LedgerRow]]:
    """Every row with its run."""
    return ((run, row) for run, rows in ledgers.items() for row in rows)


def looking_like(look: str, ledgers: dict[Path, Sequence[LedgerRow]], sha256: str) -> Iterator[FoundFile]:
    """The files of other content that look like it."""
    for run, row in all_rows(ledgers):
        bits = distance_bits(look, row.perceptual_hash)
        if bits <= NEAR_BITS and row.sha256 != sha256:
            yield FoundFile(run, row, "near", bits)


def whole_hash(start: str, ledgers: dict[Path, Sequence[LedgerRow]]) -> str:
    """The one hash in the ledgers that begins so; the beginning itself when there is none."""
    if len(start) == 64:
        return start
    fitting = sorted({row.sha256 for _, row in all_rows(ledgers) if row.sha256.startswith(start)})
    if len(fitting) > 1:
        number, some = len(fitting), ", ".join(fitting[:3])
        raise UsageError(
            say(
                en=f"{number} files have a SHA-256 that begins with {start}: {some}. Give more digits.",
                ko=f"SHA-256이 {start}(으)로 시작하는 파일이 {number}개입니다: {some}. 더 많은 자리를 주세요.",
            )
        )
    return fitting[0] if fitting else start


def no_folder(runs: Path) -> UsageError:
    """There is nowhere to look."""
    folder = shown(str(runs))
    return UsageError(
        say(
            en=f"There is no folder {folder} to look for runs in. Name one with --runs.",
            ko=f"실행을 찾을 폴더 {folder} 이(가) 없습니다. --runs로 지정하세요.",
        )
    )
