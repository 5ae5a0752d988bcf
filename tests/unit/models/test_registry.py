"""Every network of the catalogue keeps the contract, and names lead where they should."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hubel.core.errors import ModelError
from hubel.models.contract import CHECKS, check_model
from hubel.models.registry import create_network, entries, find_entry, outline_network
from support import run_python

LARGE = 30_000_000
NAMES = [pytest.param(entry.name, marks=[pytest.mark.slow] if entry.parameters > LARGE else []) for entry in entries()]


@pytest.mark.parametrize("name", NAMES)
def test_every_network_keeps_the_contract(name: str) -> None:
    assert len(check_model(name, np.random.default_rng(0))) == len(CHECKS)


def test_names_and_aliases_are_all_different() -> None:
    spellings = [spelling for entry in entries() for spelling in (entry.name, *entry.aliases)]
    assert len(set(spellings)) == len(spellings)


def test_the_catalogue_is_in_the_order_of_the_years() -> None:
    years = [entry.year for entry in entries()]
    assert years == sorted(years)


def test_an_alias_and_another_spelling_find_the_same_network() -> None:
    assert find_entry("vgg_d") is find_entry("VGG16") is find_entry("vgg16")
    assert find_entry("SE-ResNet50").name == "se_resnet50"


def test_an_unknown_name_answers_with_the_nearest() -> None:
    with pytest.raises(ModelError, match=r"no network 'resnet81'.*resnet18"):
        find_entry("resnet81")


def test_the_same_generator_gives_the_same_weights_and_another_gives_others() -> None:
    first, same, other = (create_network("lenet5_rbf", np.random.default_rng(seed)).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[name], same[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


def test_classes_and_channels_can_be_others() -> None:
    network = create_network("cnn_mnist", np.random.default_rng(0), num_classes=3, num_channels=3)
    assert network(torch.zeros(2, 3, 28, 28)).shape == (2, 3)


def test_an_outline_takes_no_memory() -> None:
    assert {parameter.device.type for parameter in outline_network("vgg19").parameters()} == {"meta"}


def test_reading_the_catalogue_loads_no_torch() -> None:
    code = "import sys; from hubel.models.registry import entries; print(len(entries())); assert 'torch' not in sys.modules"
    finished = run_python("-c", code)
    assert finished.returncode == 0, finished.stderr
    assert int(finished.stdout) == len(entries())
