"""What the benchmarks share: one process measured from outside, data sets, Markdown tables.

Only the standard library, for the peak memory that Linux reports of a child is never less than its parent's was when
the child began; so whoever measures stays small.
"""

from __future__ import annotations

import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

DATA = Path(os.environ.get("HUBEL_TEST_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")
"""The folder of the real data sets, which are no part of the repository."""
PICTURES = {".jpg", ".jpeg", ".png"}


@dataclass(frozen=True, slots=True)
class Measured:
    """A finished process: when it began (by ``time.monotonic``), its seconds, its peak memory, its last line as JSON.

    `num_lines` is how many lines it printed on stdout. `peak_bytes` is the peak resident memory of the largest single process of its tree; helper processes, such as the
    workers of a data loader, are not added up.
    """

    began: float
    seconds: float
    peak_bytes: int
    answer: dict[str, Any]
    num_lines: int


def run_python(*arguments: str | Path, environment: Mapping[str, str] | None = None, timeout: float = 7200) -> Measured:
    """Run this Python in a process of its own and measure it; what it prints last on stdout is read as JSON.

    Raises
    ------
    SystemExit
        When the process fails, with the end of what it said.
    """
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as complaints:
        command = [sys.executable, *map(str, arguments)]
        began = time.monotonic()
        process = subprocess.Popen(
            command, stdout=output, stderr=complaints, env=os.environ | (environment or {}), start_new_session=True
        )
        overdue = threading.Timer(timeout, os.killpg, (process.pid, signal.SIGKILL))
        overdue.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        finally:
            overdue.cancel()
        seconds = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        complaints.seek(0)
        lines = output.read().decode(errors="replace").splitlines()
        if process.returncode:
            tail = "\n".join(complaints.read().decode(errors="replace").splitlines()[-20:])
            sys.exit(f"{' '.join(command)} ended with {process.returncode} after {seconds:.0f} s:\n{tail}")
    peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    answer: dict[str, Any] = next((json.loads(line) for line in reversed(lines) if line.startswith("{")), {})
    return Measured(began, seconds, peak, answer, len(lines))


def run_hubel(*arguments: str | Path, cache: Path) -> Measured:
    """``hubel …`` in a process of its own, with a cache of its own."""
    return run_python("-m", "hubel", *arguments, environment={"HUBEL_CACHE": str(cache), "HUBEL_LANG": "en"})


@contextmanager
def data_set(name: str, given: Path | None = None) -> Iterator[Path | None]:
    """The folder of a data set: the one given, one unpacked beside the archives, or its archive unpacked for now; else None."""
    if given is not None or (DATA / name).is_dir():
        yield given or DATA / name
    elif (DATA / f"{name}.zip").is_file():
        with tempfile.TemporaryDirectory(prefix=f"{name}-") as place:
            with zipfile.ZipFile(DATA / f"{name}.zip") as archive:
                archive.extractall(place)
            inner = Path(place) / name
            yield inner if inner.is_dir() else Path(place)
    else:
        yield None


def absent(name: str) -> str:
    """Why a data set is not measured."""
    return f"{name}: left out, for there is no {name} and no {name}.zip in {DATA.name}/ (HUBEL_TEST_DATA names the folder)."


def pictures(folder: Path) -> list[Path]:
    """All pictures under a folder, in order."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in PICTURES)


def link_pictures(files: Sequence[Path], root: Path, target: Path) -> Path:
    """A folder with the same files at the same places below `root`, as links."""
    for file in files:
        link = target / file.relative_to(root)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(file.resolve())
    return target


def evenly(files: Sequence[Path], count: int) -> list[Path]:
    """So many of the files, spread evenly over their order, and so over their folders.

    Examples
    --------
    >>> [path.name for path in evenly([Path(letter) for letter in "abcdef"], 3)]
    ['a', 'c', 'e']
    """
    return [files[index * len(files) // count] for index in range(min(count, len(files)))]


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table.

    Examples
    --------
    >>> print(markdown_table(["a", "b"], [[1, 2]]))
    | a | b |
    |---|---|
    | 1 | 2 |
    """
    lines = [header, ["---"] * len(header), *rows]
    texts = ["| " + " | ".join(map(str, line)) + " |" for line in lines]
    texts[1] = texts[1].replace(" ", "")
    return "\n".join(texts)


def machine() -> str:
    """Processor, cores, system and Python, in one line."""
    name = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.is_file():
        models = [line for line in information.read_text().splitlines() if line.startswith("model name")]
        name = models[0].partition(":")[2].strip() if models else name
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{name}, {cores} cores, {platform.system()}, Python {platform.python_version()}"


def versions(*packages: str) -> dict[str, str]:
    """The versions of the packages that are installed."""
    found = {}
    for package in packages:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def listed(found: Mapping[str, str]) -> str:
    """Versions in one line."""
    return ", ".join(f"{name} {number}" for name, number in found.items())


def mebibytes(count: float) -> str:
    """Bytes in MiB, whole."""
    return f"{count / 2**20:,.0f}"


def write_json(path: Path | None, record: Mapping[str, object]) -> None:
    """Write the figures for machines, when asked to."""
    if path is not None:
        path.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
