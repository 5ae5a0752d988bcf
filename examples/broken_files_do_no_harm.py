"""Broken files neither end a run nor change the model.

    python examples/broken_files_do_no_harm.py

The same folder is learned from twice; before the second time, a truncated picture, an empty file and a text that calls
itself a picture are put into it. The claim: all three are set aside, and the weights are the same to the last bit.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from hubel.core.events import Finished
from hubel.data.builtin import write_builtin
from hubel.workflows import TrainOptions, train


def main() -> None:
    """Learn from the clean folder and from the spoiled one."""
    with tempfile.TemporaryDirectory() as place:
        folder = write_builtin("textures", place)
        clean = learn(folder, Path(place) / "clean")
        picture = next((folder / "brick").glob("*.png")).read_bytes()
        (folder / "brick" / "truncated.png").write_bytes(picture[: len(picture) // 2])
        (folder / "grass" / "empty.jpg").touch()
        (folder / "gravel" / "text.jpg").write_text("I am a photo.")
        spoiled = learn(folder, Path(place) / "spoiled")
        pairs = [load_file(finished.folder / "weights.safetensors") for finished in (clean, spoiled)]
    same = all(np.array_equal(pairs[0][name], pairs[1][name]) for name in pairs[0])
    print(f"set aside: {spoiled.num_set_aside}; weights the same: {same}")
    if spoiled.num_set_aside != 3 or not same:
        raise SystemExit("Broken files did harm.")


def learn(folder: Path, run: Path) -> Finished:
    """The last event of a training."""
    *_, finished = train(str(folder), TrainOptions(out=run, size=64, engine="onnxruntime-f32"))
    assert isinstance(finished, Finished)
    return finished


if __name__ == "__main__":
    main()
