"""A trace: what an image is told apart by, its fingerprint and when it was taken, as one row of bytes for the cache."""

from __future__ import annotations

import numpy as np

from hubel.core.types import Pixels
from hubel.data.capture_time import capture_time
from hubel.data.fingerprint import FINGERPRINT_KIND, FINGERPRINT_SHAPE, Fingerprints, fingerprint

FINGERPRINT_BYTES = FINGERPRINT_SHAPE[0] * FINGERPRINT_SHAPE[1]
TRACE_BYTES = FINGERPRINT_BYTES + 8
TRACE_KIND = f"trace:{FINGERPRINT_KIND}"


def trace_of(pixels: Pixels, data: bytes) -> np.ndarray:
    """The trace of one image, of shape (TRACE_BYTES).

    Parameters
    ----------
    pixels
        What was read of it, whole.
    data
        The file, for its EXIF.
    """
    taken = capture_time(data)
    seconds = np.array([np.nan if taken is None else taken]).view(np.uint8)
    return np.concatenate([fingerprint(pixels).ravel(), seconds])


def fingerprints_in(traces: np.ndarray) -> Fingerprints:
    """The fingerprints of n traces, of shape (n, 48, 48)."""
    prints: Fingerprints = traces[:, :FINGERPRINT_BYTES].reshape(-1, *FINGERPRINT_SHAPE)
    return prints


def times_in(traces: np.ndarray) -> list[float | None]:
    """When each was taken, in seconds, or None."""
    seconds = np.ascontiguousarray(traces[:, FINGERPRINT_BYTES:]).view(np.float64).ravel()
    return [None if np.isnan(moment) else float(moment) for moment in seconds]
