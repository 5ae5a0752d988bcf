"""Small real data and small real runs: pictures drawn by a generator, trained on at 64 pixels in a second or two."""

from __future__ import annotations

import functools
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from hubel.core.card import Card, read_card
from hubel.core.events import Event, Finished
from hubel.train.options import TrainOptions
from hubel.workflows import train
from messy import write_messy

SIZE = 64


def picture(kind: int, noise: np.random.Generator, *, width: int = 72, height: int = 56) -> Image.Image:
    """A picture of one of three kinds (stripes, a disc, a chequered board) in random colours."""
    down, across = np.mgrid[0:height, 0:width]
    period = int(noise.integers(6, 12))
    if kind == 0:
        inside = (down // period) % 2 == 0
    elif kind == 1:
        centre = noise.uniform(0.35, 0.65, 2) * (height, width)
        inside = (down - centre[0]) ** 2 + (across - centre[1]) ** 2 < (height / 3) ** 2
    else:
        inside = (down // period + across // period) % 2 == 0
    colours = noise.integers(0, 256, (2, 3))
    pixels = np.where(inside[:, :, None], colours[0], colours[1]) + noise.normal(0, 12, (height, width, 3))
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def write_pictures(root: Path, counts: dict[str, int], *, seed: int = 0, suffix: str = ".png") -> Path:
    """A folder with one folder of pictures per class, all different; returns `root`."""
    noise = np.random.default_rng(seed)
    for kind, (name, count) in enumerate(counts.items()):
        folder = root / name
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(count):
            picture(kind % 3, noise).save(folder / f"{number:03}{suffix}")
    return root


def run_training(
    source: Path | str, out: Path, *, stop: Callable[[], bool] = lambda: False, **options: Any
) -> tuple[Finished, list[Event]]:
    """Train to the end; the last event and all of them."""
    chosen = {"size": SIZE, "views": 1} | options  # for so few images ONNX Runtime is taken without measuring
    events = list(train(str(source), TrainOptions(out=out, **chosen), command="hubel train", stop=stop))
    finished = events[-1]
    assert isinstance(finished, Finished)
    return finished, events


def trained_card(finished: Finished) -> Card:
    """The card of a finished run."""
    return read_card(finished.folder / "card.json")


@functools.cache
def small_data() -> Path:
    """Two classes of twelve pictures; shared, never written to."""
    return write_pictures(Path(os.environ["HUBEL_CACHE"]) / "small-data", {"stripes": 12, "discs": 12})


@functools.cache
def small_run() -> Path:
    """A run trained on `small_data` with two views; shared, never written to: see `copy_of`."""
    finished, _ = run_training(small_data(), Path(os.environ["HUBEL_CACHE"]) / "small-run", views=2)
    return finished.folder


@functools.cache
def messy_run() -> Path:
    """A run on data with leaks, conflicts, bad files and shortcuts (`messy`); shared, never written to."""
    place = Path(os.environ["HUBEL_CACHE"])
    return run_training(write_messy(place / "messy-data").root, place / "messy-run")[0].folder


def copy_of(run: Path, target: Path) -> Path:
    """A copy of a run folder to tamper with."""
    return Path(shutil.copytree(run, target / "run"))
