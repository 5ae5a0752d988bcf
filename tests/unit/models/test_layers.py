"""The layers that torch does not have do what their papers' formulas say."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from hubel.models.layers import RadialBasis, ResponseNorm, SqueezeExcite, Subsampling, TableConvolution
from hubel.models.lenet import SEEN, class_codes
from hubel.models.modern import whiten
from hubel.models.registry import create_network
from hubel.models.resnet import ResidualUnit, unweighed
from hubel.models.starts import he_start


def draws(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_response_norm_is_the_sum_of_the_paper() -> None:
    maps = torch.randn(2, 8, 3, 3, generator=draws()) * 30
    found = ResponseNorm()(maps)
    for channel in range(8):
        low, high = max(0, channel - 2), min(7, channel + 2)
        total = sum(maps[:, other] ** 2 for other in range(low, high + 1))
        expected = maps[:, channel] / (2 + 1e-4 * total) ** 0.75
        assert torch.allclose(found[:, channel], expected, rtol=1e-5)


def test_squeeze_and_excitation_weighs_each_channel_by_one_number_between_0_and_1() -> None:
    block = SqueezeExcite(32, reduction=16)
    maps = torch.rand(2, 32, 4, 4, generator=draws()) + 0.1
    with torch.no_grad():
        shares = block(maps) / maps
    assert torch.allclose(shares, shares.mean((2, 3), keepdim=True).expand_as(shares), atol=1e-6)
    assert float(shares.min()) > 0
    assert float(shares.max()) < 1


def test_table_convolution_is_sixteen_small_convolutions() -> None:
    layer = TableConvolution(SEEN, 6, kernel=5)
    with torch.no_grad():
        layer.reset_parameters(draws())
        layer.bias.uniform_(generator=draws(1))
    maps = torch.randn(2, 6, 14, 14, generator=draws(2))
    found = layer(maps)
    first = 0
    for number, seen in enumerate(SEEN):
        kernels = layer.weight[first : first + len(seen)][None]
        expected = nn.functional.conv2d(maps[:, list(seen)], kernels, layer.bias[number : number + 1])
        assert torch.allclose(found[:, number], expected[:, 0], atol=1e-5)
        first += len(seen)


def test_each_map_of_the_layer_below_is_seen_by_ten_of_the_sixteen() -> None:
    assert [sum(channel in seen for seen in SEEN) for channel in range(6)] == [10] * 6


def test_radial_basis_scores_its_own_code_highest_with_zero() -> None:
    codes = class_codes(10)
    layer = RadialBasis(codes)
    layer.reset_parameters()
    scores = layer(torch.from_numpy(codes).float())
    assert torch.equal(scores.diagonal(), torch.zeros(10))
    assert scores.argmax(1).tolist() == list(range(10))
    assert not list(layer.parameters())


def test_the_codes_of_the_digits_are_all_different_and_fill_seven_by_twelve() -> None:
    codes = class_codes(10)
    assert codes.shape == (10, 84)
    distances = np.abs(codes[:, None] - codes[None]).sum(2) / 2
    assert distances[~np.eye(10, dtype=bool)].min() >= 4


def test_subsampling_begins_as_the_mean_of_four() -> None:
    maps = torch.randn(1, 3, 4, 4, generator=draws())
    assert torch.allclose(Subsampling(3)(maps), nn.functional.avg_pool2d(maps, 2))


def test_a_residual_unit_is_the_identity_when_it_begins() -> None:
    unit = ResidualUnit(64, 64, kind="basic", stride=1, weighing=unweighed)
    generator = draws()
    with torch.no_grad():
        for module in reversed(list(unit.modules())):
            he_start(module, generator)
    maps = torch.rand(2, 64, 8, 8, generator=draws(1))
    for training in (True, False):
        assert torch.equal(unit.train(training)(maps), maps)


def test_every_unit_of_a_fresh_resnet_adds_nothing() -> None:
    network = create_network("resnet18", np.random.default_rng(0)).eval()
    units = [module for module in network.modules() if isinstance(module, ResidualUnit)]
    scales = [unit.get_submodule(f"norm{unit.depth}").get_parameter("weight") for unit in units]
    assert len(scales) == 8
    assert all(not scale.any() for scale in scales)


@pytest.mark.parametrize("name", ["hubel_tiny", "hubel_small"])
def test_whitening_makes_patches_uncorrelated_with_variance_one(name: str) -> None:
    network = create_network(name, np.random.default_rng(0))
    images = nn.functional.avg_pool2d(torch.randn(256, 3, 34, 34, generator=draws()), 3, 1)
    whiten(network, images)
    layer = network.features.get_submodule("whitening")
    assert isinstance(layer, nn.Conv2d)
    assert not layer.weight.requires_grad
    half = layer.out_channels // 2
    answers = nn.functional.conv2d(images, layer.weight[:half], stride=layer.stride)
    covariance = answers.permute(1, 0, 2, 3).flatten(1).cov()
    assert torch.allclose(covariance, torch.eye(half), atol=0.1)
    assert torch.equal(layer.weight[half:], -layer.weight[:half])


def test_the_whitening_of_grey_images_has_no_more_filters_than_directions() -> None:
    layer = create_network("hubel_small", np.random.default_rng(0), num_channels=1).features.get_submodule("whitening")
    assert isinstance(layer, nn.Conv2d)
    assert layer.out_channels == 64 <= 2 * 6 * 6
