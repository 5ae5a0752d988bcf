"""Splits are partitions that keep copies together, are even over the classes, and can be written and read back."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubel.core.errors import DataError, UsageError
from hubel.core.seeds import generator
from hubel.core.types import Labels
from hubel.data.dataset import SPLITS
from hubel.data.split import (
    SplitRow,
    cross_split_duplicates,
    group_duplicates,
    holdout,
    read_split_csv,
    stratified_folds,
    write_split_csv,
)

images = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 30)), min_size=8, max_size=60)
"""(class, content) of each image; equal contents, often of different classes."""


def labels_and_groups(rows: list[tuple[int, int]]) -> tuple[Labels, Labels]:
    labels = np.array([label for label, _ in rows])
    return labels, group_duplicates([str(content) for _, content in rows], [None] * len(rows))


# --- groups


def test_images_that_share_nothing_are_groups_of_their_own() -> None:
    assert group_duplicates(["a", "b", "c"], [None, None, None]).tolist() == [0, 1, 2]


def test_a_copy_of_a_copy_joins_two_bursts() -> None:
    contents = ["a", "b", "b", "c", "d"]
    groups = ["burst 1", "burst 1", "burst 2", "burst 2", None]
    assert group_duplicates(contents, groups).tolist() == [0, 0, 0, 0, 1]


def test_a_group_named_like_a_content_is_not_that_content() -> None:
    assert group_duplicates(["a", "b"], [None, "a"]).tolist() == [0, 1]


def test_no_images_are_no_groups() -> None:
    assert group_duplicates([], []).shape == (0,)


@given(st.lists(st.tuples(st.integers(0, 12), st.none() | st.integers(0, 8)), max_size=40))
def test_groups_are_exactly_what_ties_connect(rows: list[tuple[int, int | None]]) -> None:
    groups = group_duplicates(
        [str(content) for content, _ in rows], [None if tie is None else str(tie) for _, tie in rows]
    )
    n = len(rows)
    tied = np.array(
        [[a[0] == b[0] or (a[1] is not None and a[1] == b[1]) for b in rows] for a in rows], dtype=bool
    ).reshape(n, n)
    for _ in range(n):  # the slow way: who reaches whom in ever more steps
        tied = (tied.astype(int) @ tied.astype(int)) > 0
    assert np.array_equal(tied, groups[:, None] == groups[None, :])


# --- folds


@given(images, st.integers(2, 5), st.integers(0, 5))
def test_folds_are_a_partition_that_splits_no_group(rows: list[tuple[int, int]], num_folds: int, seed: int) -> None:
    labels, groups = labels_and_groups(rows)
    if groups.max() + 1 < num_folds:
        with pytest.raises(DataError, match="folds need as many images that differ"):
            stratified_folds(labels, groups, num_folds, generator(seed, "folds"))
        return
    folds = stratified_folds(labels, groups, num_folds, generator(seed, "folds"))
    assert set(folds.tolist()) == set(range(num_folds))
    assert all(len(set(folds[groups == group].tolist())) == 1 for group in set(groups.tolist()))


@given(st.lists(st.integers(0, 4), min_size=10, max_size=200), st.integers(2, 5))
def test_folds_of_images_that_differ_are_as_even_as_whole_numbers_allow(classes: list[int], num_folds: int) -> None:
    labels = np.array(classes)
    folds = stratified_folds(labels, np.arange(len(labels)), num_folds, generator(0, "folds"))
    counts = np.array([np.bincount(labels[folds == fold], minlength=5) for fold in range(num_folds)])
    assert np.all(counts.max(axis=0) - counts.min(axis=0) <= 1)
    assert counts.sum(axis=1).max() - counts.sum(axis=1).min() <= 1


def test_folds_with_many_pairs_stay_even() -> None:
    noise = np.random.default_rng(0)
    labels = noise.integers(0, 3, 3000)
    groups = np.arange(3000) // 2  # pairs, most of two classes
    folds = stratified_folds(labels, groups, 5, generator(0, "folds"))
    counts = np.array([np.bincount(labels[folds == fold]) for fold in range(5)])
    assert np.all(counts.max(axis=0) - counts.min(axis=0) <= 4)


def test_a_burst_larger_than_a_fold_still_lies_in_one() -> None:
    labels = np.zeros(100, int)
    groups = np.maximum(np.arange(100) - 79, 0)  # the first 80 are one group
    folds = stratified_folds(labels, groups, 4, generator(0, "folds"))
    assert sorted(np.bincount(folds).tolist()) == [6, 7, 7, 80]


def test_the_same_seed_gives_the_same_folds_and_another_seed_others() -> None:
    labels, groups = np.arange(200) % 3, np.arange(200)
    first, again, other = (stratified_folds(labels, groups, 5, generator(seed, "folds")) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_single_fold_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="at least 2 folds, got 1"):
        stratified_folds(np.array([0, 1]), np.array([0, 1]), 1, generator(0, "folds"))


# --- holdout


@given(images, st.sampled_from([0.1, 0.2, 0.5, 0.8]), st.integers(0, 5))
def test_a_holdout_splits_no_group_and_leaves_every_class_something(
    rows: list[tuple[int, int]], fraction: float, seed: int
) -> None:
    labels, groups = labels_and_groups(rows)
    held = holdout(labels, groups, fraction, generator(seed, "holdout"))
    assert not set(groups[held].tolist()) & set(groups[~held].tolist())
    assert set(labels[~held].tolist()) == set(labels.tolist())


@given(st.lists(st.integers(2, 60), min_size=1, max_size=5), st.sampled_from([0.1, 0.2, 0.25, 0.5]))
def test_a_holdout_of_images_that_differ_is_exact_for_each_class(sizes: list[int], fraction: float) -> None:
    labels = np.repeat(np.arange(len(sizes)), sizes)
    held = holdout(labels, np.arange(len(labels)), fraction, generator(0, "holdout"))
    wanted = [min(max(round(fraction * size), 1), size - 1) for size in sizes]
    assert np.bincount(labels[held], minlength=len(sizes)).tolist() == wanted


def test_a_holdout_with_bursts_is_near_its_fraction() -> None:
    noise = np.random.default_rng(0)
    groups = np.repeat(np.arange(400), noise.integers(1, 8, 400))
    labels = groups % 4
    held = holdout(labels, groups, 0.2, generator(0, "holdout"))
    for label in range(4):
        assert held[labels == label].mean() == pytest.approx(0.2, abs=0.01)


def test_a_class_of_two_images_gives_one_to_each_side() -> None:
    held = holdout(np.array([0, 0, 1, 1, 1, 1]), np.arange(6), 0.1, generator(0, "holdout"))
    assert [held[:2].sum(), held[2:].sum()] == [1, 1]


def test_a_class_of_one_group_is_not_held_out() -> None:
    held = holdout(np.array([0, 0, 0, 1, 1]), np.array([0, 0, 0, 1, 2]), 0.3, generator(0, "holdout"))
    assert held[:3].tolist() == [False] * 3


def test_a_class_of_large_groups_gives_its_smallest() -> None:
    groups = np.repeat([0, 1, 2], [30, 50, 20])
    held = holdout(np.zeros(100, int), groups, 0.1, generator(0, "holdout"))
    assert set(groups[held].tolist()) == {2}


def test_the_same_seed_holds_out_the_same_images() -> None:
    labels, groups = np.arange(100) % 2, np.arange(100)
    first, again, other = (holdout(labels, groups, 0.2, generator(seed, "holdout")) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.1, float("nan")])
def test_a_fraction_outside_of_zero_and_one_is_a_usage_error(fraction: float) -> None:
    with pytest.raises(UsageError, match="must lie between 0 and 1"):
        holdout(np.array([0, 1]), np.array([0, 1]), fraction, generator(0, "holdout"))


# --- the user's own split


def test_copies_on_both_sides_of_a_given_split_are_found() -> None:
    contents = ["a", "b", "a", "c", "b", "b", "c"]
    splits = ["train", "test", "test", None, "validation", "train", "train"]
    pairs = cross_split_duplicates(contents, splits)  # type: ignore[arg-type]  # mypy widens the list's type
    assert pairs == ((5, 1), (0, 2), (5, 4))


def test_copies_on_one_side_are_no_concern() -> None:
    assert cross_split_duplicates(["a", "a", "b"], ["train", "train", "test"]) == ()


# --- the file


def row(file: str, label: str = "cat", split: str | None = "train", fold: int | None = 0) -> SplitRow:
    return SplitRow(file, label, split, fold, "0f")  # type: ignore[arg-type]  # the tests pass only real splits


names = st.text(st.characters(codec=None, exclude_characters="\0"), min_size=1) | st.binary(min_size=1).map(os.fsdecode)
odd = st.sampled_from(
    [
        'a,"b".jpg',
        "two\nlines\r\n.jpg",
        "=1+1.jpg",
        "@x",
        "-1",
        "+1",
        " a ",
        "100%.jpg",
        "%41",
        "%u0041",
        "\\x",
        "\u2028",
    ]
)


@given(st.lists(st.tuples(names | odd, names | odd, st.sampled_from([None, *SPLITS]), st.none() | st.integers(0, 9))))
def test_a_split_file_is_read_back_exactly(rows: list[tuple[str, str, str | None, int | None]]) -> None:
    written = tuple(row(*values) for values in rows)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "split.csv"
        write_split_csv(path, written)
        assert read_split_csv(path) == written
        assert len(path.read_text(encoding="utf-8").splitlines()) == len(rows) + 1


def test_a_split_file_shows_usual_names_as_they_are(tmp_path: Path) -> None:
    write_split_csv(tmp_path / "split.csv", [row("고양이/a b.jpg", "고양이", "test", None), row("=cmd.jpg")])
    assert (tmp_path / "split.csv").read_text(encoding="utf-8") == (
        "file,label,split,fold,content\n고양이/a b.jpg,고양이,test,,0f\n=cmd.jpg,cat,train,0,0f\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["split.csv"]


@pytest.mark.parametrize(
    "text",
    ["", "file,label\n", "file,label,split,fold,content\na,b\n", "file,label,split,fold,content\na,b,tset,0,c\n"],
)
def test_a_split_file_from_elsewhere_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "split.csv").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match="cannot be read: line"):
        read_split_csv(tmp_path / "split.csv")


def test_a_missing_split_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_split_csv(tmp_path / "split.csv")
