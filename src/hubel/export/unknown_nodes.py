"""The three answers as nodes of the graph: features, scores and probabilities in, unknown score and sets out.

Only operators are used that opsets 13 and later write alike. Nothing after the one product with the remembered directions is
a product of matrices, so an engine that multiplies in bf16 does the rest in float32.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from hubel.core.card import Card
from hubel.core.familiar import MOST_DOUBT, SMALLEST_DISTANCE, Familiar

Constant = Callable[[str, np.ndarray], str]
"""Adds a constant to the graph and returns its name."""
FLOAT32 = 1
"""The number of float32 in ONNX's list of types."""
ONLY_BEST = 2.0
"""A limit that no probability reaches."""


def unknown_nodes(helper: Any, familiar: Familiar, *, card: Card, constant: Constant) -> list[Any]:
    """The nodes from ``features``, ``logits`` and ``probabilities`` to ``unknown_score`` (n), ``known`` (n) and ``in_set`` (n k).

    ``known`` is true where the score is at most the card's limit. ``in_set`` names the likeliest class and every other that
    reaches the card's limit; without one the likeliest alone. Where an image may have several classes, it names those that reach
    their own threshold.

    Parameters
    ----------
    helper
        The module ``onnx.helper``.
    familiar
        The constants of the score.
    card
        Gives the limits.
    constant
        Adds a constant to the graph.
    """
    names = {name: constant(f"unknown.{name}", value) for name, value in constants(familiar, card)}
    steps: list[tuple[str, list[str], str]] = [
        ("Mul", ["features", names["inverse_size"]], "unknown.scaled"),  # n d
        ("Cast", [names["remembered"]], "unknown.directions"),  # d m, half the size in the file
        ("MatMul", ["unknown.scaled", "unknown.directions"], "unknown.alike"),  # n m
        ("TopK", ["unknown.alike", names["one"]], "unknown.nearest"),  # n 1
        ("Mul", ["unknown.scaled", "unknown.scaled"], "unknown.squares"),
        ("ReduceSum", ["unknown.squares", names["axis"]], "unknown.square"),  # n 1
        ("Max", ["unknown.square", names["smallest"]], "unknown.positive"),
        ("Sqrt", ["unknown.positive"], "unknown.length"),
        ("Div", ["unknown.nearest", "unknown.length"], "unknown.cosine"),
        ("Sub", [names["unit"], "unknown.cosine"], "unknown.difference"),
        ("Max", ["unknown.difference", names["smallest"]], "unknown.distance"),
        ("Log", ["unknown.distance"], "unknown.log_distance"),
        ("TopK", ["logits", names["one"]], "unknown.highest"),  # n 1
        ("Sub", ["logits", "unknown.highest"], "unknown.lower"),
        ("Exp", ["unknown.lower"], "unknown.powers"),
        ("ReduceSum", ["unknown.powers", names["axis"]], "unknown.power"),
        ("Log", ["unknown.power"], "unknown.log_power"),
        ("Add", ["unknown.highest", "unknown.log_power"], "unknown.belief"),  # n 1, the doubt with its sign turned
        ("Mul", ["unknown.belief", names["belief_rate"]], "unknown.turned"),
        ("Add", ["unknown.turned", names["belief_offset"]], "unknown.doubt"),
        ("Max", ["unknown.doubt", names["zero"]], "unknown.doubt_or_none"),
        ("Min", ["unknown.doubt_or_none", names["most_doubt"]], "unknown.doubtful"),
        ("Mul", ["unknown.log_distance", names["distance_rate"]], "unknown.far"),
        ("Add", ["unknown.far", names["distance_offset"]], "unknown.strange"),
        ("Add", ["unknown.strange", "unknown.doubtful"], "unknown.column"),
        ("Reshape", ["unknown.column", names["flat"]], "unknown_score"),  # n
        ("LessOrEqual", ["unknown_score", names["limit"]], "known"),
    ]
    if card.task == "multi-label":
        steps.append(("GreaterOrEqual", ["probabilities", names["set_limit"]], "in_set"))  # n k
        return [node_of(helper, *step) for step in steps]
    steps += [
        ("TopK", ["probabilities", names["one"]], "unknown.likeliest"),  # n 1
        ("GreaterOrEqual", ["probabilities", "unknown.likeliest"], "unknown.best"),
        ("GreaterOrEqual", ["probabilities", names["set_limit"]], "unknown.enough"),
        ("Or", ["unknown.best", "unknown.enough"], "in_set"),  # n k
    ]
    return [node_of(helper, *step) for step in steps]


def node_of(helper: Any, kind: str, inputs: list[str], output: str) -> Any:
    """One node; the largest of a row is the first result of a TopK, which every opset writes alike, unlike ReduceMax."""
    if kind == "TopK":
        return helper.make_node(kind, inputs, [output, f"{output}.place"], axis=1)
    if kind == "Cast":
        return helper.make_node(kind, inputs, [output], to=FLOAT32)
    return helper.make_node(kind, inputs, [output])


def constants(familiar: Familiar, card: Card) -> Iterator[tuple[str, np.ndarray]]:
    """Name and value of each constant."""
    (centre, spread), (doubt_centre, doubt_spread) = familiar.distance, familiar.doubt
    numbers = {
        "smallest": SMALLEST_DISTANCE,
        "unit": 1.0,
        "distance_rate": 1 / spread,
        "distance_offset": -centre / spread - familiar.shift,
        "belief_rate": -1 / doubt_spread,
        "belief_offset": -doubt_centre / doubt_spread,
        "zero": 0.0,
        "most_doubt": MOST_DOUBT,
        "limit": card.unknown.threshold if card.unknown else np.inf,
    }
    set_limits = card.label_thresholds or (card.sets.threshold if card.sets else ONLY_BEST,)
    yield "inverse_size", familiar.inverse_size.astype(np.float32)
    yield "remembered", familiar.remembered.astype(np.float16)
    for name, number in numbers.items():
        yield name, np.array([number], np.float32)
    yield "set_limit", np.array(set_limits, np.float32)
    for name, whole in {"one": 1, "axis": 1, "flat": -1}.items():
        yield name, np.array([whole], np.int64)


def unknown_outputs(helper: Any, types: Any, *, num_classes: int) -> list[Any]:
    """The declarations of the three outputs; `types` is ``onnx.TensorProto``."""
    return [
        helper.make_tensor_value_info("unknown_score", types.FLOAT, ["n"]),
        helper.make_tensor_value_info("known", types.BOOL, ["n"]),
        helper.make_tensor_value_info("in_set", types.BOOL, ["n", num_classes]),
    ]
