"""Where tests find things, and how they run hubel as its user does: in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
"""The root of the repository."""


def shared_folder() -> Path:
    """The folder of the real data sets, which are not part of the repository."""
    return Path(os.environ.get("HUBEL_TEST_DATA") or ROOT.parent / "shared" / "data").resolve()


def unpack(name: str, target: Path) -> Path:
    """The folder of one data set: found unpacked, or unpacked from its archive into `target`.

    Raises
    ------
    FileNotFoundError
        When there is neither.
    """
    source = shared_folder()
    if (source / name).is_dir():
        return source / name
    if (source / f"{name}.zip").is_file():
        with zipfile.ZipFile(source / f"{name}.zip") as archive:
            archive.extractall(target)
    elif (source / f"{name}.tar.gz").is_file():
        with tarfile.open(source / f"{name}.tar.gz") as archive:
            for member in archive:
                unpack_member(archive, member, target)
    else:
        raise FileNotFoundError(f"there is no {name}.zip and no {name}.tar.gz in {source}")
    inner = target / name
    return inner if inner.is_dir() else target


def unpack_member(archive: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    """Write one member, by hand: early Python 3.11 has no extraction filters.

    Links are made as they are, even one to its own parent, for they belong to the data; but no member is written
    through a link or outside the target. Bytes of a name that are not UTF-8 stay (surrogateescape).
    """
    path = target / member.name
    if path.parent.resolve() != (target.resolve() / member.name).parent or ".." in Path(member.name).parts:
        raise ValueError(f"{member.name!r} would be written outside {target}")
    path.parent.mkdir(parents=True, exist_ok=True)
    if member.isdir():
        path.mkdir(exist_ok=True)
    elif member.issym():
        path.symlink_to(member.linkname)
    elif member.islnk():
        path.hardlink_to(target / member.linkname)
    elif member.isfile():
        content = archive.extractfile(member)
        assert content is not None
        path.write_bytes(content.read())


def run_hubel(
    *arguments: str | Path, cwd: Path | None = None, timeout: float = 120
) -> subprocess.CompletedProcess[str]:
    """`python -m hubel …` with its output; the exit code is the caller's to judge."""
    return run_python("-m", "hubel", *map(str, arguments), cwd=cwd, timeout=timeout)


def run_python(*arguments: str, cwd: Path | None = None, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    """This Python in a process of its own, in English and as wide as a terminal."""
    environment = os.environ | {"COLUMNS": "100", "TERM": "dumb", "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env=environment,
        timeout=timeout,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def run_hubel_without(packages: tuple[str, ...], *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """`python -m hubel …` on a machine where these packages are not installed, by all that Python can tell."""
    return run_python("-c", WITHOUT, ",".join(packages), *map(str, arguments))


WITHOUT = """
import runpy, sys
from importlib.machinery import PathFinder

class Without:
    def __init__(self, packages):
        self.packages = packages
    def find_spec(self, name, path=None, target=None):
        return None if name.partition(".")[0] in self.packages else PathFinder.find_spec(name, path, target)
    def __getattr__(self, name):
        return getattr(PathFinder, name)

sys.meta_path[sys.meta_path.index(PathFinder)] = Without(set(sys.argv[1].split(",")))
sys.argv[:2] = ["hubel"]
runpy.run_module("hubel", run_name="__main__", alter_sys=True)
"""
