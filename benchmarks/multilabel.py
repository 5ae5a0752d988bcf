"""Several labels an image: which threshold, which calibration, how even the folds are, and whether the intervals hold.

    python benchmarks/multilabel.py [--part photos folds intervals] [--sets animals3 …] [--splits 10] [--json FILE] [--data FOLDER]

*photos*: pictures of one to three classes of a set pasted side by side in random order, a twentieth of them noise with no label.
For every random split so many images to learn from (calibration and thresholds out of fold, as `hubel train` does), the others
to count on. Thresholds: 0.5; half of the F1 to expect (shipped); the one with the highest F1 on the out-of-fold images.
*folds*: how far the share of a label in a fold is from its share in all, for 1,000 images with 20 labels of falling frequency, of those that
five images or more have; 30 % of the images are in groups.
*intervals*: answers drawn from a known population; how often each 95 % interval holds the figure of a million images.
"""

from __future__ import annotations

import argparse
import contextlib
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from _features import Featured, featured
from _measure import absent, data_set, listed, machine, markdown_table, pictures, versions, write_json
from PIL import Image

from hubel.data.label_folds import label_folds
from hubel.data.split import stratified_folds
from hubel.evaluate.label_calibration import choose_labels, choose_thresholds, label_probabilities, sigmoid
from hubel.evaluate.label_intervals import Answered
from hubel.evaluate.multilabel import binary_log_losses, measure_labels
from hubel.train.learn import Examples
from hubel.train.multilabel import learn_labels

SETS = ("animals3", "cifar10")
PARTS = ("photos", "folds", "intervals")
NUM_COMPOSITES = 1500
SIDE_PX = 128
FIGURES = ("mean_average_precision", "macro_f1", "micro_f1", "subset_accuracy", "hamming_loss", "log_loss")
PACKAGES = ("hubel", "numpy", "scipy", "openvino", "onnxruntime")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--splits", type=int, default=10)
    parser.add_argument("--train", type=int, nargs="+", default=[100, 600])
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--data", type=Path, help="a folder with the unpacked sets")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    print(f"seeds from 0; machine: {machine()}\nversions: {listed(versions(*PACKAGES))}\n", flush=True)
    record: dict[str, object] = {"machine": machine(), "versions": versions(*PACKAGES)}
    if "photos" in arguments.part:
        record["photos"] = photos(arguments)
    if "folds" in arguments.part:
        record["folds"] = folds()
    if "intervals" in arguments.part:
        record["intervals"] = intervals(arguments.trials)
    write_json(arguments.json, record)


def photos(arguments: argparse.Namespace) -> list[list[object]]:
    """One row for each set, size and rule."""
    rows = []
    for name in arguments.sets:
        given = arguments.data / name if arguments.data and (arguments.data / name).is_dir() else None
        with contextlib.ExitStack() as stack:
            source = stack.enter_context(data_set(name, given))
            if source is None:
                print(absent(name))
                continue
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            targets, classes = paste(source, folder)
            data = featured(name, folder, limit=NUM_COMPOSITES)
        for num_train in arguments.train:
            rows += run_splits(data, targets, classes, num_train, arguments.splits)
    header = ["set", "train", "thresholds", "mAP", "macro-F1", "micro-F1", "all right", "log loss", "ECE", "T / a, b"]
    print(markdown_table(header, rows), "\n", flush=True)
    return rows


def paste(source: Path, folder: Path) -> tuple[np.ndarray, list[str]]:
    """Write the composites, half of them into either of two folders; their labels (n k) in the order of their names, and the labels' names."""
    noise = np.random.default_rng(0)
    files = pictures(source)
    classes = sorted({file.parent.name for file in files})[:6]
    own = {name: [file for file in files if file.parent.name == name] for name in classes}
    targets = np.zeros((NUM_COMPOSITES, len(classes)), bool)
    for half in ("0", "1"):
        (folder / half).mkdir()
    for number in range(NUM_COMPOSITES):
        chosen = noise.permutation(len(classes))[: noise.integers(1, 4) if number % 20 else 0]
        targets[number, chosen] = True
        whole = Image.new("RGB", (SIDE_PX * max(len(chosen), 1), SIDE_PX))
        for place, index in enumerate(chosen.tolist()):
            file = own[classes[index]][noise.integers(len(own[classes[index]]))]
            with Image.open(file) as opened:
                whole.paste(opened.convert("RGB").resize((SIDE_PX, SIDE_PX)), (SIDE_PX * place, 0))
        if not len(chosen):
            coarse = Image.fromarray(noise.integers(0, 256, (8, 8, 3), dtype=np.uint8))
            whole.paste(coarse.resize((SIDE_PX, SIDE_PX)), (0, 0))
        whole.save(folder / str(2 * number // NUM_COMPOSITES) / f"{number:05}.png", compress_level=1)
    return targets, classes


def run_splits(
    data: Featured, targets: np.ndarray, classes: Sequence[str], num_train: int, num_splits: int
) -> list[list[object]]:
    """The mean figures of the images that were not learned from, with the standard error of each mean."""
    found: dict[str, list[list[float]]] = {}
    methods = []
    for seed in range(num_splits):
        order = np.random.default_rng(seed).permutation(len(targets))
        train, fresh = order[:num_train], order[num_train:]
        table, labels = np.unique(targets[train], axis=0, return_inverse=True)
        sets = tuple(tuple(np.flatnonzero(row).tolist()) for row in table)
        nothing = [None] * num_train
        names = [data.contents[row] + str(row) for row in train]
        examples = Examples(labels.ravel(), names, nothing, nothing, len(classes), label_sets=sets)
        learned = learn_labels(data.features[train], examples, seed)
        chosen = choose_labels(learned.held_out_logits, targets[train][learned.held_out], learned.folds)
        methods.append(chosen.calibration.method)
        said = label_probabilities(learned.head.logits(data.features[fresh]), chosen.temperature, chosen.calibration)
        rules = {
            "0.5": np.full(len(classes), 0.5),
            "half of F1 (shipped)": chosen.thresholds,
            "best seen F1": best_seen(chosen.cross_fitted, targets[train]),
        }
        for rule, limits in rules.items():
            answered = Answered(said, targets[fresh], said >= limits)
            measured = measure_labels(
                answered, classes=classes, thresholds=limits.tolist(), random=np.random.default_rng(0)
            )
            figures = [getattr(measured, name) for name in (*FIGURES[:4], "log_loss", "ece")]
            found.setdefault(rule, []).append([float(value) for value in figures])
    rows: list[list[object]] = []
    for rule, figures in found.items():
        means, errors = np.mean(figures, 0), np.std(figures, 0, ddof=1) / np.sqrt(len(figures))
        cells = [f"{mean:.4f} ± {error:.4f}" for mean, error in zip(means, errors, strict=True)]
        rows.append([data.name, num_train, rule, *cells, f"{methods.count('temperature')} / {methods.count('vector')}"])
    return rows


def best_seen(probabilities: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """For each label the threshold with the highest F1 on images whose labels are known."""
    limits = []
    for stated, true in zip(probabilities.T, targets.T, strict=True):
        tried = np.unique(stated)
        scores = [2 * true[stated >= at].sum() / ((stated >= at).sum() + max(true.sum(), 1)) for at in tried]
        limits.append(float(tried[int(np.argmax(scores))]))
    return np.array(limits)


def folds() -> list[list[object]]:
    """One row for each way of dealing images to five folds."""
    found: dict[str, list[tuple[float, float]]] = {}
    for seed in range(20):
        noise = np.random.default_rng(seed)
        targets = noise.random((1000, 20)) < 0.5 * 0.75 ** np.arange(20)
        groups = np.where(noise.random(1000) < 0.3, np.arange(1000) // 5, 1000 + np.arange(1000))
        sets = np.unique(targets, axis=0, return_inverse=True)[1].ravel()
        ways = {
            "any fold": group_wise(groups, noise),
            "by set of labels": stratified_folds(sets, groups, 5, noise),
            "iterative (shipped)": label_folds(targets, groups, 5, noise),
        }
        for way, own in ways.items():
            counts = np.stack([targets[own == fold].sum(0) for fold in range(5)])[:, targets.sum(0) >= 5]
            even = counts.sum(0) / 5
            found.setdefault(way, []).append(
                (float(np.mean(np.abs(counts - even) / even)), float((counts == 0).any(0).mean()))
            )
    rows: list[list[object]] = [
        [way, f"{np.mean([one for one, _ in values]):.1%}", f"{np.mean([two for _, two in values]):.1%}"]
        for way, values in found.items()
    ]
    print(markdown_table(["folds", "mean deviation of a label's images", "labels missing in a fold"], rows), "\n")
    return rows


def group_wise(groups: np.ndarray, noise: np.random.Generator) -> np.ndarray:
    """Every group in any fold."""
    _, places = np.unique(groups, return_inverse=True)
    own: np.ndarray = noise.integers(0, 5, places.max() + 1)[places]
    return own


def intervals(trials: int) -> list[list[object]]:
    """One row for each number of images: how often each interval holds the true figure."""
    rows: list[list[object]] = []
    for skill, kind in ((1.5, "hard"), (4.0, "easy")):
        whole = draw(200_000, 1, np.random.default_rng([1, int(skill * 10)]), skill)
        limits = choose_thresholds(whole[0])
        truth = point_figures(whole, limits)
        for num_images, size in ((60, 1), (250, 1), (1000, 1), (1000, 4)):
            held = np.zeros(len(FIGURES))
            width = np.zeros(len(FIGURES))
            for seed in range(trials):
                noise = np.random.default_rng([seed, num_images, size])
                stated, targets = draw(num_images // size, size, noise, skill)
                if not targets.any():
                    continue
                groups = None if size == 1 else np.repeat(np.arange(num_images // size), size)
                said = Answered(stated, targets, stated >= limits, groups)
                found = measure_labels(said, classes="abcde", thresholds=limits.tolist(), random=noise)
                ends = np.array([getattr(found, f"{name}_interval") for name in FIGURES])
                held += (ends[:, 0] <= truth) & (truth <= ends[:, 1])
                width += ends[:, 1] - ends[:, 0]
            label = f"{num_images}" if size == 1 else f"{num_images} in groups of {size}"
            cells = [f"{part / trials:.1%} ({wide / trials:.3f})" for part, wide in zip(held, width, strict=True)]
            rows.append([kind, label, *cells])
            print(f"{kind} {label}: {cells}", flush=True)
    print(markdown_table(["population", "images", *FIGURES], rows), "\n", flush=True)
    return rows


def draw(num_groups: int, size: int, noise: np.random.Generator, skill: float) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities and labels of images in groups that are nearly alike; five labels of falling frequency, calibrated."""
    centres = np.array([0.0, -0.7, -1.5, -2.3, -3.2])
    shared = noise.normal(0, skill, (num_groups, 5)) + centres
    scores = np.repeat(shared, size, axis=0) + (noise.normal(0, 0.2, (num_groups * size, 5)) if size > 1 else 0)
    luck = np.repeat(noise.random((num_groups, 5)), size, axis=0)
    stated = sigmoid(scores)
    return stated, luck < sigmoid(np.repeat(shared, size, axis=0))


def point_figures(whole: tuple[np.ndarray, np.ndarray], limits: np.ndarray) -> np.ndarray:
    """The figures of a population, without intervals."""
    from sklearn.metrics import average_precision_score, f1_score

    stated, targets = whole
    given = stated >= limits
    return np.array(
        [
            average_precision_score(targets, stated, average="macro"),
            f1_score(targets, given, average="macro"),
            f1_score(targets, given, average="micro"),
            (given == targets).all(1).mean(),
            (given != targets).mean(),
            binary_log_losses(stated, targets).mean(),
        ]
    )


if __name__ == "__main__":
    main()
