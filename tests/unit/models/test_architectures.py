"""Every row of the specification's list of architectures: parameter counts and shapes, layer by layer where it names them."""

from __future__ import annotations

import functools

import pytest

from hubel.models.registry import find_entry, outline_network
from hubel.models.summary import LayerRow, Summary, summarise


@functools.cache
def summary_of(name: str) -> Summary:
    return summarise(outline_network(name), find_entry(name).input_shape)


def weighted(summary: Summary) -> list[int]:
    """The parameter counts of the layers that have any."""
    return [row.parameters for row in summary.rows if row.parameters]


def rows_of(summary: Summary, *kinds: str) -> list[LayerRow]:
    return [row for row in summary.rows if row.kind in kinds]


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("mlp_mnist", 104_938),
        ("cnn_fashion", 242_570),
        ("cnn_mnist", 61_514),
        ("cnn_cifar10", 122_570),
        ("cnn_catsdogs", 3_453_121),
        ("lenet5", 61_706),
        ("lenet5_rbf", 60_000),
        ("alexnet", 62_378_344),
        ("alexnet_grouped", 60_965_224),
        ("alexnet_owt", 61_100_840),
        ("vgg_a", 132_863_336),
        ("vgg_a_lrn", 132_863_336),
        ("vgg_b", 133_047_848),
        ("vgg_c", 133_638_952),
        ("vgg16", 138_357_544),
        ("vgg19", 143_667_240),
        ("nin", 966_986),
        ("googlenet", 6_624_904),
        ("googlenet_paper", 6_998_552),
        ("inception_v3", 23_834_568),
        ("resnet18", 11_689_512),
        ("resnet34", 21_797_672),
        ("resnet50", 25_557_032),
        pytest.param("resnet101", 44_549_160, marks=pytest.mark.slow),
        pytest.param("resnet152", 60_192_808, marks=pytest.mark.slow),
        ("se_resnet50", 28_088_024),
    ],
)
def test_parameter_count_is_that_of_the_paper_or_the_field(name: str, parameters: int) -> None:
    assert summary_of(name).parameters == parameters


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("mlp_mnist", [100_480, 4_128, 330]),
        ("cnn_fashion", [320, 18_496, 18_464, 200_832, 4_128, 330]),
        ("cnn_mnist", [320, 18_496, 36_928, 5_770]),
        ("cnn_cifar10", [896, 18_496, 36_928, 65_600, 650]),
        ("lenet5", [156, 2_416, 48_120, 10_164, 850]),
        ("lenet5_rbf", [156, 12, 1_516, 32, 48_120, 10_164]),
    ],
)
def test_each_layer_has_its_weights(name: str, counts: list[int]) -> None:
    assert weighted(summary_of(name)) == counts


@pytest.mark.parametrize(
    ("name", "shapes"),
    [
        ("cnn_mnist", [(32, 26, 26), (32, 13, 13), (64, 11, 11), (64, 5, 5), (64, 3, 3)]),
        (
            "cnn_catsdogs",
            [(32, 148, 148), (32, 74, 74), (64, 72, 72), (64, 36, 36), (128, 34, 34), (128, 17, 17), (128, 15, 15), (128, 7, 7)],
        ),
        ("lenet5", [(6, 28, 28), (6, 14, 14), (16, 10, 10), (16, 5, 5), (120, 1, 1)]),
    ],
)  # fmt: skip
def test_maps_have_the_sizes_of_the_table(name: str, shapes: list[tuple[int, ...]]) -> None:
    assert [row.output for row in rows_of(summary_of(name), "conv", "max pool", "mean pool")] == shapes


def test_the_units_of_the_two_gpu_alexnet_are_as_many_as_the_paper_says() -> None:
    layers = rows_of(summary_of("alexnet_grouped"), "conv", "dense")
    numbers = [row.output[0] * (row.output[1] * row.output[2] if len(row.output) == 3 else 1) for row in layers]
    assert numbers == [290_400, 186_624, 64_896, 64_896, 43_264, 4_096, 4_096, 1_000]


def test_vgg16_has_thirteen_convolutions_and_three_dense_layers() -> None:
    summary = summary_of("vgg16")
    assert len(rows_of(summary, "conv")) == 13
    assert len(rows_of(summary, "dense")) == 3


@pytest.mark.parametrize(("name", "sides"), [("vgg_c", {1, 3}), ("vgg16", {3}), ("vgg19", {3})])
def test_only_network_c_has_kernels_of_one(name: str, sides: set[int]) -> None:
    windows = [row.window for row in rows_of(summary_of(name), "conv")]
    assert {window.kernel[0] for window in windows if window is not None} == sides


def test_googlenet_has_nine_modules_and_twenty_two_weighted_layers_in_depth() -> None:
    summary = summary_of("googlenet_paper")
    assert len([row for row in summary.rows if row.name.endswith("concatenate")]) == 9
    depth: list[int] = []
    for row in summary.rows:
        before = max((depth[number] for number in row.inputs if number >= 0), default=0)
        depth.append(before + (row.parameters > 0))
    assert max(depth) == 22
    assert summary.auxiliary_parameters > 0


@pytest.mark.parametrize(
    ("name", "units"),
    [
        ("resnet18", 8),
        ("resnet34", 16),
        ("resnet50", 16),
        pytest.param("resnet101", 33, marks=pytest.mark.slow),
        pytest.param("resnet152", 50, marks=pytest.mark.slow),
    ],
)
def test_resnets_have_as_many_units_as_the_table_says(name: str, units: int) -> None:
    assert len(rows_of(summary_of(name), "add")) == units


def test_nin_has_no_dense_layer() -> None:
    assert rows_of(summary_of("nin"), "dense") == []


def test_inception_v3_goes_from_299_to_35_17_and_8() -> None:
    joined = [
        row.output for row in summary_of("inception_v3").rows if row.kind == "concatenate" and row.name.count(".") == 2
    ]
    assert [shape[1] for shape in joined] == [35] * 3 + [17] * 5 + [8] * 3
    assert joined[-1] == (2048, 8, 8)
