"""Coverage of hubel's 95 % intervals, and how often equal models, or groups served alike, are called different.

    python benchmarks/intervals.py [--part test|cross-validation|compare|groups] [--trials 1000]

The truth is known because the data are made. "test": a calibrated model and images drawn from known Gaussian classes;
the truth is measured on 400,000 images. How far apart the classes lie varies by a few per cent
from trial to trial, so that no truth lies luckily or unluckily between the few shares that so many images can have. "cross-validation": everything `hubel train` does with features (folds,
strength, head, temperature), and the truth is what the head that would be shipped does on 20,000 fresh images.
"compare": two models that agree on some images because these are easy or hard, and are right by luck of their own on the
rest. "groups": one model on images of several groups. A coverage between 93 and 97 % is
what is promised; those outside are marked, and so are shares of false alarms above 5 %. With 1,000 trials a coverage has
a standard error of 0.7 points.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from _measure import listed, machine, markdown_table, versions, write_json

from hubel.evaluate.calibration import softmax
from hubel.evaluate.compare import Judgement, compare_answers
from hubel.evaluate.fairness import AnswerSet, Column, measure_groups
from hubel.evaluate.figures import (
    FigureIntervals,
    balanced_accuracy,
    brier_scores,
    confusion,
    figure_intervals,
    log_losses,
    macro_f1,
    macro_precision,
)

FIGURES = ("accuracy", "balanced_accuracy", "macro_precision", "macro_f1", "log_loss", "brier")
OF_CLASS = ("precision", "recall", "f1")
NUM_TRUTH = 400_000
NUM_FRESH = 20_000
NUM_DISTANCES = 10


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


@dataclass(slots=True)
class Tally:
    """How often an interval covered, in how many trials, and how wide it was on average."""

    covered: dict[str, list[bool]]
    above: dict[str, list[bool]]
    widths: dict[str, list[float]]


TEST_CELLS = (
    *(Cell(images, 2, distance) for images in (30, 100, 1000) for distance in (0.4, 1.8, 3.4)),
    *(Cell(images, 10, distance) for images in (200, 1000) for distance in (1.2, 2.8, 4.4)),
    Cell(1000, 100, 4.0),
    *(Cell(400, 3, distance, imbalance=10) for distance in (1.2, 2.5, 4.0)),
    Cell(1000, 10, 3.0, imbalance=30),
    *(Cell(400, 3, distance, group_size=5, alike=0.8) for distance in (1.2, 2.5, 4.0)),
    Cell(200, 2, 2.0, group_size=10, alike=0.5),
    Cell(300, 4, 2.5, sharpness=2.0),
)
CROSS_CELLS = (
    *(Cell(images, 2, distance) for images in (40, 100, 400) for distance in (1.0, 2.0, 3.5)),
    *(Cell(images, 5, distance) for images in (100, 500) for distance in (2.0, 4.0)),
    Cell(300, 3, 3.0, imbalance=8),
    *(Cell(300, 3, distance, group_size=5, alike=0.8) for distance in (2.0, 3.5)),
    Cell(100, 2, 2.0, features=512),
    Cell(400, 2, 3.0, features=512),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = {"test": test_part, "cross-validation": cross_part, "compare": compare_part, "groups": groups_part}
    parser.add_argument("--part", choices=list(parts), action="append", help="all by default")
    parser.add_argument("--trials", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    arguments = parser.parse_args()
    print(f"{arguments.trials} trials a row, seed {arguments.seed}; machine: {machine()}")
    print(f"versions: {listed(versions('hubel', 'numpy', 'scipy'))}\n", flush=True)
    results: dict[str, Any] = {}
    for part in arguments.part or parts:
        print(f"## {part}\n", flush=True)
        results[part] = parts[part](arguments.trials, arguments.seed)
    write_json(arguments.json, {"machine": machine(), "trials": arguments.trials, "results": results})


def test_part(trials: int, seed: int) -> list[dict[str, Any]]:
    """Independent test images, and groups of them."""
    rows = []
    for number, cell in enumerate(TEST_CELLS):
        random = np.random.default_rng([seed, number])
        cells = [replace(cell, distance=cell.distance * factor) for factor in np.linspace(0.94, 1.06, NUM_DISTANCES)]
        pool = NUM_TRUTH // NUM_DISTANCES // cell.group_size * cell.group_size
        truths = [truth_of(*draw_answers(replace(one, images=pool), random)[:2]) for one in cells]
        tally = new_tally()
        for trial in range(trials):
            one, truth = cells[trial % NUM_DISTANCES], truths[trial % NUM_DISTANCES]
            probabilities, labels, groups = draw_answers(one, random)
            count(tally, truth, figure_intervals(probabilities, labels, groups=groups), labels)
        rows.append(coverage_row(cell, mean_truth(truths), tally))
        show_row(rows[-1], first=number == 0)
    print()
    return rows


def cross_part(trials: int, seed: int) -> list[dict[str, Any]]:
    """Cross-validated estimates of the head that would be shipped."""
    rows = []
    for number, cell in enumerate(CROSS_CELLS):
        random = np.random.default_rng([seed, 100 + number])
        tally, truths = new_tally(), []
        for _ in range(trials):
            probabilities, labels, groups, truth = cross_validated(cell, random)
            truths.append(truth)
            count(tally, truth, figure_intervals(probabilities, labels, groups=groups, cross_validated=True), labels)
        rows.append(coverage_row(cell, mean_truth(truths), tally))
        show_row(rows[-1], first=number == 0)
    print()
    return rows


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


def cross_validated(cell: Cell, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray | None, Truth]:
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
    return (
        answering.probabilities,
        labels[learned.measured],
        groups if cell.group_size > 1 else None,
        truth_of(said, fresh_labels),
    )


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


def mean_truth(truths: list[Truth]) -> Truth:
    """The mean over trials, for the table."""
    return Truth({name: float(np.mean([truth.figures[name] for truth in truths])) for name in FIGURES}, {})


def new_tally() -> Tally:
    names = (*FIGURES, *OF_CLASS)
    return Tally({name: [] for name in names}, {name: [] for name in names}, {name: [] for name in names})


def count(tally: Tally, truth: Truth, found: FigureIntervals, labels: np.ndarray) -> None:
    """Note which intervals hold the truth; of the figures of a class, those of the smallest and the largest class."""
    for name in FIGURES:
        note(tally, name, getattr(found, name), truth.figures[name])
    for name in OF_CLASS:
        intervals = getattr(found, name)
        for index in {0, len(intervals) - 1}:
            if intervals[index] is not None and (labels == index).any():
                note(tally, name, intervals[index], truth.of_class[name][index])


def note(tally: Tally, name: str, interval: tuple[float, float], truth: float) -> None:
    tally.covered[name].append(interval[0] <= truth <= interval[1])
    tally.above[name].append(truth > interval[1])
    tally.widths[name].append(interval[1] - interval[0])


def coverage_row(cell: Cell, truth: Truth, tally: Tally) -> dict[str, Any]:
    return {
        "cell": cell.label() + (f", {cell.features} features" if cell in CROSS_CELLS else ""),
        "accuracy": truth.figures["accuracy"],
        "coverage": {name: float(np.mean(found)) for name, found in tally.covered.items()},
        "truth_above": {name: float(np.mean(found)) for name, found in tally.above.items()},
        "width": {name: float(np.mean(found)) for name, found in tally.widths.items()},
    }


def show_row(row: dict[str, Any], *, first: bool) -> None:
    """One line of the coverage table, at once, for the next takes a while."""
    header = ["data", "true accuracy", *(name.replace("_", " ") for name in row["coverage"])]
    cells = [mark(share, 0.93, 0.97) for share in row["coverage"].values()]
    lines = markdown_table(header, [[row["cell"], f"{100 * row['accuracy']:.1f} %", *cells]]).splitlines()
    print("\n".join(lines if first else lines[2:]), flush=True)


def mark(share: float, lowest: float, highest: float) -> str:
    """A share in percent, marked when it is out of bounds."""
    return f"{100 * share:.1f}" + ("" if lowest <= share <= highest else " (!)")


def compare_part(trials: int, seed: int) -> list[dict[str, Any]]:
    """Equal models, and models that differ by a known amount."""
    settings = [
        (images, accuracy, agreement, gain, group_size)
        for images in (100, 400, 2000)
        for accuracy, agreement in ((0.6, 0.5), (0.9, 0.7), (0.99, 0.5))
        for gain, group_size in ((0.0, 1), (0.03, 1), (0.0, 5))
        if accuracy + gain < 1
    ]
    rows = []
    for number, (images, accuracy, agreement, gain, group_size) in enumerate(settings):
        random = np.random.default_rng([seed, 200 + number])
        different, covered = [], []
        for _ in range(trials):
            first, second, labels, groups = two_models(
                images, accuracy, agreement, gain=gain, size=group_size, random=random
            )
            found = compare_answers(first, second, labels=labels, groups=groups, cross_validated=False, random=random)
            different.append(found.verdict != "undecided")
            covered.append(found.accuracy.interval[0] <= gain <= found.accuracy.interval[1])
        rows.append(
            {"images": images, "accuracy": accuracy, "gain": gain, "group_size": group_size,
             "called_different": float(np.mean(different)), "coverage": float(np.mean(covered))}
        )  # fmt: skip
        called = mark(rows[-1]["called_different"], 0, 0.05 if gain == 0 else 1)
        cells = [
            images,
            group_size,
            f"{100 * accuracy:.0f} %",
            f"{100 * gain:.0f}",
            called,
            mark(rows[-1]["coverage"], 0.93, 0.97),
        ]
        header = ["images", "in a group", "accuracy", "B − A, points", "called different, %", "coverage of B − A"]
        lines = markdown_table(header, [cells]).splitlines()
        print("\n".join(lines if number == 0 else lines[2:]), flush=True)
    print()
    return rows


def two_models(
    images: int, accuracy: float, agreement: float, *, gain: float, size: int, random: np.random.Generator
) -> tuple[Judgement, Judgement, np.ndarray, np.ndarray | None]:
    """Answers of two models for two classes, the second better by `gain`.

    An image's difficulty decides for a share `agreement` of the images for both models alike, and for all images of a
    group; else each model has luck of its own.
    """
    labels = random.integers(0, 2, images)
    shared = np.repeat(random.random(images // size), size)
    own = np.repeat(random.random((2, images // size)), size, axis=1) if size > 1 else random.random((2, images))
    alike = np.repeat(random.random(images // size), size) < agreement
    luck = np.where(alike, shared, own)  # 2 n
    judged = []
    for row, right_share in zip(luck, (accuracy, accuracy + gain), strict=True):
        right = row < right_share
        sure = 0.5 + 0.49 * random.random(images)
        judged.append(Judgement(np.where(right, labels, 1 - labels), np.where(right, sure, 1 - sure)))
    return judged[0], judged[1], labels, np.repeat(np.arange(images // size), size) if size > 1 else None


def groups_part(trials: int, seed: int) -> list[dict[str, Any]]:
    """Groups that are served alike, and one that is served worse."""
    rows = []
    settings = [(images, num, loss) for images in (200, 1000) for num in (2, 5, 10) for loss in (0.0, 0.15)]
    for number, (images, num_groups, loss) in enumerate(settings):
        random = np.random.default_rng([seed, 300 + number])
        found_gap, covered = [], []
        for _ in range(trials):
            labels, group = random.integers(0, 2, images), random.integers(0, num_groups, images)
            right = random.random(images) < 0.9 - loss * (group == 0)
            answers = np.where(right, labels, 1 - labels)
            probabilities = np.full((images, 2), 0.1)
            probabilities[np.arange(images), answers] = 0.9
            column = Column("place", [str(value) for value in group])
            gap = measure_groups(AnswerSet(probabilities, answers, labels), column, random=random).gap
            if gap is not None:
                truth = loss * ((gap.worst == "0") - (gap.best == "0"))
                found_gap.append(gap.p_value < 0.05)
                covered.append(gap.interval[0] <= truth <= gap.interval[1])
        rows.append(
            {"images": images, "groups": num_groups, "loss": loss, "gap_found": float(np.mean(found_gap)),
             "coverage": float(np.mean(covered)), "trials": len(covered)}
        )  # fmt: skip
        called = mark(rows[-1]["gap_found"], 0, 0.05 if loss == 0 else 1)
        cells = [images, num_groups, f"{100 * loss:.0f}", called, mark(rows[-1]["coverage"], 0.93, 1)]
        header = ["images", "groups", "one group worse by, points", "gap found, %", "coverage of the gap (at least 95)"]
        lines = markdown_table(header, [cells]).splitlines()
        print("\n".join(lines if number == 0 else lines[2:]), flush=True)
    print()
    return rows


if __name__ == "__main__":
    main()
