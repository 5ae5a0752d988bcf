"""How right hubel is beside a plain probe, on every data set at hand.

    python benchmarks/accuracy.py [--sets catsdogs faces …] [--seeds 0] [--limit 3000] [--json FILE]

The probe is what a careful person does first: every picture squashed to 224 once, the same EfficientNet-Lite0 by ONNX
Runtime in float32, its last 1,280 features, scikit-learn's logistic regression with its strength chosen by five-fold
cross-validation. hubel runs with nothing but its defaults. Both get the same training images and the same test images:
the set's own test folder where it has one, else a random half of each class by seed. `--limit` caps the training and
the test images of a set each, evenly over its classes; 0 takes all. The 95 % interval is Wilson's.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import statistics
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from _measure import (
    absent,
    data_set,
    evenly,
    listed,
    machine,
    markdown_table,
    pictures,
    run_hubel,
    run_python,
    versions,
    write_json,
)

OWN_SPLIT = ("catsdogs", "cifar10")
SETS = (*OWN_SPLIT, "animals3", "faces", "mnist_png", "digits")
BUILTIN = "digits"
STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
NUM_FEATURES = 1280
PACKAGES = ("hubel", "scikit-learn", "onnxruntime", "openvino", "numpy", "pillow", "simplejpeg")


@dataclass(frozen=True, slots=True)
class Result:
    """One set and one seed; `interval` is of hubel's accuracy."""

    name: str
    seed: int
    num_classes: int
    num_train: int
    num_test: int
    probe: float
    hubel: float
    interval: tuple[float, float]
    size: int
    views: tuple[str, ...]
    seconds: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--limit", type=int, default=3000, help="most training and most test images of a set; 0: all")
    parser.add_argument("--data", type=Path, help="a folder with the unpacked sets")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--probe", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.probe:
        print(json.dumps({"accuracy": probe_accuracy(arguments.probe)}))
        return
    print(f"seeds {', '.join(map(str, arguments.seeds))}; machine: {machine()}")
    print(f"versions: {listed(versions(*PACKAGES))}\n", flush=True)
    results: list[Result] = []
    for name in arguments.sets:
        with contextlib.ExitStack() as stack:
            place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            if name == BUILTIN:
                source: Path | None = write_digits(place)
            else:
                given = arguments.data / name if arguments.data and (arguments.data / name).is_dir() else None
                source = stack.enter_context(data_set(name, given))
            if source is None:
                print(absent(name))
                continue
            results += [compare(name, source, seed, arguments.limit, place) for seed in arguments.seeds]
    print(table(results))
    write_json(
        arguments.json,
        {"machine": machine(), "versions": versions(*PACKAGES), "results": [asdict(result) for result in results]},
    )


def table(results: list[Result]) -> str:
    """One row for each set, means over the seeds; size and views as the first seed chose them."""
    rows = []
    for name in dict.fromkeys(result.name for result in results):
        own = [result for result in results if result.name == name]
        first = own[0]
        probe = 100 * statistics.mean(result.probe for result in own)
        hubel = 100 * statistics.mean(result.hubel for result in own)
        low, high = (100 * bound for bound in first.interval)
        rows.append(
            [
                name,
                first.num_classes,
                f"{first.num_train:,}",
                f"{first.num_test:,}",
                f"{probe:.2f} %",
                f"{hubel:.2f} %",
                f"{low:.1f}–{high:.1f}",
                f"{hubel - probe:+.2f}",
                f"{first.size} px",
                len(first.views),
                f"{statistics.mean(result.seconds for result in own):.0f}",
            ]
        )
    header = [
        "set",
        "classes",
        "train",
        "test",
        "probe",
        "hubel",
        "95 % interval",
        "points",
        "size",
        "views",
        "hubel, seconds",
    ]
    return markdown_table(header, rows)


def compare(name: str, source: Path, seed: int, limit: int, place: Path) -> Result:
    """Split a set once, and give both the same folder."""
    parts = split(source, seed, own=name in OWN_SPLIT)
    folder = place / f"{name}-{seed}"
    counts = {}
    for part, files in parts.items():
        chosen = evenly(files, limit) if limit else files
        counts[part] = len(chosen)
        for number, file in enumerate(chosen):
            link = folder / part / file.parent.name / f"{number:06d}{file.suffix}"
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(file.resolve())
    command = ("train", folder, "--out", place / f"run-{name}-{seed}", "--seed", str(seed), "--json")
    measured = run_hubel(*command, cache=place / "cache")
    answer = measured.answer
    assert answer["protocol"] == "test", "hubel must be measured on the test folder"
    assert answer["num_measured"] == counts["test"], "both must be measured on the same images"
    card = json.loads((Path(answer["folder"]) / "card.json").read_text(encoding="utf-8"))
    probe = run_python(__file__, "--probe", folder).answer["accuracy"]
    low, high = answer["accuracy_interval"]
    chosen_spec = (card["image"]["size"], tuple(card["views"]))
    figures = (len(card["classes"]), counts["train"], counts["test"], probe, answer["accuracy"], (low, high))
    return Result(name, seed, *figures, *chosen_spec, measured.seconds)


def split(source: Path, seed: int, *, own: bool) -> dict[str, list[Path]]:
    """Training and test files: the set's own, or a random half of each class."""
    if own:
        return {part: pictures(source / part) for part in ("train", "test")}
    parts: dict[str, list[Path]] = {"train": [], "test": []}
    generator = random.Random(seed)
    for folder in sorted(path for path in source.iterdir() if path.is_dir()):
        files = pictures(folder)
        generator.shuffle(files)
        parts["train"] += files[: len(files) // 2]
        parts["test"] += files[len(files) // 2 :]
    return parts


def write_digits(place: Path) -> Path:
    """The built-in digits as a folder, written by a process of its own so that this one stays small."""
    code = (
        "import sys, json; from hubel.data.builtin import write_builtin; "
        "print(json.dumps({'folder': str(write_builtin('digits', sys.argv[1]))}))"
    )
    return Path(run_python("-c", code, place / "builtin").answer["folder"])


def probe_accuracy(folder: Path) -> float:
    """The reference probe's accuracy on ``folder/test`` after learning from ``folder/train``."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    with tempfile.TemporaryDirectory() as place:
        features, labels = extract(folder / "train", Path(place))
        fresh, fresh_labels = extract(folder / "test", Path(place))
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300))
    search = GridSearchCV(model, {"logisticregression__C": STRENGTHS}, cv=5, scoring="neg_log_loss")
    return float(search.fit(features, labels).best_estimator_.score(fresh, fresh_labels))


def extract(folder: Path, place: Path) -> tuple[Any, list[str]]:
    """Features (n 1280) of one view at 224, and the names of the classes."""
    import numpy as np
    import onnxruntime
    from PIL import Image

    from hubel.models.backbone import open_backbone

    session = onnxruntime.InferenceSession(str(open_backbone("efficientnet_lite0", place).graph))
    files = pictures(folder)
    rows = []
    for start in range(0, len(files), 32):
        squares = []
        for file in files[start : start + 32]:
            with Image.open(file) as opened:
                squares.append(np.asarray(opened.convert("RGB").resize((224, 224), Image.Resampling.BILINEAR)))
        rows.append(session.run(None, {"pixels": np.stack(squares)})[0][:, -NUM_FEATURES:])
    return np.concatenate(rows), [file.parent.name for file in files]


if __name__ == "__main__":
    main()
