"""Nothing leaves the machine, and nothing is written outside the run folder and hubel's own cache."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from support import ROOT

# Python tells its audit hooks of every connection before it is made, also of those of other packages' threads.
WATCHED = """
import runpy, sys, threading

def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        with open(log, "a", encoding="utf-8") as file:
            file.write(f"{event} {arguments!r}\\n")
        raise PermissionError(f"{event} in a test")

log = sys.argv[1]
sys.addaudithook(refuse)
sys.argv[:2] = ["hubel"]
runpy.run_module("hubel", run_name="__main__", alter_sys=True)
"""


@pytest.fixture
def two_classes(tmp_path: Path) -> Path:
    """A folder of two classes, ten pictures each."""
    noise = np.random.default_rng(0)
    for label, level in (("bright", 120), ("dark", 0)):
        (tmp_path / "photos" / label).mkdir(parents=True)
        for number in range(10):
            pixels = noise.integers(level, level + 100, (48, 64, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "photos" / label / f"{number}.png")
    return tmp_path / "photos"


@pytest.mark.slow
def test_training_connects_to_nothing_and_leaves_the_home_folder_alone(two_classes: Path, tmp_path: Path) -> None:
    home, log = tmp_path / "home", tmp_path / "connections.txt"
    home.mkdir()
    run_watched(log, home, "train", two_classes, "--out", tmp_path / "run")
    run_watched(log, home, "predict", tmp_path / "run", two_classes / "dark" / "0.png")
    assert not log.exists(), log.read_text(encoding="utf-8")
    assert list(home.rglob("*")) == []


def run_watched(log: Path, home: Path, *arguments: str | Path) -> None:
    """Run hubel with a home folder of its own and a log of the connections it tries."""
    silencing = ("CI", "TF_BUILD", "JENKINS_URL", "ORT_DISABLE_TELEMETRY", "ORT_TELEMETRY_DISABLED")
    environment = {name: value for name, value in os.environ.items() if name not in silencing}
    finished = subprocess.run(
        [sys.executable, "-c", WATCHED, str(log), *map(str, arguments)],
        cwd=ROOT,
        env=environment | {"HOME": str(home)},
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr[-3000:]
