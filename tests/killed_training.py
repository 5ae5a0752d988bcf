"""A training that writes a checkpoint after every step, run in a process of its own so that it can be killed."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import torch

from hubel.core.events import StepDone
from hubel.data.augmentation import Augmentation
from hubel.train.checkpoint import Checkpoints
from hubel.train.loop import fit
from hubel.train.sets import validator
from hubel.train.state import begin
from small_networks import small_network, small_recipe, small_set


def main(folder: Path, pause: float) -> None:
    """Train, or go on; the number of steps is in the file ``steps``, the weights in the end in ``final.pt``."""
    recipe = small_recipe(
        optimiser="nesterov", schedule="linear", average=0.9, cutmix=0.5,
        augmentation=Augmentation(rotation_range=10, horizontal_flip=True, erasing=0.5),
    )  # fmt: skip
    state = begin(small_network(dropout=0.3), recipe, 70, np.random.default_rng(1))
    checkpoints = Checkpoints(folder / "checkpoint.safetensors", every_steps=1)
    checkpoints.resume(state)
    for event in fit(state, small_set(), validate=validator(small_set(30, seed=2)), checkpoints=checkpoints):
        if isinstance(event, StepDone):
            (folder / "steps").write_text(str(event.step))
            time.sleep(pause)
    torch.save(state.network.state_dict(), folder / "final.pt")
