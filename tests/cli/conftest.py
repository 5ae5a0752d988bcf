"""One small run, trained once a session by the real command, and the command itself without the cost of a new process."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pytest
from PIL import Image, ImageDraw

from hubel.cli.main import main
from support import run_hubel

BROKEN = b"\x89PNG\r\n\x1a\n123"


@dataclass(frozen=True)
class Trained:
    """A run and what it learned from; `result` is what `hubel train --json` printed, `progress` what it said meanwhile."""

    run: Path
    data: Path
    result: dict[str, Any]
    progress: str


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture(scope="session")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve drawings each of stripes and of circles, 64 × 64, and one broken file."""
    folder = tmp_path_factory.mktemp("data") / "shapes"
    noise = np.random.default_rng(0)
    for label, draw in (("stripes", draw_stripes), ("circles", draw_circles)):
        (folder / label).mkdir(parents=True)
        for number in range(12):
            image = Image.fromarray(noise.integers(0, 60, (64, 64, 3), dtype=np.uint8))
            draw(ImageDraw.Draw(image), noise)
            image.save(folder / label / f"{number}.png")
    (folder / "circles" / "broken.png").write_bytes(BROKEN)
    return folder


@pytest.fixture(scope="session")
def trained(shapes: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A run of these shapes."""
    run = tmp_path_factory.mktemp("runs") / "shapes"
    finished = run_hubel("train", shapes, "--out", run, "--size", "128", "--json")
    assert finished.returncode == 0, finished.stderr
    return Trained(run, shapes, json.loads(finished.stdout), finished.stderr)


class Hubel(Protocol):
    """The command, called."""

    def __call__(self, *words: str | Path) -> Ended: ...


@pytest.fixture
def hubel(capfd: pytest.CaptureFixture[str]) -> Hubel:
    """`hubel("predict", run, photo)` runs the command in this process; all but the start of Python is as ever."""

    def run(*words: str | Path) -> Ended:
        capfd.readouterr()
        code = main([str(word) for word in words])
        return Ended(code, *capfd.readouterr())

    return run


def draw_stripes(draw: ImageDraw.ImageDraw, noise: np.random.Generator) -> None:
    colour = tuple(noise.integers(120, 256, 3).tolist())
    for x in range(0, 64, int(noise.integers(8, 16))):
        draw.line((x, 0, x, 64), fill=colour, width=3)


def draw_circles(draw: ImageDraw.ImageDraw, noise: np.random.Generator) -> None:
    colour = tuple(noise.integers(120, 256, 3).tolist())
    for radius in range(6, 32, 8):
        draw.ellipse((32 - radius, 32 - radius, 32 + radius, 32 + radius), outline=colour, width=3)
