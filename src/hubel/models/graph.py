"""A small builder of ONNX graphs, so that a network written as a table becomes a file every runtime reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from hubel.core.errors import MissingExtraError

if TYPE_CHECKING:
    import onnx

OPSET = 17
"""The operator set of every graph hubel writes: old enough for ONNX Runtime 1.13 and OpenVINO 2023, and pinned."""
IR_VERSION = 8


def import_onnx() -> Any:
    """The `onnx` package, or the error that says how to get it."""
    try:
        import onnx
        import onnx.helper
        import onnx.numpy_helper
    except ImportError as error:
        raise MissingExtraError("onnx", "train") from error
    return onnx


class GraphBuilder:
    """Nodes and weights in the order they are added; every method returns the name of its result."""

    def __init__(self) -> None:
        self.onnx = import_onnx()
        self.nodes: list[Any] = []
        self.weights: list[Any] = []

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add one operator with one result."""
        result = f"{operator.lower()}_{len(self.nodes)}"
        self.nodes.append(self.onnx.helper.make_node(operator, list(inputs), [result], **attributes))
        return result

    def constant(self, value: np.ndarray) -> str:
        """Add a weight."""
        name = f"weight_{len(self.weights)}"
        self.weights.append(self.onnx.numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def scaled_pixels(self, mean: np.ndarray, deviation: np.ndarray) -> str:
        """The graph's input ``pixels``, uint8 (n h w 3), as float (n 3 h w): ``(pixels / 255 − mean) / deviation``."""
        planes = self.add("Transpose", "pixels", perm=[0, 3, 1, 2])
        floats = self.add("Cast", planes, to=self.onnx.TensorProto.FLOAT)
        scale = (1 / (255 * deviation)).astype(np.float32).reshape(1, 3, 1, 1)
        offset = (-mean / deviation).astype(np.float32).reshape(1, 3, 1, 1)
        return self.add("Add", self.add("Mul", floats, self.constant(scale)), self.constant(offset))

    def pooled(self, maps: str) -> str:
        """The mean of every channel, (n c h w) → (n c)."""
        return self.add("Flatten", self.add("GlobalAveragePool", maps), axis=1)

    def finish(self, name: str, outputs: dict[str, tuple[str, int]]) -> onnx.ModelProto:
        """The checked model: input ``pixels`` uint8 (n h w 3), outputs ``{name: (result, width)}`` float (n width)."""
        helper, types = self.onnx.helper, self.onnx.TensorProto
        named = {result: output for output, (result, _) in outputs.items()}
        for node in self.nodes:
            node.output[0] = named.get(node.output[0], node.output[0])
        graph = helper.make_graph(
            self.nodes,
            name,
            [helper.make_tensor_value_info("pixels", types.UINT8, ["n", "h", "w", 3])],
            [helper.make_tensor_value_info(key, types.FLOAT, ["n", width]) for key, (_, width) in outputs.items()],
            self.weights,
        )
        model: onnx.ModelProto = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="hubel"
        )
        model.ir_version = IR_VERSION
        self.onnx.checker.check_model(model)
        return model
