"""Small images from nothing: what the first networks of courses and hubel's fast recipe reach, by the real command.

    python benchmarks/from_scratch.py [--sets mnist_png fashion-mnist digits] [--networks cnn_mnist …] [--seed 0] [--json FILE]

Each line is one ``hubel train SET --from-scratch …`` in a process of its own. `mnist_png` is shared data (10,000 pictures: hubel
keeps 2,000 to measure and 800 to choose the epoch by); `fashion-mnist` is a set by name, from Debian's package
dataset-fashion-mnist, with its own 10,000 test images; `digits` comes with scikit-learn. Seconds are those of the whole command
except unpacking, which is done once before.
"""

from __future__ import annotations

import argparse
import contextlib
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from _measure import absent, data_set, listed, machine, markdown_table, run_hubel, versions, write_json

PACKAGES = ("hubel", "torch", "numpy", "pillow")
SIDES = {"mnist_png": 28, "fashion-mnist": 28, "digits": 32}
WAYS = {
    "mlp_mnist": ("--recipe", "classic"),
    "cnn_mnist": ("--recipe", "classic"),
    "cnn_fashion": ("--recipe", "classic"),
    "hubel_tiny": ("--recipe", "sprint"),
    "hubel_small": ("--recipe", "fast"),
}
"""The networks, each with the recipe that it is meant for."""


@dataclass(frozen=True, slots=True)
class Result:
    """One training: the share right of the measured images with its 95 % interval, and the seconds of the command."""

    name: str
    network: str
    accuracy: float
    low: float
    high: float
    num_measured: int
    seconds: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", choices=SIDES, default=["digits", "mnist_png"])
    parser.add_argument("--networks", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--epochs", type=int, help="at most so many, instead of the recipe's number")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}; machine: {machine()}\nversions: {listed(versions(*PACKAGES))}\n", flush=True)
    results: list[Result] = []
    with tempfile.TemporaryDirectory() as place:
        for name in arguments.sets:
            with contextlib.ExitStack() as stack:
                source = stack.enter_context(data_set(name)) if name == "mnist_png" else name
                if source is None:
                    print(absent(name))
                    continue
                run_hubel("check", source, "--json", cache=Path(place) / "cache")  # unpacks and reads every file once
                for network in arguments.networks:
                    results.append(trained(source, name, network, Path(place), arguments))
                    print(results[-1], flush=True)
    print(table(results))
    record = {"machine": machine(), "versions": versions(*PACKAGES), "results": [asdict(result) for result in results]}
    write_json(arguments.json, record)


def trained(source: str | Path, name: str, network: str, place: Path, arguments: argparse.Namespace) -> Result:
    """One run of the command."""
    epochs = [] if arguments.epochs is None else ["--epochs", str(arguments.epochs)]
    words = ["--from-scratch", "--model", network, *WAYS[network], "--size", str(SIDES[name]), *epochs]
    out = place / f"{name}-{network}"
    measured = run_hubel(
        "train", source, *words, "--seed", str(arguments.seed), "--out", out, "--json", cache=place / "cache"
    )
    answer = measured.answer
    low, high = answer["accuracy_interval"]
    return Result(name, network, answer["accuracy"], low, high, answer["num_measured"], measured.seconds)


def table(results: list[Result]) -> str:
    """All results."""
    rows = [
        [
            result.name,
            result.network,
            WAYS[result.network][1],
            f"{100 * result.accuracy:.2f} % ({100 * result.low:.2f}–{100 * result.high:.2f})",
            f"{result.num_measured:,}",
            f"{result.seconds:.0f}",
        ]
        for result in results
    ]
    return markdown_table(["set", "network", "recipe", "test accuracy (95 % interval)", "n", "seconds"], rows)


if __name__ == "__main__":
    main()
