"""The run folder: everything one training made, never overwritten, whole or absent."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hubel.core.errors import ModelError, UsageError
from hubel.core.files import current_umask, write_atomically
from hubel.core.language import say

CARD = "card.json"
MODEL = "model.onnx"
WEIGHTS = "weights.safetensors"
NETWORK = "network.safetensors"
CURVES = "curves.svg"
GOLDEN = "golden"
REPORT = "report.html"
PICTURE = "picture.png"
HIDDEN = ".hubel-"
"""How the names of folders begin that are being filled."""


def claim_run_folder(wanted: Path) -> Path:
    """Make `wanted`, or the same name with the next free number: ``pets``, ``pets-2``, ``pets-3``; nobody else gets it.

    Raises
    ------
    OSError
        When it cannot be made, or the path names no new folder (``.``, ``..``, ``/``).
    """
    if wanted.name in ("", ".."):
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), str(wanted))
    wanted.parent.mkdir(parents=True, exist_ok=True)
    number = 1
    while True:
        folder = wanted if number == 1 else wanted.with_name(f"{wanted.name}-{number}")
        try:
            folder.mkdir()
        except FileExistsError:
            number += 1
        else:
            return folder


def safe_run_name(text: str) -> str:
    """A folder name made of a data set's name: letters of any script, digits, ``-`` and ``_``.

    Examples
    --------
    >>> safe_run_name("my pets/")
    'my-pets'
    """
    return re.sub(r"[^\w-]+", "-", text, flags=re.UNICODE).strip("-_")[:60] or "run"


@contextmanager
def new_run_folder(wanted: Path, *, note: Path | None = None) -> Iterator[tuple[Path, Path]]:
    """A hidden folder to fill and the place it will take: it moves there when the block ends well, else both are removed.

    Parameters
    ----------
    wanted
        Where the run shall be.
    note
        A file that names both while they are there. Where a try before this one was killed, what it left is removed.

    Yields
    ------
    tuple of Path
        The folder to write into, and the final folder (`wanted`, or with a number where that exists).

    Raises
    ------
    UsageError
        When the parent folder cannot be made or written.
    """
    try:
        if note is not None:
            remove_abandoned(note)
        final = claim_run_folder(wanted)
        temporary = Path(tempfile.mkdtemp(dir=final.parent, prefix=HIDDEN))
        if note is not None:
            write_atomically(note, json.dumps([str(temporary.absolute()), str(final.absolute())]))
    except OSError as error:
        raise UsageError(
            say(
                en=f"The run cannot be written to {wanted}: {error.strerror}. Choose another folder with --out.",
                ko=f"{wanted} 에 실행 결과를 쓸 수 없습니다: {error.strerror}. --out으로 다른 폴더를 지정하세요.",
            )
        ) from error
    try:
        yield temporary, final
        temporary.chmod(0o777 & ~current_umask())
        if os.name == "nt":
            final.rmdir()
        temporary.rename(final)  # elsewhere the empty folder is replaced at once, so nobody can claim it in between
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        with suppress(OSError):  # it is no longer ours when something was put into it
            final.rmdir()
        raise
    finally:
        if note is not None:
            note.unlink(missing_ok=True)


def remove_abandoned(note: Path) -> None:
    """Remove the folders that a killed process had claimed and noted; what holds a finished run stays."""
    if not note.is_file():
        return
    temporary, final = map(Path, json.loads(note.read_text(encoding="utf-8")))
    if temporary.name.startswith(HIDDEN):
        shutil.rmtree(temporary, ignore_errors=True)
    with suppress(OSError):
        final.rmdir()


def find_run(path: Path) -> Path:
    """The run folder that the user means.

    Raises
    ------
    ModelError
        When the path is no run folder, with what is there instead.
    """
    if (path / CARD).is_file():
        return path
    if path.name in (CARD, MODEL, REPORT) and (path.parent / CARD).is_file():
        return path.parent
    known = sorted(str(card.parent) for card in Path("runs").glob(f"*/{CARD}"))
    found = (
        say(en="it does not exist", ko="없는 경로입니다")
        if not path.exists()
        else say(en=f"it has no {CARD}", ko=f"{CARD} 파일이 없습니다")
    )
    hint = ", ".join(known[:8])
    raise ModelError(
        say(
            en=f"{path} is not a run folder: {found}. "
            + (f"Runs here: {hint}" if known else "Make one with: hubel train FOLDER"),
            ko=f"{path} 은(는) 실행 폴더가 아닙니다: {found}. "
            + (f"여기 있는 실행: {hint}" if known else "먼저 만드세요: hubel train 폴더"),
        )
    )
