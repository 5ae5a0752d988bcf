"""Whether answers lack the true class, and known images are called unknown, as often as promised.

    python benchmarks/promises.py [--sets catsdogs …] [--splits 50] [--json FILE] [--data FOLDER]

For every random split: `--train` images to learn and choose limits on (out of fold, as `hubel train` does), the others to
count on. Shown is the mean over splits with its standard error, beside the promise: errors may be rarer than promised, and
must not be more frequent by over two standard errors. Beside the shipped limits stands split conformal prediction: a half
to learn from and a half to choose the limit on, for which the theorem holds exactly. "bursts": every training image comes one to
five times, a little changed each time, with the images of a burst in one group, and every new image from a burst of its own;
"bursts, groups ignored" chooses the limits as if each image stood for itself.
"""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from _features import Featured, featured
from _measure import absent, data_set, listed, machine, markdown_table, versions, write_json

from hubel.core.types import Labels, Probabilities
from hubel.evaluate.calibration import fit_temperature, softmax
from hubel.evaluate.conformal import answer_figures, choose_sets, class_sets, fewest_groups, group_weights
from hubel.evaluate.unknown import Seen, choose_unknown, fit_familiar, graph_logits, known_images, unknown_scores
from hubel.train.learn import Examples, learn

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


@dataclass(frozen=True, slots=True)
class Burst:
    """Training images: features (n d), the row of the set that each is or is made from, and groups (n)."""

    features: np.ndarray
    rows: np.ndarray
    groups: np.ndarray


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a limit is chosen on, the probabilities of the unseen images, and which of these are known by either limit."""

    probabilities: Probabilities
    labels: Labels
    groups: np.ndarray | None
    said: Probabilities
    known: np.ndarray
    known_by_image: np.ndarray


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
    alone = np.arange(len(train))
    ways = {"out of fold": out_of_fold(data, Burst(data.features[train], train, alone), fresh, seed)}
    half = split_half(data, train, fresh, seed)
    if half is not None:
        ways["split half"] = half
    bursts = out_of_fold(data, in_bursts(data, train, seed), fresh, seed)
    ways |= {"bursts": bursts, "bursts, groups ignored": replace(bursts, groups=None, known=bursts.known_by_image)}
    found = {}
    for way, chosen in ways.items():
        for promise in PROMISES:
            if group_weights(len(chosen.labels), chosen.groups)[1] >= fewest_groups(promise):
                limit = choose_sets(chosen.probabilities, chosen.labels, chosen.groups, error=promise)
                sets = class_sets(chosen.said, limit, chosen.said.argmax(1))
                figures = answer_figures(sets, np.ones(len(fresh), bool), data.labels[fresh])
                size = figures.mean_set_size or 0.0
                found[way, promise] = (figures.wrong, figures.unsure, size, float(1 - chosen.known.mean()))
    return found


def out_of_fold(data: Featured, burst: Burst, fresh: np.ndarray, seed: int) -> Chosen:
    """What the limits are chosen on as `hubel train` does it, and what its head says of the unseen images."""
    labels = data.labels[burst.rows]
    names = [f"{data.contents[row]} {number}" for number, row in enumerate(burst.rows)]
    groups = [data.contents[row] for row in burst.rows]
    examples = Examples(labels, names, groups, [None] * len(names), len(data.classes))
    learned = learn(burst.features, examples, seed)
    rows = learned.held_out
    temperature = fit_temperature(learned.held_out_logits, labels[rows])
    seen = Seen(burst.features[rows], graph_logits(learned.held_out_logits, temperature, None), labels[rows],
                learned.folds[rows], burst.groups[rows])  # fmt: skip
    familiar, scores = fit_familiar(seen, np.random.default_rng(0))
    features = data.features[fresh]
    logits = learned.head.logits(features)
    strange = unknown_scores(familiar, features, graph_logits(logits, temperature, None))
    by_group, by_image = (
        known_images(strange, choose_unknown(scores, units, reject=REJECT), num_images=len(fresh))
        for units in (burst.groups[rows], None)
    )
    return Chosen(
        softmax(learned.held_out_logits, temperature=temperature), labels[rows], burst.groups[rows],
        softmax(logits, temperature=temperature), by_group, by_image,
    )  # fmt: skip


def in_bursts(data: Featured, train: np.ndarray, seed: int) -> Burst:
    """Each training image one to five times, its features changed by a tenth of their deviation."""
    draw = np.random.default_rng([seed, 1])
    groups = np.repeat(np.arange(len(train)), draw.integers(1, 6, len(train)))
    features = data.features[train].astype(np.float32)
    noise = draw.standard_normal((len(groups), features.shape[1]), np.float32)
    changed = features[groups] + 0.1 * features.std(0) * noise
    return Burst(changed.astype(data.features.dtype), train[groups], groups)


def stratified_head(labels: Labels, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The first `count` images with at least three of each class, and the others."""
    must = np.concatenate([np.flatnonzero(labels == label)[:3] for label in np.unique(labels)])
    rest = np.setdiff1d(np.arange(len(labels)), must)
    taken = np.sort(np.concatenate([must, rest[: max(0, count - len(must))]]))
    return taken, np.setdiff1d(np.arange(len(labels)), taken)


def split_half(data: Featured, train: np.ndarray, fresh: np.ndarray, seed: int) -> Chosen | None:
    """Learned from one half, the limit chosen on the other; nothing is called unknown."""
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
    everything = np.ones(len(fresh), bool)
    return Chosen(chosen, data.labels[second], None, said, everything, everything)


if __name__ == "__main__":
    main()
