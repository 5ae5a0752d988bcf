"""`hubel.ImageClassifier` with several labels an image: lists, matrices, answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy.sparse import csr_matrix

from hubel import ImageClassifier
from hubel.estimator.label_lists import as_columns, label_lists
from several_labels import composite, composites, labels_run

SETS = [(), (0,), (1,), (2,), (0, 1), (0, 2), (1, 2)] * 4


@pytest.fixture(scope="module")
def images() -> list[Image.Image]:
    noise = np.random.default_rng(0)
    return [composite(kinds, noise) for kinds in SETS]


@pytest.fixture(scope="module")
def fitted(images: list[Image.Image]) -> ImageClassifier:
    names = ["stripes", "discs", "boards"]
    return ImageClassifier(size=64, views=1).fit(images, [[names[kind] for kind in kinds] for kinds in SETS])


def test_lists_of_labels_give_a_matrix_of_answers(fitted: ImageClassifier, images: list[Image.Image]) -> None:
    assert fitted.classes_.tolist() == ["boards", "discs", "stripes"]
    assert fitted.card_.task == "multi-label"
    predicted = fitted.predict(images[:5])
    assert predicted.shape == (5, 3)
    assert set(np.unique(predicted)) <= {0, 1}
    probabilities = fitted.predict_proba(images[:5])
    limits = np.array(fitted.card_.label_thresholds, np.float32)
    columns = [fitted.card_.classes.index(name) for name in fitted.classes_]
    assert ((probabilities >= limits[columns]) == predicted).all()


def test_the_score_is_the_share_with_every_label_right(fitted: ImageClassifier, images: list[Image.Image]) -> None:
    names = ["stripes", "discs", "boards"]
    truth = [[names[kind] for kind in kinds] for kinds in SETS]
    right = [
        {fitted.classes_[place] for place in np.flatnonzero(row)} == set(labels)
        for row, labels in zip(fitted.predict(images), truth, strict=True)
    ]
    assert fitted.score(images, truth) == pytest.approx(np.mean(right))


def test_a_matrix_numbers_its_labels(images: list[Image.Image]) -> None:
    matrix = np.array([[index in kinds for index in range(3)] for kinds in SETS], int)
    classifier = ImageClassifier(size=64, views=1).fit(images, matrix)
    assert classifier.classes_.tolist() == [0, 1, 2]
    assert classifier.score(images, matrix) == classifier.score(images, csr_matrix(matrix))


def test_a_table_with_several_labels_is_a_source(tmp_path: Path) -> None:
    classifier = ImageClassifier(size=64, views=1).fit(composites())
    assert classifier.card_.task == "multi-label"
    assert classifier.save(tmp_path / "run").is_dir()


def test_a_run_of_the_command_line_is_loaded() -> None:
    classifier = ImageClassifier.load(labels_run())
    assert classifier.predict(sorted(map(str, composites().parent.glob("*.png")))[:3]).shape == (3, 3)


@pytest.mark.parametrize(
    ("labels", "shape"),
    [
        ([["a"], ["a", "b"], []], (3, 2)),
        ([{1, 2}, {2}, {1}], (3, 2)),
        ([[0, 1], [1, 1], [1, 0]], (3, 2)),
        (np.array([[0, 1, 0], [1, 1, 1], [0, 0, 0]]), (3, 3)),
    ],
)
def test_labels_of_several_kinds_are_understood(labels: Any, shape: tuple[int, int]) -> None:
    found = label_lists(labels, 3)
    assert found is not None
    assert found.targets.shape == shape


@pytest.mark.parametrize("labels", [["a", "b", "a"], [0, 1, 0], np.array([[0], [1], [0]]), [["a"], ["b"], ["a"]]])
def test_one_label_each_is_not_several(labels: Any) -> None:
    assert label_lists(labels, 3) is None


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (np.array([[0, 2], [1, 0], [0, 1]]), "zeros and ones"),
        ([["a"], ["a", "b"]], "inconsistent numbers"),
        ([["a"], ["a"], []], "at least 2 different"),
        ([["a"], [1, "b"], []], "cannot be sorted"),
    ],
)
def test_labels_that_do_not_fit_are_refused(labels: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        label_lists(labels, 3)


def test_a_strange_label_is_named() -> None:
    found = label_lists([["a"], ["a", "x"], []], 3)
    assert found is not None
    with pytest.raises(ValueError, match="x"):
        as_columns(found, np.array(["a", "b"]))
