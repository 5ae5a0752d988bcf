"""Any timm network with the weights of a local file becomes a graph that says the same; what cannot is refused in words."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import load_file, save, save_file

from hubel.core.errors import ModelError
from hubel.models.backbone import BUNDLED, open_backbone
from hubel.models.foreign import IN_TIMM, load_torch_module, open_foreign
from hubel.models.timm_network import tensors_sha256
from hubel.models.torch_module import load_bundled_module, wrap_network
from hubel.runtime.engines import ENGINE_NAMES, TOLERANCES, open_engine
from local_server import Site, serving
from support import run_python

Checkpoint = Callable[..., Path]
OPEN = "import sys, pathlib; from hubel.models.foreign import open_foreign; "
OPEN += "base = open_foreign(sys.argv[1], pathlib.Path(sys.argv[2])); print(base.info.model_dump_json()); "
OPEN += "print(*sorted({'torch', 'timm', 'onnx'} & set(sys.modules)))"


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    """`checkpoint("resnet18")` is a file of random weights with a classifier of seven classes."""
    folder = tmp_path_factory.mktemp("checkpoints")

    def write(architecture: str, suffix: str = ".safetensors") -> Path:
        path = folder / f"{architecture}{suffix}"
        if not path.exists():
            weights = random_weights(architecture)
            if suffix == ".safetensors":
                save_file(weights, path)
            else:
                torch.save(
                    {"epoch": 1, "state_dict": {f"module.{name}": tensor for name, tensor in weights.items()}}, path
                )
        return path

    return write


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


def random_weights(architecture: str) -> dict[str, torch.Tensor]:
    """Weights that leave no layer silent: batch norms of a fresh network multiply by one or by nothing."""
    torch.manual_seed(0)
    network = timm.create_model(architecture, num_classes=7)
    weights = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    for name, tensor in weights.items():
        if name.endswith("running_mean"):
            tensor.normal_(0, 0.1)
        elif name.endswith("running_var") or (tensor.ndim == 1 and name.endswith("weight")):
            tensor.uniform_(0.5, 1.5)
    return weights


@pytest.mark.slow
@pytest.mark.parametrize(
    ("architecture", "suffix", "sizes", "num_features"),
    [
        ("resnet18", ".safetensors", (224, 160, 192, 256), 512),
        ("mobilenetv3_small_050", ".pth", (224, 160, 192, 256), 1024),
        ("test_vit", ".safetensors", (160,), 64),
    ],
)
def test_a_timm_network_with_a_local_checkpoint_runs_in_every_engine_as_in_torch(
    checkpoint: Checkpoint, store: Path, architecture: str, suffix: str, sizes: tuple[int, ...], num_features: int
) -> None:
    name = f"{architecture}@{checkpoint(architecture, suffix)}"
    base = open_foreign(name, store)
    module = load_torch_module(name)
    assert base.sizes == sizes
    assert base.info.num_features == num_features
    assert base.info.name == f"{architecture}@{architecture}{suffix}"
    assert base.info.licence.startswith("unknown")
    assert [file.name for file in store.glob(f"{base.graph.stem}*")] == [base.graph.name]
    for size in sizes[:2]:
        pixels = np.random.default_rng(size).integers(0, 256, (5, size, size, 3), dtype=np.uint8)
        with torch.inference_mode():
            expected = module(torch.from_numpy(pixels)).numpy()
        assert np.ptp(expected, axis=0).max() > 0
        for engine in (name for name in ENGINE_NAMES if name.endswith("f32")):
            found = open_engine(engine, base.graph).run(pixels)["features"]
            assert np.abs(found - expected).max() <= TOLERANCES[engine] * np.abs(expected).max()


@pytest.mark.slow
def test_the_second_opening_needs_neither_torch_nor_timm_and_gives_the_same(
    checkpoint: Checkpoint, tmp_path: Path
) -> None:
    name = f"test_resnet@{checkpoint('test_resnet')}"
    first = open_foreign(name, tmp_path)
    again = run_python("-c", OPEN, name, str(tmp_path))
    assert again.returncode == 0, again.stderr
    info, modules = again.stdout.splitlines()
    assert json.loads(info) == first.info.model_dump()
    assert modules == ""


@pytest.mark.slow
def test_converting_says_nothing_on_either_stream(checkpoint: Checkpoint, tmp_path: Path) -> None:
    finished = run_python("-c", OPEN, f"test_vit@{checkpoint('test_vit')}", str(tmp_path))
    assert finished.returncode == 0, finished.stderr
    assert len(finished.stdout.splitlines()) == 2
    assert finished.stderr == ""


@pytest.mark.slow
def test_a_damaged_record_and_a_lost_graph_are_made_anew(checkpoint: Checkpoint, tmp_path: Path) -> None:
    name = f"test_resnet@{checkpoint('test_resnet')}"
    first = open_foreign(name, tmp_path)
    (record,) = tmp_path.glob("*.json")
    record.write_text("{", encoding="utf-8")
    assert open_foreign(name, tmp_path) == first
    first.graph.unlink()
    assert open_foreign(name, tmp_path).graph.is_file()


@pytest.mark.slow
def test_two_files_of_the_same_weights_have_the_same_hash_and_other_weights_another(
    checkpoint: Checkpoint, tmp_path: Path
) -> None:
    one = open_foreign(f"test_resnet@{checkpoint('test_resnet')}", tmp_path)
    same = open_foreign(f"test_resnet@{checkpoint('test_resnet', '.pth')}", tmp_path)
    weights = random_weights("test_resnet")
    weights[next(iter(weights))] += 1
    save_file(weights, tmp_path / "other.safetensors")
    other = open_foreign(f"test_resnet@{tmp_path / 'other.safetensors'}", tmp_path)
    assert one.info.sha256 == same.info.sha256 != other.info.sha256
    assert one.graph != other.graph


def test_loading_leaves_the_callers_randomness_alone(checkpoint: Checkpoint) -> None:
    path = checkpoint("test_resnet")
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    load_torch_module(f"test_resnet@{path}")
    assert torch.equal(torch.rand(3), expected)


def test_the_weights_of_another_architecture_are_refused_by_their_first_tensors(
    checkpoint: Checkpoint, tmp_path: Path
) -> None:
    path = checkpoint("test_resnet")
    with pytest.raises(ModelError, match=r"not those of test_vit: missing \(\d+\): cls_token.*not in the network"):
        open_foreign(f"test_vit@{path}", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_tensor_of_another_shape_a_missing_one_and_a_surplus_one_are_named(
    checkpoint: Checkpoint, tmp_path: Path
) -> None:
    weights = random_weights("test_resnet")
    (first, second, *_) = (name for name in weights if name.endswith("conv1.weight"))
    weights[first] = torch.zeros(1, 2)
    del weights[second]
    weights["adapter.weight"] = torch.zeros(3)
    torch.save(weights, tmp_path / "odd.pth")
    with pytest.raises(ModelError) as refused:
        open_foreign(f"test_resnet@{tmp_path / 'odd.pth'}", tmp_path / "store")
    message = str(refused.value)
    assert f"missing (1): {second}" in message
    assert f"of another shape (1): {first} (1, 2) ≠" in message
    assert "not in the network (1): adapter.weight" in message


def test_an_unknown_name_answers_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no base 'resnet81'.*resnet18"):
        open_backbone("resnet81", tmp_path)
    with pytest.raises(ModelError, match=r"no weights 'a9_in1k' of resnet18.*resnet18\.a"):
        open_backbone("resnet18.a9_in1k", tmp_path)


@pytest.mark.parametrize("name", ["", "@", "resnet18@", "@file.pth"])
def test_half_a_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelError, match="names no base"):
        open_foreign(name, tmp_path)


def test_an_architecture_without_weights_asks_for_a_file(tmp_path: Path) -> None:
    name = next(name for name in timm.list_models() if not timm.is_model_pretrained(name))
    with pytest.raises(ModelError, match=f"no weights of {name}.*{name}@FILE"):
        open_foreign(name, tmp_path)


def test_a_missing_checkpoint_is_not_taken_for_the_downloaded_base(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no checkpoint file"):
        open_foreign(f"resnet18@{tmp_path / 'gone.pth'}", tmp_path)


@pytest.mark.slow
def test_timms_own_weights_are_fetched_once_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(1)
    weights = timm.create_model("test_resnet", num_classes=1000).state_dict()
    file = "/timm/test_resnet.r160_in1k/resolve/main/model.safetensors"
    site = Site(files={file: save(weights)}, headers={"X-Repo-Commit": "0" * 40})
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")
    with serving(site):
        monkeypatch.setenv("HF_ENDPOINT", site.url)
        first = run_python("-c", OPEN, "test_resnet.r160_in1k", str(tmp_path / "store"))
        assert first.returncode == 0, first.stderr
        assert file in {path for path, _ in site.requests}
    again = run_python("-c", OPEN, "test_resnet.r160_in1k", str(tmp_path / "store"))  # the server is gone
    assert again.returncode == 0, again.stderr
    assert again.stdout.splitlines()[0] == first.stdout.splitlines()[0]
    expected = timm.create_model("test_resnet", num_classes=0)
    expected.load_state_dict({name: tensor for name, tensor in weights.items() if name in expected.state_dict()})
    assert json.loads(again.stdout.splitlines()[0])["sha256"] == tensors_sha256(expected)


@pytest.mark.slow
def test_without_a_network_a_name_answers_with_the_ways_that_need_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    script = OPEN.replace("base =", "from hubel.core.errors import ModelError\ntry: base =").partition("; print")[0]
    finished = run_python(
        "-c", f"{script}\nexcept ModelError as error: print(error)", "resnet18", str(tmp_path / "store")
    )
    assert finished.returncode == 0, finished.stderr
    assert "could not fetch the weights of resnet18" in finished.stdout
    assert "resnet18@FILE" in finished.stdout
    assert "efficientnet_lite0" in finished.stdout
    assert not (tmp_path / "store").exists()


def fine_tuned(architecture: str, path: Path) -> None:
    """A file as a fine-tuned run leaves it, of random weights."""
    base = (
        load_bundled_module()
        if architecture == BUNDLED
        else wrap_network(timm.create_model(architecture, num_classes=0))
    )
    torch.manual_seed(1)
    weights = {
        name: tensor + 0.01 * torch.randn(tensor.shape) if tensor.ndim == 4 else tensor
        for name, tensor in base.network.state_dict().items()
    }
    save_file(weights, path, metadata={"hubel": json.dumps({"network": architecture, "size": 64})})


@pytest.mark.slow
def test_the_weights_of_a_fine_tuned_base_are_a_base_for_another_set(tmp_path: Path) -> None:
    for architecture, in_timm in ((BUNDLED, IN_TIMM), ("test_resnet", "test_resnet")):
        path = tmp_path / f"{architecture}.safetensors"
        fine_tuned(architecture, path)
        base = open_foreign(f"{in_timm}@{path}", tmp_path / "store")
        assert base.graph.is_file()
        module = load_torch_module(f"{in_timm}@{path}")
        for name, tensor in load_file(path).items():
            if not name.startswith("classifier."):
                assert torch.equal(module.network.state_dict()[name], tensor)


def test_weights_of_the_bundled_base_are_not_put_into_timms_network_of_that_name(tmp_path: Path) -> None:
    fine_tuned(BUNDLED, tmp_path / "network.safetensors")
    with pytest.raises(ModelError, match=f"Give --model {IN_TIMM}@"):
        open_foreign(f"{BUNDLED}@{tmp_path / 'network.safetensors'}", tmp_path / "store")
