"""`hubel models`: the list, one network as table, JSON, drawing and trace, and what is said to words that do not fit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from hubel.models.registry import create_network, entries
from support import run_hubel

if TYPE_CHECKING:
    from cli.conftest import Hubel


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A small colour image."""
    path = tmp_path / "photo.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (50, 60, 3), dtype=np.uint8)).save(path)
    return path


def test_the_list_names_every_network(hubel: Hubel) -> None:
    ended = hubel("models")
    assert ended.code == 0
    lines = ended.out.splitlines()
    assert [line.split()[0] for line in lines[1 : len(entries()) + 1]] == [entry.name for entry in entries()]


def test_the_list_as_json_has_every_fact(hubel: Hubel) -> None:
    networks = json.loads(hubel("models", "--json").out)["networks"]
    vgg = next(network for network in networks if network["name"] == "vgg16")
    assert vgg["parameters"] == 138_357_544
    assert vgg["input"] == [3, 224, 224]
    assert "vgg_d" in vgg["aliases"]


def test_the_list_needs_no_torch() -> None:
    from support import run_hubel_without

    assert run_hubel_without(("torch", "torchvision", "timm"), "models").returncode == 0
    refused = run_hubel_without(("torch", "torchvision", "timm"), "models", "lenet5")
    assert refused.returncode == 2
    assert "[torch]" in refused.stderr


def test_a_network_is_shown_layer_by_layer(hubel: Hubel) -> None:
    ended = hubel("models", "cnn_cifar10")
    assert ended.code == 0
    assert "3×3×32×64+64" in ended.out
    assert "122,570 parameters" in ended.out


def test_json_of_a_network_adds_up(hubel: Hubel) -> None:
    record = json.loads(hubel("models", "lenet5", "--json").out)
    assert sum(layer["parameters"] for layer in record["layers"]) == record["totals"]["parameters"] == 61_706
    assert record["layers"][0]["kernel"] == [5, 5]


def test_another_input_changes_shapes_and_is_pointed_out_where_it_does_not_divide(hubel: Hubel) -> None:
    ended = hubel("models", "alexnet", "--input", "3x224x224")
    assert "96×54×54 *" in ended.out
    assert "* conv1: the size does not divide" in ended.out


def test_the_drawing_is_an_svg_that_names_every_block(hubel: Hubel, tmp_path: Path) -> None:
    path = tmp_path / "se.svg"
    assert hubel("models", "se_resnet18", "--svg", path).code == 0
    root = ET.parse(path).getroot()
    words = {element.text for element in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {"stage1", "stage4", "head", "×2"} <= words


def test_a_trace_shows_the_values_of_one_image(hubel: Hubel, photo: Path) -> None:
    record = json.loads(hubel("models", "lenet5", "--trace", photo, "--json").out)
    assert record["weights"] is None
    tanh = next(layer for layer in record["layers"] if layer["kind"] == "tanh")
    assert -1 <= tanh["values"]["least"] < tanh["values"]["largest"] <= 1


def test_a_trace_takes_the_weights_of_a_file(hubel: Hubel, photo: Path, tmp_path: Path) -> None:
    from safetensors.torch import save_file

    network = create_network("lenet5", np.random.default_rng(5))
    save_file(network.state_dict(), tmp_path / "five.safetensors")
    ended = hubel("models", "lenet5", "--trace", photo, "--weights", tmp_path / "five.safetensors")
    assert ended.code == 0
    assert "with the weights of" in ended.out
    answers = ended.out.partition("with the weights of")[2].splitlines()[1:]
    shares = [float(line.split(" %")[0]) for line in answers]
    assert len(shares) == 5
    assert shares == sorted(shares, reverse=True)


def test_a_trace_through_a_network_of_imagenet_names_its_classes(hubel: Hubel, photo: Path, tmp_path: Path) -> None:
    from safetensors.torch import save_file

    save_file(create_network("alexnet", np.random.default_rng(5)).state_dict(), tmp_path / "seen.safetensors")
    record = json.loads(
        hubel("models", "alexnet", "--trace", photo, "--weights", tmp_path / "seen.safetensors", "--json").out
    )
    names = [answer["class"] for answer in record["answers"]]
    assert len(set(names)) == 5
    assert not any(name.isdigit() for name in names)


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["models", "resnet81"], 4, "Near it: resnet18"),
        (["models", "vgg16", "--input", "big"], 2, "--input does not take big"),
        (["models", "vgg16", "--input", "3x9000x9000"], 2, "--input does not take 3x9000x9000"),
        (["models", "vgg16", "--input", "3x16x16"], 2, "do not go through"),
        (["models", "--svg", "x.svg"], 2, "none is named"),
        (["models", "vgg16", "--weights", "imagenet"], 2, "Add --trace IMAGE"),
        (["models", "lenet5", "--trace", "gone.png"], 3, "gone.png"),
    ],
)
def test_words_that_do_not_fit_end_with_their_exit_code(
    hubel: Hubel, words: list[str], code: int, message: str
) -> None:
    ended = hubel(*words)
    assert ended.code == code, ended.err
    assert message in ended.err


def test_weights_that_nobody_has_name_those_that_somebody_has(hubel: Hubel, photo: Path) -> None:
    ended = hubel("models", "alexnet", "--trace", photo, "--weights", "imagenet")
    assert ended.code == 4
    assert "alexnet_owt" in ended.err


def test_weights_that_cannot_be_fetched_say_what_to_do(
    hubel: Hubel, photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("HUBEL_OFFLINE", "1")
    ended = hubel("models", "resnet18", "--trace", photo, "--weights", "imagenet")
    assert ended.code == 1
    assert "the network is forbidden" in ended.err
    assert "--weights FILE" in ended.err


def test_the_table_is_whole_where_nobody_watches(tmp_path: Path) -> None:
    finished = run_hubel("models", "lenet5", cwd=tmp_path)
    assert finished.stderr == ""
    assert max(map(len, finished.stdout.splitlines())) > 100
    assert "…" not in finished.stdout
