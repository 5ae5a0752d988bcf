"""One training of `cifar10.py`, in a process of its own.

    python benchmarks/_cifar10.py ARRAYS.npz NETWORK RECIPE [--epochs N] [--seconds S] [--seed 0]
    python benchmarks/_cifar10.py --pack DATA ARRAYS.npz [--limit N]

Prints a JSON object for each epoch. With ``--seconds`` the recipe gets as many epochs as fit, by the pace of a few steps of a
copy; these are counted. ``--pack`` reads the pictures of a folder into arrays, so that no way pays for it.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("words", nargs="+")
    parser.add_argument("--pack", type=Path)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    if arguments.pack:
        pack(arguments.pack, Path(arguments.words[0]), arguments.limit)
        return
    arrays, network, recipe = arguments.words
    train(dict(np.load(arrays)), network, recipe, arguments)


def pack(data: Path, target: Path, limit: int | None) -> None:
    """Both parts of a folder as arrays."""
    from _measure import evenly, pictures
    from PIL import Image

    found: dict[str, np.ndarray] = {}
    for part in ("train", "test"):
        files = pictures(data / part)
        files = evenly(files, limit) if limit and part == "train" else files
        names = sorted({file.parent.name for file in files})
        found[f"{part}_x"] = np.stack([np.asarray(Image.open(file).convert("RGB")) for file in files])
        found[f"{part}_y"] = np.array([names.index(file.parent.name) for file in files], np.int64)
    np.savez(target, allow_pickle=False, **found)


def train(arrays: dict[str, np.ndarray], network: str, recipe_name: str, arguments: argparse.Namespace) -> None:
    """Train by hubel's own loop, measuring after every epoch with the clock stopped."""
    from hubel.core.events import EpochDone
    from hubel.core.seeds import generator
    from hubel.train.loop import fit
    from hubel.train.memory import keep_memory
    from hubel.train.network import Task, prepare_network, resolved
    from hubel.train.pace import epochs_within, pace_of_copy
    from hubel.train.recipes import RECIPES
    from hubel.train.scratch import Scratch
    from hubel.train.sets import validator
    from hubel.train.state import begin

    begun = time.monotonic()
    keep_memory()
    task = Task(
        arrays["train_x"], arrays["train_y"], arrays["test_x"], arrays["test_y"],
        int(arrays["train_y"].max()) + 1, mirrored_too=recipe_name != "classic", key="",
    )  # fmt: skip
    data = task.training_set()
    recipe = resolved(RECIPES[recipe_name].model_copy(update={"patience": None}))
    prepared = prepare_network(task, Scratch(network=network, recipe=recipe), arguments.seed)
    if arguments.seconds:
        pace = pace_of_copy(prepared, recipe, data, generator(0, "pace"))
        epochs = epochs_within(pace, len(data.labels), lambda _: arguments.seconds - (time.monotonic() - begun))
        recipe = recipe.model_copy(update={"epochs": epochs})
    elif arguments.epochs:
        recipe = recipe.model_copy(update={"epochs": arguments.epochs})
    validate = validator(task.tuning_set(), flips=task.mirrored_too, precision=recipe.precision)
    state = begin(prepared, recipe, len(data.labels), generator(arguments.seed, "fit"))
    seconds, number = 0.0, 0
    for event in fit(state, data):
        if isinstance(event, EpochDone):
            seconds, number = seconds + time.monotonic() - begun, number + 1
            accuracy = validate(state.measured.eval()).accuracy
            print(json.dumps({"epoch": number, "seconds": seconds, "accuracy": accuracy}), flush=True)
            begun = time.monotonic()


if __name__ == "__main__":
    main()
