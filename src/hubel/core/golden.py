"""Golden images: a few pictures in every run folder with the probabilities that the model must give for them.

Every runtime reads and runs them when it loads the model, and refuses when reading, scaling, colour order, weights or
arithmetic have drifted.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from hubel.core.errors import ModelError
from hubel.core.files import write_atomically
from hubel.core.language import say
from hubel.core.types import Probabilities

NUM_GOLDEN = 16
EXPECTED = "expected.json"
TOLERANCES = {"f32": 2e-3, "bf16": 0.12}
"""How far a probability may be from the expected one, by the engine's arithmetic; drift moves it much further (tested)."""


def write_golden(folder: Path, images: list[bytes], expected: Probabilities) -> None:
    """Write the pictures, encoded without loss, and what the model must say of them."""
    names = [f"{number:02}.png" for number in range(len(images))]
    for name, image in zip(names, images, strict=True):
        write_atomically(folder / name, image)
    table = {name: [round(float(value), 6) for value in row] for name, row in zip(names, expected, strict=True)}
    write_atomically(folder / EXPECTED, json.dumps(table, indent=1))


def read_golden(folder: Path) -> tuple[list[Path], Probabilities]:
    """The pictures and the expected probabilities, of shape (n, k).

    Raises
    ------
    ModelError
        When they are missing or damaged.
    """
    try:
        table = json.loads((folder / EXPECTED).read_text(encoding="utf-8"))
        expected = np.array(list(table.values()), np.float32)
        if expected.ndim != 2 or not len(expected):
            raise ValueError("no probabilities")
        return [folder / Path(name).name for name in table], expected
    except (OSError, ValueError, AttributeError) as error:
        raise ModelError(
            say(
                en=f"The golden images in {folder} cannot be read: {error}. Without them the model cannot be trusted; restore the run folder.",
                ko=f"{folder} 의 기준 이미지를 읽을 수 없습니다: {error}. 기준 이미지 없이는 모델을 신뢰할 수 없습니다. 실행 폴더를 복원하세요.",
            )
        ) from error


def check_golden(found: Probabilities, expected: Probabilities, *, engine: str, folder: Path) -> None:
    """Compare what a runtime says with what it must say, both of shape (n, k).

    Raises
    ------
    ModelError
        When a probability is further off than the engine's arithmetic allows.
    """
    allowed = TOLERANCES[engine.rpartition("-")[2]]
    if found.shape == expected.shape and np.isfinite(found).all():
        furthest = float(np.abs(found - expected).max())
        if furthest <= allowed:
            return
        seen = f"{furthest:.4f}"
    else:
        seen = f"{found.shape} != {expected.shape}" if found.shape != expected.shape else "nan"
    raise ModelError(
        say(
            en=f"This model no longer does here what it did when it was made: golden images in {folder} differ by {seen}, "
            f"allowed with {engine} is {allowed}. Restore the run folder, or use the package versions named in card.json.",
            ko=f"이 모델은 만들어졌을 때와 다르게 동작합니다: {folder} 의 기준 이미지 결과가 {seen} 만큼 다르며, "
            f"{engine} 에서 허용되는 차이는 {allowed}입니다. 실행 폴더를 복원하거나 card.json에 적힌 패키지 버전을 사용하세요.",
        )
    )
