"""Two models on the same images: which is better, by how much, and whether these images can tell.

Only images on which the two differ say anything, so the two are compared image by image. The difference in accuracy has
Tango's score interval, and McNemar's exact test, or, for other figures and for groups of images that are alike, the test
that lets the two models change names on each group by the toss of a coin.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Literal

import numpy as np

from hubel.core.errors import DataError
from hubel.core.language import say
from hubel.core.types import Labels, Mask
from hubel.evaluate.figures import Dependence, confusion, depending, macro_f1
from hubel.evaluate.intervals import CONFIDENCE, Interval, Values, design_effect, freedom_of, quantile
from hubel.evaluate.paired import SIGNIFICANT, images_needed, mcnemar, sign_test, swap_test, tango_interval

Verdict = Literal["first", "second", "undecided"]
"""Which model is better, as far as these images can tell."""
Test = Literal["mcnemar", "permutation"]
"""McNemar's exact test, or the one in which the two change names."""
SMALLEST_PROBABILITY = float(np.finfo(np.float32).eps)
"""A probability of 0 for the true class counts as this."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one model says of the images: its answer, −1 for a class that is not compared, and its probability of the truth."""

    answers: Labels
    of_truth: Values


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure of both models, and the second's minus the first's with its 95 % interval; `p_value` that of `test`."""

    figure: str
    first: float
    second: float
    difference: float
    interval: Interval
    p_value: float
    test: Test


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two models on the same images.

    `only_first` counts the images that only the first answered rightly; `images_needed` are about so many as show a
    difference of one point of accuracy four times in five, if the models disagree as often as here.
    """

    num_images: int
    num_groups: int
    both_right: int
    only_first: int
    only_second: int
    both_wrong: int
    accuracy: Difference
    macro_f1: Difference
    log_loss: Difference
    verdict: Verdict
    images_needed: int


def compare_answers(
    first: Judgement,
    second: Judgement,
    *,
    labels: Labels,
    groups: Labels | None,
    cross_validated: bool,
    random: np.random.Generator,
) -> Comparison:
    """Compare two models on images that both have judged.

    Parameters
    ----------
    first, second
        What they say of the same n images.
    labels
        The true classes.
    groups
        A number for each image, equal for those that are alike; None when each is its own.
    cross_validated
        Whether the answers are out-of-fold ones.
    random
        Tosses the coins of the permutation tests.

    Raises
    ------
    DataError
        When there is no image, or the parts do not belong together.

    Examples
    --------
    >>> truth = np.zeros(50, int)
    >>> wrong = truth.copy()
    >>> wrong[:12] = 1
    >>> found = compare_answers(
    ...     Judgement(wrong, 1.0 - 0.9 * wrong),
    ...     Judgement(truth, np.ones(50)),
    ...     labels=truth,
    ...     groups=None,
    ...     cross_validated=False,
    ...     random=np.random.default_rng(0),
    ... )
    >>> found.verdict, found.only_second, f"{found.accuracy.p_value:.4f}"
    ('second', 12, '0.0005')
    """
    sizes = {len(labels), len(first.answers), len(second.answers), len(first.of_truth), len(second.of_truth)}
    if sizes != {len(labels)} or not len(labels):
        raise no_common_images(sizes)
    right = [judged.answers == labels for judged in (first, second)]
    if groups is not None and len(np.unique(groups)) == len(labels):
        groups = None
    dependence = depending(groups, len(labels), cross_validated=cross_validated)
    accuracy = accuracy_difference(*right, dependence=dependence, random=random)
    decided = accuracy.p_value < SIGNIFICANT and not accuracy.interval[0] <= 0 <= accuracy.interval[1]
    only_first, only_second = int((right[0] & ~right[1]).sum()), int((right[1] & ~right[0]).sum())
    return Comparison(
        num_images=len(labels),
        num_groups=len(labels) if groups is None else len(np.unique(groups)),
        both_right=int((right[0] & right[1]).sum()),
        only_first=only_first,
        only_second=only_second,
        both_wrong=int((~right[0] & ~right[1]).sum()),
        accuracy=accuracy,
        macro_f1=macro_f1_difference(first, second, labels=labels, dependence=dependence, random=random),
        log_loss=log_loss_difference(first, second, dependence=dependence, random=random),
        verdict="undecided" if not decided else "second" if accuracy.difference > 0 else "first",
        images_needed=images_needed((only_first + only_second + 1) / (len(labels) + 2)),
    )


def accuracy_difference(
    first: Mask, second: Mask, *, dependence: Dependence, random: np.random.Generator
) -> Difference:
    """The difference in accuracy, from which images each answered rightly."""
    groups = dependence.groups
    change = second.astype(np.float64) - first
    number = len(change) / (dependence.of_shares * design_effect(change, groups))
    shares = float((change < 0).mean()), float((change > 0).mean())
    interval = tango_interval(shares[0] * number, shares[1] * number, number, freedom=freedom_of(groups))
    test: Test
    if groups is None:
        p_value, test = mcnemar(int((change < 0).sum()), int((change > 0).sum())), "mcnemar"
    else:
        p_value, test = sign_test(change, groups, random), "permutation"
    return Difference(
        "accuracy", float(first.mean()), float(second.mean()), float(change.mean()), interval, p_value, test
    )


def macro_f1_difference(
    first: Judgement,
    second: Judgement,
    *,
    labels: Labels,
    dependence: Dependence,
    random: np.random.Generator,
) -> Difference:
    """The difference in the mean F1 of the classes that occur.

    Its interval is from the linearised figure, with one made-up image more that only the first, and one that only the second
    answers rightly (after Bonett and Price 2012, doi:10.3102/1076998611411915, for proportions).
    """
    groups = dependence.groups
    num_classes = int(max(labels.max(), first.answers.max(), second.answers.max())) + 2  # the last: not compared
    both = [np.where(judged.answers < 0, num_classes - 1, judged.answers) for judged in (first, second)]
    figures = [macro_f1(confusion(labels, answers, num_classes)) for answers in both]
    influence = figures[1][1][labels, both[1]] - figures[0][1][labels, both[0]]
    support = np.bincount(labels)
    typical = len(labels) * float((1 / support[support > 0]).sum()) / np.count_nonzero(support) ** 2
    alike = design_effect(influence, groups) * dependence.of_shares
    deviation = sqrt(alike * (float(influence @ influence) + 2 * typical)) / (len(labels) + 2)
    difference = figures[1][0] - figures[0][0]
    half = quantile(CONFIDENCE, freedom_of(groups)) * deviation
    p_value = swap_test(both[0], both[1], labels=labels, groups=groups, num_classes=num_classes, random=random)
    return Difference(
        "macro_f1", figures[0][0], figures[1][0], difference,
        (max(-1.0, difference - half), min(1.0, difference + half)), p_value, "permutation",
    )  # fmt: skip


def log_loss_difference(
    first: Judgement, second: Judgement, *, dependence: Dependence, random: np.random.Generator
) -> Difference:
    """The difference in the mean −ln p(true class), with Student's interval; less than 0 means the second is better."""
    groups = dependence.groups
    losses = [-np.log(judged.of_truth.astype(np.float64).clip(SMALLEST_PROBABILITY, 1.0)) for judged in (first, second)]
    change = losses[1] - losses[0]
    variance = float(change.var(ddof=1)) if len(change) > 1 else 0.0
    deviation = sqrt(variance * design_effect(change, groups) * dependence.of_losses / len(change))
    freedom = min(freedom_of(groups), max(len(change) - 1.0, 1.0))
    half, difference = quantile(CONFIDENCE, freedom) * deviation, float(change.mean())
    return Difference(
        "log_loss", float(losses[0].mean()), float(losses[1].mean()), difference,
        (difference - half, difference + half), sign_test(change, groups, random), "permutation",
    )  # fmt: skip


def no_common_images(sizes: set[int]) -> DataError:
    """There is nothing that both have judged."""
    found = ", ".join(map(str, sorted(sizes)))
    return DataError(
        say(
            en=f"Two models can only be compared on the same images, at least one; got {found}. Give labelled images for both to judge.",
            ko=f"두 모델은 같은 이미지 한 장 이상에서만 비교할 수 있습니다. 받은 개수: {found}. 두 모델이 함께 판정할 레이블 있는 이미지를 주세요.",
        )
    )
