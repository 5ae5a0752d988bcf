"""Which score tells best that an image belongs to no known class, and what the shipped limit costs and catches.

    python benchmarks/unknown.py [--sets animals3 …] [--seeds 0 1 2] [--limit 1000] [--json FILE] [--data FOLDER]

Near strangers: the images of a class that was left out of learning (each class once for three classes, else two by seed), and
pandas to a model of cats and dogs. Far strangers: other data sets (without those that share a class), noise and blank
pictures. Known: the half of the images that was not learned from. Features come from hubel's reader and base at 256 px,
heads from hubel's `learn`; every score sees the same features and the same head. AUROC: the chance that a stranger scores
higher than a known image. FPR: the share of strangers below the score that 95 % of known images stay below. Caught: the
share of strangers above the limit chosen on out-of-fold scores at 1 %, rejected: that of known images. Means over
scenarios of a set, then over sets, then over seeds.
"""

from __future__ import annotations

import argparse
import contextlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from _features import Featured, drawn_pictures, featured
from _measure import absent, data_set, listed, machine, markdown_table, versions, write_json

from hubel.core.types import Labels
from hubel.evaluate.calibration import softmax
from hubel.evaluate.unknown import Seen, choose_unknown, fit_familiar, graph_logits, unknown_scores
from hubel.train.head import Head, fit_head
from hubel.train.learn import Learned, learn

SETS = ("catsdogs", "animals3", "cifar10", "mnist_png", "faces")
SHARE_CLASSES = {
    frozenset(pair) for pair in (("catsdogs", "animals3"), ("catsdogs", "cifar10"), ("animals3", "cifar10"))
}
REJECT = 0.01
NUM_DIRECTIONS = 64
NUM_LEFT_OUT = 2
PACKAGES = ("hubel", "numpy", "scipy", "openvino", "onnxruntime")
Score = Callable[[np.ndarray, Head], np.ndarray]
"""Features (n d) and a head in, the higher the stranger out (n)."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One score on one set of strangers: `kind` is near, far or moved (known classes of another data set)."""

    seed: int
    name: str
    strangers: str
    kind: str
    score: str
    auroc: float
    fpr: float
    caught: float
    rejected: float
    num_known: int
    num_strangers: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--limit", type=int, default=1000, help="images of a set in all, half of them to learn from")
    parser.add_argument("--data", type=Path, help="a folder with the unpacked sets")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    print(f"seeds {', '.join(map(str, arguments.seeds))}; machine: {machine()}")
    print(f"versions: {listed(versions(*PACKAGES))}\n", flush=True)
    sets: dict[str, Featured] = {}
    with contextlib.ExitStack() as stack:
        for name in arguments.sets:
            given = arguments.data / name if arguments.data and (arguments.data / name).is_dir() else None
            source = stack.enter_context(data_set(name, given))
            if source is None:
                print(absent(name))
                continue
            sets[name] = featured(name, source, limit=arguments.limit)
        drawn = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        sets["drawn"] = featured("drawn", drawn_pictures(drawn, 100, 0), limit=200)
    outcomes = [
        outcome for seed in arguments.seeds for name in sets if name != "drawn" for outcome in judge(sets, name, seed)
    ]
    print(table(outcomes))
    record = {
        "machine": machine(),
        "versions": versions(*PACKAGES),
        "outcomes": [asdict(outcome) for outcome in outcomes],
    }
    write_json(arguments.json, record)


def table(outcomes: Sequence[Outcome]) -> str:
    """One row for each score, the shipped one first."""
    seeds = sorted({outcome.seed for outcome in outcomes})
    rows = []
    for score in dict.fromkeys(outcome.score for outcome in outcomes):
        own = [outcome for outcome in outcomes if outcome.score == score]
        cells: list[object] = [score]
        for kind in ("near", "far"):
            for figure in ("auroc", "fpr", "caught"):
                by_seed = [mean_of(own, seed, kind, figure) for seed in seeds]
                spread = f" ± {np.std(by_seed, ddof=1):.3f}" if figure == "auroc" and len(seeds) > 1 else ""
                cells.append(f"{np.mean(by_seed):.3f}{spread}" if figure == "auroc" else f"{np.mean(by_seed):.0%}")
        cells.append(f"{np.mean([mean_of(own, seed, 'far', 'rejected') for seed in seeds]):.2%}")
        cells.append(f"{np.nanmean([mean_of(own, seed, 'moved', 'caught') for seed in seeds]):.1%}")
        rows.append(cells)
    header = ["score", "near AUROC", "FPR", "caught", "far AUROC", "FPR", "caught", "known rejected", "known, moved"]
    return markdown_table(header, rows)


def mean_of(outcomes: Sequence[Outcome], seed: int, kind: str, figure: str) -> float:
    """The mean over scenarios of a set, then over sets; not a number without any."""
    by_set: dict[str, list[float]] = {}
    for outcome in outcomes:
        if outcome.seed == seed and outcome.kind == kind:
            by_set.setdefault(outcome.name, []).append(getattr(outcome, figure))
    return float(np.mean([np.mean(values) for values in by_set.values()])) if by_set else float("nan")


def judge(sets: dict[str, Featured], name: str, seed: int) -> Iterator[Outcome]:
    """Every score on every scenario of one set."""
    data, draw = sets[name], np.random.default_rng(seed)
    order = draw.permutation(len(data.labels))
    train, fresh = order[: len(order) // 2], order[len(order) // 2 :]
    strangers = dict(far_strangers(sets, name))
    if name == "catsdogs" and "animals3" in sets:
        other = sets["animals3"]
        strangers["near: panda"] = other.features[other.labels == list(other.classes).index("panda")]
    yield from compare(data, np.arange(len(data.classes)), (train, fresh), strangers, seed)
    left_out = (
        np.arange(len(data.classes)) if len(data.classes) == 3 else draw.permutation(len(data.classes))[:NUM_LEFT_OUT]
    )
    for label in left_out if len(data.classes) > 2 else ():
        keep = np.setdiff1d(np.arange(len(data.classes)), [label])
        parts = tuple(part[data.labels[part] != label] for part in (train, fresh))
        absent_class = {f"near: {data.classes[label]}": data.features[fresh[data.labels[fresh] == label]]}
        yield from compare(data, keep, (parts[0], parts[1]), absent_class, seed)


def far_strangers(sets: dict[str, Featured], name: str) -> Iterator[tuple[str, np.ndarray]]:
    """The other sets, and the known classes of a set that shares them."""
    for other, data in sets.items():
        if other == "drawn":
            for label, kind in enumerate(data.classes):
                yield f"far: {kind}", data.features[data.labels == label]
        elif other != name and frozenset((other, name)) not in SHARE_CLASSES:
            yield f"far: {other}", data.features
        elif {other, name} == {"catsdogs", "animals3"}:
            known = [label for label, kind in enumerate(data.classes) if kind in ("cats", "dogs")]
            yield f"moved: {other}", data.features[np.isin(data.labels, known)]


def compare(
    data: Featured, keep: np.ndarray, parts: tuple[np.ndarray, np.ndarray], strangers: dict[str, np.ndarray], seed: int
) -> Iterator[Outcome]:
    """Every score on these strangers, with the classes in `keep` known."""
    train, fresh = parts
    labels = np.searchsorted(keep, data.labels[train])
    learned = learn(data.features[train], data.examples(train, labels, len(keep)), seed)
    rows = learned.held_out
    features, labels, folds = data.features[train][rows], labels[rows], learned.folds[rows]
    whole = scores_of(features, labels, len(keep))
    held_out: dict[str, np.ndarray] = {score: np.empty(len(rows)) for score in whole}
    for fold in np.unique(folds):
        inside = folds == fold
        head = fold_head(features[~inside], labels[~inside], len(keep), learned)
        for score, function in scores_of(features[~inside], labels[~inside], len(keep)).items():
            held_out[score][inside] = function(features[inside], head)
    seen = Seen(features, graph_logits(learned.held_out_logits, 1.0, None), labels, folds, None)
    for score, used in shipped(seen).items():
        whole = {score: used[0]} | whole
        held_out[score] = used[1]
    for score, function in whole.items():
        known = function(data.features[fresh], learned.head)
        limit = choose_unknown(held_out[score], None, reject=REJECT).threshold
        for strange, images in strangers.items():
            found = function(images, learned.head)
            yield Outcome(
                seed, data.name, strange, strange.partition(":")[0], score, auroc(known, found),
                float((found <= np.quantile(known, 0.95)).mean()), float((found > limit).mean()),
                float((known > limit).mean()), len(known), len(found),
            )  # fmt: skip


def fold_head(features: np.ndarray, labels: Labels, num_classes: int, learned: Learned) -> Head:
    """A head without one fold."""
    return fit_head(features, labels, num_classes, learned.head.regularisation, weights=np.ones(len(labels)))


def shipped(seen: Seen) -> dict[str, tuple[Score, np.ndarray]]:
    """The score of hubel, and its two halves: each with its out-of-fold scores."""
    familiar, scores = fit_familiar(seen, np.random.default_rng(0))
    alone = replace(familiar, doubt=(np.inf, 1.0))
    without_doubt = np.zeros_like(seen.logits)

    def score(features: np.ndarray, head: Head) -> np.ndarray:
        return unknown_scores(familiar, features, graph_logits(head.logits(features), 1.0, None))

    def distance(features: np.ndarray, head: Head) -> np.ndarray:
        return unknown_scores(alone, features, graph_logits(head.logits(features), 1.0, None))

    distances = fit_familiar(replace(seen, logits=without_doubt), np.random.default_rng(0))[1]
    return {"nearest remembered alone": (distance, distances), "hubel: nearest remembered, doubt": (score, scores)}


def scores_of(features: np.ndarray, labels: Labels, num_classes: int) -> dict[str, Score]:
    """The scores of the literature, fitted on these images."""
    wide = features.astype(np.float32)
    mean, deviation = wide.mean(0), wide.std(0) + 0.1 * wide.std(0).mean()
    z = (wide - mean) / deviation
    centres = np.stack([z[labels == label].mean(0) for label in range(num_classes) if (labels == label).any()])
    present = np.unique(labels)
    within = z - centres[np.searchsorted(present, labels)]
    shared, overall = gaussian_of(within), gaussian_of(z)
    principal = overall.directions[:NUM_DIRECTIONS]
    unit = wide / np.linalg.norm(wide, axis=1, keepdims=True)

    def standard(x: np.ndarray) -> np.ndarray:
        found: np.ndarray = (x.astype(np.float32) - mean) / deviation
        return found

    def mahalanobis(x: np.ndarray, _head: Head) -> np.ndarray:
        there = standard(x)
        found: np.ndarray = np.min([shared.distance(there - centre) for centre in centres], axis=0)
        return found

    def relative(x: np.ndarray, head: Head) -> np.ndarray:
        found: np.ndarray = mahalanobis(x, head) - overall.distance(standard(x))
        return found

    def residual(x: np.ndarray, _head: Head) -> np.ndarray:
        there = standard(x)
        found: np.ndarray = np.sqrt(np.maximum((there**2).sum(1) - ((there @ principal.T) ** 2).sum(1), 0))
        return found

    def neighbours(x: np.ndarray, _head: Head) -> np.ndarray:
        own = x.astype(np.float32)
        alike = own / np.linalg.norm(own, axis=1, keepdims=True) @ unit.T
        found: np.ndarray = -np.partition(alike, -5, axis=1)[:, -5]
        return found

    def virtual(x: np.ndarray, head: Head) -> np.ndarray:
        scale = head.logits(features).max(1).mean() / residual(features, head).mean()
        found: np.ndarray = scale * residual(x, head) + energy(x, head)
        return found

    return {
        "maximum softmax": lambda x, head: 1 - softmax(head.logits(x)).max(1),
        "maximum logit": lambda x, head: -head.logits(x).max(1),
        "energy": energy,
        "Mahalanobis": mahalanobis,
        "relative Mahalanobis": relative,
        "residual of 64 directions": residual,
        "5th nearest neighbour": neighbours,
        "ViM": virtual,
    }


def energy(x: np.ndarray, head: Head) -> np.ndarray:
    """−log Σ exp of the logits."""
    logits = head.logits(x)
    highest = logits.max(1)
    found: np.ndarray = -(highest + np.log(np.exp(logits - highest[:, None]).sum(1)))
    return found


@dataclass(frozen=True, slots=True)
class Gaussian:
    """A shrunk covariance by its directions (r d): xᵀ C⁻¹ x = (‖x‖² − Σⱼ gainⱼ (x · vⱼ)²) / floor."""

    directions: np.ndarray
    gains: np.ndarray
    floor: float

    def distance(self, rows: np.ndarray) -> np.ndarray:
        """The squared Mahalanobis distance of each row from 0, of shape (n)."""
        along = rows @ self.directions.T
        found: np.ndarray = ((rows**2).sum(1) - (along**2 * self.gains).sum(1)) / self.floor
        return found


def gaussian_of(rows: np.ndarray) -> Gaussian:
    """The covariance of centred rows, shrunk as Ledoit and Wolf 2004 say (doi:10.1016/S0047-259X(03)00096-4)."""
    from sklearn.covariance import ledoit_wolf_shrinkage

    shrinkage = max(float(ledoit_wolf_shrinkage(rows, assume_centered=True)), 1e-3)
    floor = shrinkage * float((rows**2).mean())
    _, lengths, directions = np.linalg.svd(rows, full_matrices=False)
    variances = (1 - shrinkage) * lengths**2 / len(rows)
    return Gaussian(directions, variances / (variances + floor), floor)


def auroc(known: np.ndarray, strange: np.ndarray) -> float:
    """The chance that a stranger scores higher than a known image, ties counted half."""
    joined = np.concatenate([known, strange])
    _, places, counts = np.unique(joined, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[places]
    above = ranks[len(known) :].sum() - len(strange) * (len(strange) + 1) / 2
    return float(above / (len(known) * len(strange)))


if __name__ == "__main__":
    main()
