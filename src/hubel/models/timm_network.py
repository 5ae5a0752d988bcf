"""A timm network with its weights, in eval mode and without its classifier, and what timm knows of it."""

from __future__ import annotations

import difflib
import hashlib
import itertools
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hubel.core.errors import MissingExtraError, ModelError
from hubel.core.language import say
from hubel.models.checkpoint import plain_names, read_checkpoint

if TYPE_CHECKING:
    from torch import Tensor

SIZE_STEP = 32
"""Networks halve their maps five times."""
SMALLEST_SHARE, LARGEST_SHARE = 0.7, 1.15
"""How far from its usual size a network is still good."""
UNKNOWN_LICENCE = "unknown: see the model's page"
NUM_NAMED = 3
"""How many names an error lists."""
COUNTER = ".num_batches_tracked"
"""Batch norm's count of steps: old checkpoints lack it, and no feature depends on it."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the user named: a timm model, and the checkpoint with its weights if they are not timm's own."""

    architecture: str
    checkpoint: Path | None


def parse_name(name: str) -> Request:
    """``NAME`` or ``NAME@FILE`` taken apart.

    Examples
    --------
    >>> parse_name("resnet18@pets.pth").architecture
    'resnet18'
    """
    architecture, at, file = name.partition("@")
    if not architecture or (at and not file):
        raise ModelError(
            say(
                en=f"{name!r} names no base. Give NAME, or NAME@FILE: a timm architecture with the weights of a local file.",
                ko=f"{name!r} 은(는) 베이스 이름이 아닙니다. NAME 또는 NAME@FILE(timm 구조와 로컬 파일의 가중치)을 지정하세요.",
            )
        )
    return Request(architecture, Path(file).expanduser() if at else None)


def load_network(request: Request) -> Any:
    """The network with its weights, in eval mode and without its classifier.

    Raises
    ------
    MissingExtraError
        When torch or timm is not installed.
    ModelError
        When timm has no such model, or its weights cannot be fetched, read or fitted.
    """
    timm = import_timm()
    check_name(timm, request.architecture)
    if request.checkpoint is None:
        network = download_network(timm, request.architecture)
    else:
        network = create_network(timm, request.architecture)
        load_checkpoint(network, request)
    check_channels(network, request)
    return network.eval()


def import_timm() -> Any:
    """The `timm` package, or the error that says how to get it."""
    try:
        import timm
    except ImportError as error:
        raise MissingExtraError((error.name or "timm").partition(".")[0], "torch") from error
    return timm


def check_name(timm: Any, name: str) -> None:
    """Refuse what timm does not have, naming what is near."""
    architecture, _, tag = name.partition(".")
    known = timm.list_models()
    if architecture not in known:
        near = difflib.get_close_matches(architecture, known, n=NUM_NAMED, cutoff=0.5)
        hint = ", ".join(near) or "resnet50, convnext_tiny, efficientnet_lite0"
        raise ModelError(
            say(
                en=f"There is no base {name!r}. Near it: {hint}. A local file is given as NAME@FILE.",
                ko=f"{name!r} 이라는 베이스는 없습니다. 비슷한 이름: {hint}. 로컬 파일은 NAME@FILE로 지정하세요.",
            )
        )
    known_tags = timm.list_pretrained(f"{architecture}.*")
    if tag and name not in known_tags:
        hint = ", ".join(difflib.get_close_matches(name, known_tags, n=NUM_NAMED, cutoff=0)) or architecture
        raise ModelError(
            say(
                en=f"timm has no weights {tag!r} of {architecture}. It has: {hint}.",
                ko=f"timm에는 {architecture} 의 {tag!r} 가중치가 없습니다. 있는 이름: {hint}.",
            )
        )


def create_network(timm: Any, name: str, *, pretrained: bool = False) -> Any:
    """The network as timm makes it; the caller's randomness is not spent."""
    import torch

    with torch.random.fork_rng(devices=[]):
        return timm.create_model(name, pretrained=pretrained, num_classes=0)


def download_network(timm: Any, name: str) -> Any:
    """The network with timm's own weights, which timm fetches or has kept."""
    if not timm.is_model_pretrained(name):
        raise ModelError(
            say(
                en=f"timm has no weights of {name}, only its architecture. Give a checkpoint: {name}@FILE, or choose another base.",
                ko=f"timm에는 {name} 의 구조만 있고 가중치가 없습니다. 체크포인트를 {name}@FILE로 지정하거나 다른 베이스를 고르세요.",
            )
        )
    try:
        return create_network(timm, name, pretrained=True)
    except Exception as error:  # timm fetches through several packages, and each has errors of its own
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise ModelError(
            say(
                en=f"timm could not fetch the weights of {name} ({reason}). Check the network connection, give a file you have as "
                f"{name}@FILE, or use efficientnet_lite0, which needs no download.",
                ko=f"timm이 {name} 의 가중치를 받지 못했습니다({reason}). 네트워크 연결을 확인하거나, 가진 파일을 {name}@FILE로 지정하거나, "
                "내려받을 것이 없는 efficientnet_lite0을 사용하세요.",
            )
        ) from error


def load_checkpoint(network: Any, request: Request) -> None:
    """Put the weights of a checkpoint into the network; all of them must be there and fit, a classifier excepted.

    Raises
    ------
    ModelError
        When tensors are missing, of another shape, or left over.
    """
    assert request.checkpoint is not None
    wanted = network.state_dict()
    found = plain_names(read_checkpoint(request.checkpoint), wanted)
    missing = [name for name in wanted if name not in found and not name.endswith(COUNTER)]
    misshapen = [
        f"{name} {tuple(found[name].shape)} ≠ {tuple(tensor.shape)}"
        for name, tensor in wanted.items()
        if name in found and found[name].shape != tensor.shape
    ]
    dropped = classifier_prefixes(network, wanted)
    surplus = [name for name in found if name not in wanted and not name.startswith(dropped)]
    kinds = {
        say(en="missing", ko="없음"): missing,
        say(en="of another shape", ko="모양이 다름"): misshapen,
        say(en="not in the network", ko="네트워크에 없음"): surplus,
    }
    differences = "; ".join(listed(kind, names) for kind, names in kinds.items() if names)
    if differences:
        raise ModelError(
            say(
                en=f"The weights in {request.checkpoint} are not those of {request.architecture}: {differences}. "
                "Name the architecture that the file was made with.",
                ko=f"{request.checkpoint} 의 가중치는 {request.architecture} 의 것이 아닙니다: {differences}. "
                "파일을 만들 때 쓴 구조의 이름을 지정하세요.",
            )
        )
    network.load_state_dict({name: found.get(name, tensor) for name, tensor in wanted.items()})


def listed(kind: str, names: list[str]) -> str:
    """The first names of a kind.

    Examples
    --------
    >>> listed("missing", ["a", "b", "c", "d"])
    'missing (4): a, b, c, …'
    """
    return f"{kind} ({len(names)}): {', '.join(names[:NUM_NAMED])}{', …' * (len(names) > NUM_NAMED)}"


def classifier_prefixes(network: Any, wanted: Collection[str]) -> tuple[str, ...]:
    """How the names of the classifier's tensors begin, which the network here does without.

    Where nothing beside the classifier stands in its outermost module, that whole module is the classifier (LeViT's
    ``head.bn`` with ``head.linear``).
    """
    classifiers = network.pretrained_cfg.get("classifier") or ()
    prefixes = []
    for name in (classifiers,) if isinstance(classifiers, str) else classifiers:
        outermost = f"{name.partition('.')[0]}."
        prefixes.append(f"{name}." if any(other.startswith(outermost) for other in wanted) else outermost)
    return tuple(prefixes)


def check_channels(network: Any, request: Request) -> None:
    """Refuse a network that does not look at RGB pixels."""
    num_channels = network.pretrained_cfg["input_size"][0]
    if num_channels != 3:
        raise ModelError(
            say(
                en=f"{request.architecture} takes images of {num_channels} channels; hubel gives 3 (RGB). Choose another base.",
                ko=f"{request.architecture} 은(는) {num_channels}채널 이미지를 받지만 hubel은 3채널(RGB)을 줍니다. 다른 베이스를 고르세요.",
            )
        )


def usual_sizes(network: Any) -> tuple[int, ...]:
    """The input sizes in question: the one it was trained at first, then the others near it, ascending."""
    size = int(network.pretrained_cfg["input_size"][-1])
    if network.pretrained_cfg.get("fixed_input_size"):
        return (size,)
    near = itertools.takewhile(lambda other: other <= LARGEST_SHARE * size, itertools.count(SIZE_STEP, SIZE_STEP))
    return (size, *(other for other in near if other >= SMALLEST_SHARE * size and other != size))


def full_name(request: Request, network: Any) -> str:
    """The name for the card: with timm's tag of the weights, or with the checkpoint's file name."""
    if request.checkpoint is not None:
        return f"{request.architecture}@{request.checkpoint.name}"
    tag = network.pretrained_cfg.get("tag")
    return f"{network.pretrained_cfg['architecture']}.{tag}" if tag else request.architecture


def source(request: Request, network: Any) -> str:
    """Where the weights came from, for the card."""
    import timm

    if request.checkpoint is not None:
        return f"timm {timm.__version__}, weights of the local file {request.checkpoint.name}"
    page = network.pretrained_cfg.get("hf_hub_id") or network.pretrained_cfg.get("url") or "its own weights"
    return f"timm {timm.__version__}, {page}"


def licence(request: Request, network: Any) -> str:
    """The licence of timm's weights; that of a file is not known."""
    named = network.pretrained_cfg.get("license") if request.checkpoint is None else None
    return str(named) if named else UNKNOWN_LICENCE


def tensors_sha256(network: Any) -> str:
    """The SHA-256 of the weights: of every tensor's name, shape and bytes, sorted by name."""
    tensors: dict[str, Tensor] = network.state_dict()
    digest = hashlib.sha256()
    for name in sorted(tensors):
        array = tensors[name].contiguous().numpy()
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
