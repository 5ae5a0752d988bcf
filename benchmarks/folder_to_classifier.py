"""From a folder of photos to a finished classifier: hubel beside fastai and a plain PyTorch script.

    python benchmarks/folder_to_classifier.py [DATA] [--rounds 1] [--without fastai] [--json FILE]

DATA has train/, val/ and test/ with a folder for each class; by default the cats and dogs of the shared data. All use
the same EfficientNet-Lite0 weights, each runs in a process of its own, one after the other, round after round in
another order. Time is counted from the start of the process: for hubel to its end, with the test images measured and
the report written; for the peers only until the model lies on the disk, their test is not counted. "hubel, first run"
has an empty cache; "second run" is the same command once more. All files are read once before, so that nobody pays for
a cold disk.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from _measure import (
    absent,
    data_set,
    evenly,
    link_pictures,
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

PEERS = {
    "fastai": ("fastai_finetune.py", "fastai fine_tune(1)"),
    "torch": ("torch_features.py", "plain PyTorch features"),
}
FIRST, SECOND = "hubel, first run", "hubel, second run"
PACKAGES = (
    "hubel", "fastai", "torch", "torchvision", "timm", "scikit-learn", "openvino", "onnxruntime", "numpy", "pillow",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Result:
    """One run of one way: seconds to the finished model, accuracy on the test images, peak memory of the process."""

    way: str
    round: int
    seconds: float
    accuracy: float
    num_test: int
    peak_bytes: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="?", type=Path, help="the unpacked catsdogs folder")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--without", action="append", default=[], choices=[*PEERS, "hubel"])
    parser.add_argument("--limit", type=int, help="only so many images of each part, for a quick try")
    parser.add_argument("--seed", type=int, default=0, help="of the first round; each round adds one")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    arguments = parser.parse_args()
    ways = [way for way in ("hubel", *PEERS) if way not in arguments.without]
    with contextlib.ExitStack() as stack:
        data = stack.enter_context(data_set("catsdogs", arguments.data))
        if data is None:
            print(absent("catsdogs"))
            return
        if arguments.limit:
            place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            data = part_of(data, arguments.limit, place)
        counts = {part: len(pictures(data / part)) for part in ("train", "val", "test")}
        for file in pictures(data):
            file.read_bytes()
        print(f"n: {', '.join(f'{count} {part}' for part, count in counts.items())} images; machine: {machine()}")
        print(f"versions: {listed(versions(*PACKAGES))}")
        seeds = range(arguments.seed, arguments.seed + arguments.rounds)
        print(f"seeds: {', '.join(map(str, seeds))}\n", flush=True)
        results: list[Result] = []
        for number, seed in enumerate(seeds):
            turn = number % len(ways)
            for way in ways[turn:] + ways[:turn]:
                found = run_hubel_twice(data, number, seed) if way == "hubel" else [run_peer(way, data, number, seed)]
                results += found
    print(per_round(results), summary(results), sep="\n\n")
    record = {"machine": machine(), "versions": versions(*PACKAGES), "num_images": counts, "seeds": list(seeds)}
    write_json(arguments.json, {**record, "results": [asdict(result) for result in results]})


def part_of(data: Path, limit: int, place: Path) -> Path:
    """A folder with so many images of each part."""
    for part in ("train", "val", "test"):
        link_pictures(evenly(pictures(data / part), limit), data, place)
    return place


def run_hubel_twice(data: Path, number: int, seed: int) -> list[Result]:
    """The same command with an empty cache, and again with what the first left there."""
    results = []
    with tempfile.TemporaryDirectory() as place:
        for way in (FIRST, SECOND):
            arguments = ("train", data, "--out", Path(place) / "run", "--seed", str(seed), "--json")
            measured = run_hubel(*arguments, cache=Path(place) / "cache")
            answer = measured.answer
            assert answer["protocol"] == "test", "hubel must be measured on the test folder"
            figures = (measured.seconds, answer["accuracy"], answer["num_measured"], measured.peak_bytes)
            results.append(Result(way, number, *figures))
    return results


def run_peer(name: str, data: Path, number: int, seed: int) -> Result:
    """One of the other ways, timed until it says that its model is on the disk."""
    script, way = PEERS[name]
    with tempfile.TemporaryDirectory() as place:
        path = Path(__file__).resolve().parent / "peers" / script
        measured = run_python(path, data, Path(place) / "model", "--seed", str(seed))
    answer = measured.answer
    seconds = answer["finished"] - measured.began
    return Result(way, number, seconds, answer["accuracy"], answer["num_test"], measured.peak_bytes)


def per_round(results: list[Result]) -> str:
    """Every run; how many times as long as hubel's first run of the same round it took."""
    rows = []
    for result in results:
        first = next((other.seconds for other in results if (other.way, other.round) == (FIRST, result.round)), None)
        ratio = f"{result.seconds / first:.2f}" if first else "–"
        accuracy = f"{100 * result.accuracy:.2f} %"
        rows.append(
            [result.round + 1, result.way, f"{result.seconds:.1f}", accuracy, mebibytes(result.peak_bytes), ratio]
        )
    return markdown_table(["round", "way", "seconds", "test accuracy", "peak MiB", "× hubel's first run"], rows)


def summary(results: list[Result]) -> str:
    """Each way's least and median over the rounds, and the median of the ratios within a round."""
    firsts = {result.round: result.seconds for result in results if result.way == FIRST}
    rows = []
    for way in dict.fromkeys(result.way for result in results):
        own = [result for result in results if result.way == way]
        seconds = [result.seconds for result in own]
        ratios = [result.seconds / firsts[result.round] for result in own if result.round in firsts]
        accuracies = [100 * result.accuracy for result in own]
        rows.append(
            [
                way,
                len(own),
                f"{min(seconds):.1f}",
                f"{statistics.median(seconds):.1f}",
                f"{statistics.median(accuracies):.2f} % ({min(accuracies):.2f}–{max(accuracies):.2f})",
                mebibytes(max(result.peak_bytes for result in own)),
                f"{min(ratios):.2f}" if ratios else "–",
                f"{statistics.median(ratios):.2f}" if ratios else "–",
            ]
        )
    header = [
        "way",
        "rounds",
        "seconds, min",
        "median",
        "test accuracy, median",
        "peak MiB, max",
        "ratio, min",
        "ratio, median",
    ]
    return markdown_table(header, rows)


if __name__ == "__main__":
    main()
