"""Random generators made from one seed, a separate stream for every purpose."""

from __future__ import annotations

import hashlib

import numpy as np


def generator(seed: int, purpose: str) -> np.random.Generator:
    """A generator for one purpose; adding a purpose elsewhere leaves its stream unchanged.

    Parameters
    ----------
    seed
        The run's seed.
    purpose
        A name such as ``"split"``.

    Examples
    --------
    >>> bool(generator(0, "split").random() == generator(0, "split").random())
    True
    >>> bool(generator(0, "split").random() == generator(0, "folds").random())
    False
    """
    digest = hashlib.sha256(purpose.encode()).digest()
    return np.random.default_rng([seed, int.from_bytes(digest[:8], "little")])
