"""What a model remembers of the images it learned from, so that it can say how strange another one is.

For features x, remembered directions uⱼ (unit vectors) and scores s of the classes as the graph's ``logits``,

    distance = 1 − maxⱼ uⱼ · z / ‖z‖,    z = x / size
    doubt    = −log Σₖ exp(sₖ)                                     (energy, Liu et al. 2020, arXiv:2010.03759)
    score    = (log distance − centre₁) / spread₁ + min(1, max(0, (doubt − centre₂) / spread₂)) − shift

Doubt makes an image a little stranger, but no certainty makes it more familiar: far from everything learned, a linear head is
certain for no reason, and would outvote any distance. Nor may doubt count for more than one spread, for an image between two
classes is doubtful and yet familiar, and a few such would push the limit away from all strangers (`LAB.md`, 2026-11-22).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MOST_DOUBT = 1.0
"""How many spreads of doubt count at most."""
SMALLEST_DISTANCE = 1e-6
"""Below this, two images are one; the logarithm needs an end."""


@dataclass(frozen=True, slots=True)
class Familiar:
    """The constants of an unknown score.

    `inverse_size` (d) is 1 over the usual size of each feature; `remembered` (d m) has columns of length one, in float16, as
    fine as they are kept in the model; `distance` and `doubt` are the centre and spread of either part on images of the known classes; `shift` makes the score 0 at the limit.
    """

    inverse_size: np.ndarray
    remembered: np.ndarray
    distance: tuple[float, float]
    doubt: tuple[float, float]
    shift: float = 0.0
