"""Small data of images with several labels: pictures of one, two or three kinds side by side, or of none."""

from __future__ import annotations

import functools
import os
import shutil
from itertools import combinations
from pathlib import Path

import numpy as np
from PIL import Image

from small_runs import picture, run_training

KINDS = ("stripes", "discs", "boards")


def composite(kinds: tuple[int, ...], noise: np.random.Generator) -> Image.Image:
    """Pictures of these kinds in random order beside each other; plain noise where there is none."""
    if not kinds:
        return Image.fromarray(noise.integers(0, 256, (56, 72, 3), dtype=np.uint8))
    parts = [picture(kind, noise, width=72 // len(kinds), height=56) for kind in noise.permutation(kinds).tolist()]
    whole = Image.new("RGB", (sum(part.width for part in parts), 56))
    for place, part in enumerate(parts):
        whole.paste(part, (place * parts[0].width, 0))
    return whole


def write_composites(root: Path, count: int, *, empty: bool = True, seed: int = 0) -> Path:
    """A table with images of every set of kinds, `count` of each; returns the table."""
    noise = np.random.default_rng(seed)
    root.mkdir(parents=True, exist_ok=True)
    sets = [kinds for size in range(0 if empty else 1, 3) for kinds in combinations(range(3), size)]
    lines = ["file_name,label"]
    for kinds in sets:
        for number in range(count):
            name = "-".join(KINDS[kind] for kind in kinds) or "empty"
            composite(kinds, noise).save(root / f"{name}{number:03}.png")
            lines.append(f"{name}{number:03}.png,{';'.join(KINDS[kind] for kind in kinds)}")
    table = root / "labels.csv"
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return table


def as_folders(table: Path, root: Path) -> Path:
    """The same images in folders named like ``stripes+discs``."""
    for line in table.read_text(encoding="utf-8").splitlines()[1:]:
        name, label = line.split(",")
        folder = root / (label.replace(";", "+") or "none")
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(table.parent / name, folder / name)
    return root


@functools.cache
def composites() -> Path:
    """A table of 56 images, eight of every set; shared, never written to."""
    return write_composites(Path(os.environ["HUBEL_CACHE"]) / "composites", 8)


@functools.cache
def labels_run() -> Path:
    """A run trained on `composites`; shared, never written to."""
    finished, _ = run_training(composites(), Path(os.environ["HUBEL_CACHE"]) / "labels-run", views=1)
    return finished.folder
