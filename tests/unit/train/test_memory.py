"""Freed memory that the process keeps: no page is cleared twice."""

from __future__ import annotations

import subprocess
import sys

import pytest

from hubel.train.memory import keep_memory

FAULTS = """
import resource, numpy as np
from hubel.train.memory import keep_memory
{keep}
def faults():
    np.ones(48 << 20, np.uint8)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
faults()
before = faults()
for _ in range(5): last = faults()
print(last - before)
"""


def page_faults(keep: str) -> int:
    """How many pages the kernel hands out while a block of 48 MiB is made and dropped five times."""
    found = subprocess.run([sys.executable, "-c", FAULTS.format(keep=keep)], capture_output=True, text=True, check=True)
    return int(found.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="mallopt belongs to glibc")
def test_a_block_that_was_dropped_is_used_again_without_the_kernel() -> None:
    assert keep_memory()
    assert page_faults("keep_memory()") < page_faults("pass") / 10
