"""Folds of images with several labels: even, and with groups kept together."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hubel.data.label_folds import label_folds, label_holdout, label_table


def tagged(num_images: int, seed: int, shares: tuple[float, ...] = (0.5, 0.2, 0.05)) -> np.ndarray:
    return np.random.default_rng(seed).random((num_images, len(shares))) < shares


@given(seed=st.integers(0, 1000), num_folds=st.integers(2, 6))
def test_every_label_is_spread_to_within_one_image_of_even(seed: int, num_folds: int) -> None:
    targets = tagged(300, seed, (0.3, 0.1, 0.02))
    folds = label_folds(targets, np.arange(300), num_folds, np.random.default_rng(seed))
    for column in range(3):
        counts = np.bincount(folds[targets[:, column]], minlength=num_folds)
        assert counts.max() - counts.min() <= max(2, 0.2 * counts.mean())


def test_a_label_of_as_many_images_as_folds_is_in_every_fold() -> None:
    targets = np.zeros((200, 2), bool)
    targets[:5, 1] = True
    targets[:100, 0] = True
    folds = label_folds(targets, np.arange(200), 5, np.random.default_rng(0))
    assert sorted(folds[:5].tolist()) == [0, 1, 2, 3, 4]
    assert np.bincount(folds).tolist() == [40] * 5


def test_groups_are_never_parted() -> None:
    targets, groups = tagged(240, 3), np.repeat(np.arange(60), 4)
    folds = label_folds(targets, groups, 5, np.random.default_rng(0))
    assert all(len(set(folds[groups == group].tolist())) == 1 for group in range(60))
    assert np.bincount(folds, minlength=5).min() > 30


def test_the_same_generator_gives_the_same_folds() -> None:
    targets = tagged(100, 1)
    first, second = (label_folds(targets, np.arange(100), 4, np.random.default_rng(7)) for _ in range(2))
    assert first.tolist() == second.tolist()


def test_a_holdout_has_its_share_of_every_label() -> None:
    targets = tagged(1000, 2)
    held = label_holdout(targets, np.arange(1000), 0.2, np.random.default_rng(0))
    assert np.allclose(targets[held].sum(0), 0.2 * targets.sum(0), atol=2)


def test_a_table_of_sets_has_a_row_for_each() -> None:
    assert label_table(((1,), ()), 2).tolist() == [[False, True], [False, False]]
