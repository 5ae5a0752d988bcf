"""Training a network of one's own: what the user may choose of it, which images do what, and what comes out."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import Field

from hubel.core.frozen import Frozen
from hubel.core.seeds import generator
from hubel.core.types import FeatureMatrix, Labels
from hubel.data.split import group_duplicates, holdout, stratified_folds
from hubel.train.head import Head, Strength
from hubel.train.learn import NUM_FOLDS, Examples, Learned, Protocol
from hubel.train.losses import weighted_log_loss
from hubel.train.recipes import CLASSIC, SPRINT, Recipe
from hubel.train.related import joined_groups
from hubel.train.team import Team

MEASURED_FRACTION = 0.2
"""Without a test or validation part of the user's, this share is kept to measure with."""
TUNING_FRACTION, MOST_FOR_TUNING = 0.1, 2_000
"""The share of the images for training that chooses the epoch and the calibration, and how many do at most."""
OWN, SPRINTER = "hubel_small", "hubel_tiny"
"""The network that is trained where none is named, and the one for the recipe that has no time."""
WANTED_EACH = 3
"""So many of each class should be among them, if that is no more than a third of the class."""


class Scratch(Frozen):
    """The choices that only a training from scratch has.

    Parameters
    ----------
    network
        A name of `models.registry`.
    recipe
        How it is trained.
    weights
        Where its first weights come from: empty for random ones, ``imagenet``, or a checkpoint file.
    find_rate
        Look for a learning rate first.
    members
        How many networks, which differ by their seed, are trained and averaged.
    device
        Where it is trained: cpu, cuda, mps, or auto for a graphics card if there is one.
    restart
        Begin anew where an earlier run of the same kind left a checkpoint.
    """

    network: str
    recipe: Recipe = CLASSIC
    weights: str = ""
    find_rate: bool = False
    members: int = Field(default=1, ge=1, le=32)
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    restart: bool = False


def usual_network(recipe: Recipe) -> str:
    """The network of a recipe where none is named."""
    return SPRINTER if recipe.name == SPRINT.name else OWN


@dataclass(frozen=True, slots=True)
class Division:
    """Which of the n images do what: `train` are learned from, `tuning` choose, `measured` say how good it is.

    `parts` (n) are train, validation and test as the run's split names them; `groups` (n) number what belongs together.
    """

    train: np.ndarray
    tuning: np.ndarray
    measured: np.ndarray
    parts: tuple[str, ...]
    groups: np.ndarray
    protocol: Protocol

    @property
    def order(self) -> np.ndarray:
        """All n rows, first those that are learned from, then those that choose: so that each of both is one piece of the pixels."""
        rest = np.setdiff1d(np.arange(len(self.parts)), np.concatenate([self.train, self.tuning]))
        return np.concatenate([self.train, self.tuning, rest])


def check_device(name: str, team: Team) -> None:
    """Refuse a device that is not there before anything is read; without torch, what needs it says so in its turn."""
    with suppress(ImportError):
        from hubel.train.devices import training_device

        training_device(name, team)


def divide(examples: Examples, seed: int) -> Division:
    """Share out the images: the user's parts stay, what is missing is drawn, and what belongs together stays together.

    The user's validation images choose the epoch when there are test images to measure with; without those they measure, and
    a tenth of the training images chooses, for a figure on images that chose would flatter.

    Parameters
    ----------
    examples
        The n images that were read.
    seed
        For what is drawn.
    """
    splits, labels = np.array([split or "train" for split in examples.splits], object), examples.labels
    groups = group_duplicates(examples.contents, examples.groups)
    groups = joined_groups(groups, labels, splits == "train", examples.related)
    parts, protocol = splits.copy(), "test"
    if "test" in splits:
        tuning = np.flatnonzero(splits == "validation")
    elif "validation" in splits:
        protocol, tuning = "validation", np.zeros(0, int)
    else:
        protocol, tuning = "holdout", np.zeros(0, int)
        parts[holdout(labels, groups, MEASURED_FRACTION, generator(seed, "holdout"))] = "test"
    measured = np.flatnonzero(parts == ("validation" if protocol == "validation" else "test"))
    train = np.flatnonzero(parts == "train")
    if not len(tuning):
        taken = holdout(labels[train], groups[train], tuning_fraction(labels[train]), generator(seed, "tuning"))
        tuning, train = train[taken], train[~taken]
        parts[tuning] = "validation"
    return Division(train, tuning, measured, tuple(str(part) for part in parts), groups, protocol)  # type: ignore[arg-type] # a Protocol


def tuning_fraction(labels: Labels) -> float:
    """The share that is kept to choose with: a tenth, more of few images, less of very many."""
    smallest = int(np.bincount(labels)[np.unique(labels)].min())
    usual = min(TUNING_FRACTION, MOST_FOR_TUNING / len(labels))
    return float(np.clip(WANTED_EACH / smallest, usual, 1 / 3))


def learned_of(head: Head, features: FeatureMatrix, examples: Examples, division: Division, *, seed: int) -> Learned:
    """What a training gives to those who judge it: the same as a head on a frozen base.

    Parameters
    ----------
    head
        The network's last layer.
    features
        What the network gives it, (n d).
    examples, division
        The n images, and which of them do what.
    seed
        For the folds among the tuning images, in which calibration is cross-fitted.
    """
    tuning, measured, labels = division.tuning, division.measured, examples.labels
    folds = np.full(len(labels), -1)
    folds[tuning] = tuning_folds(labels[tuning], division.groups[tuning], seed)
    scores = head.logits(features[tuning])
    loss = weighted_log_loss(scores, labels[tuning], np.ones(len(tuning)))
    return Learned(
        head=head,
        strength=Strength(head.regularisation, scores, {head.regularisation: loss}),
        protocol=division.protocol,
        parts=division.parts,
        folds=folds,
        measured=measured,
        logits=head.logits(features[measured]),
        held_out=tuning,
        held_out_logits=scores,
        balance=None,
        cross_validated_accuracy=float(np.mean(scores.argmax(1) == labels[tuning])),
        groups=division.groups,
    )


def tuning_folds(labels: Labels, groups: Labels, seed: int) -> Labels:
    """The fold of each tuning image: stratified where there are images enough, else dealt in turn."""
    num_groups = len(np.unique(groups))
    if num_groups < 2:
        return np.arange(len(labels)) % 2
    return stratified_folds(labels, groups, min(NUM_FOLDS, num_groups), generator(seed, "tuning folds"))
