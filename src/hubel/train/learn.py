"""One head and one honest estimate: what is fitted on, what is measured on, and by which protocol."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from hubel.core.arrays import Float, Int
from hubel.core.decision import Balance
from hubel.core.errors import DataError
from hubel.core.language import say
from hubel.core.leak import LeakTax
from hubel.core.seeds import generator
from hubel.core.types import FeatureMatrix, Labels, Logits
from hubel.data.dataset import Split
from hubel.data.split import group_duplicates, holdout, stratified_folds
from hubel.train.balance import choose_balance, image_weights, shifted
from hubel.train.head import Head, Strength, fit_head, never
from hubel.train.leak import measure_leak_tax
from hubel.train.related import Related, joined_groups

NUM_FOLDS = 5
HOLDOUT_FROM = 20_000
"""From so many images on a fifth is held out; below, cross-validation measures on all of them."""
HOLDOUT_FRACTION = 0.2
MOST_ROWS_FOR_STRENGTH = 20_000
"""The strength hardly depends on more images than this, so it is chosen on a sample."""

HeldOutLogits = Float[np.ndarray, "m k"]
"""Scores before softmax of m of the n images."""
GroupNumbers = Int[np.ndarray, " images"]
"""The group of each image that was read, not only of those that are measured."""
Protocol = Literal["test", "validation", "cross-validation", "holdout"]


@dataclass(frozen=True, slots=True)
class Examples:
    """The n images that were read: class index, content key, the user's group and split, what else belongs together.

    With `hold_out` a fifth is kept to measure with even of few images, as those do who cannot cross-validate.
    """

    labels: Labels
    contents: Sequence[str]
    groups: Sequence[str | None]
    splits: Sequence[Split | None]
    num_classes: int
    related: Related | None = None
    label_sets: tuple[tuple[int, ...], ...] | None = (
        None  # where images have several classes: what their labels stand for
    )
    hold_out: bool = False


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
    balance: Balance | None
    cross_validated_accuracy: float
    groups: np.ndarray | None = None  # per image: the number of its group, equal for images that stay together
    leak_tax: LeakTax | None = None


def learn(features: FeatureMatrix, examples: Examples, seed: int, *, stop: Callable[[], bool] = never) -> Learned:
    """Choose the strength by cross-validation, fit the head on all training images, and score what it is measured on.

    Parameters
    ----------
    features
        Shape (n, d).
    examples
        The same n images.
    seed
        For the held-out part and the folds.
    stop
        Once True, no further strength is tried.
    """
    groups = group_duplicates(examples.contents, examples.groups)
    for_training = np.array([split in (None, "train") for split in examples.splits])
    groups = joined_groups(groups, examples.labels, for_training, examples.related)
    parts = assign_parts(examples, groups, seed)
    protocol = protocol_of(examples, parts)
    train = np.flatnonzero(parts == "train")
    sample = sample_rows(train, seed)
    labels = examples.labels
    folds = np.full(len(labels), -1)
    folds[sample] = stratified_folds(
        labels[sample], groups[sample], number_of_folds(labels[sample], groups[sample]), generator(seed, "folds")
    )
    balanced = choose_balance(features[sample], labels[sample], examples.num_classes, folds[sample], stop=stop)
    strength = balanced.strength
    train_features = features if len(train) == len(features) else features[train]
    weights = image_weights(labels[train], examples.num_classes) if balanced.weighted else np.ones(len(train))
    fitted = fit_head(train_features, labels[train], examples.num_classes, strength.regularisation, weights=weights)
    head = shifted(fitted, balanced.shift)
    right = strength.out_of_fold.argmax(1) == labels[sample]
    learned = judged(
        head, strength, features, right, parts=parts, sample=sample, folds=folds, groups=groups, protocol=protocol
    )
    return replace(
        learned,
        balance=balanced.record,
        leak_tax=measure_leak_tax(
            features[sample], labels[sample], groups[sample],
            balanced=balanced, num_classes=examples.num_classes, seed=seed,
        ),
    )  # fmt: skip


def judged(  # noqa: PLR0913  what was fitted, and on what
    head: Head,
    strength: Strength,
    features: FeatureMatrix,
    right: np.ndarray,
    *,
    parts: np.ndarray,
    sample: np.ndarray,
    folds: np.ndarray,
    groups: np.ndarray,
    protocol: Protocol,
) -> Learned:
    """What was learned, with what the head says of the images that the figures stand on: out of fold, or of the part kept apart.

    Parameters
    ----------
    head, strength
        Fitted on the training images; chosen by cross-validation on the `sample` of them.
    features
        Of all n images.
    right
        Which of the sample the heads of the folds answered rightly, of shape (s).
    parts, folds, groups
        Of each image, of shape (n).
    sample
        The s rows that were cross-validated.
    protocol
        Which images the figures stand on.
    """
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
        balance=None,
        cross_validated_accuracy=float(right.mean()),
        groups=groups,
    )


def assign_parts(examples: Examples, groups: Labels, seed: int) -> np.ndarray:
    """Each image's part: the user's where there is one, a held-out fifth of many images or as asked for, else train. Shape (n)."""
    if any(split in ("validation", "test") for split in examples.splits):
        return np.array([split or "train" for split in examples.splits], dtype=object)
    parts = np.full(len(examples.labels), "train", dtype=object)
    if examples.hold_out or len(parts) >= HOLDOUT_FROM:
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
    """Five, or fewer where a class has fewer images that do not belong together.

    Raises
    ------
    DataError
        When a class has fewer than two: a head that has not seen any of them cannot know the class.
    """
    pairs = np.unique(np.stack([labels, groups]), axis=1)
    present = np.unique(labels)
    fewest = np.bincount(pairs[0])[present]
    if fewest.min() < 2:
        number = int((fewest < 2).sum())
        raise DataError(
            say(
                en=f"In {number} of {len(present)} classes all images are copies of one or belong to one group, so nothing can be measured "
                "there: kept together they are either all learned from or all judged. Add images that are independent of them.",
                ko=f"클래스 {len(present)}개 가운데 {number}개는 모든 이미지가 한 이미지의 복사본이거나 한 그룹에 속해 측정할 수 없습니다: "
                "함께 두면 전부 학습에 쓰거나 전부 평가에 쓰게 됩니다. 서로 독립적인 이미지를 추가하세요.",
            )
        )
    return int(min(fewest.min(), NUM_FOLDS))
