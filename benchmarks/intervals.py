"""Coverage of hubel's 95 % intervals, and how often equal models, or groups served alike, are called different.

    python benchmarks/intervals.py [--part test|cross-validation|compare|groups] [--trials 1000]

The truth is known because the data are made. "test": a calibrated model and images drawn from known Gaussian classes;
the truth is measured on 2,000,000 images (400,000 of 100 classes). How far apart the classes lie varies by a few per cent from trial
to trial, so that no truth lies luckily or unluckily between the few shares that so many images can have.
"cross-validation": everything `hubel train` does with features (folds, strength, head, temperature), and the truth is what
the head that would be shipped does on 20,000 fresh images; `--kept` keeps the trainings, to try other intervals on.
"compare": two models that agree on some images because these are easy or hard, and are right by luck of their own on the
rest. "groups": one model on images of several groups. A coverage between 93 and 97 % is
what is promised; those outside are marked, and so are shares of false alarms above 5 %. With 1,000 trials a coverage has
a standard error of 0.7 points.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from _made import FIGURES, OF_CLASS, Cell, Truth, cross_validated_trials, draw_answers, truth_of
from _measure import listed, machine, markdown_table, versions, write_json

from hubel.evaluate.compare import Judgement, compare_answers
from hubel.evaluate.fairness import AnswerSet, Column, measure_groups
from hubel.evaluate.figures import FigureIntervals, figure_intervals

NUM_TRUTH, MOST_SCORES = 2_000_000, 4_000_000
"""Images of a truth, over all distances; and probabilities at once, which bounds them for many classes."""
NUM_DISTANCES = 10


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
    parts = {"test": fresh_part, "cross-validation": cross_part, "compare": compare_part, "groups": groups_part}
    parser.add_argument("--part", choices=list(parts), action="append", help="all by default")
    parser.add_argument("--trials", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kept", type=Path, help="keep trainings in this folder, and use those that are in it")
    parser.add_argument("--only", default="", help="the settings whose words have this in them, such as 'groups of'")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    arguments = parser.parse_args()
    print(f"{arguments.trials} trials a row, seed {arguments.seed}; machine: {machine()}")
    print(f"versions: {listed(versions('hubel', 'numpy', 'scipy'))}\n", flush=True)
    results: dict[str, Any] = {}
    for part in arguments.part or parts:
        print(f"## {part}\n", flush=True)
        results[part] = parts[part](arguments.trials, arguments.seed, arguments)
    write_json(arguments.json, {"machine": machine(), "trials": arguments.trials, "results": results})


def fresh_part(trials: int, seed: int, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Independent test images, and groups of them."""
    rows = []
    for number, cell in chosen(TEST_CELLS, options.only):
        random = np.random.default_rng([seed, number])
        cells = [replace(cell, distance=cell.distance * factor) for factor in np.linspace(0.94, 1.06, NUM_DISTANCES)]
        pool = min(NUM_TRUTH // NUM_DISTANCES, MOST_SCORES // cell.classes) // cell.group_size * cell.group_size
        truths = [truth_of(*draw_answers(replace(one, images=pool), random)[:2]) for one in cells]
        tally = new_tally()
        for trial in range(trials):
            one, truth = cells[trial % NUM_DISTANCES], truths[trial % NUM_DISTANCES]
            probabilities, labels, groups = draw_answers(one, random)
            count(tally, truth, figure_intervals(probabilities, labels, groups=groups), labels)
        rows.append(coverage_row(cell, mean_truth(truths), tally))
        show_row(rows[-1], first=len(rows) == 1)
    print()
    return rows


def cross_part(trials: int, seed: int, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Cross-validated estimates of the head that would be shipped."""
    rows = []
    for number, cell in chosen(CROSS_CELLS, options.only):
        tally, truths = new_tally(), []
        for trial in cross_validated_trials(cell, (seed, 100 + number), trials, options.kept):
            truths.append(trial.truth)
            found = figure_intervals(trial.probabilities, trial.labels, groups=trial.groups, cross_validated=True)
            count(tally, trial.truth, found, trial.labels)
        rows.append(coverage_row(cell, mean_truth(truths), tally))
        show_row(rows[-1], first=len(rows) == 1)
    print()
    return rows


def chosen(cells: Sequence[Cell], words: str) -> Iterator[tuple[int, Cell]]:
    """The cells that are asked for, with their places, which are part of their seeds."""
    return ((number, cell) for number, cell in enumerate(cells) if words in cell.label())


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


def compare_part(trials: int, seed: int, _options: argparse.Namespace) -> list[dict[str, Any]]:
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


def groups_part(trials: int, seed: int, _options: argparse.Namespace) -> list[dict[str, Any]]:
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
