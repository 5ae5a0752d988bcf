"""A threshold for a class, so that a wished precision or recall holds on new images and not only on those it was chosen by.

Recall: with the positives' out-of-fold probabilities in rising order p₁ ≤ p₂ ≤ …, the threshold pᵣ leaves fewer than 1 − R of
all future positives below itself with confidence 1 − δ when P(Bin(n, 1 − R) ≤ r − 1) ≤ δ, whatever their distribution
(Wilks 1941, doi:10.1214/aoms/1177731788). This is the one-sided Clopper–Pearson bound, and the largest such r is taken.

Precision: thresholds are tried from the strictest down, each keeping a twentieth more answers than the one before, as long as the
Clopper–Pearson bound of the share of right answers stays at P or above; the last one that does is taken. That order, fixed
before the labels are looked at, keeps the confidence although many are tried (fixed-sequence testing; Angelopoulos et al.
2021, arXiv:2110.01052). There are three such sequences, for a chance mistake may end one at its first step: from the strictest,
from the middle and from the loosest threshold, with a third of the risk δ each.

Both bounds are of independent draws. Images of one group (a burst, one patient) are not, so one image speaks for each group,
and the promise is made for an image of a new group.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log

import numpy as np

from hubel.core.decision import Decision, Measure, Promise, Wish
from hubel.core.errors import UsageError
from hubel.core.language import say
from hubel.core.types import Labels, Mask, Probabilities
from hubel.evaluate.binomial import at_most, surely_at_least
from hubel.evaluate.deciding import decide

CONFIDENCE = 0.95
GROWTH = 1.05
FIRST_TRIED = 1.6
"""The strictest threshold keeps so many times the answers that would do if all were right: about one may be wrong."""
SLACK = 1e-6
"""Thresholds for a recall are set lower by this share, for float32 is no finer; those for a precision higher."""


class UnattainablePromise(UsageError):  # noqa: N818  a promise that is unattainable, not an error that is
    """A wished precision or recall that these images cannot vouch for."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What promises are chosen by: out-of-fold probabilities (n k), labels (n), the class names, and the groups (n) or None."""

    probabilities: Probabilities
    labels: Labels
    classes: Sequence[str]
    groups: Labels | None = None

    def independent(self, among: Mask) -> Mask:
        """One image of each group that has any among these; all of these where there are no groups."""
        return among if self.groups is None else one_of_each(self.groups, among)


def keep_promises(seen: Seen, wishes: Sequence[Wish], *, confidence: float = CONFIDENCE) -> Decision:
    """The decision that keeps every wish on new images, each with this confidence.

    Parameters
    ----------
    seen
        What it is chosen by.
    wishes
        One or more; a class may have one of each measure.
    confidence
        How sure each promise is.

    Raises
    ------
    UnattainablePromise
        When one cannot be kept, or not together with the others; with what can be.
    """
    decision = Decision(promises=())
    for wish in sorted(wishes, key=lambda wish: wish.measure != "recall"):  # a precision counts what a recall takes
        if wish.measure == "recall":
            threshold = recall_threshold(seen, wish, confidence)
        else:
            threshold = precision_threshold(seen, wish, decision, confidence)
        promise = Promise(
            measure=wish.measure, class_name=wish.class_name, at_least=wish.at_least, threshold=threshold,
            confidence=confidence, seen=0.0, lower=0.0, num_images=0,
        )  # fmt: skip
        decision = decision.model_copy(update={"promises": (*decision.promises, promise)})
    answers = decide(seen.probabilities, decision, classes=seen.classes)
    kept = tuple(_checked(seen, promise, answers, alone=len(wishes) == 1) for promise in decision.promises)
    return decision.model_copy(update={"promises": kept})


def recall_threshold(seen: Seen, wish: Wish, confidence: float) -> float:
    """The highest threshold above which at least the wished share of the class surely lies.

    Raises
    ------
    UnattainablePromise
        When there are too few images of the class even for the lowest.
    """
    column = seen.classes.index(wish.class_name)
    positives = np.sort(seen.probabilities[seen.independent(seen.labels == column), column].astype(np.float64))
    risk, num_images, below = 1 - confidence, len(positives), 0
    if not num_images or at_most(0, num_images, 1 - wish.at_least) > risk:
        raise too_few(wish, num_images, confidence)
    while below + 1 < num_images and at_most(below + 1, num_images, 1 - wish.at_least) <= risk:
        below += 1
    return float(positives[below] * (1 - SLACK))


def precision_threshold(seen: Seen, wish: Wish, decision: Decision, confidence: float) -> float:
    """The lowest threshold, of those tried in order, above which at least the wished share of answers is surely right.

    A class with a promised recall has its threshold already, and either it keeps the precision too or nothing does.

    Raises
    ------
    UnattainablePromise
        When none does.
    """
    column = seen.classes.index(wish.class_name)
    answered = decide(seen.probabilities, decision, classes=seen.classes) == column
    answered &= seen.independent(np.ones(len(answered), bool))
    stated = seen.probabilities[:, column].astype(np.float64)
    fixed = [promise.threshold for promise in decision.promises if promise.class_name == wish.class_name]
    if fixed:
        answered &= stated >= fixed[0]
    rows = np.flatnonzero(answered)
    rows = rows[np.argsort(-stated[rows], kind="stable")]
    wrong = np.cumsum(seen.labels[rows] != column)
    counts = [len(rows)] if fixed else tried_counts(len(rows), wish.at_least, confidence)
    starts = sorted({0, len(counts) // 2, len(counts) - 1})
    risk = (1 - confidence) / len(starts)
    chosen = 0
    for count in itertools.chain.from_iterable(
        itertools.takewhile(lambda count: kept_by(wrong, count, wish.at_least) <= risk, counts[start:])
        for start in starts
    ):
        chosen = max(chosen, count)
    if not chosen:
        first = [counts[start] for start in starts if counts[start]]
        bounds = [surely_at_least(count - int(wrong[count - 1]), count, confidence=1 - risk) for count in first]
        best = max(bounds, default=0.0)
        raise not_so_right(wish, len(rows), best, confidence)
    if fixed:
        return fixed[0]
    return float(stated[rows[chosen - 1]]) if chosen < len(rows) else 0.0


def kept_by(wrong: Labels, count: int, at_least: float) -> float:
    """How likely so few of the first `count` answers would be wrong if the precision were just short of the wish.

    Parameters
    ----------
    wrong
        How many of the first 1, 2, … answers are wrong.
    count
        How many are looked at.
    at_least
        The wished precision.
    """
    return at_most(int(wrong[count - 1]), count, 1 - at_least) if count else 1.0


def tried_counts(num_answers: int, at_least: float, confidence: float) -> list[int]:
    """How many answers the thresholds keep that are tried, from the strictest to the one that keeps all.

    Examples
    --------
    >>> tried_counts(150, 0.95, 0.95)
    [94, 99, 104, 110, 116, 122, 129, 136, 143, 150]
    """
    count = ceil(FIRST_TRIED * log(1 - confidence) / log(at_least))
    counts = []
    while count < num_answers:
        counts.append(count)
        count = ceil(count * GROWTH)
    return [*counts, num_answers]


def realised(seen: Seen, answers: Labels, column: int, measure: Measure) -> tuple[int, int]:
    """Of how many independent images a recall or precision is the share, and how many of them were right."""
    if measure == "recall":
        among = seen.independent(seen.labels == column)
    else:
        among = seen.independent(np.ones(len(answers), bool)) & (answers == column)
    return int(among.sum()), int((among & (seen.labels == answers)).sum())


def one_of_each(groups: Labels, among: Mask) -> Mask:
    """One image of each group among some: of the g-th group the one at place g, counted round and round, whatever it shows.

    Examples
    --------
    >>> one_of_each(np.array([5, 5, 7, 7, 7]), np.array([True, True, True, True, False])).tolist()
    [True, False, False, True, False]
    """
    rows = np.flatnonzero(among)
    rows = rows[np.argsort(groups[rows], kind="stable")]
    _, starts, sizes = np.unique(groups[rows], return_index=True, return_counts=True)
    chosen: Mask = np.zeros(len(groups), bool)
    chosen[rows[starts + np.arange(len(starts)) % np.maximum(sizes, 1)]] = True
    return chosen


def _checked(seen: Seen, promise: Promise, answers: Labels, *, alone: bool) -> Promise:
    """The promise with what came of it under the whole decision.

    Raises
    ------
    UnattainablePromise
        When the other promises broke it.
    """
    column = seen.classes.index(promise.class_name)
    num_images, num_right = realised(seen, answers, column, promise.measure)
    kept = at_most(num_images - num_right, num_images, 1 - promise.at_least) <= 1 - promise.confidence
    lower = surely_at_least(num_right, num_images, confidence=promise.confidence)
    if not alone and not kept:
        raise not_together(promise, lower)
    share = num_right / max(num_images, 1)
    return promise.model_copy(update={"seen": share, "lower": lower, "num_images": num_images})


def too_few(wish: Wish, num_images: int, confidence: float) -> UnattainablePromise:
    """Even if the model missed none of these images, that would not show so high a recall."""
    most = written((1 - confidence) ** (1 / num_images) if num_images else 0.0)
    needed = ceil(log(1 - confidence) / log(wish.at_least))
    name, wished, sure = wish.class_name, written(wish.at_least), written(confidence)
    return UnattainablePromise(
        say(
            en=f"A recall of {wished} for {name!r} cannot be promised: its {num_images} independent images can vouch for {most} at "
            f"most (with {sure} confidence). Ask for less, or add images of it: {needed} are needed at least.",
            ko=f"{name!r} 클래스의 재현율 {wished}는 약속할 수 없습니다: 독립적인 이미지 {num_images}장으로는 최대 {most}까지 보증할 수 있습니다"
            f"({sure} 신뢰 수준). 목표를 낮추거나 이 클래스의 이미지를 추가하세요. 적어도 {needed}장이 필요합니다.",
        )
    )


def not_so_right(wish: Wish, num_answers: int, best: float, confidence: float) -> UnattainablePromise:
    """No threshold makes the answers so precise, as far as these images can show."""
    name, wished, most, sure = wish.class_name, written(wish.at_least), written(best), written(confidence)
    return UnattainablePromise(
        say(
            en=f"A precision of {wished} for {name!r} cannot be promised: of the thresholds tried on {num_answers} answers the "
            f"best vouches for {most} (with {sure} confidence). Ask for less, or add images.",
            ko=f"{name!r} 클래스의 정밀도 {wished}는 약속할 수 없습니다: 답 {num_answers}개로 시도한 기준값 가운데 가장 좋은 것이 {most}까지 "
            f"보증합니다({sure} 신뢰 수준). 목표를 낮추거나 이미지를 추가하세요.",
        )
    )


def not_together(promise: Promise, lower: float) -> UnattainablePromise:
    """Each promise could be kept, but not this one beside the others."""
    wish, left = Wish(promise.measure, promise.class_name, promise.at_least), written(lower)
    return UnattainablePromise(
        say(
            en=f"The promises cannot be kept together: beside the others, {wish} comes down to {left}. Ask for less of one, or "
            "leave one out.",
            ko=f"약속을 함께 지킬 수 없습니다: 다른 약속과 함께라면 {wish} 은(는) {left}로 내려갑니다. 하나를 낮추거나 빼세요.",
        )
    )


def written(share: float) -> str:
    """A share in per cent, rounded down, for it must not promise more than there is.

    Examples
    --------
    >>> [written(share) for share in (0.94976, 0.95, 0.0)]
    ['94.9 %', '95 %', '0 %']
    """
    return f"{floor(share * 1000 + 1e-9) / 10:g} %"
