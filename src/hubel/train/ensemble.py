"""Several trainings of one network that differ by their seed alone; their scores are averaged.

Members err differently, so the mean errs less (Lakshminarayanan et al. 2016, arXiv:1612.01474). Since every member ends in a
linear layer, the mean of the scores is one linear layer on all features side by side (`prepared.linear_head`).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

MOST_MEMBERS = 32


def member_seeds(seed: int, num_members: int) -> Iterator[int]:
    """The seed of each member; the first has the run's own, so that one member is the same as no ensemble.

    Examples
    --------
    >>> list(member_seeds(7, 1)), len(set(member_seeds(7, 4)))
    ([7], 4)
    """
    yield seed
    yield from (int(number) for number in np.random.SeedSequence(seed).generate_state(num_members - 1))
