"""One head and one honest estimate: what is fitted on, what is measured on, and by which protocol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float

from hubel.core.seeds import generator
from hubel.core.types import FeatureMatrix, Labels, Logits
from hubel.data.dataset import Split
from hubel.data.split import group_duplicates, holdout, stratified_folds
from hubel.train.head import Head, Strength, balanced_weights, choose_strength, fit_head

NUM_FOLDS = 5
HOLDOUT_FROM = 20_000
"""From so many images on a fifth is held out; below, cross-validation measures on all of them."""
HOLDOUT_FRACTION = 0.2
MOST_ROWS_FOR_STRENGTH = 20_000
"""The strength hardly depends on more images than this, so it is chosen on a sample."""
UNBALANCED = 2.0
"""Classes are weighed alike when the largest has more than so many times the images of the smallest."""

HeldOutLogits = Float[np.ndarray, "m k"]
"""Scores before softmax of m of the n images."""
Protocol = Literal["test", "validation", "cross-validation", "holdout"]


@dataclass(frozen=True, slots=True)
class Examples:
    """The n images that were read: class index, content key, the user's group and split."""

    labels: Labels
    contents: Sequence[str]
    groups: Sequence[str | None]
    splits: Sequence[Split | None]
    num_classes: int


@dataclass(frozen=True, slots=True)
class Learned:
    """The head and what to judge it by.

    `measured` are the rows that the estimate stands on, with their `logits` before calibration; `held_out` are the rows
    and logits that calibration may use, never among `measured` unless every score there is out of fold.
    """

    head: Head
    strength: Strength
    protocol: Protocol
    parts: tuple[str, ...]  # per image: train, validation or test
    folds: np.ndarray  # per image: its fold, −1 where it is not in the cross-validation
    measured: np.ndarray
    logits: Logits
    held_out: np.ndarray
    held_out_logits: HeldOutLogits
    weighted: bool
    cross_validated_accuracy: float


def learn(features: FeatureMatrix, examples: Examples, seed: int) -> Learned:
    """Choose the strength by cross-validation, fit the head on all training images, and score what it is measured on.

    Parameters
    ----------
    features
        Shape (n, d).
    examples
        The same n images.
    seed
        For the held-out part and the folds.
    """
    groups = group_duplicates(examples.contents, examples.groups)
    parts = assign_parts(examples, groups, seed)
    protocol = protocol_of(examples, parts)
    train = np.flatnonzero(parts == "train")
    sample = sample_rows(train, seed)
    labels = examples.labels
    folds = np.full(len(labels), -1)
    folds[sample] = stratified_folds(
        labels[sample], groups[sample], number_of_folds(labels[sample], groups[sample]), generator(seed, "folds")
    )
    weights, weighted = image_weights(labels[train], examples.num_classes)
    strength = choose_strength(
        features[sample], labels[sample], examples.num_classes, folds[sample],
        weights=image_weights(labels[sample], examples.num_classes)[0],
    )  # fmt: skip
    train_features = features if len(train) == len(features) else features[train]
    head = fit_head(train_features, labels[train], examples.num_classes, strength.regularisation, weights=weights)
    if protocol == "cross-validation":
        measured, logits = sample, strength.out_of_fold
    else:
        measured = np.flatnonzero(parts == ("validation" if protocol == "validation" else "test"))
        logits = head.logits(features[measured])
    return Learned(
        head=head,
        strength=strength,
        protocol=protocol,
        parts=tuple(str(part) for part in parts),
        folds=folds,
        measured=measured,
        logits=logits,
        held_out=sample,
        held_out_logits=strength.out_of_fold,
        weighted=weighted,
        cross_validated_accuracy=float(np.mean(strength.out_of_fold.argmax(1) == labels[sample])),
    )


def assign_parts(examples: Examples, groups: Labels, seed: int) -> np.ndarray:
    """Each image's part: the user's where there is one, a held-out fifth of many images, else train. Shape (n)."""
    if any(split in ("validation", "test") for split in examples.splits):
        return np.array([split or "train" for split in examples.splits], dtype=object)
    parts = np.full(len(examples.labels), "train", dtype=object)
    if len(parts) >= HOLDOUT_FROM:
        parts[holdout(examples.labels, groups, HOLDOUT_FRACTION, generator(seed, "holdout"))] = "test"
    return parts


def protocol_of(examples: Examples, parts: np.ndarray) -> Protocol:
    """What the estimate stands on."""
    if "test" in examples.splits:
        return "test"
    if "validation" in examples.splits:
        return "validation"
    return "holdout" if (parts == "test").any() else "cross-validation"


def sample_rows(train: np.ndarray, seed: int) -> np.ndarray:
    """The training rows on which the strength is chosen, in order."""
    if len(train) <= MOST_ROWS_FOR_STRENGTH:
        return train
    return np.sort(generator(seed, "strength").choice(train, MOST_ROWS_FOR_STRENGTH, replace=False))


def number_of_folds(labels: Labels, groups: Labels) -> int:
    """Five, or fewer where a class has fewer independent images; at least two."""
    pairs = np.unique(np.stack([labels, groups]), axis=1)
    return int(np.clip(np.bincount(pairs[0])[np.unique(labels)].min(), 2, NUM_FOLDS))


def image_weights(labels: Labels, num_classes: int) -> tuple[np.ndarray, bool]:
    """One weight per image, and whether classes needed to be weighed alike."""
    counts = np.bincount(labels, minlength=num_classes)
    present = counts[counts > 0]
    if present.max() <= UNBALANCED * present.min():
        return np.ones(len(labels)), False
    return balanced_weights(labels, num_classes), True
