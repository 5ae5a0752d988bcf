"""Our figures against scikit-learn's, over random answers, and the edges where definitions differ."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from hubel.core.card import Metrics
from hubel.core.errors import DataError
from hubel.evaluate.metrics import confusion_matrix, expected_calibration_error, measure, reliability


def answers(seed: int, num_images: int, num_classes: int, sharpness: float) -> tuple[np.ndarray, np.ndarray]:
    """Random probabilities (mostly right) and labels, in which classes may be missing."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(num_classes, size=num_images)
    scores = generator.normal(size=(num_images, num_classes))
    scores[np.arange(num_images), labels] += 1.5
    powers = np.exp(scores * sharpness)
    return powers / powers.sum(axis=1, keepdims=True), labels


def names(num_classes: int) -> tuple[str, ...]:
    return tuple(f"class {index}" for index in range(num_classes))


random_answers = st.builds(
    answers,
    seed=st.integers(0, 2**32 - 1),
    num_images=st.integers(1, 200),
    num_classes=st.integers(2, 12),
    sharpness=st.floats(0.1, 30),
)


@settings(max_examples=60, deadline=None)
@given(random_answers)
def test_every_shared_figure_equals_scikit_learn(case: tuple[np.ndarray, np.ndarray]) -> None:
    probabilities, labels = case
    num_classes = probabilities.shape[1]
    everything = np.arange(num_classes)
    top = probabilities.argmax(axis=1)
    found = measure(probabilities, labels, classes=names(num_classes), protocol="test")

    assert np.array_equal(found.confusion, reference.confusion_matrix(labels, top, labels=everything))
    assert found.accuracy == pytest.approx(reference.accuracy_score(labels, top), abs=1e-9)
    # Its balanced_accuracy_score warns where an answered class is absent; this is the same figure without.
    present = np.unique(labels)
    balanced = reference.recall_score(labels, top, labels=present, average="macro", zero_division=0)
    assert found.balanced_accuracy == pytest.approx(balanced, abs=1e-9)

    def compare(ours: list[float], labels_counted: np.ndarray, average: str | None) -> None:
        theirs = reference.precision_recall_fscore_support(
            labels, top, labels=labels_counted, average=average, zero_division=0
        )
        np.testing.assert_allclose(ours, np.asarray(theirs[:3], dtype=float), atol=1e-9, rtol=0)

    rows = found.per_class
    per_class = [[row.precision for row in rows], [row.recall for row in rows], [row.f1 for row in rows]]
    compare(per_class, everything, None)  # type: ignore[arg-type]  # three rows of figures instead of three figures
    compare([found.macro_precision, found.macro_recall, found.macro_f1], present, "macro")
    compare([found.weighted_precision, found.weighted_recall, found.weighted_f1], everything, "weighted")
    assert [row.support for row in rows] == np.bincount(labels, minlength=num_classes).tolist()

    log_loss = reference.log_loss(labels, probabilities, labels=everything)
    assert found.log_loss == pytest.approx(log_loss, abs=1e-9)
    brier = reference.brier_score_loss(labels, probabilities, labels=everything, scale_by_half=False)
    assert found.brier == pytest.approx(brier, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(random_answers)
def test_balanced_accuracy_equals_scikit_learn_when_every_answer_occurs(case: tuple[np.ndarray, np.ndarray]) -> None:
    probabilities, labels = case
    num_classes = probabilities.shape[1]
    labels = np.concatenate([labels, np.arange(num_classes)])
    probabilities = np.concatenate([probabilities, np.eye(num_classes)])
    found = measure(probabilities, labels, classes=names(num_classes), protocol="test")
    expected = reference.balanced_accuracy_score(labels, probabilities.argmax(axis=1))
    assert found.balanced_accuracy == pytest.approx(expected, abs=1e-9)
    assert found.macro_recall == found.balanced_accuracy


@settings(max_examples=40, deadline=None)
@given(random_answers)
def test_log_loss_of_float32_equals_scikit_learn_even_at_zero(case: tuple[np.ndarray, np.ndarray]) -> None:
    probabilities, labels = case
    probabilities = np.round(probabilities, 2)
    probabilities = (probabilities / probabilities.sum(axis=1, keepdims=True)).astype(np.float32)
    num_classes = probabilities.shape[1]
    found = measure(probabilities, labels, classes=names(num_classes), protocol="test")
    expected = reference.log_loss(labels, probabilities, labels=np.arange(num_classes))
    # scikit-learn sums in float32, so it cannot agree to more than that.
    assert found.log_loss == pytest.approx(expected, rel=1e-5)


@settings(max_examples=40, deadline=None)
@given(random_answers, st.integers(1, 20))
def test_calibration_error_equals_a_slow_loop(case: tuple[np.ndarray, np.ndarray], num_bins: int) -> None:
    probabilities, labels = case
    edges = np.linspace(0, 1, num_bins + 1)
    expected = 0.0
    for lower, upper in pairwise(edges):
        inside = [
            index for index, row in enumerate(probabilities) if lower < row.max() <= upper or (lower == 0 == row.max())
        ]
        if inside:
            right = np.mean([probabilities[index].argmax() == labels[index] for index in inside])
            claimed = np.mean([probabilities[index].max() for index in inside])
            expected += len(inside) / len(labels) * abs(right - claimed)
    bins = reliability(probabilities, labels, num_bins=num_bins)
    assert expected_calibration_error(bins) == pytest.approx(expected, abs=1e-9)
    assert sum(part.num_images for part in bins) == len(labels)
    assert len(bins) == num_bins


def test_confidence_on_an_edge_belongs_to_the_lower_bin() -> None:
    bins = reliability(np.array([[0.5, 0.5], [1.0, 0.0]]), np.array([0, 0]), num_bins=2)
    assert [part.num_images for part in bins] == [1, 1]


def test_class_without_images_leaves_macro_figures_alone() -> None:
    probabilities = np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.7, 0.2, 0.1]])
    labels = np.array([0, 1, 1])
    with_absent = measure(probabilities, labels, classes=names(3), protocol="test")
    without = measure(np.array([[0.9, 0.1], [0.1, 0.9], [0.8, 0.2]]), labels, classes=names(2), protocol="test")
    for figure in ("balanced_accuracy", "macro_precision", "macro_recall", "macro_f1", "weighted_f1"):
        assert getattr(with_absent, figure) == getattr(without, figure), figure
    assert with_absent.per_class[2].support == 0
    assert with_absent.per_class[2].recall == 0


def test_answers_wasted_on_an_absent_class_lower_the_recall_of_the_true_one() -> None:
    found = measure(np.eye(3)[[0, 2]], np.array([0, 0]), classes=names(3), protocol="test")
    assert found.balanced_accuracy == 0.5


def test_confusion_matrix_has_truth_in_rows() -> None:
    assert confusion_matrix(np.array([0, 0, 0, 1]), np.array([0, 1, 1, 1]), num_classes=2).tolist() == [[1, 2], [0, 1]]


def test_one_image_is_measured_with_a_wide_interval() -> None:
    found = measure(np.array([[0.9, 0.1]]), np.array([0]), classes=names(2), protocol="holdout")
    low, high = found.accuracy_interval
    assert found.accuracy == 1
    assert low < 0.25
    assert high == 1


def test_metrics_survive_json() -> None:
    probabilities, labels = answers(0, 50, 4, 2.0)
    found = measure(probabilities, labels, classes=names(4), protocol="cross-validation")
    assert Metrics.model_validate(json.loads(found.model_dump_json())) == found


def test_caller_arrays_stay_as_they_were() -> None:
    probabilities, labels = answers(1, 20, 3, 1.0)
    before = probabilities.copy(), labels.copy()
    measure(probabilities, labels, classes=names(3), protocol="test")
    assert np.array_equal(before[0], probabilities)
    assert np.array_equal(before[1], labels)


@pytest.mark.parametrize(
    ("probabilities", "labels", "num_names", "received"),
    [
        (np.zeros((0, 2)), np.zeros(0, dtype=int), 2, "0"),
        (np.array([[0.5, 0.5]]), np.array([2]), 2, "2"),
        (np.array([[0.5, 0.5]]), np.array([-1]), 2, "-1"),
        (np.array([[0.5, 0.5]]), np.array([0]), 3, "3"),
        (np.array([[0.5, 0.5], [3.0, 1.0]]), np.array([0, 1]), 2, "4"),
        (np.array([[1.5, -0.5]]), np.array([0]), 2, "-0.5"),
        (np.array([[np.nan, 1.0]]), np.array([0]), 2, "nan"),
    ],
    ids=["no-image", "label-too-high", "label-negative", "names", "scores", "negative", "nan"],
)
def test_impossible_input_is_refused_with_the_value_received(
    probabilities: np.ndarray, labels: np.ndarray, num_names: int, received: str
) -> None:
    with pytest.raises(DataError, match=received):
        measure(probabilities, labels, classes=names(num_names), protocol="test")
