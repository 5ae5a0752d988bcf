"""Several labels an image: k logistic regressions on the same features, with one strength, and one honest estimate of all.

The objective is that of `head` with the sum of the labels' losses (`losses.sigmoid_loss`) in place of the first term, so the
labels share what is costly: every pass over the features, and the search for λ.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hubel.core.seeds import generator
from hubel.core.types import FeatureMatrix, Labels, Mask
from hubel.data.label_folds import Targets, label_folds, label_holdout, label_table
from hubel.data.split import group_duplicates
from hubel.train.head import choose_strength, fit_head, never
from hubel.train.learn import (
    HOLDOUT_FRACTION,
    HOLDOUT_FROM,
    NUM_FOLDS,
    Examples,
    Learned,
    judged,
    number_of_folds,
    protocol_of,
    sample_rows,
)
from hubel.train.losses import sigmoid_loss
from hubel.train.related import Related, join, too_joined_classes


def learn_labels(
    features: FeatureMatrix, examples: Examples, seed: int, *, stop: Callable[[], bool] = never
) -> Learned:
    """Choose the strength by cross-validation, fit the head on all training images, and score what it is measured on.

    Parameters
    ----------
    features
        Shape (n, d).
    examples
        The same n images, with the sets of labels that their labels stand for.
    seed
        For the held-out part and the folds.
    stop
        Once True, no further strength is tried.

    Returns
    -------
    Learned
        With scores before the sigmoid; `cross_validated_accuracy` is the share of images with every label right at 0.5.

    Raises
    ------
    DataError
        When all images of a label belong together, so that it cannot be measured.
    """
    table = label_table(examples.label_sets or (), examples.num_classes)
    targets, labels = table[examples.labels], examples.labels
    groups = group_duplicates(examples.contents, examples.groups)
    for_training = np.array([split in (None, "train") for split in examples.splits])
    groups = joined_label_groups(groups, targets, for_training, examples.related)
    parts = assign_label_parts(examples, targets, groups, seed)
    protocol = protocol_of(examples, parts)
    train = np.flatnonzero(parts == "train")
    sample = sample_rows(train, seed)
    folds = np.full(len(labels), -1)
    num_folds = enough_folds(targets[sample], groups[sample])
    folds[sample] = label_folds(targets[sample], groups[sample], num_folds, generator(seed, "folds"))
    strength = choose_strength(
        features[sample], labels[sample], examples.num_classes, folds[sample],
        weights=np.ones(len(sample)), stop=stop, loss=sigmoid_loss(table, len(sample)),
    )  # fmt: skip
    head = fit_head(
        features if len(train) == len(features) else features[train], labels[train], examples.num_classes,
        strength.regularisation, weights=np.ones(len(train)), loss=sigmoid_loss(table, len(train)),
    )  # fmt: skip
    right = ((strength.out_of_fold > 0) == targets[sample]).all(1)
    return judged(
        head, strength, features, right, parts=parts, sample=sample, folds=folds, groups=groups, protocol=protocol
    )


def joined_label_groups(groups: Labels, targets: Targets, for_training: Mask, related: Related | None) -> Labels:
    """The groups of copies and of the user's, with near duplicates and series joined to them, as in `related.joined_groups`.

    They do not count for the images of a label that they would leave in too few pieces.

    Parameters
    ----------
    groups
        What `group_duplicates` gave.
    targets
        The labels of each image.
    for_training
        Where an image is not kept by the user to measure with.
    related
        What was found among the images.
    """
    rows, labels = np.nonzero(targets & for_training[:, None])
    for ties in () if related is None else (related.near, related.series):
        joined = join(groups, ties)
        parted = too_joined_classes(labels, groups[rows], joined[rows]) if len(rows) else []
        free = targets[:, parted].any(1)
        groups = join(groups, np.where(free, len(targets) + np.arange(len(targets)), ties)) if free.any() else joined
    return groups


def assign_label_parts(examples: Examples, targets: Targets, groups: Labels, seed: int) -> np.ndarray:
    """Each image's part: the user's where there is one, a held-out fifth of many images, else train. Shape (n)."""
    if any(split in ("validation", "test") for split in examples.splits):
        return np.array([split or "train" for split in examples.splits], dtype=object)
    parts = np.full(len(targets), "train", dtype=object)
    if len(parts) >= HOLDOUT_FROM:
        parts[label_holdout(targets, groups, HOLDOUT_FRACTION, generator(seed, "holdout"))] = "test"
    return parts


def enough_folds(targets: Targets, groups: Labels) -> int:
    """Five, or fewer where there are fewer groups: a fold may lack a rare label, for every head can do without it.

    Raises
    ------
    DataError
        When all images of a label belong together.
    """
    rows, labels = np.nonzero(targets)
    number_of_folds(labels, groups[rows])
    return min(NUM_FOLDS, len(np.unique(groups)))
