"""Memory that a training keeps instead of giving it back after every step and asking for it again."""

from __future__ import annotations

import ctypes
import sys

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
"""M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of glibc's mallopt(3)."""
MOST = 2**31 - 1


def keep_memory() -> bool:
    """Have the process keep what it frees. Returns whether its C library can: glibc alone does.

    By default glibc maps every block of more than 32 MiB anew, and the kernel clears it page by page: at every step, for
    every large map of activations. docs: LAB.md, "How fast is training from nothing?".
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and all(mallopt(what, MOST) for what in (MMAP_THRESHOLD, TRIM_THRESHOLD))
