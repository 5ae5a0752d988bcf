"""Golden images: a few pictures in every run folder with what the model must say of them.

Every runtime reads and runs them when it loads the model, and refuses when reading, scaling, colour order, weights or
arithmetic have drifted. Probabilities alone would not tell: on data that are easy to part they stay at 0 and 1 whatever
happens to the pixels. So the base's features are compared too.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hubel.core.errors import ModelError
from hubel.core.files import write_atomically
from hubel.core.language import say
from hubel.core.types import FeatureMatrix, Probabilities

NUM_GOLDEN = 8
EXPECTED = "expected.json"
FEATURES = "features.npy"
TOLERANCES = {"f32": 2e-3, "bf16": 0.12}
"""How far a probability may be from the expected one, by the engine's arithmetic."""
FEATURE_TOLERANCES = {"f32": 0.02, "bf16": 0.2}
"""How far an image's features may be from the expected ones, relative to their length. Honest bf16 stays below 0.1;
swapped channels, another scale, another resize rule or nearest-neighbour resampling go beyond 0.22 (`LAB.md`, 2026-11-22)."""


@dataclass(frozen=True, slots=True)
class Golden:
    """The pictures, and of each the expected probabilities (n k) and features (n d)."""

    paths: list[Path]
    probabilities: Probabilities
    features: FeatureMatrix


def write_golden(folder: Path, images: list[bytes], probabilities: Probabilities, features: FeatureMatrix) -> list[str]:
    """Write the pictures, encoded without loss, and what the model must say of them; returns their names."""
    names = [f"{number:02}.png" for number in range(len(images))]
    for name, image in zip(names, images, strict=True):
        write_atomically(folder / name, image)
    table = {name: [round(float(value), 6) for value in row] for name, row in zip(names, probabilities, strict=True)}
    write_atomically(folder / EXPECTED, json.dumps(table, indent=1))
    encoded = io.BytesIO()
    np.save(encoded, features.astype(np.float16), allow_pickle=False)
    write_atomically(folder / FEATURES, encoded.getvalue())
    return names


def read_golden(folder: Path) -> Golden:
    """The pictures and what is expected of them.

    Raises
    ------
    ModelError
        When they are missing or damaged.
    """
    try:
        table = json.loads((folder / EXPECTED).read_text(encoding="utf-8"))
        probabilities = np.array(list(table.values()), np.float32)
        if probabilities.ndim != 2 or not len(probabilities):
            raise ValueError(EXPECTED)
        features = np.array(np.load(folder / FEATURES, mmap_mode="r", allow_pickle=False), np.float32)
        if features.ndim != 2 or len(features) != len(probabilities):
            raise ValueError(FEATURES)
        return Golden([folder / Path(name).name for name in table], probabilities, features)
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise ModelError(
            say(
                en=f"The golden images in {folder} cannot be read: {error}. Without them the model cannot be trusted; restore the run folder.",
                ko=f"{folder} 의 기준 이미지를 읽을 수 없습니다: {error}. 기준 이미지 없이는 모델을 신뢰할 수 없습니다. 실행 폴더를 복원하세요.",
            )
        ) from error


def check_golden(
    probabilities: Probabilities, features: FeatureMatrix, golden: Golden, *, engine: str, folder: Path
) -> None:
    """Compare what a runtime says with what it must say.

    Parameters
    ----------
    probabilities, features
        What the runtime says of the golden images, (n k) and (n d).
    golden
        What it must say.
    engine
        Its name, which ends with its arithmetic.
    folder
        Where the images are, for the message.

    Raises
    ------
    ModelError
        When something is further off than the engine's arithmetic allows.
    """
    arithmetic = engine.rpartition("-")[2]
    for found, expected, measure, allowed in (
        (features, golden.features, furthest_features, FEATURE_TOLERANCES[arithmetic]),
        (probabilities, golden.probabilities, PROBABILITY_MEASURES[arithmetic], TOLERANCES[arithmetic]),
    ):
        if found.shape != expected.shape:
            raise drifted(folder, f"{found.shape} != {expected.shape}", engine, allowed)
        furthest = measure(found, expected)
        if not furthest <= allowed:  # not a number is refused too
            raise drifted(folder, f"{furthest:.4f}", engine, allowed)


def furthest_probability(found: Probabilities, expected: Probabilities) -> float:
    """The largest difference of a probability."""
    return float(np.abs(found - expected).max())


def usual_probability(found: Probabilities, expected: Probabilities) -> float:
    """The median over the images of an image's largest difference of a probability.

    For bf16: an image between two classes may fall to the other side by rounding alone, most images may not.
    """
    return float(np.median(np.abs(found - expected).max(1)))


PROBABILITY_MEASURES = {"f32": furthest_probability, "bf16": usual_probability}


def furthest_features(found: FeatureMatrix, expected: FeatureMatrix) -> float:
    """The largest distance of an image's features from the expected ones, relative to their length."""
    lengths = np.maximum(np.linalg.norm(expected, axis=1), 1e-6)
    return float((np.linalg.norm(found - expected, axis=1) / lengths).max())


def drifted(folder: Path, seen: str, engine: str, allowed: float) -> ModelError:
    """The refusal of a model that does not do what it did."""
    return ModelError(
        say(
            en=f"This model no longer does here what it did when it was made: golden images in {folder} differ by {seen}, "
            f"allowed with {engine} is {allowed}. Restore the run folder, or use the package versions named in card.json.",
            ko=f"이 모델은 만들어졌을 때와 다르게 동작합니다: {folder} 의 기준 이미지 결과가 {seen} 만큼 다르며, "
            f"{engine} 에서 허용되는 차이는 {allowed}입니다. 실행 폴더를 복원하거나 card.json에 적힌 패키지 버전을 사용하세요.",
        )
    )
