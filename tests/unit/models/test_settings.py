"""Networks with settings behind their names."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from hubel.core.errors import ModelError
from hubel.models.modern import TABLE, maps_of
from hubel.models.registry import create_network, find_entry, outline_network


def test_the_usual_settings_are_the_row_of_the_table() -> None:
    row = next(row for row in TABLE.records() if row["network"] == "hubel_small")
    assert maps_of(64, 5) == row["maps"]
    assert find_entry("hubel_small[width=64,depth=5,dropout=0]") is find_entry("hubel_small")


def test_settings_stand_in_the_name_in_one_order_without_the_usual_ones() -> None:
    entry = find_entry("Hubel-Small[dropout=0.20, depth=5, width=32]")
    assert entry.name == "hubel_small[width=32,dropout=0.2]"
    assert find_entry(entry.name) == entry


def test_the_network_is_as_wide_and_deep_as_asked_and_drops_in_front_of_its_head() -> None:
    network = create_network("hubel_small[width=16,depth=3,dropout=0.4]", np.random.default_rng(0), num_classes=3)
    widths = [layer.out_channels for layer in network.features.modules() if isinstance(layer, nn.Conv2d)]
    assert widths == [64, 16, 16, 32]
    assert isinstance(network.neck.get_submodule("dropout"), nn.Dropout)
    assert network.eval()(torch.zeros(2, 3, 32, 32)).shape == (2, 3)


def test_without_dropout_the_weights_have_the_names_they_had() -> None:
    names = set(outline_network("hubel_small").state_dict())
    assert names == set(outline_network("hubel_small[width=8]").state_dict())


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("hubel_small[widht=32]", "hubel_small\\[width=64,depth=5,dropout=0\\]"),
        ("hubel_small[width]", "a whole number from 4 to 1024"),
        ("hubel_small[width=1.5]", "a whole number from 4 to 1024"),
        ("hubel_small[dropout=1]", "a number from 0 to 0.9"),
        ("lenet5[width=3]", "Those that have: hubel_small"),
        ("hubel_smal[width=32]", "hubel_small"),
    ],
)
def test_what_a_network_does_not_have_is_refused_with_what_it_has(name: str, said: str) -> None:
    with pytest.raises(ModelError, match=said):
        find_entry(name)
