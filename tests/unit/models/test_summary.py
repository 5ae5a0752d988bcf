"""A summary says of each layer what torch would do, and leaves the network as it was."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import nn

from hubel.core.errors import UsageError
from hubel.models.arithmetic import Window, output_extent
from hubel.models.registry import outline_network
from hubel.models.summary import LayerRow, Summary, summarise, summarise_images


def row_named(summary: Summary, name: str) -> LayerRow:
    return next(row for row in summary.rows if row.name == name)


def test_output_size_is_torchs_for_every_window() -> None:
    for size, kernel, stride, padding, ceil in itertools.product(
        range(7, 15), (1, 2, 3, 5), (1, 2, 3), (0, 1), (False, True)
    ):
        if padding > kernel // 2:
            continue
        pool = nn.MaxPool2d(kernel, stride, padding, ceil_mode=ceil)
        window = Window((kernel, kernel), (stride, stride), (padding, padding), ceil=ceil)
        assert output_extent(size, window, 0).size == pool(torch.zeros(1, 1, size, size)).shape[-1]


def test_dropped_lines_are_those_whose_change_changes_nothing() -> None:
    window = Window((3, 3), (2, 2), (0, 0))
    extent = output_extent(8, window, 0)
    maps = torch.rand(1, 1, 8, 8)
    changed = maps.clone()
    changed[..., 8 - extent.dropped :, :] += 1
    pool = nn.AvgPool2d(3, 2)
    assert extent.dropped == 1
    assert torch.equal(pool(maps), pool(changed))


def test_receptive_field_is_where_a_gradient_arrives() -> None:
    summary = summarise(outline_network("vgg_a"), (3, 96, 96))
    network = outline_network("vgg_a").to_empty(device="cpu")
    for parameter in network.parameters():
        nn.init.constant_(parameter, 0.01)
    maps = torch.ones(1, 3, 96, 96, requires_grad=True)
    steps = list(network.features.children())[:8]  # as far as the second convolution of the third stage
    result = nn.Sequential(*(nn.AvgPool2d(2) if isinstance(step, nn.MaxPool2d) else step for step in steps))(maps)
    middle = result.shape[-1] // 2
    result[0, 0, middle, middle].backward()
    assert maps.grad is not None
    lines = (maps.grad.abs().sum((0, 1, 3)) > 0).sum()
    names = [name for name, _ in network.features.named_children()]
    row = row_named(summary, f"features.{names[6]}")
    assert row.receptive_field == (int(lines), int(lines))


@pytest.mark.parametrize(
    ("name", "layer", "formula"),
    [
        ("vgg16", "features.conv1_1", "3×3×3×64+64"),
        ("alexnet_grouped", "features.conv2", "5×5×(96/2)×256+256"),
        ("resnet18", "features.conv1", "7×7×3×64"),
        ("resnet18", "features.norm1", "2×64"),
        ("lenet5_rbf", "features.c3", "5×5×60+16"),
        ("mlp_mnist", "neck.dense1", "784×128+128"),
    ],
)
def test_the_formula_says_how_the_weights_are_counted(name: str, layer: str, formula: str) -> None:
    entry_shape = (1, 28, 28) if name == "mlp_mnist" else (1, 32, 32) if name.startswith("lenet") else (3, 227, 227)
    row = row_named(summarise(outline_network(name), entry_shape), layer)
    assert row.formula == formula
    counted = eval(formula.replace("×", "*").replace("/", "//"))
    assert counted == row.parameters


def test_sizes_that_do_not_divide_are_pointed_out() -> None:
    summary = summarise(outline_network("alexnet"), (3, 224, 224))
    left = row_named(summary, "features.conv1").leftover
    assert left is not None
    assert left.image == (1, 1)
    assert row_named(summarise(outline_network("alexnet"), (3, 227, 227)), "features.conv1").leftover is None


def test_padding_that_is_left_out_is_told_from_image() -> None:
    left = row_named(summarise(outline_network("resnet18"), (3, 224, 224)), "features.conv1").leftover
    assert left is not None
    assert (left.image, left.padding) == ((0, 0), (1, 1))


def test_images_that_are_too_small_are_refused_with_their_shape() -> None:
    with pytest.raises(UsageError, match="3x10x10 do not go through"):
        summarise(outline_network("inception_v3"), (3, 10, 10))


def test_values_are_those_of_the_image_and_the_network_stays_as_it_was() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Dropout(0.5), nn.Flatten(), nn.Linear(8, 2)).train()
    network[2].eval()
    modes = [module.training for module in network.modules()]
    images = torch.randn(1, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    summary = summarise_images(network, images)
    values = summary.rows[0].values
    assert values is not None
    with torch.no_grad():
        assert values.largest == pytest.approx(float(network[0](images).max()))
    assert [module.training for module in network.modules()] == modes
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in network.modules())
    assert all(parameter.grad is None for parameter in network.parameters())
