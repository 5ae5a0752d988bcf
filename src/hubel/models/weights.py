"""Weights that others have trained, put into our networks by name: those of torchvision and timm, or of a file."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from hubel.core.errors import MissingExtraError, ModelError
from hubel.core.language import say
from hubel.models.checkpoint import plain_names, read_checkpoint
from hubel.models.registry import Entry
from hubel.models.timm_network import COUNTER, listed

if TYPE_CHECKING:
    from torch import Tensor

    from hubel.models.network import Network

IMAGENET = "imagenet"
FREE = ("head.", "auxiliary.")
"""What may stay as it was drawn when the file has none, or for other classes."""
IMAGENET_MEAN, IMAGENET_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
HALVES = (0.5, 0.5, 0.5)
SCALED_TO_ONE = ("googlenet", "inception_v3")
"""Whose weights expect pixels from −1 to 1; the others expect ImageNet's mean and deviation taken out."""


@dataclass(frozen=True, slots=True)
class LoadedWeights:
    """Where weights came from, what they expect of pixels in 0 to 1, and which tensors were left as they were drawn."""

    source: str
    mean: tuple[float, float, float]
    deviation: tuple[float, float, float]
    fresh: tuple[str, ...]


def load_weights(network: Network, entry: Entry, *, weights: str) -> LoadedWeights:
    """Put weights into a network.

    Parameters
    ----------
    network
        The one of that entry, for any number of classes; the head stays as it is where the classes are others.
    entry
        Which network it is.
    weights
        ``imagenet``, or the path of a checkpoint of ours, torchvision's or timm's (.safetensors, .pth, .pt).

    Raises
    ------
    ModelError
        When nobody has such weights, or they cannot be fetched, read or fitted.
    MissingExtraError
        When torch, torchvision or timm is not installed.
    """
    if weights == IMAGENET:
        source, tensors = imagenet_weights(entry), fetch(entry)
    else:
        source, tensors = weights, read_checkpoint(Path(weights).expanduser())
    fresh = fit(network, entry, plain_names(tensors, known_names(network, entry, tensors)), source=source)
    mean = HALVES if entry.name in SCALED_TO_ONE else IMAGENET_MEAN
    deviation = HALVES if mean is HALVES else IMAGENET_DEVIATION
    return LoadedWeights(source, mean, deviation, fresh)


def known_names(network: Network, entry: Entry, tensors: Mapping[str, Tensor]) -> set[str]:
    """All names that mean something here: our own, and what the other libraries call the same."""
    return {*network.state_dict(), *(name for name in tensors if our_name(entry, name, network) is not None)}


def imagenet_weights(entry: Entry) -> str:
    """Who has ImageNet weights, such as ``torchvision:vgg16``.

    Raises
    ------
    ModelError
        When nobody does.
    """
    if entry.weights:
        return entry.weights
    hint = {"alexnet": "alexnet_owt", "alexnet_grouped": "alexnet_owt", "googlenet_paper": "googlenet"}.get(entry.name)
    near = hint or "vgg16, googlenet, inception_v3, resnet50, se_resnet50"
    raise ModelError(
        say(
            en=f"Nobody passes on ImageNet weights of {entry.name} that hubel knows of. Give a checkpoint file, or take: {near}.",
            ko=f"hubel이 아는 {entry.name} 의 ImageNet 가중치는 없습니다. 체크포인트 파일을 지정하거나 다음을 쓰세요: {near}.",
        )
    )


def fetch(entry: Entry) -> dict[str, Tensor]:
    """The tensors, by torchvision's or timm's own download, which keeps them."""
    library, _, name = imagenet_weights(entry).partition(":")
    fetcher: Callable[[str], dict[str, Tensor]] = fetch_torchvision if library == "torchvision" else fetch_timm
    try:
        return fetcher(name)
    except MissingExtraError:
        raise
    except Exception as error:  # each library fetches through several packages, and each has errors of its own
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise ModelError(
            say(
                en=f"{library} could not fetch the weights of {name} ({reason}). Check the network connection, or give a file that "
                "you have in place of imagenet.",
                ko=f"{library} 이(가) {name} 의 가중치를 받지 못했습니다({reason}). 네트워크 연결을 확인하거나, imagenet 대신 가진 파일을 "
                "지정하세요.",
            )
        ) from error


def fetch_torchvision(name: str) -> dict[str, Tensor]:
    """The newest weights that torchvision has of that name, from torch's cache or else from the network."""
    from torch.hub import load_state_dict_from_url

    url, file = torchvision_file(name)
    with redirect_stdout(StringIO()):  # torch says there that it downloads
        tensors: dict[str, Tensor] = load_state_dict_from_url(
            url, str(file.parent), progress=False, check_hash=True, weights_only=True
        )
    return tensors


def torchvision_file(name: str) -> tuple[str, Path]:
    """The address of the newest weights that torchvision has of that name, and where torch keeps the file.

    The file's name ends in the beginning of its SHA-256.

    Raises
    ------
    MissingExtraError
        When torchvision is not installed.
    """
    try:
        from torch.hub import get_dir
        from torchvision.models import get_model_weights
    except ImportError as error:
        raise MissingExtraError(error.name or "torchvision", "torch") from error
    url = str(get_model_weights(name).DEFAULT.url)
    return url, Path(get_dir()) / "checkpoints" / url.rpartition("/")[2]


def fetch_timm(name: str) -> dict[str, Tensor]:
    """The weights that timm has of that name and tag."""
    import torch

    from hubel.models.timm_network import import_timm

    timm = import_timm()
    with torch.random.fork_rng(devices=[]):
        tensors: dict[str, Tensor] = timm.create_model(name, pretrained=True).state_dict()
    return tensors


def fit(network: Network, entry: Entry, tensors: Mapping[str, Tensor], *, source: str) -> tuple[str, ...]:
    """Copy the tensors in by name; returns the names of those that stayed as they were.

    Raises
    ------
    ModelError
        When tensors are missing, of another shape, or left over.
    """
    wanted = network.state_dict()
    found = {our_name(entry, name, network) or name: tensor for name, tensor in tensors.items()}
    missing = [name for name in wanted if name not in found and not name.endswith(COUNTER)]
    misshapen = [name for name in wanted if name in found and found[name].shape != wanted[name].shape]
    fresh = tuple(name for name in (*missing, *misshapen) if name.startswith(FREE))
    shapes = [f"{name} {tuple(found[name].shape)} ≠ {tuple(wanted[name].shape)}" for name in misshapen]
    kinds = {
        say(en="missing", ko="없음"): [name for name in missing if name not in fresh],
        say(en="of another shape", ko="모양이 다름"): [
            text for name, text in zip(misshapen, shapes, strict=True) if name not in fresh
        ],
        say(en="not in the network", ko="네트워크에 없음"): [name for name in found if name not in wanted],
    }
    differences = "; ".join(listed(kind, names) for kind, names in kinds.items() if names)
    if differences:
        raise ModelError(
            say(
                en=f"The weights of {source} are not those of {entry.name}: {differences}. Name the network that they were made with.",
                ko=f"{source} 의 가중치는 {entry.name} 의 것이 아닙니다: {differences}. 가중치를 만든 신경망의 이름을 지정하세요.",
            )
        )
    taken = {name: tensor for name, tensor in wanted.items() if name not in found or name in fresh}
    network.load_state_dict(taken | {name: found[name] for name in wanted if name not in taken})
    return fresh


def our_name(entry: Entry, name: str, network: Network) -> str | None:
    """What we call a tensor that torchvision or timm calls so; None where it is no name of theirs.

    Examples
    --------
    >>> from hubel.models.registry import find_entry, outline_network
    >>> our_name(find_entry("resnet18"), "layer1.0.bn2.weight", outline_network("resnet18"))
    'features.stage1.0.norm2.weight'
    """
    return TRANSLATIONS.get(entry.family, no_name)(name.replace(".bn", ".norm"), network)


def no_name(_name: str, _network: Network) -> str | None:
    """Of a family that no other library has."""
    return None


def stacked_name(name: str, network: Network) -> str | None:
    """AlexNet and VGG: both libraries count the steps of a plain stack."""
    if found := re.fullmatch(r"features\.(\d+)\.(.+)", name):
        steps = [step for step, _ in network.features.named_children()]
        place = int(found[1])
        return f"features.{steps[place]}.{found[2]}" if place < len(steps) else None
    if found := re.fullmatch(r"classifier\.(\d)\.(.+)", name):
        layer = {"0": "neck.fc6", "1": "neck.fc6", "3": "neck.fc7", "4": "neck.fc7", "6": "head"}.get(found[1])
        return f"{layer}.{found[2]}" if layer else None
    return None


def residual_name(name: str, _network: Network) -> str | None:
    """ResNet and SE-ResNet."""
    if found := re.fullmatch(r"layer(\d)\.(\d+)\.(.+)", name):
        inner = found[3].replace("downsample.0", "shortcut.conv").replace("downsample.1", "shortcut.norm")
        return f"features.stage{found[1]}.{found[2]}.{inner}"
    if found := re.fullmatch(r"(conv1|bn1|norm1)\.(.+)", name):
        return f"features.{found[1].replace('bn', 'norm')}.{found[2]}"
    return translated(name, {"fc.": "head."})


def googlenet_name(name: str, _network: Network) -> str | None:
    """GoogLeNet; its branches count from 0 there and from 1 here."""
    if found := re.fullmatch(r"(inception\w\w)\.(branch\d)(?:\.(\d))?\.((?:conv|norm)\..+)", name):
        return f"features.{found[1]}.{found[2]}.{int(found[3] or 0) + 1}.{found[4]}"
    beginnings = {
        "conv1.": "features.conv1.", "conv2.": "features.conv2_reduce.", "conv3.": "features.conv2.",
        "aux1.": "auxiliary.inception4a.", "aux2.": "auxiliary.inception4d.", "fc.": "head.",
    }  # fmt: skip
    return translated(name, beginnings)


def inception_name(name: str, _network: Network) -> str | None:
    """Inception v3."""
    if found := re.fullmatch(r"(Mixed_\w\w)\.(branch_pool|branch[0-9a-z]+)(?:_(\d)([ab])?)?\.(.+)", name):
        module, branch, number, side, rest = found.groups()
        step = "2" if branch == "branch_pool" else number or "1"  # the pooling itself is step 1
        return f"features.{module}.{branch}.{step}{f'.{side}.1' if side else ''}.{rest}"
    return translated(name, {"Conv2d": "features.Conv2d", "AuxLogits.": "auxiliary.Mixed_6e.", "fc.": "head."})


def translated(name: str, beginnings: Mapping[str, str]) -> str | None:
    """A name whose beginning is another here."""
    return next(
        (ours + name.removeprefix(theirs) for theirs, ours in beginnings.items() if name.startswith(theirs)), None
    )


TRANSLATIONS: dict[str, Callable[[str, Network], str | None]] = {
    "alexnet": stacked_name,
    "vgg": stacked_name,
    "googlenet": googlenet_name,
    "inception": inception_name,
    "resnet": residual_name,
    "senet": residual_name,
}
