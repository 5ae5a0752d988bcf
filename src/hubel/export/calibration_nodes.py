"""Head and calibration as nodes of the graph: features in, probabilities out, equal to `evaluate.calibrators.calibrate`.

Temperature and vector scaling are folded into the head's weights. An isotonic curve is a sum of ramps, each rising from its
knot to the next: Σⱼ slopeⱼ · min(max(p − knotⱼ, 0), widthⱼ). Only nodes are used that every ONNX opset writes alike. Where an
image may have several classes, a sigmoid of each stands for the softmax of all, as in `evaluate.label_calibration`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from hubel.core.card import Card
from hubel.core.decision import Calibration
from hubel.core.types import Bias, Weights

Constant = Callable[[str, np.ndarray], str]
"""Adds a constant to the graph and returns its name."""


def calibration_nodes(helper: Any, weights: Weights, bias: Bias, *, card: Card, constant: Constant) -> list[Any]:
    """The nodes from ``features`` (n d) over ``logits`` (n k) to ``probabilities`` (n k).

    Parameters
    ----------
    helper
        The module ``onnx.helper``.
    weights, bias
        The head, (d k) and (k).
    card
        Gives temperature and calibration.
    constant
        Adds a constant to the graph.
    """
    calibration = card.calibration
    scaled, shifted = weights / card.temperature, bias / card.temperature
    if calibration is not None and calibration.method == "vector":
        scale = np.array(calibration.scale)
        scaled, shifted = scaled * scale, shifted * scale + np.array(calibration.offset)
    head = [
        "features",
        constant("head.weights", scaled.astype(np.float32)),
        constant("head.bias", shifted.astype(np.float32)),
    ]
    scores = helper.make_node("Gemm", head, ["logits"])
    if card.task == "multi-label":
        return [scores, helper.make_node("Sigmoid", ["logits"], ["probabilities"])]
    if calibration is None or calibration.method != "isotonic":
        return [scores, helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1)]
    stated = helper.make_node("Softmax", ["logits"], ["stated"], axis=1)
    return [scores, stated, *_curve_nodes(helper, calibration, constant)]


def _curve_nodes(helper: Any, calibration: Calibration, constant: Constant) -> list[Any]:
    """The nodes from ``stated`` to ``probabilities``."""
    starts, widths, slopes, lowest = ramps(calibration)
    num_classes, num_ramps = starts.shape
    shapes = {"each": [-1, num_classes, 1], "table": [-1, num_classes]}
    names = {name: constant(f"calibration.{name}", np.array(shape, np.int64)) for name, shape in shapes.items()}
    values = {"starts": starts, "widths": widths, "slopes": slopes, "lowest": lowest, "zero": np.zeros(1)}
    values |= {"ramps": np.ones((num_ramps, 1)), "classes": np.ones((num_classes, 1))}
    names |= {name: constant(f"calibration.{name}", value.astype(np.float32)) for name, value in values.items()}
    steps = [
        ("Reshape", ["stated", names["each"]], "stated_each"),  # n k 1
        ("Sub", ["stated_each", names["starts"]], "beyond"),  # n k j
        ("Max", ["beyond", names["zero"]], "above"),
        ("Min", ["above", names["widths"]], "along"),
        ("Mul", ["along", names["slopes"]], "risen"),
        ("MatMul", ["risen", names["ramps"]], "risen_each"),  # n k 1
        ("Reshape", ["risen_each", names["table"]], "risen_table"),  # n k
        ("Add", ["risen_table", names["lowest"]], "raised"),
        ("MatMul", ["raised", names["classes"]], "raised_sum"),  # n 1
        ("Div", ["raised", "raised_sum"], "probabilities"),
    ]
    return [helper.make_node(kind, inputs, [output]) for kind, inputs, output in steps]


def ramps(calibration: Calibration) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Start, width and slope of each class's ramps, (k j), and where its curve begins, (k); short rows end with flat ramps."""
    most = max(2, *(len(knots) for knots in calibration.stated))
    stated = np.array([[*knots, *[knots[-1]] * (most - len(knots))] for knots in calibration.stated])
    true = np.array([[*knots, *[knots[-1]] * (most - len(knots))] for knots in calibration.true])
    widths, rises = np.diff(stated), np.diff(true)
    slopes = np.divide(rises, widths, out=np.zeros_like(rises), where=widths > 0)
    return stated[:, :-1], widths, slopes, true[:, 0]
