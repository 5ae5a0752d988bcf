"""Bases that do not come with hubel: any timm network, with timm's weights or those of a local checkpoint."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from hubel.core.card import BaseInfo
from hubel.core.errors import ModelError
from hubel.core.files import file_sha256, write_atomically
from hubel.core.frozen import Frozen
from hubel.core.language import say
from hubel.models.backbone import BUNDLED, Backbone
from hubel.models.checkpoint import check_checkpoint, network_of
from hubel.models.timm_network import (
    Request,
    full_name,
    import_timm,
    licence,
    load_network,
    parse_name,
    source,
    tensors_sha256,
    usual_sizes,
)

if TYPE_CHECKING:
    from hubel.models.cut import Base


IN_TIMM = "tf_efficientnet_lite0"
"""What timm calls the bundled base."""


class Record(Frozen):
    """Beside a kept graph: what makes the base known again without torch. `graph` is the graph's file name."""

    info: BaseInfo
    graph: str
    sizes: tuple[int, ...]


def open_foreign(name: str, store: Path) -> Backbone:
    """The base of that name, converted on first use; after that neither torch nor a network is needed.

    Parameters
    ----------
    name
        Any timm model, or ``NAME@FILE``.
    store
        The folder in which converted graphs are kept.

    Raises
    ------
    MissingExtraError
        When torch, timm or a package they need is not installed.
    ModelError
        When there is no such model, its weights cannot be fetched, read or fitted, or the network not be converted.
    """
    request = parse_name(name)
    refuse_bundled_name(request)
    path = store / f"{record_name(request)}.json"
    record = read_record(path)
    if record is None:
        record = convert(request, store)
        write_atomically(path, record.model_dump_json(indent=1))
    return Backbone(record.info, store / record.graph, record.sizes)


def load_torch_module(name: str) -> Base:
    """The base as a torch module from pixels uint8 (n h w 3) to features float (n d), the bundled base too.

    Raises
    ------
    MissingExtraError, ModelError
        As `open_foreign`.
    """
    import_timm()
    from hubel.models.torch_module import load_bundled_module, wrap_network

    return load_bundled_module() if name == BUNDLED else wrap_network(load_network(parse_name(name)))


def refuse_bundled_name(request: Request) -> None:
    """Refuse to put weights of the bundled base into timm's `efficientnet_lite0`: all would fit, and the edges would be padded otherwise.

    Raises
    ------
    ModelError
        With the name that it has in timm.
    """
    if request.architecture == BUNDLED and request.checkpoint and network_of(request.checkpoint) == BUNDLED:
        raise ModelError(
            say(
                en=f"{request.checkpoint} holds weights of the bundled base, which timm calls {IN_TIMM}; its {BUNDLED} is another network. "
                f"Give --model {IN_TIMM}@{request.checkpoint}",
                ko=f"{request.checkpoint} 은(는) 내장 기반 모델의 가중치이며 timm에서는 {IN_TIMM} 이라고 부릅니다. timm의 {BUNDLED} 은(는) 다른 "
                f"신경망입니다. --model {IN_TIMM}@{request.checkpoint} 을(를) 지정하세요.",
            )
        )


def record_name(request: Request) -> str:
    """What a request is kept under: its name, and its checkpoint's content."""
    if request.checkpoint is None:
        return safe(request.architecture)
    check_checkpoint(request.checkpoint)
    return f"{safe(request.architecture)}@{file_sha256(request.checkpoint)[:16]}"


def safe(name: str) -> str:
    """A name that is a file name everywhere.

    Examples
    --------
    >>> safe("resnet18@그림 1.pth")
    'resnet18@___1.pth'
    """
    return re.sub(r"[^A-Za-z0-9._@-]", "_", name)


def read_record(path: Path) -> Record | None:
    """What is kept, if it is whole and its graph is there."""
    try:
        record = Record.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None  # absent or damaged: it is converted again
    return record if (path.parent / record.graph).is_file() else None


def convert(request: Request, store: Path) -> Record:
    """Load the network and keep its graph."""
    network = load_network(request)
    from hubel.models.convert import convert_module
    from hubel.models.torch_module import wrap_network

    name = full_name(request, network)
    sha256 = tensors_sha256(network)
    graph = f"{safe(name)}-{sha256[:16]}.onnx"
    sizes, num_features = convert_module(wrap_network(network), usual_sizes(network), store / graph)
    info = BaseInfo(
        name=name,
        source=source(request, network),
        sha256=sha256,
        licence=licence(request, network),
        num_features=num_features,
    )
    return Record(info=info, graph=graph, sizes=sizes)
