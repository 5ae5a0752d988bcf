"""How much memory hubel takes, and that it does not grow with the pictures.

    python benchmarks/memory.py [--photos 1000 3000] [--cifar 50000] [--predict 1000 20000] [--size 64]

Training: photos of the shared cats and dogs at the size hubel chooses, then CIFAR-10's files at `--size`, to keep it
short. What may grow with n is the cache of features (n × d × 2 bytes); the table sets it apart. Prediction: the same
photos over and over, as links, with a run of `--size`. Peak memory is that of the process, as the system counts it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import tempfile
from pathlib import Path

from _measure import (
    Measured,
    absent,
    data_set,
    evenly,
    listed,
    machine,
    markdown_table,
    mebibytes,
    pictures,
    run_hubel,
    versions,
    write_json,
)

FOLDER_FILES = 1000
"""Links in one folder."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=int, nargs="*", default=[1000, 3000], help="how many photos to train on")
    parser.add_argument("--cifar", type=int, nargs="*", default=[50_000], help="how many CIFAR-10 files to train on")
    parser.add_argument("--predict", type=int, nargs="*", default=[1000, 20_000], help="how many files to predict")
    parser.add_argument("--size", type=int, default=64, help="input size for CIFAR-10 and for predicting")
    parser.add_argument("--catsdogs", type=Path, help="the unpacked data, if not beside the archives")
    parser.add_argument("--cifar10", type=Path, help="the unpacked data, if not beside the archives")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    arguments = parser.parse_args()
    print(f"seed 0; machine: {machine()}")
    print(
        f"versions: {listed(versions('hubel', 'numpy', 'openvino', 'onnxruntime', 'simplejpeg', 'pillow'))}\n",
        flush=True,
    )
    size = ("--size", str(arguments.size))
    rows: list[tuple[str, int, str, Measured, int]] = []
    with contextlib.ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        photos = stack.enter_context(data_set("catsdogs", arguments.catsdogs))
        if photos is None:
            print(absent("catsdogs"))
        else:
            rows += [train("train, photos", photos, count, place, ()) for count in arguments.photos]
            _, _, _, small, _ = train("train", photos, 200, place, size)
            if arguments.predict:  # once before, for choosing the engine is done once on a machine
                predict(Path(small.answer["folder"]), photos, max(arguments.predict), place)
            for count in arguments.predict:
                measured = predict(Path(small.answer["folder"]), photos, count, place)
                rows.append((f"predict, {arguments.size} px", count, "–", measured, 0))
        if arguments.cifar:
            tiny = stack.enter_context(data_set("cifar10", arguments.cifar10))
            if tiny is None:
                print(absent("cifar10"))
            else:
                name = f"train, CIFAR-10, {arguments.size} px"
                rows += [train(name, tiny / "train", count, place, size) for count in arguments.cifar]
    print(table(rows))
    record = [
        {"what": what, "num_images": count, "seconds": found.seconds, "peak_bytes": found.peak_bytes, "feature_bytes": features}
        for what, count, _, found, features in rows
    ]  # fmt: skip
    write_json(arguments.json, {"machine": machine(), "results": record})


def table(rows: list[tuple[str, int, str, Measured, int]]) -> str:
    """What was run, on how many files, and its memory with and without the features."""
    lines = [
        [
            what,
            f"{count:,}",
            f"{found.seconds:.0f}",
            accuracy,
            mebibytes(found.peak_bytes),
            mebibytes(features) if features else "–",
            mebibytes(found.peak_bytes - features),
        ]
        for what, count, accuracy, found, features in rows
    ]
    return markdown_table(
        ["what", "files", "seconds", "accuracy", "peak MiB", "features MiB", "peak without features"], lines
    )


def train(
    what: str, data: Path, count: int, place: Path, options: tuple[str, ...]
) -> tuple[str, int, str, Measured, int]:
    """`hubel train` on so many files of a folder, all in class folders, with a cache of its own."""
    files = evenly(pictures(data), count)
    name = f"{what}-{count}".replace(" ", "").replace(",", "-")
    folder = place / name
    for number, file in enumerate(files):  # train/, val/ and test/ come together: one folder for each class
        link = folder / file.parent.name / f"{number:06d}{file.suffix}"
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(file.resolve())
    out = place / "runs" / name
    measured = run_hubel("train", folder, "--out", out, "--json", *options, cache=place / "caches" / name)
    card = json.loads((Path(measured.answer["folder"]) / "card.json").read_text(encoding="utf-8"))
    feature_bytes = len(files) * card["base"]["num_features"] * 2 * len(card["views"])
    return what, len(files), f"{100 * measured.answer['accuracy']:.1f} %", measured, feature_bytes


def predict(run: Path, data: Path, count: int, place: Path) -> Measured:
    """`hubel predict` on a folder of so many links to the same photos."""
    files = pictures(data)
    folder = place / f"predict-{count}"
    for number in range(count):
        link = folder / f"{number // FOLDER_FILES:03d}" / f"{number:06d}{files[number % len(files)].suffix}"
        link.parent.mkdir(parents=True, exist_ok=True)
        if not link.is_symlink():
            link.symlink_to(files[number % len(files)].resolve())
    measured = run_hubel("predict", run, folder, "--json", cache=place / "caches" / "predict")
    assert measured.num_lines >= count, f"{measured.num_lines} answers for {count} files"
    return measured


if __name__ == "__main__":
    main()
