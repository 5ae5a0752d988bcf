"""Made data whose truth is known: what a model says of images, and trainings on made features with what their heads are worth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from hubel.evaluate.calibration import softmax
from hubel.evaluate.figures import (
    balanced_accuracy,
    brier_scores,
    confusion,
    log_losses,
    macro_f1,
    macro_precision,
)

FIGURES = ("accuracy", "balanced_accuracy", "macro_precision", "macro_f1", "log_loss", "brier")
OF_CLASS = ("precision", "recall", "f1")
NUM_FRESH = 20_000
"""Fresh images on which the head of a training is judged."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One setting.

    The numbers of images and classes, how far apart the classes are, how many times the largest class has the images of
    the smallest, images in a group and how alike they are, the model's overconfidence; features for cross-validation.
    """

    images: int
    classes: int
    distance: float
    imbalance: float = 1.0
    group_size: int = 1
    alike: float = 0.0
    sharpness: float = 1.0
    features: int = 64

    def label(self) -> str:
        """The cell in words."""
        parts = [f"{self.images} images, {self.classes} classes"]
        parts += [f"1:{self.imbalance:g}"] if self.imbalance > 1 else []
        parts += [f"groups of {self.group_size}, {self.alike:g} alike"] if self.group_size > 1 else []
        parts += ["overconfident"] if self.sharpness > 1 else []
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Truth:
    """What every figure would be on endlessly many images."""

    figures: dict[str, float]
    of_class: dict[str, tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class Trial:
    """A training: its out-of-fold probabilities (n k), labels and groups (n), and what its head is really worth."""

    probabilities: np.ndarray
    labels: np.ndarray
    groups: np.ndarray | None
    truth: Truth


def draw_answers(cell: Cell, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """What a model says of images (n k), their classes, their groups.

    Each class has its own direction, an image lies `distance` along that of its class, with noise of one in every
    direction; the model knows all this, so its probabilities are right, unless it is made overconfident.
    """
    prior = priors(cell)
    labels, groups = draw_labels(cell, random)
    noise = random.standard_normal((len(labels), cell.classes))
    if cell.group_size > 1:
        shared = random.standard_normal((groups.max() + 1, cell.classes))
        noise = np.sqrt(1 - cell.alike) * noise + np.sqrt(cell.alike) * shared[groups]
    seen = noise
    seen[np.arange(len(labels)), labels] += cell.distance
    scores = cell.sharpness * (cell.distance * seen + np.log(prior))
    return softmax(scores), labels, groups if cell.group_size > 1 else None


def draw_labels(cell: Cell, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Classes, one for each group, and groups; every class has two, as training asks for."""
    num_groups = cell.images // cell.group_size
    labels = random.choice(cell.classes, num_groups, p=priors(cell))
    while np.bincount(labels, minlength=cell.classes).min() < 2:
        labels = random.choice(cell.classes, num_groups, p=priors(cell))
    return np.repeat(labels, cell.group_size), np.repeat(np.arange(num_groups), cell.group_size)


def priors(cell: Cell) -> np.ndarray:
    """The share of each class, falling evenly in its logarithm."""
    sizes = np.geomspace(cell.imbalance, 1, cell.classes)
    shares: np.ndarray = sizes / sizes.sum()
    return shares


def cross_validated(cell: Cell, random: np.random.Generator) -> Trial:
    """Out-of-fold probabilities of a training as `hubel train` does it, and what its head is really worth."""
    from hubel.evaluate.calibrators import calibrate
    from hubel.train.learn import Examples, learn
    from hubel.workflows.answering import choose_answering

    centres = random.standard_normal((cell.classes, cell.features))
    centres *= cell.distance / np.linalg.norm(centres, axis=1, keepdims=True)
    labels, groups = draw_labels(cell, random)
    features = draw_features(centres, labels, groups, cell=cell, random=random)
    names = [f"{index}" for index in range(len(labels))]
    given = [f"{group}" if cell.group_size > 1 else None for group in groups.tolist()]
    examples = Examples(labels, names, given, [None] * len(labels), cell.classes)
    learned = learn(features, examples, int(random.integers(2**31)))
    answering = choose_answering(learned, labels, classes=[str(index) for index in range(cell.classes)], wishes=())
    fresh_cell = replace(cell, images=NUM_FRESH)
    fresh_labels, fresh_groups = draw_labels(fresh_cell, random)
    fresh = draw_features(centres, fresh_labels, fresh_groups, cell=fresh_cell, random=random)
    said = calibrate(learned.head.logits(fresh), answering.temperature, answering.calibration)
    told = groups[learned.measured] if cell.group_size > 1 else None
    return Trial(answering.probabilities, labels[learned.measured], told, truth_of(said, fresh_labels))


def draw_features(
    centres: np.ndarray, labels: np.ndarray, groups: np.ndarray, *, cell: Cell, random: np.random.Generator
) -> np.ndarray:
    """Features float16 (n d) around the centres."""
    noise = random.standard_normal((len(labels), centres.shape[1]), np.float32)
    if cell.group_size > 1:
        shared = random.standard_normal((groups.max() + 1, centres.shape[1]), np.float32)
        noise = np.sqrt(np.float32(1 - cell.alike)) * noise + np.sqrt(np.float32(cell.alike)) * shared[groups]
    features: np.ndarray = (centres[labels] + noise).astype(np.float16)
    return features


def truth_of(probabilities: np.ndarray, labels: np.ndarray) -> Truth:
    """The figures of very many answers."""
    counts = confusion(labels, probabilities.argmax(axis=1), probabilities.shape[1])
    right, support, called = counts.diagonal(), counts.sum(axis=1), np.maximum(counts.sum(axis=0), 1)
    figures = {
        "accuracy": float(right.sum() / counts.sum()),
        "balanced_accuracy": balanced_accuracy(counts)[0],
        "macro_precision": macro_precision(counts)[0],
        "macro_f1": macro_f1(counts)[0],
        "log_loss": float(log_losses(probabilities, labels)[0].mean()),
        "brier": float(brier_scores(probabilities, labels)[0].mean()),
    }
    by_class = {"precision": right / called, "recall": right / support, "f1": 2 * right / (support + called)}
    return Truth(figures, {name: tuple(values.tolist()) for name, values in by_class.items()})


def cross_validated_trials(cell: Cell, seeds: tuple[int, int], trials: int, kept: Path | None) -> Iterator[Trial]:
    """So many trainings; those that are in the folder `kept` are read from there, the others written there."""
    for number in range(trials):
        place = kept / f"{seeds[0]}-{seeds[1]}-{number:04}.npz" if kept else None
        if place is not None and place.exists():
            yield read_trial(place)
            continue
        trial = cross_validated(cell, np.random.default_rng([*seeds, number]))
        if place is not None:
            write_trial(place, trial)
        yield trial


def write_trial(place: Path, trial: Trial) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    groups = np.zeros(0, int) if trial.groups is None else trial.groups
    of_class = np.array([trial.truth.of_class[name] for name in OF_CLASS])
    figures = np.array([trial.truth.figures[name] for name in FIGURES])
    np.savez(
        place, probabilities=trial.probabilities, labels=trial.labels, groups=groups, figures=figures, of_class=of_class
    )


def read_trial(place: Path) -> Trial:
    with np.load(place, allow_pickle=False) as kept:
        figures = dict(zip(FIGURES, kept["figures"].tolist(), strict=True))
        of_class = {name: tuple(row) for name, row in zip(OF_CLASS, kept["of_class"].tolist(), strict=True)}
        groups = kept["groups"] if len(kept["groups"]) else None
        return Trial(kept["probabilities"], kept["labels"], groups, Truth(figures, of_class))
