"""How well near duplicates are found, beside imagehash's phash and CleanVision; how long it takes; what they cost.

    python benchmarks/duplicates.py                 planted copies, by what was done to them (small defaults)
    python benchmarks/duplicates.py --overlaps      photos that two of the shared data sets have in common
    python benchmarks/duplicates.py --scale         50,000 files; the search alone among 500,000 synthetic vectors
    python benchmarks/duplicates.py --leak          the leak tax shown, beside the truth on fresh images

The peers are asked only where they are installed: pip install imagehash cleanvision. They belong to no extra.

Copies are planted with a seed of their own. The thresholds of `hubel.data.near` were set on catsdogs, animals3, faces and
MNIST with copies planted by another seed; CIFAR-10 was not looked at.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from _copies import KINDS
from _measure import (
    DATA,
    absent,
    data_set,
    evenly,
    listed,
    machine,
    markdown_table,
    mebibytes,
    pictures,
    run_hubel,
    run_python,
    versions,
    write_json,
)
from PIL import Image, ImageOps

SEED = 20261122
Pairs = set[tuple[int, int]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="*", default=["catsdogs", "animals3", "cifar10"], help="where to plant")
    parser.add_argument("--images", type=int, default=2000, help="images of each set")
    parser.add_argument("--copies", type=int, default=100, help="copies of each kind")
    parser.add_argument("--finders", nargs="*", default=["hubel", "phash", "cleanvision"], help="who searches them")
    parser.add_argument("--overlaps", action="store_true")
    parser.add_argument("--scale", action="store_true")
    parser.add_argument("--leak", action="store_true")
    parser.add_argument("--draws", type=int, default=4, help="of the leak tax, for each of its three rows")
    parser.add_argument("--child", nargs="*", help=argparse.SUPPRESS)
    parser.add_argument(
        "--folder", type=Path, action="append", default=[], metavar="DIR", help="unpacked sets, by name"
    )
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    arguments = parser.parse_args()
    if arguments.child:
        CHILDREN[arguments.child[0]](*arguments.child[1:])
        return
    print(f"seed {SEED}; machine: {machine()}")
    print(f"versions: {listed(versions('hubel', 'numpy', 'pillow', 'imagehash', 'cleanvision'))}\n", flush=True)
    unpacked = {folder.name: folder for folder in arguments.folder}
    record: dict[str, object] = {"machine": machine(), "seed": SEED}
    if arguments.overlaps:
        record["overlaps"] = overlaps(unpacked)
    elif arguments.scale:
        record["scale"] = scale(unpacked)
    elif arguments.leak:
        record["leak"] = leak(unpacked, arguments.draws)
    else:
        for name in arguments.sets:
            record[name] = planted(name, unpacked, arguments.images, arguments.copies, arguments.finders)
    write_json(arguments.json, record)


def planted(name: str, unpacked: dict[str, Path], num_images: int, num_copies: int, finders: Sequence[str]) -> object:
    """Recall by kind of copy, and precision, for hubel and the peers on the same files."""
    with data_set(name, unpacked.get(name)) as folder, tempfile.TemporaryDirectory() as place:
        if folder is None:
            print(absent(name))
            return None
        files, truth, kinds = plant(evenly(pictures(folder), num_images), num_copies, Path(place) / "planted")
        rows, record = [], {}
        for finder in finders:
            listing = Path(place) / "files.json"
            listing.write_text(json.dumps([str(file) for file in files]), encoding="utf-8")
            if finder != "hubel" and not versions({"phash": "imagehash"}.get(finder, finder)):
                print(f"{finder}: left out, for it is not installed.")
                continue
            measured = run_python(__file__, "--child", finder, listing)
            pairs = {(first, second) for first, second in measured.answer["pairs"]}
            figures = judge(pairs, truth, kinds, num_images=len(files) - len(kinds))
            record[finder] = figures | {"seconds": measured.seconds, "peak_bytes": measured.peak_bytes}
            shares = [f"{100 * figures[kind]:.0f}" for kind in KINDS]
            rows.append(
                [finder, *shares, f"{100 * figures['recall']:.1f}", f"{100 * figures['precision']:.1f}",
                 int(figures["unplanted"]), f"{measured.seconds:.0f}", mebibytes(measured.peak_bytes)]
            )  # fmt: skip
        print(f"{name}: {len(files) - len(kinds)} images and {num_copies} copies of each kind; recall in %\n")
        header = [*KINDS, "all, recall %", "precision %", "pairs not planted", "seconds", "MiB"]
        print(markdown_table(["", *header], rows) + "\n", flush=True)
        return record


def plant(originals: Sequence[Path], num_copies: int, folder: Path) -> tuple[list[Path], Pairs, list[str]]:
    """The originals and their changed copies, which copy belongs to which, and the kind of each copy."""
    folder.mkdir(parents=True)
    noise = np.random.default_rng(SEED)
    order = noise.permutation(len(originals))
    files, truth = list(originals), set[tuple[int, int]]()
    kinds: list[str] = []
    for kind, change in KINDS.items():
        for _ in range(num_copies):
            source = int(order[len(kinds) % len(order)])
            with Image.open(originals[source]) as opened:
                changed = change(opened.convert("RGB"), noise)
            copy = folder / f"{len(kinds):06}.jpg"
            changed.save(copy, "JPEG", quality=85)
            truth.add((source, len(files)))
            files.append(copy)
            kinds.append(kind)
    return files, truth, kinds


def judge(pairs: Pairs, truth: Pairs, kinds: Sequence[str], *, num_images: int) -> dict[str, float]:
    """Recall of each kind and of all; precision over the pairs with a copy in them; pairs among the originals.

    Two copies of one picture make a right pair too. A copy whose original was found only through another copy counts as
    found: what matters is who is held together.
    """
    source = {copy: original for original, copy in truth}

    def origin(image: int) -> int:
        return source.get(image, image)

    parent: dict[int, int] = {}

    def root(image: int) -> int:
        while parent.setdefault(image, image) != image:
            image = parent[image]
        return image

    for first, second in pairs:
        parent[root(first)] = root(second)
    found = {copy: root(copy) == root(original) for original, copy in truth}
    figures = {
        kind: float(np.mean([found[num_images + row] for row, other in enumerate(kinds) if other == kind]))
        for kind in dict.fromkeys(kinds)
    }
    with_copy = [pair for pair in pairs if max(pair) >= num_images]
    right = sum(origin(first) == origin(second) for first, second in with_copy)
    return figures | {
        "recall": float(np.mean(list(found.values()))),
        "precision": right / max(len(with_copy), 1),
        "unplanted": float(len(pairs) - len(with_copy)),
    }


def overlaps(unpacked: dict[str, Path]) -> object:
    """How many of the listed common photos are found, and what else is."""
    listing = DATA / "overlap_animals3_catsdogs.tsv"
    with (
        data_set("animals3", unpacked.get("animals3")) as animals,
        data_set("catsdogs", unpacked.get("catsdogs")) as pets,
    ):
        if animals is None or pets is None or not listing.is_file():
            print(absent("animals3 or catsdogs"))
            return None
        roots = {"animals3": animals, "catsdogs": pets}
        files = [*pictures(animals), *pictures(pets)]
        rows = {file: row for row, file in enumerate(files)}
        truth = set()
        for line in listing.read_text(encoding="utf-8").splitlines():
            first, second = (roots[name.partition("/")[0]] / name.partition("/")[2] for name in line.split("\t"))
            truth.add((rows[first], rows[second]))
        with tempfile.TemporaryDirectory() as place:
            names = Path(place) / "files.json"
            names.write_text(json.dumps([str(file) for file in files]), encoding="utf-8")
            measured = run_python(__file__, "--child", "hubel", names)
        pairs = {(first, second) for first, second in measured.answer["pairs"]}
        print(f"{len(truth & pairs)} of {len(truth)} listed overlaps found, {len(pairs - truth)} pairs not listed:")
        for first, second in sorted(pairs - truth):
            print(f"  {'/'.join(files[first].parts[-3:])}  {'/'.join(files[second].parts[-3:])}")
        print(f"{len(files)} files, {measured.seconds:.0f} s, {mebibytes(measured.peak_bytes)} MiB\n")
        return {"listed": len(truth), "found": len(truth & pairs), "others": len(pairs - truth)}


def scale(unpacked: dict[str, Path]) -> object:
    """Seconds and memory for 50,000 files, and for the search alone among 500,000 vectors."""
    rows, record = [], {}
    with data_set("cifar10", unpacked.get("cifar10")) as folder, tempfile.TemporaryDirectory() as place:
        if folder is None:
            print(absent("cifar10"))
        else:
            names = Path(place) / "files.json"
            files = pictures(folder / "train")
            names.write_text(json.dumps([str(file) for file in files]), encoding="utf-8")
            measured = run_python(__file__, "--child", "hubel", names)
            record["files"] = {"seconds": measured.seconds, "peak_bytes": measured.peak_bytes} | measured.answer[
                "times"
            ]
            times = measured.answer["times"]
            what = f"files of CIFAR-10: fingerprints {times['read']:.0f} s, search and comparison {times['near']:.0f} s"
            pairs = f"{len(measured.answer['pairs'])} pairs"
            rows.append([f"{len(files):,}", what, pairs, f"{measured.seconds:.0f}", mebibytes(measured.peak_bytes)])
    for count in (50_000, 500_000):
        measured = run_python(__file__, "--child", "search", str(count))
        record[str(count)] = {"seconds": measured.seconds, "peak_bytes": measured.peak_bytes} | measured.answer
        what = f"{100 * measured.answer['recall']:.1f} % of planted neighbours"
        searched = f"synthetic vectors, 14 views, search alone {measured.answer['search']:.0f} s"
        rows.append([f"{count:,}", searched, what, f"{measured.seconds:.0f}", mebibytes(measured.peak_bytes)])
    print(markdown_table(["n", "what", "found", "seconds in all", "MiB"], rows) + "\n")
    return record


def leak(unpacked: dict[str, Path], draws: int) -> object:
    """Planted copies: the gap that the report shows, beside that between a random split's claim and fresh images.

    The pictures to learn from and the fresh ones are drawn anew from all of CIFAR-10 in every draw. The fresh ones are changed and
    copied as those to learn from are, or they would be easier. `groups known` is the same training told who is whose copy: how far
    the search is to blame.
    """
    rows: list[list[object]] = []
    record: list[dict[str, Any]] = []
    with data_set("cifar10", unpacked.get("cifar10")) as folder, tempfile.TemporaryDirectory() as place:
        if folder is None:
            print(absent("cifar10"))
            return None
        files = pictures(folder)
        for number, (num_originals, copies_of_each) in enumerate(((2000, 1), (1000, 3), (3000, 1))):
            found = []
            for draw in range(draws):
                root = Path(place) / f"{number}-{draw}"
                found.append(
                    leak_draw(files, num_originals, copies_of_each, root, np.random.default_rng([SEED, number, draw]))
                )
                shutil.rmtree(root)
                print(
                    f"{num_originals} originals, draw {draw + 1} of {draws}: {found[-1]}", file=sys.stderr, flush=True
                )
            record.append({"originals": num_originals, "copies": copies_of_each, "draws": found})
            rows.append([num_originals, copies_of_each, *leak_row(found)])
        rows.append(["all", "", *leak_row([draw for entry in record for draw in entry["draws"]])])
    header = ["originals", "copies of each", *LEAK_COLUMNS, "off by"]
    print(
        f"CIFAR-10, every image planted with changed copies, means of {draws} draws; accuracies in %, gaps in points\n"
    )
    print(markdown_table(header, rows) + "\n")
    return record


LEAK_COLUMNS = ("random split", "groups kept", "groups known", "fresh", "gap shown", "true gap")
NUM_FRESH = 4000


def leak_draw(
    files: Sequence[Path], num_originals: int, copies: int, root: Path, noise: np.random.Generator
) -> dict[str, float]:
    """One draw: the columns of the table."""
    chosen = noise.choice(len(files), num_originals + NUM_FRESH, replace=False)
    learned, fresh = np.split(chosen, [num_originals])
    write_with_copies([files[row] for row in np.sort(learned)], copies, root / "data", noise)
    write_with_copies([files[row] for row in np.sort(fresh)], copies, root / "fresh", noise)
    found, told = (leak_run(root, kind) for kind in ("data", "data.csv"))
    answer = run_hubel("evaluate", found["folder"], root / "fresh", "--json", cache=root / "cache").answer
    tax, accuracy = found["leak_tax"], float(answer["accuracy"])
    naive, honest, known = tax["naive_accuracy"], tax["honest_accuracy"], told["leak_tax"]["honest_accuracy"]
    figures = (naive, honest, known, accuracy, tax["difference"], naive - accuracy)
    return dict(zip(LEAK_COLUMNS, figures, strict=True))


def leak_row(draws: Sequence[dict[str, float]]) -> list[str]:
    """Means over draws, and how far the gaps shown lie from the true ones, with the standard error of that mean."""
    off = np.array([draw["gap shown"] - draw["true gap"] for draw in draws]) * 100
    error = f" ± {off.std(ddof=1) / math.sqrt(len(off)):.1f}" if len(off) > 1 else ""
    return [
        *(f"{100 * np.mean([draw[name] for draw in draws]):.1f}" for name in LEAK_COLUMNS),
        f"{off.mean():+.1f}{error}",
    ]


def leak_run(root: Path, source: str) -> dict[str, Any]:
    """The card of a training, with its folder."""
    options = ("--out", root / f"run of {source}", "--size", "96", "--views", "1", "--json")
    trained = run_hubel("train", root / source, *options, cache=root / "cache")
    folder = Path(trained.answer["folder"])
    card: dict[str, Any] = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    return card | {"folder": folder}


def write_with_copies(files: Sequence[Path], copies: int, root: Path, noise: np.random.Generator) -> None:
    """A folder of class folders with each file and some changed copies of it, and a table beside it of who is whose."""
    changes = list(KINDS.values())
    lines = ["file_name,label,group"]
    for row, file in enumerate(files):
        label = file.parent.name
        (root / label).mkdir(parents=True, exist_ok=True)
        with Image.open(file) as opened:
            picture = opened.convert("RGB")
        picture.save(root / label / f"{row:06}.png")
        names = [f"{row:06}.png"]
        for copy in range(copies):
            change = changes[int(noise.integers(len(changes)))]
            names.append(f"{row:06}-{copy}.jpg")
            change(picture, noise).save(root / label / names[-1], quality=85)
        lines += [f"{root.name}/{label}/{name},{label},{row}" for name in names]
    root.with_suffix(".csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


# Each finder runs in a process of its own, reads a JSON list of files and prints pairs of their rows.


def find_by_hubel(listing: str) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from hubel.data.fingerprint import fingerprint
    from hubel.data.images import read_image
    from hubel.data.near import near_pairs

    files = json.loads(Path(listing).read_text(encoding="utf-8"))
    began = time.monotonic()
    with ThreadPoolExecutor(2) as pool:
        prints = np.stack(list(pool.map(lambda file: fingerprint(read_image(file, shorter_side=256)), files)))
    read = time.monotonic()
    pairs = [(pair.first, pair.second) for pair in near_pairs(prints)]
    print(json.dumps({"pairs": pairs, "times": {"read": read - began, "near": time.monotonic() - read}}))


def find_by_phash(listing: str) -> None:
    """Pairs of at most 8 of 64 different bits, every picture asked for mirrored too, as its makers suggest for finding."""
    import imagehash

    files = json.loads(Path(listing).read_text(encoding="utf-8"))
    plain, mirrored = [], []
    for file in files:
        with Image.open(file) as opened:
            picture = opened.convert("RGB")
        plain.append(imagehash.phash(picture).hash.ravel())
        mirrored.append(imagehash.phash(ImageOps.mirror(picture)).hash.ravel())
    stored = np.stack(plain).astype(np.float32) * 2 - 1
    pairs = set()
    for asked in (stored, np.stack(mirrored).astype(np.float32) * 2 - 1):
        for start in range(0, len(stored), 1024):
            apart = (64 - asked[start : start + 1024] @ stored.T) / 2
            for row, column in np.argwhere(apart <= 8).tolist():
                if start + row != column:
                    pairs.add((min(start + row, column), max(start + row, column)))
    print(json.dumps({"pairs": sorted(pairs)}))


def find_by_cleanvision(listing: str) -> None:
    """Its exact and near duplicates, with its defaults; a set of k files makes k − 1 pairs."""
    from contextlib import redirect_stdout

    from cleanvision import Imagelab

    files = json.loads(Path(listing).read_text(encoding="utf-8"))
    rows = {str(Path(file)): row for row, file in enumerate(files)}
    with redirect_stdout(sys.stderr):
        lab = Imagelab(filepaths=files)
        lab.find_issues({"exact_duplicates": {}, "near_duplicates": {}}, n_jobs=2)
    sets = [entry for kind in ("exact_duplicates", "near_duplicates") for entry in lab.info[kind]["sets"]]
    pairs = {
        tuple(sorted((rows[str(Path(entry[0]))], rows[str(Path(other))]))) for entry in sets for other in entry[1:]
    }
    print(json.dumps({"pairs": sorted(pairs)}))


def search_alone(count: str) -> None:
    """Random unit vectors, a tenth of them planted beside others at an agreement of about 0.8, asked for in 14 views."""
    from hubel.data.near_candidates import search

    noise = np.random.default_rng(SEED)
    vectors = noise.standard_normal((int(count), 64), np.float32)
    planted = len(vectors) // 10
    vectors[-planted:] = vectors[:planted] + 0.75 * noise.standard_normal((planted, 64), np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    turns = [np.linalg.qr(noise.standard_normal((64, 64), np.float32))[0] for _ in range(13)]
    began = time.monotonic()
    runs = (
        (start, [part := vectors[start : start + 4096], *(part @ turn for turn in turns)])
        for start in range(0, len(vectors), 4096)
    )
    found = search(vectors, runs)
    seconds = time.monotonic() - began
    there = set(
        zip(np.minimum(found.still, found.moving).tolist(), np.maximum(found.still, found.moving).tolist(), strict=True)
    )
    hits = sum((row, len(vectors) - planted + row) in there for row in range(planted))
    print(json.dumps({"recall": hits / planted, "search": seconds}))


CHILDREN: dict[str, Callable[..., None]] = {
    "hubel": find_by_hubel,
    "phash": find_by_phash,
    "cleanvision": find_by_cleanvision,
    "search": search_alone,
}

if __name__ == "__main__":
    main()
