"""The head alone: hubel's logistic regression beside scikit-learn's, on made features.

    python benchmarks/head.py [--images 100000] [--features 1280] [--classes 10] [--subset 10000]

Each row is a process of its own, so that its peak memory is its own. "strength and head" is what `hubel train` does:
the strength chosen by five-fold cross-validation on a sample of at most 20,000, then the head fitted on all images.
"one strength" is one fit on the subset, the same standardised problem with the same penalty for both, so their ratio
and their accuracy compare solvers and nothing else. Features are float16 noise around class centres, overlapping so
much that no head can be perfect; accuracy is on 5,000 fresh images.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from pathlib import Path
from typing import Any

from _measure import Measured, listed, machine, markdown_table, mebibytes, run_python, versions, write_json

PENALTY = 1e-3
NUM_FRESH = 5_000
WHOLE, HUBEL, SKLEARN = "hubel: strength and head", "hubel: one strength", "scikit-learn: one strength"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--features", type=int, default=1280)
    parser.add_argument("--classes", type=int, default=10)
    parser.add_argument("--subset", type=int, default=10_000, help="images of the comparison with scikit-learn")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--way", choices=[WHOLE, HUBEL, SKLEARN], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.way:
        shape = (arguments.images, arguments.features, arguments.classes)
        print(json.dumps(fit(arguments.way, shape, arguments.seed)))
        return
    print(f"seed {arguments.seed}, {arguments.rounds} rounds; machine: {machine()}")
    print(f"versions: {listed(versions('hubel', 'numpy', 'scipy', 'scikit-learn'))}\n", flush=True)
    counts = {WHOLE: arguments.images, HUBEL: arguments.subset, SKLEARN: arguments.subset}
    measured: dict[str, list[Measured]] = {way: [] for way in counts}
    for _ in range(arguments.rounds):
        for way, count in counts.items():
            sizes = ("--images", count, "--features", arguments.features, "--classes", arguments.classes)
            given = (*sizes, "--seed", arguments.seed, "--way", way)
            measured[way].append(run_python(__file__, *map(str, given)))
    print(table(measured, counts, arguments.features))
    answers = {way: [found.answer | {"peak_bytes": found.peak_bytes} for found in measured[way]] for way in counts}
    write_json(arguments.json, {"machine": machine(), "num_images": counts, "results": answers})


def table(measured: dict[str, list[Measured]], counts: dict[str, int], num_features: int) -> str:
    """Seconds and memory of each way, and the ratio of the two that do the same."""
    hubel = [found.answer["seconds"] for found in measured[HUBEL]]
    rows = []
    for way, found in measured.items():
        seconds = [entry.answer["seconds"] for entry in found]
        ratios = [own / other for own, other in zip(seconds, hubel, strict=True)]
        rows.append(
            [
                way,
                f"{counts[way]:,} × {num_features:,}",
                f"{statistics.median(seconds):.1f}",
                mebibytes(max(entry.peak_bytes for entry in found)),
                mebibytes(max(entry.answer["bytes_before"] for entry in found)),
                f"{100 * found[0].answer['accuracy']:.2f} %",
                "–" if way == WHOLE else f"{statistics.median(ratios):.1f}",
            ]
        )
    header = [
        "head",
        "features",
        "seconds, median",
        "peak MiB",
        "of it before the fit",
        "accuracy, fresh",
        "× hubel: one strength",
    ]
    return markdown_table(header, rows)


def fit(way: str, shape: tuple[int, int, int], seed: int) -> dict[str, float]:
    """Fit one head in this process: its seconds, the memory before it began, its accuracy on fresh images."""
    import resource

    import numpy as np

    num_images, num_features, num_classes = shape
    random = np.random.default_rng(seed)
    centres = random.normal(0, 0.1, (num_classes, num_features)).astype(np.float32)
    features, labels = draw(centres, num_images, random)
    fresh, fresh_labels = draw(centres, NUM_FRESH, random)
    load = {WHOLE: whole, HUBEL: one_by_hubel, SKLEARN: one_by_sklearn}[way]
    run = load(num_classes, seed)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    began = time.perf_counter()
    predict = run(features, labels)
    seconds = time.perf_counter() - began
    return {"seconds": seconds, "bytes_before": before, "accuracy": float(np.mean(predict(fresh) == fresh_labels))}


def draw(centres: Any, count: int, random: Any) -> tuple[Any, Any]:
    """Features float16 (count d) around the centres (k d), and labels (count), made piece by piece."""
    import numpy as np

    labels = random.integers(0, len(centres), count)
    features = np.empty((count, centres.shape[1]), np.float16)
    for start in range(0, count, 4096):
        rows = slice(start, min(start + 4096, count))
        noise = random.standard_normal((rows.stop - start, centres.shape[1]), dtype=np.float32)
        features[rows] = centres[labels[rows]] + noise
    return features, labels


def whole(num_classes: int, seed: int) -> Any:
    """What `hubel train` does with features."""
    import numpy as np
    import scipy.optimize  # noqa: F401  loaded before the clock starts

    from hubel.train.learn import Examples, learn

    def run(features: Any, labels: Any) -> Any:
        names = [str(index) for index in range(len(labels))]
        nothing = [None] * len(labels)
        learned = learn(features, Examples(np.asarray(labels), names, nothing, nothing, num_classes), seed)
        return lambda fresh: learned.head.logits(fresh).argmax(1)

    return run


def one_by_hubel(num_classes: int, seed: int) -> Any:  # noqa: ARG001  all ways take the same
    import numpy as np
    import scipy.optimize  # noqa: F401  loaded before the clock starts

    from hubel.train.head import fit_head

    def run(features: Any, labels: Any) -> Any:
        head = fit_head(features, labels, num_classes, PENALTY, weights=np.ones(len(labels)))
        return lambda fresh: head.logits(fresh).argmax(1)

    return run


def one_by_sklearn(num_classes: int, seed: int) -> Any:  # noqa: ARG001  all ways take the same
    import numpy as np
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    def run(features: Any, labels: Any) -> Any:
        regression = LogisticRegression(C=1 / (PENALTY * len(labels)), max_iter=1000)  # solver lbfgs
        model = make_pipeline(StandardScaler(), regression).fit(features.astype(np.float32), labels)
        return lambda fresh: model.predict(fresh.astype(np.float32))

    return run


if __name__ == "__main__":
    main()
