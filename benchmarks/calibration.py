"""Whether the calibration error is right, which calibration is best, and whether promises of --at-least are kept.

    python benchmarks/calibration.py [--part error|methods|promises] [--sets catsdogs animals3 cifar10]

"error": made answers whose true calibration error is known; the plain figure, the corrected one, and how often the 95 % interval
covers the truth. "methods": of each set half the images train, half test; log loss on the test half of every method fitted to the
out-of-fold scores, and of the one that hubel chooses. "promises": of each set `--images` train and the others test, `--splits`
times; the share of splits in which the test images fall short of the promise, which chance alone lets happen more often than
5 %, as there are few of them: so the share that fall short beyond what chance explains (a one-sided binomial test at 5 %) is
given too. Strengths are the same for all splits of a set (λ = 0.1), to spare time.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from _drawn import PER_CLASS, data_sets
from _measure import listed, machine, markdown_table, versions, write_json

from hubel.core.decision import Method, Wish
from hubel.data.split import stratified_folds
from hubel.evaluate.binomial import at_most
from hubel.evaluate.calibration_choice import METHODS, choose_calibration
from hubel.evaluate.calibration_error import calibration_error
from hubel.evaluate.calibrators import calibrate, fit_calibration
from hubel.evaluate.deciding import decide
from hubel.evaluate.metrics import NUM_BINS, log_loss
from hubel.evaluate.thresholds import Seen, UnattainablePromise, keep_promises
from hubel.train.head import choose_strength, fit_head

STRENGTH = 0.1
NUM_TRUTH = 2_000_000
GAPS = (0.0, 0.02, 0.05)
COUNTS = (50, 200, 1000, 5000)
SHARES = (0.8, 0.9, 0.95)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=("error", "methods", "promises"), help="all, if not given")
    parser.add_argument("--sets", nargs="+", default=list(PER_CLASS))
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--splits", type=int, default=60)
    parser.add_argument("--images", type=int, default=600)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    arguments = parser.parse_args()
    print(f"seeds from 0; machine: {machine()}\nversions: {listed(versions('hubel', 'numpy', 'scipy'))}\n", flush=True)
    record: dict[str, object] = {"machine": machine(), "versions": versions("hubel", "numpy", "scipy")}
    if arguments.part in (None, "error"):
        record["error"] = rows = error_rows(arguments.trials)
        print(f"{arguments.trials} trials\n\n" + markdown_table(ERROR_HEADER, rows) + "\n", flush=True)
    if arguments.part in (None, "methods"):
        record["methods"] = rows = [
            row for found in data_sets(arguments.sets, 0) for row in method_rows(*found[:3], arguments.seeds)
        ]
        print(markdown_table(METHOD_HEADER, rows) + "\n", flush=True)
    if arguments.part in (None, "promises"):
        record["promises"] = rows = [
            row for found in data_sets(arguments.sets, 0) for row in promise_rows(*found, arguments)
        ]
        print(markdown_table(PROMISE_HEADER, rows), flush=True)
    write_json(arguments.json, record)


ERROR_HEADER = ["answers", "images", "true error", "plain", "corrected", "interval covers", "mean width"]


def error_rows(trials: int) -> list[list[object]]:
    """Bias and coverage for two kinds of confidence, three gaps and four numbers of images."""
    rows: list[list[object]] = []
    for name, rise, fall in (("unsure", 2.0, 2.0), ("sure", 6.0, 0.6)):
        for gap in GAPS:
            noise = np.random.default_rng(0)
            stated = 0.5 + 0.5 * noise.beta(rise, fall, NUM_TRUTH)
            truth = true_error(stated, np.clip(stated - gap, 0, 1))
            for count in COUNTS:
                found = []
                for _ in range(trials):
                    claimed = 0.5 + 0.5 * noise.beta(rise, fall, count)
                    labels = (noise.random(count) >= np.clip(claimed - gap, 0, 1)).astype(int)
                    found.append(calibration_error(np.stack([claimed, 1 - claimed], 1), labels, num_bins=NUM_BINS))
                plain, corrected = (np.mean([entry[place] for entry in found]) for place in (0, 1))
                # the truth is known to 1e-3 at best where it is a limit at 0
                covers = np.mean([entry.interval[0] - 1e-9 <= truth <= entry.interval[1] + 1e-9 for entry in found])
                width = np.mean([entry.interval[1] - entry.interval[0] for entry in found])
                rows.append(
                    [
                        name,
                        count,
                        f"{truth:.4f}",
                        f"{plain:.4f}",
                        f"{corrected:.4f}",
                        f"{100 * covers:.1f} %",
                        f"{width:.4f}",
                    ]
                )
    return rows


def true_error(stated: Any, true: Any) -> float:
    """The binned error of very many answers whose chances are known."""
    places = np.digitize(stated, np.linspace(0, 1, NUM_BINS + 1)[1:-1], right=True)
    return float(np.abs(np.bincount(places, weights=true - stated)).sum() / len(stated))


METHOD_HEADER = ["set", "seed", *METHODS, "chosen", "its loss", "ECE, corrected"]


def method_rows(name: str, features: Any, labels: Any, seeds: int) -> list[list[object]]:
    """Test log loss of every method."""
    rows: list[list[object]] = []
    for seed in range(seeds):
        noise = np.random.default_rng(seed)
        order = noise.permutation(len(labels))
        train, test = np.sort(order[: len(order) // 2]), order[len(order) // 2 :]
        out_of_fold, folds, head = learned(features[train], labels[train], noise)
        logits = head.logits(features[test])
        losses: dict[Method, float] = {
            method: log_loss(calibrate(logits, *fit_calibration(out_of_fold, labels[train], method)), labels[test])
            for method in METHODS
        }
        chosen = choose_calibration(out_of_fold, labels[train], folds)
        probabilities = calibrate(logits, chosen.temperature, chosen.calibration)
        error = calibration_error(probabilities, labels[test], num_bins=NUM_BINS).corrected
        method = chosen.calibration.method
        rows.append(
            [name, seed, *(f"{loss:.4f}" for loss in losses.values()), method, f"{losses[method]:.4f}", f"{error:.4f}"]
        )
    return rows


PROMISE_HEADER = [
    "set",
    "promise",
    "splits",
    "not attainable",
    "mean realised",
    "short",
    "short beyond chance",
    "top-1",
]


def promise_rows(name: str, features: Any, labels: Any, classes: tuple[str, ...], arguments: Any) -> list[list[object]]:
    """What came of promises for the last class."""
    wishes = [Wish(measure, classes[-1], share) for measure in ("recall", "precision") for share in SHARES]
    realised: dict[Wish, list[tuple[int, int, float]]] = {wish: [] for wish in wishes}
    column = len(classes) - 1
    for seed in range(arguments.splits):
        noise = np.random.default_rng(seed)
        order = noise.permutation(len(labels))
        train, test = np.sort(order[: arguments.images]), order[arguments.images :]
        out_of_fold, _, head = learned(features[train], labels[train], noise)
        temperature, calibration = fit_calibration(out_of_fold, labels[train], "temperature")
        seen = Seen(calibrate(out_of_fold, temperature, calibration), labels[train], classes)
        fresh = calibrate(head.logits(features[test]), temperature, calibration)
        for wish in wishes:
            try:
                answers = decide(fresh, keep_promises(seen, [wish]), classes=classes)
            except UnattainablePromise:
                continue
            among = (labels[test] if wish.measure == "recall" else answers) == column
            right = among & (answers == labels[test])
            realised[wish].append((int(right.sum()), int(among.sum()), float(np.mean(answers == labels[test]))))
    rows: list[list[object]] = []
    for wish, found in realised.items():
        shares = [right / number for right, number, _ in found]
        short = [share < wish.at_least for share in shares]
        beyond = [at_most(right, number, wish.at_least) < 0.05 for right, number, _ in found]
        some = bool(found)
        rows.append(
            [
                name, f"{wish.measure} {wish.at_least:g}", arguments.splits, arguments.splits - len(found),
                f"{np.mean(shares):.3f}" if some else "–", f"{100 * np.mean(short):.0f} %" if some else "–",
                f"{100 * np.mean(beyond):.0f} %" if some else "–",
                f"{100 * np.mean([top for *_, top in found]):.1f} %" if some else "–",
            ]
        )  # fmt: skip
    return rows


def learned(features: Any, labels: Any, noise: np.random.Generator) -> tuple[Any, Any, Any]:
    """Out-of-fold scores, folds and the head, without any handling of imbalance."""
    num_classes, even = int(labels.max()) + 1, np.ones(len(labels))
    folds = stratified_folds(labels, np.arange(len(labels)), 5, noise)
    found = choose_strength(features, labels, num_classes, folds, weights=even, strengths=(STRENGTH,))
    return found.out_of_fold, folds, fit_head(features, labels, num_classes, STRENGTH, weights=even)


if __name__ == "__main__":
    main()
