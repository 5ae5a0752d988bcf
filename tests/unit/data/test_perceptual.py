"""The perceptual hash: close for one picture in other clothes, far for another picture."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageEnhance

from hubel.data.fingerprint import fingerprint
from hubel.data.images import read_image
from hubel.data.perceptual import NEAR_BITS, distance_bits, perceptual_hashes


def photo(seed: int) -> Image.Image:
    """Something as smooth as a photograph."""
    coarse = np.random.default_rng(seed).integers(0, 256, (9, 12, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((360, 270), Image.Resampling.BICUBIC)


def hash_of(image: Image.Image) -> str:
    return perceptual_hashes(fingerprint(np.asarray(image.convert("RGB")))[None])[0]


def test_the_same_picture_smaller_brighter_and_as_a_poor_jpeg_is_near() -> None:
    for seed in range(20):
        image, encoded = photo(seed), io.BytesIO()
        image.save(encoded, "JPEG", quality=25)
        for other in (
            image.resize((90, 70)),
            ImageEnhance.Brightness(image).enhance(1.15),
            Image.fromarray(read_image(encoded.getvalue())),
        ):
            assert distance_bits(hash_of(image), hash_of(other)) <= NEAR_BITS


def test_other_pictures_are_far() -> None:
    hashes = [hash_of(photo(seed)) for seed in range(40)]
    assert min(distance_bits(a, b) for place, a in enumerate(hashes) for b in hashes[:place]) > NEAR_BITS


def test_a_blank_picture_has_no_hash_and_is_near_to_nothing() -> None:
    blank = hash_of(Image.new("RGB", (64, 64), (200, 10, 10)))
    assert blank == ""
    assert distance_bits(blank, blank) > NEAR_BITS
