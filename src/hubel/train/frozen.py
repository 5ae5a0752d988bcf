"""A head on changed views of images: fitted at a few strengths, and chosen on other images as they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hubel.core.types import FeatureMatrix, Labels
from hubel.train.fine import fair_loss
from hubel.train.head import Head, fit_head

FACTORS = (1.0, 0.3, 3.0)
"""Times the strength that suits the plain images: changed views say the same again, and something new."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The head that tells the judging images apart best, the plain one among them.

    With the fair losses (nats) of the plain one, and of the best of those that saw changed views.
    """

    head: Head
    plain_loss: float
    changed_loss: float


def choose_head(
    views: Sequence[FeatureMatrix], labels: Labels, plain: Head, judging: tuple[FeatureMatrix, Labels]
) -> Chosen:
    """Fit heads on all views together, and take the best.

    Parameters
    ----------
    views
        Features of the same n images, each (n d).
    labels
        Their classes (n).
    plain
        A head that was fitted on the plain view, its strength chosen by cross-validation.
    judging
        Features (m d) and classes (m) of other images as they are.
    """
    features, num_classes = np.concatenate(views), plain.weights.shape[1]
    of_all = np.tile(labels, len(views))
    weights = np.ones(len(of_all))
    strengths = [plain.regularisation * factor for factor in FACTORS]
    heads = [plain, *(fit_head(features, of_all, num_classes, strength, weights=weights) for strength in strengths)]
    losses = [fair_loss(head.logits(judging[0]), judging[1]) for head in heads]
    return Chosen(heads[int(np.argmin(losses))], losses[0], min(losses[1:]))
