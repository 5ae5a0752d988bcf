"""What is learned from and what is measured on: the four protocols, folds without duplicates on both sides, seeds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from hubel.core.errors import DataError
from hubel.data.dataset import Split
from hubel.train import learn as learn_module
from hubel.train.head import USUAL_STRENGTH
from hubel.train.learn import Examples, learn, number_of_folds


def task(counts: tuple[int, ...], splits: Sequence[Split | None] | None = None) -> tuple[np.ndarray, Examples]:
    """Features that tell the classes, all contents different."""
    noise = np.random.default_rng(0)
    labels = np.repeat(np.arange(len(counts)), counts)
    features = (np.eye(8)[labels] * 3 + noise.normal(0, 1, (len(labels), 8))).astype(np.float16)
    contents = [f"{number:032x}" for number in range(len(labels))]
    return features, Examples(labels, contents, [None] * len(labels), splits or [None] * len(labels), len(counts))


def test_the_users_test_images_are_what_is_measured() -> None:
    splits: list[Split | None] = ["train", "train", "validation", "test"] * 6
    features, examples = task((12, 12), splits)
    learned = learn(features, examples, 0)
    assert learned.protocol == "test"
    assert learned.measured.tolist() == [row for row, split in enumerate(splits) if split == "test"]
    assert learned.parts == tuple(splits)
    assert set(np.flatnonzero(learned.folds >= 0)) == {row for row, split in enumerate(splits) if split == "train"}
    np.testing.assert_array_equal(learned.logits, learned.head.logits(features[learned.measured]))


def test_validation_images_serve_where_there_is_no_test() -> None:
    splits: list[Split | None] = ["train", "train", "validation"] * 8
    learned = learn(*task((12, 12), splits), 0)
    assert learned.protocol == "validation"
    assert len(learned.measured) == 8


def test_a_training_folder_alone_is_cross_validated() -> None:
    learned = learn(*task((12, 12), ["train"] * 24), 0)
    assert learned.protocol == "cross-validation"


def test_few_images_are_cross_validated_and_all_are_learned_from() -> None:
    learned = learn(*task((15, 15)), 0)
    assert learned.protocol == "cross-validation"
    assert learned.measured.tolist() == list(range(30))
    assert learned.parts == ("train",) * 30
    assert sorted(set(learned.folds.tolist())) == [0, 1, 2, 3, 4]
    np.testing.assert_array_equal(learned.logits, learned.strength.out_of_fold)


def test_of_many_images_a_fifth_is_held_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learn_module, "HOLDOUT_FROM", 100)
    learned = learn(*task((60, 60)), 0)
    assert learned.protocol == "holdout"
    assert len(learned.measured) == 24
    assert {learned.parts[row] for row in learned.measured} == {"test"}
    assert (learned.folds[learned.measured] == -1).all()
    assert not set(learned.held_out) & set(learned.measured)


def test_the_strength_is_chosen_on_a_sample_of_very_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learn_module, "MOST_ROWS_FOR_STRENGTH", 40)
    learned = learn(*task((50, 50)), 0)
    assert (learned.folds >= 0).sum() == 40
    assert learned.parts.count("train") == 100


def test_copies_and_groups_are_never_in_two_folds() -> None:
    features, examples = task((20, 20))
    contents = list(examples.contents)
    contents[3] = contents[11] = contents[0]
    groups: list[str | None] = [None] * 40
    groups[11] = groups[25] = "burst"
    learned = learn(features, Examples(examples.labels, contents, groups, examples.splits, 2), 0)
    assert len({int(learned.folds[row]) for row in (0, 3, 11, 25)}) == 1


def test_copies_are_never_on_both_sides_of_a_holdout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learn_module, "HOLDOUT_FROM", 10)
    features, examples = task((20, 20))
    contents = [f"{number // 2:032x}" for number in range(40)]
    learned = learn(features, Examples(examples.labels, contents, examples.groups, examples.splits, 2), 0)
    assert all(learned.parts[row] == learned.parts[row + 1] for row in range(0, 40, 2))


def test_the_same_seed_gives_the_same_head_to_the_last_bit() -> None:
    features, examples = task((15, 15, 15))
    first, second = learn(features, examples, 7), learn(features, examples, 7)
    np.testing.assert_array_equal(first.head.weights, second.head.weights)
    np.testing.assert_array_equal(first.folds, second.folds)
    assert (learn(features, examples, 8).folds != first.folds).any()


def test_something_is_chosen_for_unbalanced_classes_only() -> None:
    record = learn(*task((40, 10)), 0).balance
    assert record is not None
    assert record.frequencies == (0.8, 0.2)
    assert learn(*task((20, 11)), 0).balance is None


@pytest.mark.parametrize(("independent", "folds"), [([9, 7], 5), ([9, 3], 3), ([9, 2], 2)])
def test_there_are_as_many_folds_as_the_smallest_class_has_independent_images(
    independent: list[int], folds: int
) -> None:
    labels = np.repeat([0, 1], independent)
    assert number_of_folds(labels, np.arange(len(labels))) == folds


def test_a_class_of_copies_alone_cannot_be_measured() -> None:
    labels = np.repeat([0, 1], [6, 3])
    with pytest.raises(DataError, match="1 of 2 classes"):
        number_of_folds(labels, np.array([0, 1, 2, 3, 4, 5, 6, 6, 6]))


def test_without_time_one_strength_is_tried() -> None:
    learned = learn(*task((12, 12)), 0, stop=lambda: True)
    assert list(learned.strength.losses) == [USUAL_STRENGTH]
