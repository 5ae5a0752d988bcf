"""Fine-tuning: what the user may choose of it, and which of the heads and bases that come of it is the better one."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
from pydantic import Field

from hubel.core.frozen import Frozen
from hubel.core.types import Labels, Logits
from hubel.train.losses import weighted_log_loss
from hubel.train.recipes import FINE, Recipe

Reuse: TypeAlias = Literal["all", "early"]
TEMPERATURES = np.geomspace(0.2, 5.0, 33)
"""Those that are tried before two losses are compared, for smoothed labels make a network doubt more than it should."""
MOST_ROW_BYTES = 3 * 2**30
"""What the rows of all images in all views may take in memory."""


class FineTuning(Frozen):
    """The choices that only learning on top of a base has, beyond a head on its features.

    Parameters
    ----------
    unfreeze
        What learns beside the head: ``none``, ``stage:N`` (the last N stages), ``last:N`` (the last N convolutions), ``all``;
        see `models.cut.find_cut`.
    reuse
        ``early`` draws the weights above the cut anew: of the base, only the layers below are used, which see edges and
        textures and no objects; for images that are far from what the base was made on.
    recipe
        How it is trained, and by what the images are changed.
    views
        In how many views each image is learned from: as it is, and changed at random. Nothing below the cut learns, so each
        view has to be run through it only once.
    rate_decay
        See `top.Top`.
    find_rate
        Look for a learning rate first.
    restart
        Begin anew where an earlier run of the same kind left a checkpoint.
    """

    unfreeze: str = "stage:1"
    reuse: Reuse = "all"
    recipe: Recipe = FINE
    views: int = Field(default=4, ge=1, le=16)
    rate_decay: float = Field(default=0.9, gt=0, le=1)
    find_rate: bool = False
    restart: bool = False


def fair_loss(scores: Logits, labels: Labels) -> float:
    """The log loss (nats) of scores (m k) at the temperature that suits them best, so that only what they tell apart counts.

    Examples
    --------
    >>> scores = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]], np.float32)
    >>> fair_loss(scores, np.array([0, 1, 1])) == fair_loss(2 * scores, np.array([0, 1, 1]))
    False
    """
    weights = np.ones(len(labels))
    return min(weighted_log_loss(scores / temperature, labels, weights) for temperature in TEMPERATURES)


def views_that_fit(num_images: int, row_bytes: int, wanted: int, *, limit_bytes: int = MOST_ROW_BYTES) -> int:
    """How many views of so many images fit into memory; 0 where not even one does.

    Examples
    --------
    >>> views_that_fit(1000, 1_000_000, 4), views_that_fit(100_000, 1_000_000, 4)
    (3, 0)
    """
    return min(wanted, limit_bytes // max(num_images * row_bytes, 1))
