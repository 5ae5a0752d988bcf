"""The perceptual hash: 64 bits that change little when a picture is encoded, resized or brightened anew.

The signs, against their median, of the 8 × 8 lowest frequencies of a discrete cosine transform (DCT-II, Ahmed, Natarajan
and Rao 1974) of the picture's fingerprint:

    C = D F Dᵀ,    D[u, x] = cos(π u (2 x + 1) / 2 N),    bit = C > median(C) + max|C| / 10⁴

The last term keeps the noise of waves that a drawing does not have at all from deciding.

A ledger can hold a million of them, where fingerprints would take 2 GB. They are coarser: `data.near` decides with
fingerprints what is a near duplicate; a hash only says what may be one.
"""

from __future__ import annotations

import numpy as np

from hubel.data.fingerprint import FINGERPRINT_PX, Fingerprints

SIDE = 8
NEAR_BITS = 8
"""Hashes that differ in at most so many of the 64 bits may be of one picture."""
FLAT = 3.0
"""A picture whose grey levels spread less (standard deviation, of 255) has no hash: it would be noise."""

_BATCH = 2048


def perceptual_hashes(fingerprints: Fingerprints) -> list[str]:
    """The hash of each fingerprint, in 16 hexadecimal digits; empty for a flat picture.

    Examples
    --------
    >>> slope = np.tile(np.arange(48, dtype=np.uint8) * 5, (1, 48, 1))
    >>> first, darker, flat = perceptual_hashes(np.concatenate([slope, slope // 2, slope * 0]))
    >>> distance_bits(first, darker) <= NEAR_BITS, flat
    (True, '')
    """
    found: list[str] = []
    for start in range(0, len(fingerprints), _BATCH):
        part = fingerprints[start : start + _BATCH].astype(np.float32)
        waves = _cosines()
        low = (waves @ part @ waves.T).reshape(-1, SIDE * SIDE)
        middle = np.median(low, axis=1, keepdims=True) + np.abs(low).max(axis=1, keepdims=True) * 1e-4
        bits = np.packbits(low > middle, axis=1)
        spread = part.std(axis=(1, 2))
        found += ["" if flat else row.tobytes().hex() for row, flat in zip(bits, spread < FLAT, strict=True)]
    return found


def distance_bits(first: str, second: str) -> int:
    """In how many of the 64 bits two hashes differ; 64 where one is missing.

    Examples
    --------
    >>> distance_bits("00000000000000ff", "000000000000000f"), distance_bits("", "000000000000000f")
    (4, 64)
    """
    return (int(first, 16) ^ int(second, 16)).bit_count() if first and second else SIDE * SIDE


def _cosines() -> np.ndarray:
    """The lowest waves, of shape (8, 48)."""
    places = np.arange(FINGERPRINT_PX, dtype=np.float32)
    return np.cos(np.pi * np.arange(SIDE, dtype=np.float32)[:, None] * (2 * places + 1) / (2 * FINGERPRINT_PX))
