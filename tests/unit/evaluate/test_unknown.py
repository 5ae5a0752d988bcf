"""The unknown score: honest on training images, high for strangers, and a limit that few images do not fool."""

from __future__ import annotations

import numpy as np
import pytest

from hubel.core.decision import Calibration
from hubel.evaluate.unknown import (
    NUM_REMEMBERED,
    Seen,
    choose_unknown,
    draw_evenly,
    fit_familiar,
    graph_logits,
    known_images,
    log_distance,
    unit_rows,
    unknown_scores,
)

NUM_FEATURES = 60


def clusters(noise: np.random.Generator, labels: np.ndarray) -> np.ndarray:
    centres = np.abs(np.random.default_rng(7).normal(size=(4, NUM_FEATURES)))
    features: np.ndarray = centres[labels] + 0.3 * np.abs(noise.normal(size=(len(labels), NUM_FEATURES)))
    return features.astype(np.float16)


def seen_images(noise: np.random.Generator, count: int) -> Seen:
    labels = np.arange(count) % 3
    logits = (3 * np.eye(3)[labels] + noise.normal(size=(count, 3))).astype(np.float32)
    return Seen(clusters(noise, labels), logits, labels, noise.permutation(count) % 5, None)


def test_out_of_fold_scores_are_like_those_of_new_images() -> None:
    noise = np.random.default_rng(0)
    seen, fresh = seen_images(noise, 900), seen_images(noise, 3000)
    familiar, scores = fit_familiar(seen, noise)
    new = unknown_scores(familiar, fresh.features, fresh.logits)
    for share in (0.1, 0.5, 0.9):
        assert np.quantile(scores, share) == pytest.approx(np.quantile(new, share), abs=0.15)
    # compared with what is remembered of themselves they would be far too familiar
    naive = unknown_scores(familiar, seen.features, seen.logits)
    assert np.quantile(naive, 0.1) < np.quantile(scores, 0.1) - 1
    rejected = 1 - known_images(new, choose_unknown(scores, None, reject=0.02), num_images=3000).mean()
    assert rejected <= 0.02 + 2 * np.sqrt(0.02 * 0.98 / 900 + 0.02 * 0.98 / 3000)


def test_images_of_a_class_never_seen_are_called_unknown_however_certain_the_head() -> None:
    noise = np.random.default_rng(1)
    seen = seen_images(noise, 300)
    familiar, scores = fit_familiar(seen, noise)
    strange = clusters(noise, np.full(200, 3))
    certain = np.tile(np.array([[500.0, 0, 0]], np.float32), (200, 1))
    limit = choose_unknown(scores, None, reject=0.01)
    assert not known_images(unknown_scores(familiar, strange, certain), limit, num_images=200).any()


def test_images_of_one_fold_are_never_compared_with_themselves() -> None:
    noise = np.random.default_rng(2)
    seen = seen_images(noise, 60)
    features, logits, labels, folds = (
        np.repeat(part, 2, 0) for part in (seen.features, seen.logits, seen.labels, seen.folds)
    )
    twice = Seen(features, logits, labels, folds, None)
    familiar, scores = fit_familiar(twice, noise)  # each image has its double in its own fold
    distances = log_distance(twice.features, familiar.inverse_size, familiar.remembered)
    assert scores.min() > -5
    assert distances.min() < -5


def test_few_images_get_a_limit_beyond_all_of_them() -> None:
    noise = np.random.default_rng(3)
    rejected = []
    for _ in range(300):
        scores = noise.normal(size=24)
        limit = choose_unknown(scores, None, reject=0.01)
        assert limit.extrapolated
        assert limit.threshold > scores.max()
        rejected.append((noise.normal(size=500) > limit.threshold).mean())
    assert np.mean(rejected) <= 0.01 + 2 * np.std(rejected) / np.sqrt(300)


def test_enough_images_get_the_exact_limit() -> None:
    assert not choose_unknown(np.arange(99.0), None, reject=0.01).extrapolated
    assert choose_unknown(np.arange(99.0), np.arange(99) // 2, reject=0.01).extrapolated


def test_without_a_limit_or_scores_every_image_is_known() -> None:
    limit = choose_unknown(np.arange(99.0), None, reject=0.01)
    assert known_images(None, limit, num_images=3).all()
    assert known_images(np.array([1e9]), None, num_images=1).all()
    assert known_images(np.array([1e9, 0.0]), limit, num_images=2).tolist() == [False, True]


def test_class_missing_from_a_fold_is_no_obstacle() -> None:
    noise = np.random.default_rng(4)
    seen = seen_images(noise, 30)
    folds = np.where(seen.labels == 2, 0, np.arange(30) % 2)
    familiar, scores = fit_familiar(Seen(seen.features, seen.logits, seen.labels, folds, None), noise)
    assert np.isfinite(scores).all()
    assert familiar.remembered.shape == (NUM_FEATURES, 33)


def test_the_remembered_images_are_even_over_classes_and_bounded() -> None:
    labels = np.array([0] * 5000 + [1] * 100)
    chosen = draw_evenly(labels, NUM_REMEMBERED, np.random.default_rng(0))
    assert np.bincount(labels[chosen]).tolist() == [NUM_REMEMBERED - 100, 100]
    assert len(set(chosen.tolist())) == NUM_REMEMBERED


def test_features_that_are_all_zero_are_strange_but_finite() -> None:
    noise = np.random.default_rng(5)
    familiar, _ = fit_familiar(seen_images(noise, 60), noise)
    assert np.isfinite(unknown_scores(familiar, np.zeros((1, NUM_FEATURES), np.float16), np.zeros((1, 3), np.float32)))
    assert np.isfinite(unit_rows(np.zeros((1, 3), np.float16), np.ones(3, np.float32))).all()


def test_graph_logits_follow_temperature_and_vector_scaling() -> None:
    logits = np.array([[2.0, -4.0]])
    vector = Calibration(method="vector", losses={}, scale=(2.0, 1.0), offset=(0.5, 0.0))
    assert graph_logits(logits, 2.0, None).tolist() == [[1.0, -2.0]]
    assert graph_logits(logits, 2.0, vector).tolist() == [[2.5, -2.0]]
