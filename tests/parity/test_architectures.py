"""The same weights give the same answers in torchvision's or timm's network and in ours."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import timm
import torch
import torchvision
from torch import Tensor, nn

from hubel.models.network import Network
from hubel.models.registry import find_entry, outline_network
from hubel.models.weights import fit

TOLERANCE = 1e-5
SLOW = pytest.mark.slow


def theirs(name: str) -> nn.Module:
    """Their network with random weights under which each layer matters, in eval mode."""
    library, _, title = find_entry(name).weights.partition(":")
    with torch.device("meta"):
        if library == "timm":
            network: nn.Module = timm.create_model(title.partition(".")[0])
        else:
            options: dict[str, Any] = (
                {"aux_logits": True, "init_weights": False} if "cept" in title or "goog" in title else {}
            )
            network = torchvision.models.get_model(title, weights=None, **options)
    network.to_empty(device="cpu")
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for key, tensor in network.state_dict().items():
            fill(key, tensor, generator)
    return network.eval()


def fill(key: str, tensor: Tensor, generator: torch.Generator) -> None:
    """Random values that keep the signal of a deep network from vanishing or exploding."""
    if tensor.ndim >= 2:
        tensor.normal_(0, (2 / tensor[0].numel()) ** 0.5, generator=generator)
    elif key.endswith("num_batches_tracked"):
        tensor.zero_()
    elif key.endswith(("running_var", "weight")):
        tensor.uniform_(0.5, 1.5, generator=generator)
    else:
        tensor.normal_(0, 0.1, generator=generator)


def ours(name: str, weights: dict[str, Tensor]) -> Network:
    network = outline_network(name).to_empty(device="cpu")
    assert fit(network, find_entry(name), weights, source="the other library") == ()
    return network.eval()


def images_for(name: str, side: int) -> Tensor:
    pixels = np.random.default_rng(side).standard_normal((2, 3, side, side), dtype=np.float32)
    return torch.from_numpy(pixels)


@pytest.mark.parametrize(
    ("name", "side"),
    [
        pytest.param("alexnet_owt", 224, marks=SLOW),
        pytest.param("vgg_a", 64, marks=SLOW),
        pytest.param("vgg_b", 64, marks=SLOW),
        pytest.param("vgg16", 224, marks=SLOW),
        pytest.param("vgg19", 64, marks=SLOW),
        ("googlenet", 224),
        ("googlenet", 75),
        ("inception_v3", 299),
        ("resnet18", 224),
        ("resnet18", 97),
        ("resnet34", 64),
        ("resnet50", 64),
        pytest.param("resnet101", 64, marks=SLOW),
        pytest.param("resnet152", 64, marks=SLOW),
        ("se_resnet50", 64),
    ],
)
def test_the_same_weights_give_the_same_scores(name: str, side: int) -> None:
    reference = theirs(name)
    network = ours(name, reference.state_dict())
    images = images_for(name, side)
    with torch.inference_mode():
        expected, found = reference(images), network(images)
    assert float(expected.std()) > 1e-3
    assert float((found - expected).abs().max()) <= TOLERANCE * float(expected.abs().max())


@pytest.mark.parametrize(("name", "side"), [("googlenet", 224), ("inception_v3", 299)])
def test_auxiliary_heads_say_the_same(name: str, side: int) -> None:
    reference = theirs(name)
    network = ours(name, reference.state_dict())
    for module in (*reference.modules(), *network.modules()):
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    reference.train()
    network.train()
    for module in (*reference.modules(), *network.modules()):
        if isinstance(module, nn.BatchNorm2d):
            module.eval()
    images = images_for(name, side)
    with torch.no_grad():
        whole = reference(images)
        scores, auxiliary = network.forward_with_auxiliary(images)
    expected = [whole.aux_logits1, whole.aux_logits2] if name == "googlenet" else [whole.aux_logits]
    for one, other in zip((scores, *auxiliary), (whole.logits, *expected), strict=True):
        assert float((one - other).abs().max()) <= TOLERANCE * float(other.abs().max())
