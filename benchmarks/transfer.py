"""Ways to learn on the same few images, and what a budget is worth, by the real command.

    python benchmarks/transfer.py SET [SET …] [--ways features,frozen,finetune] [--images 100] [--budget 180] [--seed 0] [--json FILE]

Of each class of a SET (`data_set` finds them; a folder does as well) so many images are drawn to learn from and as many others to
measure on, as links in a folder with the parts train and test. Then one ``hubel train --compare WAYS``, and, with --budget, one
``hubel train`` as it is by default and one with that budget, each in a process of its own, with pictures and features that the
first of them has left in the cache. `--log-loss` of the run's card stands beside the accuracy, for it sees what few test images hide.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from _measure import PICTURES, absent, data_set, listed, machine, markdown_table, run_hubel, versions, write_json

PACKAGES = ("hubel", "torch", "timm", "openvino", "numpy")


@dataclass(frozen=True, slots=True)
class Result:
    """One training: the share right of the measured images with its 95 % interval, log loss in nats, and its own seconds."""

    name: str
    way: str
    num_train: int
    accuracy: float
    low: float
    high: float
    log_loss: float
    num_measured: int
    seconds: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sets", nargs="+")
    parser.add_argument(
        "--ways", default="features,frozen,finetune", help="as `hubel train --compare` takes them; empty for none"
    )
    parser.add_argument("--images", type=int, default=100, help="of each class, to learn from; as many to measure on")
    parser.add_argument("--budget", type=float, help="seconds; also train by default, and with this budget")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}; machine: {machine()}\nversions: {listed(versions(*PACKAGES))}\n", flush=True)
    results: list[Result] = []
    for name in arguments.sets:
        with contextlib.ExitStack() as stack:
            place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            folder = Path(name) if Path(name).is_dir() else stack.enter_context(data_set(name))
            if folder is None:
                print(absent(name))
                continue
            num_train = link_some(folder, place / "data", arguments.images, arguments.seed)
            for way, run in runs_of(place, arguments):
                results.append(result_of(Path(name).name, way, num_train, run))
                print(results[-1], flush=True)
    print(table(results))
    record = {"machine": machine(), "versions": versions(*PACKAGES), "results": [asdict(result) for result in results]}
    write_json(arguments.json, record)


def link_some(folder: Path, target: Path, number: int, seed: int) -> int:
    """Links to so many images of each class for each part; returns how many are there to learn from."""
    by_class: dict[str, list[Path]] = {}
    for path in sorted(path for path in folder.rglob("*") if path.suffix.lower() in PICTURES):
        by_class.setdefault(path.parent.name, []).append(path)
    total = 0
    for label, paths in by_class.items():
        random.Random(f"{seed} {label}").shuffle(paths)
        for part, chosen in (("train", paths[:number]), ("test", paths[number : 2 * number])):
            (target / part / label).mkdir(parents=True)
            for count, path in enumerate(chosen):
                (target / part / label / f"{count}{path.suffix}").symlink_to(path.resolve())
        total += len(paths[:number])
    return total


def runs_of(place: Path, arguments: argparse.Namespace) -> list[tuple[str, Path]]:
    """Train in all ways; the name of each and its run folder."""
    cache, seed, found = place / "cache", ("--seed", str(arguments.seed)), []
    if arguments.ways:
        done = run_hubel(
            "train", place / "data", "--compare", arguments.ways, *seed, "--out", place / "ways", "--json", cache=cache
        )
        found += [(way["way"], Path(way["folder"])) for way in done.answer["ways"]]
    if arguments.budget:
        for way, more in (("by default", ()), (f"budget {arguments.budget:g} s", ("--budget", str(arguments.budget)))):
            run = place / f"run-{len(found)}"
            run_hubel("train", place / "data", *seed, *more, "--out", run, "--json", cache=cache)
            found.append((way, run))
    return found


def result_of(name: str, way: str, num_train: int, run: Path) -> Result:
    """What a run's card and its last event say."""
    metrics = json.loads((run / "card.json").read_text(encoding="utf-8"))["metrics"]
    last = json.loads((run / "events.jsonl").read_text(encoding="utf-8").splitlines()[-1])
    low, high = metrics["accuracy_interval"]
    return Result(
        name,
        way,
        num_train,
        metrics["accuracy"],
        low,
        high,
        metrics["log_loss"],
        metrics["num_images"],
        last["seconds"],
    )


def table(results: list[Result]) -> str:
    """The figures for the documentation."""
    rows = [
        (
            result.name, result.way, f"{result.num_train:,}", f"{100 * result.accuracy:.1f} %",
            f"{100 * result.low:.1f}–{100 * result.high:.1f}", f"{result.log_loss:.3f}", f"{result.num_measured:,}", f"{result.seconds:.0f}",
        )
        for result in results
    ]  # fmt: skip
    return markdown_table(("set", "way", "learned from", "right", "95 %", "log loss", "measured on", "s"), rows)


if __name__ == "__main__":
    main()
