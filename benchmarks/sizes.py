"""What the input's size and a second view are worth, set by set: what the constants of `train/plan.py` and `train/session.py` rest on.

    python benchmarks/sizes.py [--sets digits mnist_png cifar10 faces catsdogs] [--seed 0] [--limit 1000] [--json FILE]

hubel is trained with every size the bundled base is good at, with one view, and at its own choice of size with two; all on the
same training images and measured on the same test images (see `accuracy.py` for how they are taken). Seconds are not compared.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from _measure import absent, data_set, evenly, listed, machine, markdown_table, run_hubel, versions, write_json
from accuracy import BUILTIN, OWN_SPLIT, PACKAGES, split, write_digits

SETS = (BUILTIN, "mnist_png", "cifar10", "faces", "catsdogs")
SIZES = (160, 192, 224, 256)


@dataclass(frozen=True, slots=True)
class Result:
    """One training: the median shorter side of its pictures in pixels is `side`."""

    name: str
    side: int
    num_train: int
    num_test: int
    size: int
    views: int
    accuracy: float
    log_loss: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=int, default=1000, help="most training and most test images of a set")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}; machine: {machine()}\nversions: {listed(versions(*PACKAGES))}\n", flush=True)
    results: list[Result] = []
    for name in arguments.sets:
        with contextlib.ExitStack() as stack:
            place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            source = write_digits(place) if name == BUILTIN else stack.enter_context(data_set(name))
            if source is None:
                print(absent(name))
                continue
            folder, counts = linked(name, source, place, seed=arguments.seed, limit=arguments.limit)
            for size, views in (*((size, 1) for size in SIZES), (None, 2)):
                results.append(trained(name, folder, counts, size=size, views=views))
                print(results[-1], flush=True)
    print(table(results))
    write_json(
        arguments.json,
        {"machine": machine(), "versions": versions(*PACKAGES), "results": [asdict(result) for result in results]},
    )


def linked(name: str, source: Path, place: Path, *, seed: int, limit: int) -> tuple[Path, dict[str, int]]:
    """A folder with train and test, as links, and how many images each has."""
    counts = {}
    for part, files in split(source, seed, own=name in OWN_SPLIT).items():
        chosen = evenly(files, limit)
        counts[part] = len(chosen)
        for number, file in enumerate(chosen):
            link = place / name / part / file.parent.name / f"{number:06d}{file.suffix}"
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(file.resolve())
    return place / name, counts


def trained(name: str, folder: Path, counts: dict[str, int], *, size: int | None, views: int) -> Result:
    """One training of hubel, measured on the test images."""
    wanted = ("--size", str(size)) if size else ()
    out = folder.parent / f"run-{size}-{views}"
    command = ("train", folder, "--out", out, *wanted, "--views", str(views), "--json")
    answer = run_hubel(*command, cache=folder.parent / "cache").answer
    card = json.loads((out / "card.json").read_text(encoding="utf-8"))
    side = median_side(folder)
    size = int(card["image"]["size"])
    loss = card["metrics"]["log_loss"]
    return Result(name, side, counts["train"], counts["test"], size, len(card["views"]), answer["accuracy"], loss)


def median_side(folder: Path) -> int:
    """The median shorter side of a few hundred pictures."""
    from PIL import Image

    sides = []
    for file in evenly(sorted(path for path in folder.rglob("*") if path.is_file()), 200):
        with Image.open(file) as picture:
            sides.append(min(picture.size))
    return sorted(sides)[len(sides) // 2]


def table(results: list[Result]) -> str:
    """A row for each training."""
    rows = [
        [
            result.name, f"{result.side} px", f"{result.num_train:,}", f"{result.num_test:,}", f"{result.size} px",
            result.views, f"{100 * result.accuracy:.1f} %", f"{result.log_loss:.4f}",
        ]
        for result in results
    ]  # fmt: skip
    return markdown_table(["set", "pictures", "train", "test", "input", "views", "test accuracy", "log loss"], rows)


if __name__ == "__main__":
    main()
