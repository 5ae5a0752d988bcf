"""Whether answers lack the true class, and known images are called unknown, as often as promised.

    python benchmarks/promises.py [--sets catsdogs …] [--splits 50] [--json FILE] [--data FOLDER]

For every random split: `--train` images to learn and choose limits on (out of fold, as `hubel train` does), the others to
count on. Shown is the mean over splits with its standard error, beside the promise: errors may be rarer than promised, and
must not be more frequent by over two standard errors. Beside the shipped limits stands split conformal prediction: a half
to learn from and a half to choose the limit on, for which the theorem holds exactly.
"""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from _features import Featured, featured
from _measure import absent, data_set, listed, machine, markdown_table, versions, write_json

from hubel.core.types import Labels, Probabilities
from hubel.evaluate.calibration import fit_temperature, softmax
from hubel.evaluate.conformal import answer_figures, choose_sets, class_sets, fewest_groups
from hubel.evaluate.unknown import Seen, choose_unknown, fit_familiar, graph_logits, known_images, unknown_scores
from hubel.train.learn import Examples, Learned, learn

SETS = ("catsdogs", "animals3", "faces", "mnist_png", "cifar10")
PROMISES = (0.02, 0.05, 0.1)
REJECT = 0.01
PACKAGES = ("hubel", "numpy", "scipy", "openvino", "onnxruntime")


@dataclass(frozen=True, slots=True)
class Outcome:
    """One way on one set with so many training images: shares of the unseen images, means over splits, errors of the means."""

    name: str
    num_train: int
    way: str
    promise: float
    wrong: float
    wrong_error: float
    unsure: float
    set_size: float
    rejected: float
    rejected_error: float
    num_splits: int

    @property
    def kept(self) -> bool:
        """Whether the answers lack the true class no more often than promised, by two standard errors."""
        return self.wrong <= self.promise + 2 * self.wrong_error


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--splits", type=int, default=50)
    parser.add_argument("--train", type=int, nargs="+", default=[30, 60, 200])
    parser.add_argument("--limit", type=int, default=1200, help="images of a set in all")
    parser.add_argument("--data", type=Path, help="a folder with the unpacked sets")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    print(f"{arguments.splits} splits, seeds 0 to {arguments.splits - 1}; machine: {machine()}")
    print(f"versions: {listed(versions(*PACKAGES))}\n", flush=True)
    outcomes: list[Outcome] = []
    for name in arguments.sets:
        given = arguments.data / name if arguments.data and (arguments.data / name).is_dir() else None
        with contextlib.ExitStack() as stack:
            source = stack.enter_context(data_set(name, given))
            if source is None:
                print(absent(name))
                continue
            data = featured(name, source, limit=arguments.limit)
        for num_train in arguments.train:
            found = run_splits(data, num_train, arguments.splits)
            outcomes += found
            print(table(found), flush=True)
    print(f"\n{sum(outcome.kept for outcome in outcomes)} of {len(outcomes)} promises kept within two standard errors")
    record = {
        "machine": machine(),
        "versions": versions(*PACKAGES),
        "outcomes": [asdict(outcome) for outcome in outcomes],
    }
    write_json(arguments.json, record)


def table(outcomes: Sequence[Outcome]) -> str:
    """One row for each outcome."""
    header = ["set", "train", "way", "promised", "wrong", "kept", "unsure", "classes named", "rejected"]
    rows = [
        [
            outcome.name, outcome.num_train, outcome.way, f"{outcome.promise:.0%}",
            f"{outcome.wrong:.2%} ± {outcome.wrong_error:.2%}", "yes" if outcome.kept else "NO", f"{outcome.unsure:.1%}",
            f"{outcome.set_size:.2f}", f"{outcome.rejected:.2%} ± {outcome.rejected_error:.2%}",
        ]
        for outcome in outcomes
    ]  # fmt: skip
    return markdown_table(header, rows)


def run_splits(data: Featured, num_train: int, num_splits: int) -> list[Outcome]:
    """Every promise that so many images can make, by every way."""
    found: dict[tuple[str, float], list[tuple[float, float, float, float]]] = {}
    for seed in range(num_splits):
        for key, figures in one_split(data, num_train, seed).items():
            found.setdefault(key, []).append(figures)
    outcomes = []
    for (way, promise), rows in found.items():
        means, errors = np.mean(rows, 0), np.std(rows, 0, ddof=1) / np.sqrt(len(rows))
        outcomes.append(
            Outcome(data.name, num_train, way, promise, float(means[0]), float(errors[0]), float(means[1]),
                    float(means[2]), float(means[3]), float(errors[3]), len(rows))
        )  # fmt: skip
    return outcomes


def one_split(data: Featured, num_train: int, seed: int) -> dict[tuple[str, float], tuple[float, float, float, float]]:
    """Wrong, unsure, classes named and rejected on the unseen images, by way and promise."""
    order = np.random.default_rng(seed).permutation(len(data.labels))
    train, fresh = stratified_head(data.labels[order], num_train)
    train, fresh = order[train], order[fresh]
    num_classes = len(data.classes)
    learned = learn(data.features[train], data.examples(train, data.labels[train], num_classes), seed)
    held_labels = data.labels[train][learned.held_out]
    temperature = fit_temperature(learned.held_out_logits, held_labels)
    held_out = softmax(learned.held_out_logits, temperature=temperature)
    said = softmax(learned.head.logits(data.features[fresh]), temperature=temperature)
    known = known_of(data, train, fresh, learned, temperature)
    ways = {"out of fold": (held_out, held_labels, said, known)}
    half = split_half(data, train, fresh, seed)
    if half is not None:
        ways["split half"] = (*half, np.ones(len(fresh), bool))
    found = {}
    for way, (probabilities, labels, answers, accepted) in ways.items():
        for promise in PROMISES:
            if len(labels) >= fewest_groups(promise):
                limit = choose_sets(probabilities, labels, None, error=promise)
                sets = class_sets(answers, limit, answers.argmax(1))
                figures = answer_figures(sets, np.ones(len(fresh), bool), data.labels[fresh])
                size = figures.mean_set_size or 0.0
                found[way, promise] = (figures.wrong, figures.unsure, size, float(1 - accepted.mean()))
    return found


def stratified_head(labels: Labels, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The first `count` images with at least three of each class, and the others."""
    must = np.concatenate([np.flatnonzero(labels == label)[:3] for label in np.unique(labels)])
    rest = np.setdiff1d(np.arange(len(labels)), must)
    taken = np.sort(np.concatenate([must, rest[: max(0, count - len(must))]]))
    return taken, np.setdiff1d(np.arange(len(labels)), taken)


def known_of(data: Featured, train: np.ndarray, fresh: np.ndarray, learned: Learned, temperature: float) -> np.ndarray:
    """Which of the unseen images are known, by the shipped limit."""
    rows = train[learned.held_out]
    stated = graph_logits(learned.held_out_logits, temperature, None)
    seen = Seen(data.features[rows], stated, data.labels[rows], learned.folds[learned.held_out], None)
    familiar, scores = fit_familiar(seen, np.random.default_rng(0))
    features = data.features[fresh]
    found = unknown_scores(familiar, features, graph_logits(learned.head.logits(features), temperature, None))
    return known_images(found, choose_unknown(scores, None, reject=REJECT), num_images=len(fresh))


def split_half(
    data: Featured, train: np.ndarray, fresh: np.ndarray, seed: int
) -> tuple[Probabilities, Labels, Probabilities] | None:
    """Learned from one half: probabilities and labels of the other half, and probabilities of the unseen images."""
    first, second = stratified_head(data.labels[train], len(train) // 2)
    first, second = train[first], train[second]
    if len(second) < fewest_groups(max(PROMISES)):
        return None
    examples: Examples = data.examples(first, data.labels[first], len(data.classes))
    learned = learn(data.features[first], examples, seed)
    temperature = fit_temperature(learned.held_out_logits, data.labels[first][learned.held_out])
    chosen, said = (
        softmax(learned.head.logits(data.features[rows]), temperature=temperature) for rows in (second, fresh)
    )
    return chosen, data.labels[second], said


if __name__ == "__main__":
    main()
