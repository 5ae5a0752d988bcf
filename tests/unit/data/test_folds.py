"""Repeated and nested cross-validation, and how even folds are."""

from __future__ import annotations

import numpy as np

from hubel.data.folds import nested_folds, repeated_folds, uneven_classes

LABELS = np.repeat([0, 1, 2], 20)
GROUPS = np.repeat(np.arange(30), 2)


def test_repeated_rounds_differ_and_keep_groups_together() -> None:
    rounds = repeated_folds(LABELS, GROUPS, num_folds=5, num_rounds=4, generator=np.random.default_rng(0))
    assert len({tuple(row) for row in rounds.tolist()}) == 4
    assert np.array_equal(rounds[:, 0::2], rounds[:, 1::2])


def test_nested_folds_measure_every_image_once_and_part_no_group() -> None:
    measured = np.zeros(len(LABELS), int)
    for inside, outside, inner in nested_folds(
        LABELS, GROUPS, num_outer=4, num_inner=3, generator=np.random.default_rng(0)
    ):
        measured[outside] += 1
        assert not set(GROUPS[inside]) & set(GROUPS[outside])
        assert len(inner) == len(inside)
        assert all(len(set(inner[GROUPS[inside] == group])) == 1 for group in set(GROUPS[inside]))
    assert (measured == 1).all()


def test_even_folds_are_not_called_uneven() -> None:
    assert uneven_classes(LABELS, np.tile(np.arange(5), 12)) == []


def test_class_that_lies_in_one_fold_is_called_uneven() -> None:
    folds = np.concatenate([np.zeros(20, int), np.tile(np.arange(5), 8)])
    assert uneven_classes(LABELS, folds) == [(0, 0, 20)]
