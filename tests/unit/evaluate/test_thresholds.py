"""Promises: kept on new images of a known truth, refused with what is attainable, and read from the command line."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import beta, binom

from hubel.core.decision import Decision, Promise, Wish
from hubel.core.errors import UsageError
from hubel.evaluate.binomial import at_most, surely_at_least
from hubel.evaluate.deciding import decide, ranked
from hubel.evaluate.thresholds import Seen, UnattainablePromise, keep_promises, realised, written
from hubel.evaluate.wishes import check_wishes, parse_wish

CLASSES = ("cat", "dog", "panda")


def seen(num_images: int, seed: int, *, sharpness: float = 2.0) -> Seen:
    """Out-of-fold answers of a model of middling quality."""
    noise = np.random.default_rng(seed)
    labels = noise.integers(0, 3, num_images)
    scores = noise.normal(0, 1, (num_images, 3)) + sharpness * np.eye(3)[labels]
    powers = np.exp(scores * sharpness)
    return Seen((powers / powers.sum(1, keepdims=True)).astype(np.float32), labels, CLASSES)


@pytest.mark.parametrize(
    ("count", "number", "share"), [(0, 10, 0.1), (3, 50, 0.05), (40, 50, 0.9), (700, 20_000, 0.03)]
)
def test_binomial_tails_equal_scipys(count: int, number: int, share: float) -> None:
    assert at_most(count, number, share) == pytest.approx(binom.cdf(count, number, share), rel=1e-9)


@pytest.mark.parametrize(("right", "number"), [(59, 59), (95, 100), (1, 10), (0, 5), (1990, 2000)])
def test_the_lower_bound_is_clopper_pearsons(right: int, number: int) -> None:
    expected = beta.ppf(0.05, right, number - right + 1) if right else 0.0
    assert surely_at_least(right, number, confidence=0.95) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("wish", [Wish("recall", "panda", 0.9), Wish("precision", "panda", 0.8)])
def test_a_promise_is_broken_on_new_images_in_at_most_five_per_cent_of_trials(wish: Wish) -> None:
    broken = made = 0
    for seed in range(200):
        try:
            decision = keep_promises(seen(500, seed), [wish])
        except UnattainablePromise:
            continue
        fresh = seen(20_000, 1000 + seed)
        answers = decide(fresh.probabilities, decision, classes=CLASSES)
        among = (fresh.labels if wish.measure == "recall" else answers) == 2
        broken += bool((answers == fresh.labels)[among].mean() < wish.at_least)
        made += 1
    assert made >= 180
    assert broken <= 17  # 5 % of 200 and two standard errors


def test_a_recall_takes_what_precision_would_leave() -> None:
    data = seen(600, 3)
    before = decide(data.probabilities, None, classes=CLASSES)
    after = decide(data.probabilities, keep_promises(data, [Wish("recall", "panda", 0.95)]), classes=CLASSES)
    assert ((before == 2) <= (after == 2)).all()
    assert (after == 2).sum() > (before == 2).sum()


def test_a_precision_leaves_the_next_class_to_what_is_below() -> None:
    data = seen(600, 3)
    decision = keep_promises(data, [Wish("precision", "panda", 0.9)])
    after = decide(data.probabilities, decision, classes=CLASSES)
    low = data.probabilities[:, 2] < decision.promises[0].threshold
    assert not (after[low] == 2).any()
    np.testing.assert_array_equal(after[low], data.probabilities[low, :2].argmax(1))


def test_the_record_says_what_was_seen_and_what_is_sure() -> None:
    (promise,) = keep_promises(seen(600, 0), [Wish("recall", "panda", 0.9)]).promises
    assert promise.num_images == (seen(600, 0).labels == 2).sum()
    assert promise.at_least <= promise.lower < promise.seen
    assert promise.confidence == 0.95


def test_too_few_images_are_refused_with_what_they_can_vouch_for() -> None:
    with pytest.raises(UnattainablePromise, match=r"29 independent images can vouch for 90\.1 %.*59 are needed"):
        keep_promises(some_pandas(29), [Wish("recall", "panda", 0.95)])
    assert keep_promises(some_pandas(59), [Wish("recall", "panda", 0.95)]).promises[0].num_images == 59


def test_a_promise_holds_for_bursts_when_one_image_speaks_for_each() -> None:
    size, wish, broken = 10, Wish("recall", "panda", 0.9), {True: 0, False: 0}
    for seed in range(60):
        one, fresh = seen(150, seed), seen(5000, 1000 + seed)
        bursts = Seen(one.probabilities.repeat(size, 0), one.labels.repeat(size), CLASSES, np.arange(150).repeat(size))
        for grouped in broken:
            decision = keep_promises(bursts if grouped else replace(bursts, groups=None), [wish])
            answers = decide(fresh.probabilities, decision, classes=CLASSES)
            broken[grouped] += bool((answers == fresh.labels)[fresh.labels == 2].mean() < wish.at_least)
    assert broken[True] <= 6  # 5 % of 60 and two standard errors
    assert broken[False] >= 10


def test_copies_vouch_for_no_more_than_what_they_are_copies_of() -> None:
    pandas = some_pandas(59)
    copied = replace(pandas, groups=np.arange(118) // 2)
    with pytest.raises(UnattainablePromise, match="30 independent images"):
        keep_promises(copied, [Wish("recall", "panda", 0.95)])
    assert realised(copied, copied.labels, 2, "recall") == (30, 30)


def some_pandas(number: int) -> Seen:
    """So many pandas that are all found, and as many cats."""
    labels = np.repeat([2, 0], number)
    return Seen(np.eye(3, dtype=np.float32)[labels] * 0.7 + 0.1, labels, CLASSES)


def test_a_class_without_images_is_refused() -> None:
    data = some_pandas(60)
    with pytest.raises(UnattainablePromise, match="0 independent images can vouch for 0 %"):
        keep_promises(data, [Wish("recall", "dog", 0.5)])
    with pytest.raises(UnattainablePromise, match="on 0 answers"):
        keep_promises(data, [Wish("precision", "dog", 0.5)])


def test_a_precision_out_of_reach_says_the_best() -> None:
    with pytest.raises(
        UnattainablePromise, match=r"precision of 99\.9 % for 'panda' cannot be promised.*vouches for \d"
    ):
        keep_promises(seen(400, 0, sharpness=1.0), [Wish("precision", "panda", 0.999)])


def test_promises_that_break_each_other_are_refused_together() -> None:
    data = seen(600, 0, sharpness=0.8)
    for name in ("cat", "panda"):
        keep_promises(data, [Wish("recall", name, 0.95)])
    with pytest.raises(UnattainablePromise, match="cannot be kept together"):
        keep_promises(data, [Wish("recall", "cat", 0.95), Wish("recall", "panda", 0.95)])


def test_recall_and_precision_of_one_class_share_a_threshold() -> None:
    data = seen(900, 0, sharpness=2.5)
    decision = keep_promises(data, [Wish("precision", "panda", 0.8), Wish("recall", "panda", 0.8)])
    assert len({promise.threshold for promise in decision.promises}) == 1
    assert [promise.measure for promise in decision.promises] == ["recall", "precision"]


def test_two_classes_are_served_too() -> None:
    noise = np.random.default_rng(0)
    labels = noise.integers(0, 2, 500)
    chance = 1 / (1 + np.exp(-noise.normal(4 * labels - 2, 1)))
    data = Seen(np.stack([1 - chance, chance], 1), labels, ("cat", "dog"))
    decision = keep_promises(data, [Wish("recall", "dog", 0.97)])
    assert decide(np.array([[0.99999, 0.00001]]), decision, classes=("cat", "dog")).tolist() == [0]


def test_the_answered_class_comes_first_and_the_others_follow_by_probability() -> None:
    promise = Promise(
        measure="recall",
        class_name="panda",
        at_least=0.9,
        threshold=0.1,
        confidence=0.95,
        seen=1,
        lower=0.9,
        num_images=50,
    )
    decision = Decision(promises=(promise,))
    assert ranked(np.array([0.3, 0.5, 0.2]), decision, classes=CLASSES).tolist() == [2, 1, 0]
    assert ranked(np.array([0.3, 0.65, 0.05]), decision, classes=CLASSES).tolist() == [1, 0, 2]
    assert ranked(np.array([0.3, 0.5, 0.2]), None, classes=CLASSES).tolist() == [1, 0, 2]


def test_shares_are_never_written_larger_than_they_are() -> None:
    assert written(0.94999) == "94.9 %"


@pytest.mark.parametrize(
    "text",
    [
        "panda=0.9",
        "recall:panda",
        "recall:=0.9",
        "recall:panda=1",
        "recall:panda=0",
        "accuracy:panda=0.9",
        "recall:panda=x",
    ],
)
def test_what_is_no_wish_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError, match=r"such as recall:panda=0.95"):
        parse_wish(text)


def test_a_class_may_have_signs_in_its_name() -> None:
    assert parse_wish("precision:a:b=c=90%") == Wish("precision", "a:b=c", 0.9)


def test_an_unknown_class_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"'pandas', which there is not.*panda"):
        check_wishes([Wish("recall", "pandas", 0.9)], CLASSES)


def test_the_same_wish_twice_is_refused() -> None:
    with pytest.raises(UsageError, match="twice"):
        check_wishes([Wish("recall", "panda", 0.9), Wish("recall", "panda", 0.8)], CLASSES)
