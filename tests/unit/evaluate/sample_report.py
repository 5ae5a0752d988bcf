"""A report of made-up answers about drawn pictures, for the tests that read or look at it."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from hubel.core.card import BaseInfo, Card, ImageSpec, Provenance
from hubel.evaluate.calibration import softmax
from hubel.evaluate.metrics import Protocol, measure, reliability
from hubel.evaluate.report import (
    ImageResult,
    Report,
    SetAside,
    StageTime,
    least_sure,
    most_confident_mistakes,
)

LONG_KOREAN_NAMES = tuple(f"서울특별시 시내버스 {number}번 정류장 안내 전광판" for number in range(40))
HOSTILE_NAMES = ("<script>alert(1)</script>", '"><img src=x onerror=alert(2)>', "고양이 & '개' {{ 7 * 7 }}")
HOSTILE_PATH = "train/\"quoted\" 'twice' & 한글/caf\udce9 \u202egpj.exe\n<b>.jpg"


def sample_report(
    classes: tuple[str, ...] = ("cats", "dogs", "판다"),
    *,
    num_images: int = 240,
    sharpness: float = 4.0,
    path: str = "test/cats/cat.0017.jpg",
    protocol: Protocol = "test",
) -> Report:
    """A report with mistakes, unsure images and files set aside; a high sharpness makes it faultless."""
    generator = np.random.default_rng(0)
    labels = np.arange(num_images) % len(classes)
    logits = generator.normal(size=(num_images, len(classes)))
    logits[np.arange(num_images), labels] += sharpness / 2
    probabilities = softmax(logits * 2)
    metrics = measure(probabilities, labels, classes=classes, protocol=protocol)
    thumbnail = draw_thumbnail(generator)

    def result(place: int) -> ImageResult:
        return ImageResult(path, int(labels[place]), tuple(probabilities[place].tolist()), thumbnail)

    wrong = most_confident_mistakes(probabilities, labels, limit=12)
    return Report(
        title="pets",
        run_folder="runs/my pets",
        card=Card(
            classes=classes,
            image=ImageSpec(size=224, resize="crop"),
            base=BaseInfo(
                name="efficientnet-lite0", source="bundled", sha256="0" * 64, licence="Apache-2.0", num_features=1280
            ),
            views=("identity", "mirror"),
            temperature=1.137,
            regularisation=0.01,
            metrics=metrics,
            provenance=Provenance(
                created="2025-11-22T02:25:00+00:00",
                command="hubel train pets --seed 7",
                seed=7,
                data_sha256="ab" * 32,
                num_train=3000,
                versions={"hubel": "0.1.0", "numpy": "2.4.6"},
                machine="Linux x86_64, 2 cores",
                engine="openvino bf16",
            ),
        ),
        mistakes=tuple(result(int(place)) for place in wrong),
        least_sure=tuple(result(int(place)) for place in least_sure(probabilities, limit=4)),
        reliability=reliability(probabilities, labels),
        set_aside=(SetAside(path, "truncated", "The file ends in the middle of the picture."),),
        stages=(StageTime("open", 6.9, "240 files"), StageTime("read", 11.8, ""), StageTime("learn", 0.94, "")),
        notes=(("Images are cut to a square.", "이미지를 정사각형으로 잘랐습니다."),),
        num_set_aside=3,
    )


def draw_thumbnail(generator: np.random.Generator) -> bytes:
    """A small JPEG."""
    pixels = generator.integers(0, 255, (6, 8, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).resize((160, 120)).save(buffer, "JPEG")
    return buffer.getvalue()
