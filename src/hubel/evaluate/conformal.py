"""Limits that new images stay below as often as promised, and sets of classes that hold the true one as often as promised.

Let Sᵢ be the scores of images that the model had not learned from, and S that of a new one. If all are exchangeable, the
⌈(1 − α)(n + 1)⌉-th smallest Sᵢ is exceeded by S with probability at most α, whatever the model and the data
(split conformal prediction: Vovk, Gammerman and Shafer 2005; Lei et al. 2018, arXiv:1604.04173, theorem 2). Images of one
group (a burst, one patient) are not exchangeable, their groups are: each image then counts by 1 / (images of its group), and
the limit is the smallest score s with

    Σᵢ 1{Sᵢ ≤ s} / n(group of i) ≥ (1 − α)(G + 1)

for G groups, which promises the same for an image of a new group (Lee, Barber and Willett 2023, arXiv:2306.06342, theorem 1).

The scores here are out of fold: each is said by a head that lacks the image's own fold, and the head that is shipped has
learned from all folds. So the theorem holds up to the difference between these heads. It vanishes with n for a stable
learner (Steinberger and Leeb 2023, arXiv:1809.01412), as the penalised head is (Bousquet and Elisseeff 2002, JMLR 2,
499–526); without that, the kindred CV+ is proven to err in at most 2α (Romano, Sesia and Candès 2020, arXiv:2006.02544,
theorem 3). How well the promise is kept is measured in `benchmarks/promises.py`.
"""

from __future__ import annotations

from math import ceil, inf

import numpy as np

from hubel.core.answers import AnswerFigures, SetLimit
from hubel.core.arrays import Bool, Float
from hubel.core.errors import UsageError
from hubel.core.language import say
from hubel.core.types import Labels, Mask, Probabilities
from hubel.evaluate.figures import depending
from hubel.evaluate.numbers import percent

Scores = Float[np.ndarray, " n"]
"""One number for each image, the higher the stranger."""
ClassSets = Bool[np.ndarray, "n k"]
"""True where a class belongs to an image's answer."""

ROUNDING = 1e-6
"""Limits are moved by this share to the side of caution, for float32 is no finer."""


class TooFewForPromise(UsageError):  # noqa: N818  what there is, not what went wrong
    """So small an error cannot be promised on so few images; `both` says so in English and Korean."""

    def __init__(self, both: tuple[str, str]) -> None:
        self.both = both
        text_en, text_ko = both
        super().__init__(say(en=text_en, ko=text_ko))


def conformal_limit(scores: Scores, groups: Labels | None, *, error: float) -> float:
    """The limit that the score of a new image exceeds with probability at most `error`.

    Parameters
    ----------
    scores
        Of images the model had not learned from.
    groups
        The group of each, of shape (n,); None when each is its own.
    error
        α, between 0 and 1.

    Returns
    -------
    float
        One of the scores, or infinity when there are fewer than 1/α − 1 groups.

    Examples
    --------
    >>> conformal_limit(np.arange(1.0, 100.0), None, error=0.05)
    95.0
    >>> conformal_limit(np.arange(1.0, 10.0), None, error=0.05)
    inf
    """
    weights, num_groups = group_weights(len(scores), groups)
    order = np.argsort(scores, kind="stable")
    reached = np.cumsum(weights[order])
    # A sum of shares such as 1/3 may miss a whole number by rounding alone.
    enough = np.flatnonzero(reached >= (1 - error) * (num_groups + 1) - 1e-9)
    return float(scores[order[enough[0]]]) if len(enough) else inf


def group_weights(num_images: int, groups: Labels | None) -> tuple[Scores, int]:
    """The weight of each image, 1 / (images of its group), and the number of groups."""
    if groups is None:
        return np.ones(num_images), num_images
    _, places, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    return 1 / sizes[places], len(sizes)


def fewest_groups(error: float) -> int:
    """How many independent images a promise needs.

    Examples
    --------
    >>> fewest_groups(0.02), fewest_groups(0.05)
    (49, 19)
    """
    return ceil(1 / error - 1 - 1e-9)


def choose_sets(probabilities: Probabilities, labels: Labels, groups: Labels | None, *, error: float) -> SetLimit:
    """The limit of probability above which classes must be named so that the true one is among them.

    The score is 1 − p(true class), which of all scores gives the smallest sets on average (Sadinle, Lei and Wasserman
    2019, arXiv:1609.00451).

    Parameters
    ----------
    probabilities
        Calibrated, out of fold, of shape (n, k).
    labels
        The true classes.
    groups
        The group of each image, or None.
    error
        The share of new images whose answer may lack the true class.

    Raises
    ------
    TooFewForPromise
        When there are too few images, or groups, for so small a share.
    """
    num_groups = group_weights(len(labels), groups)[1]
    scores = 1 - probabilities[np.arange(len(labels)), labels].astype(np.float64)
    limit = conformal_limit(scores, groups, error=error)
    if limit == inf:
        raise too_few(error, num_groups)
    return SetLimit(
        accept_error=error,
        threshold=max(0.0, (1 - limit) * (1 - ROUNDING)),
        num_images=len(labels),
        num_groups=num_groups,
    )


def check_enough(num_groups: int, error: float) -> None:
    """Refuse to promise what so many independent images cannot vouch for.

    Raises
    ------
    TooFewForPromise
        When there are fewer than `fewest_groups`.
    """
    if num_groups < fewest_groups(error):
        raise too_few(error, num_groups)


def class_sets(probabilities: Probabilities, limit: SetLimit | None, answers: Labels) -> ClassSets:
    """The classes that each answer names: the answered one, and every other that reaches the limit.

    Parameters
    ----------
    probabilities
        Shape (n, k).
    limit
        None for the answered class alone.
    answers
        The class answered for each image.

    Examples
    --------
    >>> limit = SetLimit(accept_error=0.1, threshold=0.2, num_images=50, num_groups=50)
    >>> class_sets(np.array([[0.7, 0.3], [0.9, 0.1]]), limit, np.array([0, 0])).tolist()
    [[True, True], [True, False]]
    """
    named = np.zeros(probabilities.shape, bool) if limit is None else probabilities >= limit.threshold
    named[np.arange(len(answers)), answers] = True
    return named


def answer_figures(
    sets: ClassSets, known: Mask, labels: Labels, groups: Labels | None = None, *, cross_validated: bool = False
) -> AnswerFigures:
    """How often each of the three answers was given, and how often it was wrong.

    Parameters
    ----------
    sets
        The classes that each answer names.
    known
        False where the image was called unknown; its set does not count then.
    labels
        The true classes.
    groups
        The group of each image, for the interval; None when each is its own.
    cross_validated
        Whether the answers are out-of-fold ones, which widens the interval.
    """
    sizes = sets.sum(1)
    single, several = known & (sizes == 1), known & (sizes > 1)
    wrong = known & ~sets[np.arange(len(labels)), labels]
    interval = depending(groups, len(labels), cross_validated=cross_validated).share(wrong)
    assert interval is not None
    return AnswerFigures(
        num_images=len(labels),
        label=float(single.mean()),
        unsure=float(several.mean()),
        unknown=float(1 - known.mean()),
        wrong=float(wrong.mean()),
        wrong_interval=interval,
        label_wrong=float(wrong[single].mean()) if single.any() else None,
        mean_set_size=float(sizes[known].mean()) if known.any() else None,
    )


def too_few(error: float, num_groups: int) -> TooFewForPromise:
    """The promise needs more images than there are."""
    wished, needed, smallest = percent(error), fewest_groups(error), percent(ceil(1000 / (num_groups + 1)) / 1000)
    text_en = (
        f"An error of at most {wished} cannot be promised on {num_groups} independent images: it takes {needed} at least "
        f"to see one so rare. Accept {smallest} or more with --accept-error, or add images."
    )
    text_ko = (
        f"독립적인 이미지 {num_groups}장으로는 오류 {wished} 이하를 약속할 수 없습니다: 그렇게 드문 오류를 확인하려면 적어도 {needed}장이 "
        f"필요합니다. --accept-error를 {smallest} 이상으로 하거나 이미지를 추가하세요."
    )
    return TooFewForPromise((text_en, text_ko))
