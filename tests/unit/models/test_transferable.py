"""What works on timm's networks works on ours: wrapped from pixels to features, and converted to a graph that says the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hubel.models.convert import convert_module
from hubel.models.registry import create_network
from hubel.models.torch_module import PooledFeatures

HALF = (0.5, 0.5, 0.5)


@pytest.mark.parametrize(
    ("name", "sizes", "num_features"),
    [
        ("lenet5_rbf", (32,), 84),
        ("nin", (32, 48), 192),
        ("cnn_cifar10", (32,), 64),
        ("hubel_small", (32, 48), 256),
        pytest.param("se_resnet18", (64, 96), 512, marks=pytest.mark.slow),
        pytest.param("googlenet_paper", (64,), 1024, marks=pytest.mark.slow),
    ],
)
def test_our_networks_become_graphs_as_timms_do(
    name: str, sizes: tuple[int, ...], num_features: int, tmp_path: Path
) -> None:
    network = create_network(name, np.random.default_rng(0), num_channels=3)
    module = PooledFeatures(network, HALF, HALF).eval()
    accepted, width = convert_module(module, sizes, tmp_path / "network.onnx")
    assert accepted == sizes
    assert width == num_features
