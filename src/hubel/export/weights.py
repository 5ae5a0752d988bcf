"""`weights.safetensors`: the head alone, to be loaded anywhere; the base is named by its hash."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from hubel.core.card import Card
from hubel.core.errors import MissingExtraError
from hubel.core.files import write_atomically
from hubel.core.types import Bias, Weights


def write_weights(path: Path, weights: Weights, bias: Bias, *, card: Card) -> None:
    """Write the head (d k) and (k) and the temperature; the same head gives the same bytes."""
    try:
        from safetensors.numpy import save
    except ImportError as error:
        raise MissingExtraError("safetensors", "train") from error
    tensors = {
        "head.weights": np.ascontiguousarray(weights),
        "head.bias": np.ascontiguousarray(bias),
        "temperature": np.array([card.temperature], np.float32),
    }
    about = {"classes": card.classes, "base": card.base.name, "base_sha256": card.base.sha256}
    # one entry: safetensors writes several in an order that differs from process to process
    write_atomically(path, save(tensors, metadata={"hubel": json.dumps(about, ensure_ascii=False)}))
