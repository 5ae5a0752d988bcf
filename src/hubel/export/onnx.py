"""`model.onnx`: pixels in, probabilities and features out, with everything the model needs inside.

Input ``pixels`` uint8 (n size size 3), RGB, upright. Outputs ``probabilities`` (n k) and ``features`` (n d), float32; ``unknown_score``
(n) float32, above the limit for images unlike those learned from; ``known`` (n) and ``in_set`` (n k), bool: the three answers.
Scaling, views, head and calibration are in the graph; what the reader must do before is in its metadata.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hubel.core.card import Card, answering_metadata
from hubel.core.errors import ExportError, MissingExtraError
from hubel.core.familiar import Familiar
from hubel.core.files import atomic_path
from hubel.core.language import say
from hubel.core.types import Bias, Weights
from hubel.core.views import VIEWS, border_px
from hubel.export.calibration_nodes import calibration_nodes
from hubel.export.unknown_nodes import unknown_nodes, unknown_outputs


@dataclass(frozen=True, slots=True)
class ModelParts:
    """What a model is joined of: the base's ONNX graph (``pixels`` → ``features``), the head (d k) and (k), what it remembers."""

    base_graph: Path
    weights: Weights
    bias: Bias
    familiar: Familiar | None = None


def export_model(model_parts: ModelParts, *, card: Card, path: Path) -> None:
    """Join base, views, head, calibration and the three answers into one checked graph.

    Parameters
    ----------
    model_parts
        What is joined; without a `familiar` the graph does not tell what is unknown.
    card
        Gives the calibration, the limits, the views and the metadata.
    path
        Where the model is written, whole or not at all.

    Raises
    ------
    ExportError
        When the joined graph is not valid.
    """
    try:
        import onnx
        from onnx import helper, numpy_helper
    except ImportError as error:
        raise MissingExtraError("onnx", "train") from error
    base = onnx.load(str(model_parts.base_graph))
    nodes: list[Any] = []
    constants: list[Any] = list(base.graph.initializer)

    def constant(name: str, value: np.ndarray) -> str:
        constants.append(numpy_helper.from_array(value, name))
        return name

    shown = [view_features(helper, base, name, card.image.size, nodes, constant) for name in card.views]
    nodes.append(helper.make_node("Mean", shown, ["features"]))
    nodes += calibration_nodes(helper, model_parts.weights, model_parts.bias, card=card, constant=constant)
    side, types, num_classes = card.image.size, onnx.TensorProto, len(card.classes)
    answers: list[Any] = []
    if model_parts.familiar is not None:
        nodes += unknown_nodes(helper, model_parts.familiar, card=card, constant=constant)
        answers = unknown_outputs(helper, types, num_classes=num_classes)
    graph = helper.make_graph(
        nodes,
        "hubel",
        [helper.make_tensor_value_info("pixels", types.UINT8, ["n", side, side, 3])],
        [
            helper.make_tensor_value_info("probabilities", types.FLOAT, ["n", num_classes]),
            helper.make_tensor_value_info("features", types.FLOAT, ["n", card.base.num_features]),
            *answers,
        ],
        constants,
    )
    model = helper.make_model(graph, opset_imports=base.opset_import, producer_name="hubel")
    model.ir_version = base.ir_version
    helper.set_model_props(model, model_metadata(card))
    try:
        onnx.checker.check_model(model)
    except onnx.checker.ValidationError as error:
        raise ExportError(
            say(
                en=f"The model could not be joined into one ONNX graph: {error}. Try another base with --model.",
                ko=f"모델을 하나의 ONNX 그래프로 합칠 수 없습니다: {error}. --model로 다른 기반 모델을 써 보세요.",
            )
        ) from error
    with atomic_path(path) as temporary:
        temporary.write_bytes(model.SerializeToString())


def view_features(helper: Any, base: Any, name: str, size: int, nodes: list[Any], constant: Any) -> str:
    """Append a copy of the base's nodes that sees one view; the weights are shared. Returns its features' name."""
    view, prefix = VIEWS[name], f"{name}/"
    cut = border_px(view, size)
    sliced = "pixels"
    if cut or view.mirrored:
        columns = (
            (size - cut - 1, cut - size - 1 if not cut else cut - 1, -1) if view.mirrored else (cut, size - cut, 1)
        )
        bounds = np.array([(cut, size - cut, 1), columns], np.int64)  # rows, then columns: start, end, step
        inputs = [
            constant(f"{prefix}{key}", bounds[:, place].copy()) for place, key in enumerate(("start", "end", "step"))
        ]
        axes = constant(f"{prefix}axes", np.array([1, 2], np.int64))
        sliced = f"{prefix}pixels"
        nodes.append(helper.make_node("Slice", ["pixels", *inputs[:2], axes, inputs[2]], [sliced]))
    weights = {tensor.name for tensor in base.graph.initializer}
    for node in base.graph.node:
        copy = type(node)()
        copy.CopyFrom(node)
        copy.name = f"{prefix}{node.name}" if node.name else ""
        for place, source in enumerate(node.input):
            copy.input[place] = (
                sliced if source == "pixels" else source if source in weights or not source else prefix + source
            )
        for place, result in enumerate(node.output):
            copy.output[place] = prefix + result
        nodes.append(copy)
    return f"{prefix}features"


def model_metadata(card: Card) -> dict[str, str]:
    """What stands in the graph's metadata, so that the file alone says how to use it."""
    return {
        "task": "multi-label-image-classification" if card.task == "multi-label" else "image-classification",
        "classes": json.dumps(card.classes, ensure_ascii=False),
        "image_spec": card.image.model_dump_json(),
        "input": "uint8 RGB, upright by EXIF orientation, (n height width 3); scaling is inside the graph",
        "temperature": repr(card.temperature),
        **answering_metadata(card),
        "views": json.dumps(card.views),
        "base": card.base.model_dump_json(),
        "data_sha256": card.provenance.data_sha256,
        "hubel_version": card.provenance.versions.get("hubel", ""),
        "created": card.provenance.created,
    }
