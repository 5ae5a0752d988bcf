"""One network of the catalogue made ready for pictures: its scaling, its first weights, its head."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from hubel.core.errors import ModelError
from hubel.data.warp import to_planes
from hubel.train.network import Task, prepare_network
from hubel.train.prepared import Prepared, channel_moments, exportable, linear_head
from hubel.train.scratch import Scratch
from hubel.train.state import begin
from hubel.train.step import Batch, train_step
from small_networks import one_thread, small_recipe

alone = pytest.fixture(autouse=True, scope="module")(one_thread)


def task(size: int = 32, num_images: int = 12) -> Task:
    """Noise of three classes."""
    noise = np.random.default_rng(0)
    pixels = noise.integers(0, 256, (num_images, size, size, 3), dtype=np.uint8)
    labels = np.arange(num_images) % 3
    return Task(pixels, labels, pixels[:6], labels[:6], 3, mirrored_too=False, key="")


def test_pictures_are_standardised_by_the_moments_of_the_training_images() -> None:
    own = task()
    prepared = prepare_network(own, Scratch(network="cnn_cifar10"), 0)
    scaled = prepared.scaled(to_planes(torch.from_numpy(own.pixels)))
    torch.testing.assert_close(scaled.mean((0, 2, 3)), torch.zeros(3), atol=1e-4, rtol=0)
    torch.testing.assert_close(scaled.std((0, 2, 3)), torch.ones(3), atol=1e-3, rtol=0)


def test_a_network_of_one_channel_sees_grey() -> None:
    own = task()
    prepared = prepare_network(own, Scratch(network="lenet5"), 0)
    assert prepared.scaled(to_planes(torch.from_numpy(own.pixels))).shape == (12, 1, 32, 32)
    grey = np.repeat(own.pixels[..., :1], 3, axis=3)
    mean, deviation = channel_moments(grey, 1)
    assert mean == pytest.approx([grey.mean() / 255], abs=1e-6)
    assert deviation == pytest.approx([(grey / 255).std()], abs=1e-6)


def test_the_whitening_layer_is_set_from_the_images_and_does_not_learn() -> None:
    own = task()
    prepared = prepare_network(own, Scratch(network="hubel_small"), 0)
    layer = prepared.network.get_submodule("features.whitening")
    assert isinstance(layer, nn.Conv2d)
    assert not layer.weight.requires_grad
    whitened = layer(prepared.scaled(to_planes(torch.from_numpy(own.pixels))))[:, :12].detach()
    spread = whitened.permute(1, 0, 2, 3).flatten(1).std(1)
    assert spread.min() > 0.5
    assert spread.max() < 1.5


@pytest.mark.parametrize("network", ["lenet5", "lenet5_rbf", "nin", "hubel_small"])
def test_head_and_features_together_say_what_the_network_says(network: str) -> None:
    own = task()
    members = [prepare_network(own, Scratch(network=network), seed).eval() for seed in (0, 1)]
    pixels = torch.from_numpy(own.pixels)
    with torch.inference_mode():
        scores = sum(member(to_planes(pixels)) for member in members) / 2
        features = exportable(members)(pixels)
    head = linear_head(members, 3)
    np.testing.assert_allclose(features.numpy() @ head.weights + head.bias, scores.numpy(), atol=1e-4)


def test_weights_of_torchvision_bring_their_scaling_along(tmp_path: Path) -> None:
    torchvision = pytest.importorskip("torchvision")
    with torch.random.fork_rng(devices=[]):
        theirs = torchvision.models.resnet18(weights=None)
    torch.save(theirs.state_dict(), tmp_path / "weights.pth")
    prepared = prepare_network(task(), Scratch(network="resnet18", weights=str(tmp_path / "weights.pth")), 0)
    first = next(weight for weight in prepared.network.parameters() if weight.ndim == 4)
    assert torch.equal(first, theirs.conv1.weight)
    assert prepared.get_buffer("mean").flatten().tolist() == pytest.approx([0.485, 0.456, 0.406])


def test_a_checkpoint_that_is_not_there_is_refused() -> None:
    with pytest.raises(ModelError, match=r"no checkpoint file at nowhere\.pth"):
        prepare_network(task(), Scratch(network="cnn_cifar10", weights="nowhere.pth"), 0)


class TwoHeads(nn.Module):
    """A network with an auxiliary head, as the catalogue's have them."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(3, 3)
        self.auxiliary = nn.ModuleDict({"step": nn.Linear(3, 3)})
        self.auxiliary_weight = 0.5

    def forward(self, images: Tensor) -> Tensor:
        scores: Tensor = self.head(images.mean((2, 3)))
        return scores

    def forward_with_auxiliary(self, images: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        return self(images), (self.auxiliary["step"](images.mean((2, 3))),)


def test_auxiliary_heads_learn_with_their_weight_and_are_silent_afterwards() -> None:
    prepared = Prepared(TwoHeads(), [0.5] * 3, [0.25] * 3)
    images, labels = torch.rand(6, 3, 4, 4, generator=torch.Generator().manual_seed(0)), torch.arange(6) % 3
    scores, auxiliary = prepared.train()(images)
    expected = nn.functional.cross_entropy(scores, labels) + 0.5 * nn.functional.cross_entropy(auxiliary, labels)
    state = begin(prepared, small_recipe(), 6, np.random.default_rng(0))
    outcome = train_step(prepared, Batch(images, labels, labels), state.optimisers, state.recipe)
    assert outcome.loss == pytest.approx(float(expected.detach()), rel=1e-6)
    assert isinstance(prepared.eval()(images), Tensor)
