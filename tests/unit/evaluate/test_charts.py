"""The numbers behind the pictures."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np

from hubel.core.card import Metrics
from hubel.evaluate.charts import heat_levels, most_confused, reliability_svg
from hubel.evaluate.metrics import ReliabilityBin, measure


def metrics_of(confusion: list[list[int]]) -> Metrics:
    """Metrics with exactly this confusion matrix."""
    matrix = np.array(confusion)
    labels, answers = (np.repeat(axis.ravel(), matrix.ravel()) for axis in np.indices(matrix.shape))
    names = tuple("abcdefgh"[: len(matrix)])
    return measure(np.eye(len(matrix))[answers], labels, classes=names, protocol="test")


def test_most_confused_pairs_come_in_order_without_the_diagonal() -> None:
    pairs = most_confused(metrics_of([[5, 2, 0], [1, 7, 0], [0, 3, 3]]), limit=10)
    assert [(pair.truth, pair.answer, pair.num_images) for pair in pairs] == [
        ("c", "b", 3),
        ("a", "b", 2),
        ("b", "a", 1),
    ]
    assert pairs[0].share == 0.5


def test_most_confused_pairs_stop_at_the_limit() -> None:
    assert len(most_confused(metrics_of([[5, 2, 0], [1, 7, 0], [0, 3, 3]]), limit=1)) == 1


def test_only_empty_cells_have_no_heat() -> None:
    assert heat_levels(metrics_of([[1000, 1], [0, 5]])) == ((9, 1), (0, 9))


def test_absent_class_has_a_row_without_heat() -> None:
    assert heat_levels(metrics_of([[4, 0], [0, 0]])) == ((9, 0), (0, 0))


def test_reliability_chart_is_xml_with_a_bar_for_each_filled_bin() -> None:
    bins = (
        ReliabilityBin(0, 0.5, 0, 0, 0),
        ReliabilityBin(0.5, 0.75, 10, 0.7, 0.8),
        ReliabilityBin(0.75, 1, 40, 0.9, 0.6),
    )
    root = ET.fromstring(reliability_svg(bins))
    classes = [element.get("class") for element in root if element.tag == "rect"]
    assert classes == ["true", "more", "count", "true", "less", "count"]


def test_reliability_chart_of_nothing_is_an_empty_grid() -> None:
    root = ET.fromstring(reliability_svg(()))
    assert [element for element in root if element.tag == "rect"] == []
