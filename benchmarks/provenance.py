"""What the ledger costs, and how well its perceptual hash finds a picture again.

    python benchmarks/provenance.py [--set catsdogs] [--photos 200] [--files 20000] [--seed 0]

"found again" is the share of photos whose copy, made in one of the ways of `_copies`, differs in at most `NEAR_BITS` of the 64
bits; "false" counts pairs of different photos that do. Hashing is timed on the photos' own bytes, the ledger on made-up rows.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from _copies import change_brightness, crop, encode_anew, mirror, resize
from _measure import data_set, evenly, listed, machine, markdown_table, pictures, versions
from PIL import Image

from hubel.core.files import content_key
from hubel.data.fingerprint import fingerprint
from hubel.data.images import read_image
from hubel.data.ledger_file import LedgerRow, read_ledger, write_ledger
from hubel.data.perceptual import NEAR_BITS, distance_bits, perceptual_hashes

WAYS = {
    "encoded anew": encode_anew,
    "resized": resize,
    "brightness": change_brightness,
    "cropped": crop,
    "mirrored": mirror,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", default="catsdogs")
    parser.add_argument("--folder", type=Path, help="where the set lies, when not where it usually does")
    parser.add_argument("--photos", type=int, default=200)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}; machine: {machine()}; versions: {listed(versions('hubel', 'numpy', 'pillow'))}\n")
    with data_set(arguments.set, arguments.folder) as folder:
        if folder is None:
            return
        files = evenly(pictures(folder), arguments.photos)
        contents = [file.read_bytes() for file in files]
        photos = [read_image(data) for data in contents]
    print(f"{len(files)} photos of {arguments.set}, {sum(map(len, contents)) / len(files) / 1e3:.0f} kB each\n")
    prints = np.stack([fingerprint(photo) for photo in photos])
    rows = made_up(arguments.files)
    with tempfile.TemporaryDirectory() as folder_name:
        path = Path(folder_name) / "ledger.csv"
        costs = {
            "SHA-256 of the file": best(lambda: [content_key(data) for data in contents]) / len(files),
            "BLAKE2b-128 of the file": best(lambda: [blake(data) for data in contents]) / len(files),
            "perceptual hash of the fingerprint": best(lambda: perceptual_hashes(prints)) / len(files),
            "writing its line": best(lambda: write_ledger(path, rows)) / len(rows),
            "reading its line": best(lambda: read_ledger(path)) / len(rows),
        }
    print(markdown_table(["per file", "µs"], [[name, f"{seconds * 1e6:.0f}"] for name, seconds in costs.items()]))
    hashes = perceptual_hashes(prints)
    noise = np.random.default_rng(arguments.seed)
    shares = []
    for name, change in WAYS.items():
        copies = np.stack(
            [fingerprint(np.asarray(change(Image.fromarray(photo), noise).convert("RGB"))) for photo in photos]
        )
        bits = [distance_bits(one, other) for one, other in zip(hashes, perceptual_hashes(copies), strict=True)]
        found = sum(number <= NEAR_BITS for number in bits)
        shares.append([name, f"{found} of {len(bits)}", f"{np.median(bits):.0f}"])
    print("\n" + markdown_table(["copy", "found again", "median bits"], shares))
    pairs = [(a, b) for a, b in itertools.combinations(hashes, 2)]
    print(f"\nfalse: {sum(distance_bits(a, b) <= NEAR_BITS for a, b in pairs)} of {len(pairs)} pairs")


def made_up(count: int) -> list[LedgerRow]:
    """Rows of different files."""
    row = LedgerRow("", "", "0123456789abcdef", 100_000, "cats", "train", 1, "", "used", "", "CC-BY-4.0", "")
    return [replace(row, file=f"cats/{number:06}.jpg", sha256=f"{number:064x}") for number in range(count)]


def blake(data: bytes) -> str:
    """The key that contents had before."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def best(work: Callable[[], object]) -> float:
    """The shortest of three times, in seconds."""
    times = []
    for _ in range(3):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return min(times)


if __name__ == "__main__":
    main()
