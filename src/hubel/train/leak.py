"""The leak tax: how much better a model looks when copies of what it learned from are among what it is measured on."""

from __future__ import annotations

import numpy as np

from hubel.core.leak import LeakTax
from hubel.core.seeds import generator
from hubel.core.types import FeatureMatrix, Labels
from hubel.data.split import stratified_folds
from hubel.train.balance import Balanced, image_weights
from hubel.train.head import COARSE, held_out_scores, solve, standardise

NUM_FOLDS = 5


def measure_leak_tax(
    features: FeatureMatrix, labels: Labels, groups: Labels, *, balanced: Balanced, num_classes: int, seed: int
) -> LeakTax | None:
    """The accuracy that folds drawn regardless of groups would have claimed, beside the one that holds; None without groups.

    One more solve, at the strength that was chosen, with the weights and adjustment that were chosen.

    Parameters
    ----------
    features
        Shape (n, d).
    labels, groups
        Of the same n images; images that belong together have equal groups.
    balanced
        What cross-validation over groups chose, with its out-of-fold scores.
    num_classes
        The number of classes k.
    seed
        For the folds.
    """
    _, group_rows, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    together = sizes[group_rows] > 1
    if not together.any():
        return None
    smallest = int(np.bincount(labels)[np.unique(labels)].min())
    folds = stratified_folds(
        labels, np.arange(len(labels)), int(np.clip(smallest, 2, NUM_FOLDS)), generator(seed, "naive folds")
    )
    weights = image_weights(labels, num_classes) if balanced.weighted else np.ones(len(labels))
    problem = standardise(
        features, labels, weights[:, None] * (folds[:, None] != np.arange(folds.max() + 1)), num_classes
    )
    solution = solve(problem, balanced.strength.regularisation, None, precision=COARSE)
    scores = held_out_scores(problem, solution, folds) + balanced.shift
    naive, honest = (answers.argmax(axis=1) == labels for answers in (scores, balanced.strength.out_of_fold))
    gain = naive.astype(np.float64) - honest
    difference = float(gain.mean())
    # images of one group err together, so groups are what is counted
    by_group = np.bincount(group_rows, gain - difference, len(sizes))
    reach = 1.96 * float(np.sqrt((by_group**2).sum())) / len(labels)
    return LeakTax(
        naive_accuracy=float(naive.mean()),
        honest_accuracy=float(honest.mean()),
        difference=difference,
        difference_interval=(difference - reach, difference + reach),
        num_images=int(together.sum()),
        num_groups=int((sizes > 1).sum()),
        num_measured=len(labels),
    )
