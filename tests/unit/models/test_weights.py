"""Weights of others come in by name: from a file, from torchvision's and timm's own keeping, and what does not fit is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import timm
import torch
import torchvision
from safetensors.torch import save, save_file
from torch import Tensor

from hubel.core.errors import ModelError
from hubel.models.registry import create_network, find_entry
from hubel.models.weights import HALVES, IMAGENET_MEAN, load_weights
from local_server import Site, serving
from support import run_python

RESNET = "resnet18"
KEPT = "resnet18-f37072fd.pth"
"""What torchvision calls the file that it downloads."""
LOAD = """
import numpy as np
from hubel.models.registry import create_network, find_entry
from hubel.models.weights import load_weights
network = create_network("se_resnet50", np.random.default_rng(0))
loaded = load_weights(network, find_entry("se_resnet50"), weights="imagenet")
print(loaded.source, float(network.get_parameter("features.stage1.0.se.fc1.weight").double().sum()))
"""


@pytest.fixture(scope="module")
def reference() -> dict[str, Tensor]:
    """Random weights under torchvision's names."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(4)
        return dict(torchvision.models.resnet18(weights=None).state_dict())


def test_a_file_of_torchvision_fits_by_name(reference: dict[str, Tensor], tmp_path: Path) -> None:
    torch.save({"model": reference}, tmp_path / "resnet.pth")
    network = create_network(RESNET, np.random.default_rng(0))
    loaded = load_weights(network, find_entry(RESNET), weights=str(tmp_path / "resnet.pth"))
    assert loaded.fresh == ()
    assert loaded.mean == IMAGENET_MEAN
    assert torch.equal(network.get_parameter("features.stage4.1.conv2.weight"), reference["layer4.1.conv2.weight"])


def test_for_other_classes_the_head_stays_as_it_was(reference: dict[str, Tensor], tmp_path: Path) -> None:
    save_file(reference, tmp_path / "resnet.safetensors")
    network = create_network(RESNET, np.random.default_rng(0), num_classes=3)
    before = network.get_parameter("head.weight").clone()
    loaded = load_weights(network, find_entry(RESNET), weights=str(tmp_path / "resnet.safetensors"))
    assert loaded.fresh == ("head.weight", "head.bias")
    assert torch.equal(network.get_parameter("head.weight"), before)
    assert torch.equal(network.get_parameter("features.conv1.weight"), reference["conv1.weight"])


def test_our_own_file_fits_too_also_of_a_network_that_no_other_library_has(tmp_path: Path) -> None:
    first = create_network("lenet5_rbf", np.random.default_rng(1))
    save_file(first.state_dict(), tmp_path / "lenet.safetensors")
    second = create_network("lenet5_rbf", np.random.default_rng(2))
    load_weights(second, find_entry("lenet5_rbf"), weights=str(tmp_path / "lenet.safetensors"))
    assert all(torch.equal(first.state_dict()[name], tensor) for name, tensor in second.state_dict().items())


def test_the_weights_of_another_network_are_refused_by_name(reference: dict[str, Tensor], tmp_path: Path) -> None:
    save_file(reference, tmp_path / "resnet.safetensors")
    network = create_network("resnet34", np.random.default_rng(0))
    with pytest.raises(ModelError, match=r"not those of resnet34: missing \(\d+\): features\.stage1\.2"):
        load_weights(network, find_entry("resnet34"), weights=str(tmp_path / "resnet.safetensors"))


def test_a_tensor_of_another_shape_and_a_surplus_one_are_named(reference: dict[str, Tensor], tmp_path: Path) -> None:
    odd = reference | {"conv1.weight": torch.zeros(64, 1, 7, 7), "adapter.weight": torch.zeros(2)}
    save_file(odd, tmp_path / "odd.safetensors")
    network = create_network(RESNET, np.random.default_rng(0))
    with pytest.raises(ModelError) as refused:
        load_weights(network, find_entry(RESNET), weights=str(tmp_path / "odd.safetensors"))
    assert "of another shape (1): features.conv1.weight (64, 1, 7, 7)" in str(refused.value)
    assert "not in the network (1): adapter.weight" in str(refused.value)


def test_a_damaged_file_is_refused_as_damaged(tmp_path: Path) -> None:
    (tmp_path / "bad.safetensors").write_bytes(b"\x10\0\0\0\0\0\0\0{nothing")
    network = create_network(RESNET, np.random.default_rng(0))
    with pytest.raises(ModelError, match="damaged"):
        load_weights(network, find_entry(RESNET), weights=str(tmp_path / "bad.safetensors"))


def test_imagenet_weights_are_taken_where_torchvision_keeps_them(
    reference: dict[str, Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "hub" / "checkpoints" / KEPT
    kept.parent.mkdir(parents=True)
    torch.save(reference, kept)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    network = create_network(RESNET, np.random.default_rng(0))
    loaded = load_weights(network, find_entry(RESNET), weights="imagenet")
    assert loaded.source == "torchvision:resnet18"
    assert torch.equal(network.get_parameter("head.bias"), reference["fc.bias"])


def test_without_a_network_the_error_says_to_give_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    network = create_network(RESNET, np.random.default_rng(0))
    with pytest.raises(ModelError, match=r"torchvision could not fetch the weights of resnet18 .* give a file"):
        load_weights(network, find_entry(RESNET), weights="imagenet")


def test_networks_that_scale_to_one_say_so(tmp_path: Path) -> None:
    network = create_network("googlenet", np.random.default_rng(0))
    save_file(network.state_dict(), tmp_path / "google.safetensors")
    loaded = load_weights(network, find_entry("googlenet"), weights=str(tmp_path / "google.safetensors"))
    assert loaded.mean == loaded.deviation == HALVES


@pytest.mark.slow
def test_timms_weights_are_fetched_by_timm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        weights = timm.create_model("seresnet50").state_dict()
    file = "/timm/seresnet50.ra2_in1k/resolve/main/model.safetensors"
    site = Site(files={file: save(weights)}, headers={"X-Repo-Commit": "0" * 40})
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")
    with serving(site):
        monkeypatch.setenv("HF_ENDPOINT", site.url)
        finished = run_python("-c", LOAD)
    assert finished.returncode == 0, finished.stderr
    assert file in {path for path, _ in site.requests}
    source, total = finished.stdout.split()
    assert source == "timm:seresnet50.ra2_in1k"
    assert float(total) == pytest.approx(float(weights["layer1.0.se.fc1.weight"].double().sum()))
