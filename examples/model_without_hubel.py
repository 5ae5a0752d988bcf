"""A model of hubel's runs wherever ONNX runs, and says the same there: no Python of ours, no scaling to get wrong.

    python examples/model_without_hubel.py

`model.onnx` takes uint8 pixels and gives calibrated probabilities; the classes stand in `card.json`. The claim: ONNX
Runtime alone gives the probabilities that hubel gives, to three decimals.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image

from hubel import ImageClassifier
from hubel.data.builtin import write_builtin


def main() -> None:
    """Make a model with hubel, run it without, compare."""
    with tempfile.TemporaryDirectory() as place:
        folder = write_builtin("textures", place)
        classifier = ImageClassifier(size=64, engine="onnxruntime-f32").fit(str(folder))
        run = classifier.save(Path(place) / "run")
        files = sorted(folder.rglob("*.png"))[::10]
        wanted = classifier.predict_proba(files)

        classes = json.loads((run / "card.json").read_text(encoding="utf-8"))["classes"]
        session = onnxruntime.InferenceSession(str(run / "model.onnx"))
        pixels = np.stack(
            [np.asarray(Image.open(file).convert("RGB")) for file in files]
        )  # 64 × 64, as the model wants
        names = [output.name for output in session.get_outputs()]
        found = dict(zip(names, session.run(None, {"pixels": pixels}), strict=True))["probabilities"]
    difference = float(np.abs(found - wanted).max())
    best = classes[int(found[0].argmax())]
    print(f"{len(files)} images, first one {best}; greatest difference of a probability {difference:.1e}")
    if difference > 5e-4:
        raise SystemExit("The model says something else without hubel.")


if __name__ == "__main__":
    main()
