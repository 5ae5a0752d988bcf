"""Starting hubel costs little: what only training or drawing needs is not loaded to print the help."""

from __future__ import annotations

import re

from support import run_python

# NumPy alone takes a quarter of a second of processor time, half of what the help may cost.
HEAVY = {
    "PIL", "cv2", "fastai", "jaxtyping", "jinja2", "matplotlib", "numpy", "onnx", "onnxruntime", "openvino", "optuna",
    "pandas", "pydantic", "ray", "safetensors", "scipy", "simplejpeg", "skimage", "sklearn", "sqlalchemy", "timm", "torch", "torchvision",
}  # fmt: skip


def test_help_loads_nothing_heavy() -> None:
    assert loaded_by("-m", "hubel", "--help") & HEAVY == set()


def test_importing_hubel_loads_nothing_heavy() -> None:
    assert loaded_by("-c", "import hubel") & HEAVY == set()


def test_python_dash_m_hubel_prints_the_help() -> None:
    finished = run_python("-m", "hubel", "--help")
    assert finished.returncode == 0, finished.stderr
    assert "train" in finished.stdout
    assert "predict" in finished.stdout


def loaded_by(*arguments: str) -> set[str]:
    """The top-level packages that a fresh Python loads to run this, as its own list of import times tells."""
    finished = run_python("-X", "importtime", *arguments)
    assert finished.returncode == 0, finished.stderr[-2000:]
    return set(re.findall(r"(?m)^import time:.*\|\s+(\w+)", finished.stderr))


def test_checking_shapes_costs_a_prediction_nothing() -> None:
    assert "jaxtyping" not in loaded_by("-c", "from hubel.workflows import predict")
