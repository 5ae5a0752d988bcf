"""Several labels an image against scikit-learn: the same head, the same figures."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as theirs
from sklearn.linear_model import LogisticRegression

from hubel.evaluate.label_intervals import Answered
from hubel.evaluate.multilabel import as_metrics, average_precision, binary_log_losses, measure_labels
from hubel.train.head import choose_strength, fit_head, loss_and_gradient, standardise
from hubel.train.losses import label_losses, sigmoid_loss


def tagged_clouds(num_images: int, num_labels: int = 3, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Float16 features of unlike scales, and labels that depend on them."""
    noise = np.random.default_rng(seed)
    features = noise.normal(0, 1, (num_images, 10))
    targets = features @ noise.normal(0, 1, (10, num_labels)) + noise.normal(0, 1, (num_images, num_labels)) > 0.8
    return (features * noise.uniform(0.1, 5, 10) + 3).astype(np.float16), targets


def as_sets(targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The different rows, and the number of each image's."""
    table, labels = np.unique(targets, axis=0, return_inverse=True)
    return table, labels.ravel()


@pytest.mark.parametrize("regularisation", [1.0, 1e-2, 1e-3])
def test_each_label_is_scikit_learns_logistic_regression(regularisation: float) -> None:
    features, targets = tagged_clouds(120)
    table, labels = as_sets(targets)
    found = fit_head(features, labels, 3, regularisation, weights=np.ones(120), loss=sigmoid_loss(table, 120))
    wide = features.astype(np.float64)
    standard = (wide - wide.mean(0)) / wide.std(0)
    doubt = 1 / 121  # every image counts for both answers, a little for the one that is not so
    for column in range(3):
        model = LogisticRegression(C=1 / (regularisation * 120), tol=1e-10, max_iter=10_000)
        own = targets[:, column]
        weights = np.concatenate([np.full(120, 1 - doubt / 2), np.full(120, doubt / 2)])
        model.fit(np.concatenate([standard, standard]), np.concatenate([own, ~own]), sample_weight=weights)
        expected = model.predict_proba(standard)[:, 1]
        np.testing.assert_allclose(1 / (1 + np.exp(-found.logits(features)[:, column])), expected, atol=1e-3)


def test_the_gradient_is_the_slope_of_the_objective() -> None:
    features, targets = tagged_clouds(45)
    table, labels = as_sets(targets)
    noise = np.random.default_rng(1)
    weights = noise.uniform(0.5, 2, (45, 2)) * (noise.random((45, 2)) < 0.8)
    problem = standardise(features, labels, weights, 3, sigmoid_loss(table, 45))
    at = noise.normal(0, 0.3, (11, 2, 3))
    _, gradient = loss_and_gradient(problem, at, 0.1)
    for place in [(0, 0, 0), (3, 1, 2), (10, 0, 1)]:
        above, below = at.copy(), at.copy()
        above[place] += 1e-2
        below[place] -= 1e-2
        slope = (loss_and_gradient(problem, above, 0.1)[0] - loss_and_gradient(problem, below, 0.1)[0]) / 2e-2
        assert gradient[place] == pytest.approx(slope, abs=2e-4)


def test_a_label_without_an_image_is_hardly_ever_likely() -> None:
    features, targets = tagged_clouds(80)
    targets[:, 1] = False
    table, labels = as_sets(targets)
    head = fit_head(features, labels, 3, 1e-3, weights=np.ones(80), loss=sigmoid_loss(table, 80))
    probabilities = 1 / (1 + np.exp(-head.logits(features)))
    assert np.isfinite(head.weights).all()
    assert probabilities[:, 1].max() == pytest.approx(1 / 162, rel=0.02)


def test_a_fold_may_lack_a_label() -> None:
    features, targets = tagged_clouds(60)
    targets[:, 2] = np.arange(60) < 2
    table, labels = as_sets(targets)
    folds = np.where(np.arange(60) < 2, 0, 1 + np.arange(60) % 4)
    strength = choose_strength(features, labels, 3, folds, weights=np.ones(60), loss=sigmoid_loss(table, 60))
    assert np.isfinite(strength.out_of_fold).all()
    assert strength.loss == pytest.approx(float(label_losses(strength.out_of_fold, targets).sum(1).mean()), abs=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_every_figure_is_scikit_learns(seed: int) -> None:
    noise = np.random.default_rng(seed)
    targets = noise.random((150, 5)) < (0.5, 0.3, 0.1, 0.8, 0.04)
    targets[0] = True
    probabilities = (0.5 * targets + 0.6 * noise.random((150, 5))).clip(0, 1).round(2)  # rounded: with ties
    given = probabilities >= 0.6
    names = tuple("abcde")
    said = Answered(probabilities, targets, given)
    found = measure_labels(said, classes=names, thresholds=(0.6,) * 5, random=np.random.default_rng(0))
    expected = {
        "mean_average_precision": theirs.average_precision_score(targets, probabilities, average="macro"),
        "macro_f1": theirs.f1_score(targets, given, average="macro"),
        "micro_f1": theirs.f1_score(targets, given, average="micro"),
        "macro_precision": theirs.precision_score(targets, given, average="macro"),
        "micro_precision": theirs.precision_score(targets, given, average="micro"),
        "macro_recall": theirs.recall_score(targets, given, average="macro"),
        "micro_recall": theirs.recall_score(targets, given, average="micro"),
        "subset_accuracy": theirs.accuracy_score(targets, given),
        "hamming_loss": theirs.hamming_loss(targets, given),
        "log_loss": np.mean([theirs.log_loss(targets[:, k], probabilities[:, k]) for k in range(5)]),
    }
    for name, value in expected.items():
        assert getattr(found, name) == pytest.approx(value, abs=1e-9), name
    for column, row in enumerate(found.per_label):
        assert row.average_precision == pytest.approx(
            theirs.average_precision_score(targets[:, column], probabilities[:, column]), abs=1e-9
        )
        assert row.f1 == pytest.approx(theirs.f1_score(targets[:, column], given[:, column]), abs=1e-9)
        assert row.support == targets[:, column].sum()
    general = as_metrics(found, said, protocol="test")
    assert general.accuracy == pytest.approx(theirs.accuracy_score(targets, given), abs=1e-9)
    assert general.weighted_f1 == pytest.approx(theirs.f1_score(targets, given, average="weighted"), abs=1e-9)


def test_average_precision_does_not_depend_on_the_order_of_equal_scores() -> None:
    scores, true = np.array([0.5, 0.5, 0.5, 0.1]), np.array([True, False, False, True])
    assert average_precision(scores, true) == pytest.approx(average_precision(scores[::-1], true[::-1]), abs=1e-12)
    assert average_precision(scores, true) == pytest.approx(theirs.average_precision_score(true, scores), abs=1e-12)


def test_a_certain_error_has_a_finite_loss() -> None:
    losses = binary_log_losses(np.array([[1.0, 0.0]]), np.array([[False, True]]))
    assert np.isfinite(losses).all()
