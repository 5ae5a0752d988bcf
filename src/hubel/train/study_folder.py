"""The folder of a search: its database, what it is about, and a lock, so that one process at a time works on it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hubel.core.errors import DataError, MissingExtraError, UsageError
from hubel.core.files import write_atomically
from hubel.core.language import say
from hubel.train.space import Space
from hubel.train.study import Study

if TYPE_CHECKING:
    import optuna

DATABASE, ABOUT, LOCK = "study.db", "study.json", ".lock"
NAME = "hubel tune"
TRIALS_BEFORE_PRUNING = 5
TRIALS_FOR_A_MEDIAN = 3
"""A median of fewer trials says little."""


@contextmanager
def open_study(wanted: Path, space: Space, about: Mapping[str, Any], *, seed: int) -> Iterator[Study]:
    """The search in that folder, or in the first numbered one that is free or about the same.

    Parameters
    ----------
    wanted
        The folder; made where there is none.
    space
        What is searched.
    about
        All that makes a search another one, as JSON types.
    seed
        For what is drawn.

    Raises
    ------
    UsageError
        When another process is at it, or the folder cannot be written.
    DataError
        When its database is damaged.
    """
    folder = own_folder(wanted, json.dumps(about, indent=2, sort_keys=True, ensure_ascii=False))
    with closing(locked(folder)), database(folder / DATABASE) as kept:
        yield Study(folder, space, seed, kept)


def own_folder(wanted: Path, about: str) -> Path:
    """The folder that is about this, made if there is none; folders about something else are left alone."""
    number = 1
    while True:
        folder = wanted if number == 1 else wanted.with_name(f"{wanted.name}-{number}")
        file = folder / ABOUT
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not any(folder.iterdir()):
                write_atomically(file, about)
            if file.is_file() and file.read_text(encoding="utf-8") == about:
                return folder
        except OSError as error:
            raise cannot_write(folder, error) from error
        number += 1


def locked(folder: Path) -> sqlite3.Connection:
    """A lock that nobody else can have until it is closed, or its process ends in whatever way."""
    lock = sqlite3.connect(folder / LOCK, timeout=0, isolation_level=None)
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        lock.close()
        raise UsageError(
            say(
                en=f"Another process is working on the search in {folder}. Wait for it, or give another folder with --out.",
                ko=f"다른 프로세스가 {folder} 의 탐색을 진행하고 있습니다. 끝나기를 기다리거나 --out으로 다른 폴더를 지정하세요.",
            )
        ) from error
    return lock


@contextmanager
def database(path: Path) -> Iterator[optuna.Study]:
    """The database with its one study, while the block runs.

    Raises
    ------
    DataError
        When it is damaged.
    """
    check_optuna()
    import optuna
    from sqlalchemy.exc import SQLAlchemyError

    def connect() -> sqlite3.Connection:  # an address would need its path's special characters escaped, in several ways
        connection = sqlite3.connect(path, check_same_thread=False)
        connection.executescript(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL"
        )  # whole after a kill, without waiting for the disk
        return connection

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    pruner = optuna.pruners.MedianPruner(TRIALS_BEFORE_PRUNING, n_min_trials=TRIALS_FOR_A_MEDIAN)
    try:
        storage = optuna.storages.RDBStorage(f"sqlite:///{DATABASE}", engine_kwargs={"creator": connect})
        study = optuna.create_study(
            storage=storage, study_name=NAME, direction="maximize", pruner=pruner, load_if_exists=True
        )
    except (SQLAlchemyError, RuntimeError, optuna.exceptions.OptunaError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(
            say(
                en=f"The search in {path} cannot be read ({reason}). Remove its folder to begin anew.",
                ko=f"{path} 의 탐색 기록을 읽을 수 없습니다({reason}). 처음부터 하려면 폴더를 지우세요.",
            )
        ) from error
    try:
        yield study
    finally:
        storage.remove_session()
        storage.engine.dispose()


def check_optuna() -> None:
    """Say what to install where Optuna is missing.

    Raises
    ------
    MissingExtraError
        With the command.
    """
    try:
        import optuna  # noqa: F401  only whether it is there
        import sqlalchemy  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(error.name or "optuna", "tune") from error


def cannot_write(folder: Path, error: OSError) -> UsageError:
    """The error for a folder that cannot be written."""
    return UsageError(
        say(
            en=f"The search cannot be kept in {folder}: {error.strerror}. Choose another place with --out.",
            ko=f"{folder} 에 탐색 기록을 쓸 수 없습니다: {error.strerror}. --out으로 다른 위치를 지정하세요.",
        )
    )
