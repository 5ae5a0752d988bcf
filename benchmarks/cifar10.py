"""CIFAR-10 from nothing: the Keras program of courses beside hubel's recipes, on a processor.

    python benchmarks/cifar10.py [DATA] [--keras PYTHON] [--rounds 1] [--without fast] [--json FILE]

DATA has train/ and test/ with a folder for each class; by default the CIFAR-10 of the shared data. Each way runs in a process
of its own, round after round in another order, with another seed; all get the same arrays. ``--keras`` names the Python of an
environment with `tensorflow-cpu` and `keras`; without it that way is left out. Seconds are those of training: from the moment
the arrays are in memory until the epoch ends, whatever prepares the network included, the measuring on test images not.

  keras    the peer: three convolutions and two dense layers, Adam, batches of 32, 10 epochs
  classic  the same network by hubel's loop and its recipe of that name, 10 epochs
  sprint   hubel's recipe of that name: every image once
  fast     hubel's recipe of that name, with as many epochs as fit into the Keras program's time of the round
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from _measure import absent, data_set, listed, machine, markdown_table, versions, write_json

HERE = Path(__file__).resolve().parent
WAYS = ("keras", "classic", "sprint", "fast")
WANTED = (0.712, 0.90, 0.92, 0.94)
"""The shares right whose time is told: what the sources reach, and what few reach."""
SECONDS_WITHOUT_KERAS = 300.0
PACKAGES = ("hubel", "torch", "numpy", "pillow")


@dataclass(frozen=True, slots=True)
class Epoch:
    """An epoch of one way: seconds of training until its end, and the share of the test images that is right."""

    way: str
    round: int
    epoch: int
    seconds: float
    accuracy: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?", type=Path, help="the unpacked cifar10 folder")
    parser.add_argument("--keras", type=Path, help="Python of an environment with tensorflow-cpu and keras")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--without", action="append", default=[], choices=WAYS)
    parser.add_argument("--limit", type=int, help="only so many images to train with, for a quick try")
    parser.add_argument("--seed", type=int, default=0, help="of the first round; each round adds one")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    arguments = parser.parse_args()
    left_out = {*arguments.without, *([] if arguments.keras else ["keras"])}
    ways = [way for way in WAYS if way not in left_out]
    with contextlib.ExitStack() as stack:
        data = stack.enter_context(data_set("cifar10", arguments.data))
        if data is None:
            print(absent("cifar10"))
            return
        place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        arrays = place / "arrays.npz"
        limit = [] if arguments.limit is None else ["--limit", str(arguments.limit)]
        run([sys.executable, HERE / "_cifar10.py", "--pack", data, arrays, *limit])
        print(f"machine: {machine()}\nversions: {listed(versions(*PACKAGES))}", flush=True)
        epochs: list[Epoch] = []
        for number in range(arguments.rounds):
            turn = number % max(len(ways), 1)
            seed, seconds = arguments.seed + number, SECONDS_WITHOUT_KERAS
            order = sorted(ways[turn:] + ways[:turn], key=lambda way: way == "fast")  # it needs to know Keras's time
            for way in order:
                found = [
                    Epoch(way, number, int(line["epoch"]), line["seconds"], line["accuracy"])
                    for line in run(command_of(way, arrays, seed, arguments.keras, seconds))
                ]
                seconds = found[-1].seconds if way == "keras" else seconds
                epochs += found
                last = found[-1]
                print(
                    f"round {number + 1}, {way}: {last.epoch} epochs, {last.seconds:.1f} s, {100 * last.accuracy:.2f} %",
                    flush=True,
                )
    print("", summary(epochs, ways), sep="\n")
    record = {"machine": machine(), "versions": versions(*PACKAGES), "epochs": [asdict(epoch) for epoch in epochs]}
    write_json(arguments.json, record)


def command_of(way: str, arrays: Path, seed: int, keras: Path | None, seconds: float) -> list[str | Path]:
    """What is run for one way."""
    if way == "keras":
        assert keras is not None
        return [keras, HERE / "peers" / "keras_cifar10.py", arrays, "--seed", str(seed)]
    own = {
        "classic": ["cnn_cifar10", "classic", "--epochs", "10"],
        "sprint": ["hubel_tiny", "sprint"],
        "fast": ["hubel_small", "fast", "--seconds", f"{seconds:.0f}"],
    }
    return [sys.executable, HERE / "_cifar10.py", arrays, *own[way], "--seed", str(seed)]


def run(command: list[str | Path]) -> list[dict[str, float]]:
    """Run a process; what it prints on stdout are JSON objects, a line each."""
    finished = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    if finished.returncode:
        sys.exit(f"{' '.join(map(str, command))} ended with {finished.returncode}:\n{finished.stderr[-3000:]}")
    return [json.loads(line) for line in finished.stdout.splitlines() if line.startswith("{")]


def summary(epochs: list[Epoch], ways: list[str]) -> str:
    """For each way: seconds an epoch and in all, test accuracy, the time to each wanted accuracy; medians over the rounds."""
    rounds = sorted({epoch.round for epoch in epochs})
    of = {(way, number): [e for e in epochs if (e.way, e.round) == (way, number)] for way in ways for number in rounds}
    rows = []
    for way in ways:
        runs = [of[way, number] for number in rounds]
        ratios = (
            [of["keras", number][-1].seconds / of[way, number][-1].seconds for number in rounds]
            if "keras" in ways
            else []
        )
        rows.append(
            [
                way,
                len(runs),
                f"{statistics.median(run[-1].seconds / len(run) for run in runs):.1f}",
                f"{statistics.median(run[-1].seconds for run in runs):.1f}",
                ", ".join(f"{100 * run[-1].accuracy:.2f}" for run in runs) + " %",
                f"{statistics.median(ratios):.1f}" if ratios else "–",
                *(time_to(runs, wanted) for wanted in WANTED),
            ]
        )
    header = [
        "way",
        "rounds",
        "s an epoch",
        "s in all",
        "test accuracy",
        "Keras's time ÷ its",
        *(f"s to {100 * w:g} %" for w in WANTED),
    ]
    return markdown_table(header, rows)


def time_to(runs: list[list[Epoch]], wanted: float) -> str:
    """The median of the seconds until an epoch ended with so many right; a dash where any run did not get there."""
    firsts = [next((epoch.seconds for epoch in run if epoch.accuracy >= wanted), None) for run in runs]
    there = [seconds for seconds in firsts if seconds is not None]
    return f"{statistics.median(there):.1f}" if len(there) == len(firsts) else "–"


if __name__ == "__main__":
    main()
