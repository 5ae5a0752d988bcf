"""`hubel predict --engine ray` answers as `hubel predict` does."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from cli.conftest import BROKEN, Trained
from support import run_hubel, run_hubel_without


@pytest.fixture(scope="module")
def folder(shapes: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files with names of every kind, one of them broken, in more batches than there are workers."""
    target = tmp_path_factory.mktemp("holiday")
    for number, path in enumerate(sorted(shapes.rglob("*.png"))):
        (target / f"{path.parent.name} {number:02} 사진.png").write_bytes(path.read_bytes())
    (target / "broken.png").write_bytes(BROKEN)
    (target / os.fsdecode(b"caf\xe9.png")).write_bytes((shapes / "stripes" / "0.png").read_bytes())
    return target


def raylets() -> set[int]:
    """The processes of any Ray on this machine."""
    return {process.pid for process in psutil.process_iter(["name"]) if process.info["name"] == "raylet"}


@pytest.mark.slow
def test_ray_gives_the_same_answers_in_the_same_order_sorts_and_is_gone_afterwards(
    trained: Trained, folder: Path, tmp_path: Path
) -> None:
    pytest.importorskip("ray.data")
    before = raylets()
    for name, more in (("plain", ()), ("ray", ("--engine", "ray"))):
        answers, target = tmp_path / f"{name}.csv", tmp_path / name
        ended = run_hubel("predict", trained.run, folder, "--out", answers, "--sort-into", target, *more, timeout=500)
        assert ended.returncode == 3, ended.stderr
        assert "Files that could not be read: 2" in ended.stderr
    assert (tmp_path / "plain.csv").read_bytes() == (tmp_path / "ray.csv").read_bytes()
    plain, ray = (
        sorted(str(path.relative_to(tmp_path / name)) for path in (tmp_path / name).rglob("*.png"))
        for name in ("plain", "ray")
    )
    assert plain == ray
    assert plain
    assert raylets() <= before


def test_without_ray_the_command_that_installs_it_is_named(trained: Trained, folder: Path) -> None:
    ended = run_hubel_without(("ray",), "predict", trained.run, folder, "--engine", "ray")
    assert ended.returncode == 2, ended.stderr
    assert "[ray]" in ended.stderr


@pytest.mark.slow
def test_a_run_that_is_not_there_is_said_before_ray_is_started(folder: Path, tmp_path: Path) -> None:
    ended = run_hubel("predict", tmp_path / "nowhere", folder, "--engine", "ray")
    assert ended.returncode == 4, ended.stderr
    assert "is not a run folder" in ended.stderr
