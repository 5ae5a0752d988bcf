"""What is done about classes of very different sizes: whether it helps, and what it costs.

    python benchmarks/imbalance.py [--sets catsdogs animals3 cifar10] [--ratios 10 50] [--seeds 5]

Of each set a training part is drawn whose classes shrink geometrically from the first to the last, which has one `ratio`-th
of the images of the first (at least four); which class is which is drawn anew with each seed. All other images test. Test images
are weighed so that the classes are as frequent as in training; "even" weighs classes alike. "none" is the plain head with a
temperature; "adjustment" and "weights" are what `train.balance` tries; "hubel" is what it chooses, and what is shipped; "old" is
weights with a temperature and nothing else. Differences are to "none" on the same split, with a 95 % t interval over the seeds.
"""

from __future__ import annotations

import argparse
import statistics
from collections import defaultdict
from pathlib import Path
from typing import Any

from _drawn import PER_CLASS, data_sets
from _measure import listed, machine, markdown_table, versions, write_json

LARGEST = {"catsdogs": 600, "animals3": 250, "cifar10": 200}
FEWEST = 4
WAYS = ("none", "adjustment", "weights", "old", "hubel")
T_QUANTILES = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776, 6: 2.571, 8: 2.365, 10: 2.262, 20: 2.093}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", default=list(PER_CLASS))
    parser.add_argument("--ratios", nargs="+", type=int, default=[10, 50])
    parser.add_argument("--seeds", type=int, default=5, choices=sorted(T_QUANTILES))
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    arguments = parser.parse_args()
    print(f"seeds 0 to {arguments.seeds - 1}; machine: {machine()}")
    print(f"versions: {listed(versions('hubel', 'numpy', 'scipy'))}\n", flush=True)
    rows, record = [], {}
    for name, features, labels, _ in data_sets(arguments.sets, 0):
        for ratio in arguments.ratios:
            figures = defaultdict(list)
            handlings = []
            for seed in range(arguments.seeds):
                found, handling = one_split(features, labels, LARGEST[name], ratio, seed)
                handlings.append(handling)
                for way, values in found.items():
                    figures[way].append(values)
            record[f"{name} 1:{ratio}"] = {"figures": dict(figures), "chosen": handlings}
            rows += [row(f"{name} 1:{ratio}", way, figures[way], figures["none"]) for way in WAYS]
            print(f"{name} 1:{ratio}: chosen {', '.join(handlings)}", flush=True)
    header = ["set", "way", "macro-F1", "difference", "top-1", "difference", "worst", "top-1, even", "log loss"]
    print("\n" + markdown_table(header, rows))
    write_json(
        arguments.json, {"machine": machine(), "versions": versions("hubel", "numpy", "scipy"), "results": record}
    )


def row(name: str, way: str, values: list[dict[str, float]], before: list[dict[str, float]]) -> list[str]:
    """One line of the table."""

    def mean(key: str) -> float:
        return statistics.mean(value[key] for value in values)

    gains = {
        key: [value[key] - other[key] for value, other in zip(values, before, strict=True)] for key in ("f1", "top1")
    }
    return [
        name, way, f"{mean('f1'):.3f}", interval(gains["f1"]), f"{100 * mean('top1'):.2f} %",
        interval([100 * gain for gain in gains["top1"]], digits=2), f"{100 * min(gains['top1']):+.2f}",
        f"{100 * mean('even'):.1f} %", f"{mean('loss'):.4f}",
    ]  # fmt: skip


def interval(gains: list[float], digits: int = 3) -> str:
    """A mean with its 95 % t interval."""
    half = T_QUANTILES[len(gains)] * statistics.stdev(gains) / len(gains) ** 0.5
    return f"{statistics.mean(gains):+.{digits}f} ± {half:.{digits}f}"


def one_split(
    features: Any, labels: Any, largest: int, ratio: int, seed: int
) -> tuple[dict[str, dict[str, float]], str]:
    """The figures of every way on one draw, and what hubel chose."""
    import numpy as np

    from hubel.data.split import stratified_folds
    from hubel.train.balance import candidates, choose_balance, image_weights
    from hubel.train.head import choose_strength, fit_head

    num_classes = int(labels.max()) + 1
    random = np.random.default_rng([seed, ratio])
    sizes = np.maximum(FEWEST, np.round(largest * ratio ** (-np.arange(num_classes) / (num_classes - 1))).astype(int))
    train, test = [], []
    for label, size in zip(random.permutation(num_classes), sizes, strict=True):
        rows = random.permutation(np.flatnonzero(labels == label))
        train += rows[:size].tolist()
        test += rows[size:].tolist()
    rows, held = np.sort(train), np.array(test)
    known, truth = labels[rows], labels[held]
    folds = stratified_folds(known, np.arange(len(rows)), min(5, sizes.min()), random)
    even, weights = np.ones(len(rows)), image_weights(known, num_classes)
    plain = choose_strength(features[rows], known, num_classes, folds, weights=even)
    weighted = choose_strength(features[rows], known, num_classes, folds, weights=weights)
    shipped = choose_balance(features[rows], known, num_classes, folds)
    nothing, adjustment, heavy = candidates(plain, weighted, known, num_classes)
    found = {}
    heads: dict[tuple[bool, float], Any] = {}

    def scores(weighted_images: bool, strength: Any) -> Any:
        key = (weighted_images, strength.regularisation)
        if key not in heads:
            chosen = weights if weighted_images else even
            heads[key] = fit_head(features[rows], known, num_classes, strength.regularisation, weights=chosen)
        return heads[key].logits(features[held])

    for way, heavily, strength, shift in (
        ("none", False, nothing.strength, nothing.shift),
        ("adjustment", False, adjustment.strength, adjustment.shift),
        ("weights", True, heavy.strength, heavy.shift),
        ("old", True, weighted, 0),
        ("hubel", shipped.weighted, shipped.strength, shipped.shift),
    ):
        found[way] = figures_of(scores(heavily, strength) + shift, truth, strength.out_of_fold, known)
    assert shipped.record is not None
    return found, shipped.record.handling


def figures_of(logits: Any, truth: Any, out_of_fold: Any, known: Any) -> dict[str, float]:
    """Macro-F1, top-1 and log loss at the frequencies of training, and top-1 with every class weighed alike."""
    import numpy as np

    from hubel.evaluate.calibration import fit_temperature, softmax

    num_classes = logits.shape[1]
    probabilities = softmax(logits, temperature=fit_temperature(out_of_fold, known))
    answers = probabilities.argmax(1)
    tested = np.bincount(truth, minlength=num_classes)
    weights = (np.bincount(known, minlength=num_classes) / len(known) / tested)[truth]
    right = np.bincount(truth[answers == truth], weights[answers == truth], num_classes)
    both = np.bincount(truth, weights, num_classes) + np.bincount(answers, weights, num_classes)
    losses = -np.log(probabilities[np.arange(len(truth)), truth].clip(1e-7, 1))
    return {
        "f1": float((2 * right / both).mean()),
        "top1": float(right.sum()),
        "even": float(np.mean(np.bincount(truth[answers == truth], minlength=num_classes) / tested)),
        "loss": float((losses * weights).sum()),
    }


if __name__ == "__main__":
    main()
