"""Networks and their layers as records for machines."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hubel.data.names import utf8

if TYPE_CHECKING:
    from hubel.models.registry import Entry
    from hubel.models.summary import LayerRow
    from hubel.workflows import Described


def list_record(networks: Sequence[Entry]) -> dict[str, Any]:
    """What ``hubel models --json`` prints."""
    return {"version": 1, "networks": [entry_record(entry) for entry in networks]}


def entry_record(entry: Entry) -> dict[str, Any]:
    """One network of the list."""
    return {
        "name": entry.name,
        "aliases": list(entry.aliases),
        "family": entry.family,
        "year": entry.year,
        "paper": entry.paper,
        "input": list(entry.input_shape),
        "num_classes": entry.num_classes,
        "parameters": entry.parameters,
        "multiply_adds": entry.multiply_adds,
        "imagenet_weights": entry.weights or None,
    }


def described_record(described: Described) -> dict[str, Any]:
    """What ``hubel models NAME --json`` prints."""
    summary, weights = described.summary, described.weights
    record = {
        "version": 1,
        **entry_record(described.entry),
        "shape": list(summary.input_shape),
        "totals": {
            "parameters": summary.parameters,
            "auxiliary_parameters": summary.auxiliary_parameters,
            "multiply_adds": summary.multiply_adds,
            "parameter_bytes": summary.parameter_bytes,
            "activation_bytes": summary.activation_bytes,
            "largest_bytes": summary.largest_bytes,
        },
        "layers": [layer_record(row) for row in summary.rows],
    }
    if described.image is not None:
        record["image"] = utf8(str(described.image))
        record["weights"] = None if weights is None else {"source": utf8(weights.source), "fresh": list(weights.fresh)}
        record["answers"] = [{"class": name, "probability": share} for name, share in described.answers]
    return record


def layer_record(row: LayerRow) -> dict[str, Any]:
    """One layer; `receptive_field` is null where a unit sees the whole image, `inputs` are numbers of layers, −1 the image."""
    window, left, values = row.window, row.leftover, row.values
    record: dict[str, Any] = {
        "name": row.name,
        "kind": row.kind,
        "kernel": None if window is None else list(window.kernel),
        "stride": None if window is None else list(window.stride),
        "padding": None if window is None else list(window.padding),
        "output": list(row.output),
        "parameters": row.parameters,
        "formula": row.formula,
        "multiply_adds": row.multiply_adds,
        "receptive_field": None if row.receptive_field is None else list(row.receptive_field),
        "memory_bytes": row.memory_bytes,
        "inputs": list(row.inputs),
        "dropped": None if left is None else {"image": list(left.image), "padding": list(left.padding)},
    }
    if values is not None:
        record["values"] = {
            "least": number(values.least), "mean": number(values.mean), "largest": number(values.largest), "zeros": values.zeros,
            "finite": values.finite,
        }  # fmt: skip
    return record


def number(value: float) -> float | None:
    """A number that JSON can hold; null for one that is none."""
    return value if math.isfinite(value) else None
