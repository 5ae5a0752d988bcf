"""How far a measured figure may lie from the true one: shares, means, and answers that hang together.

All intervals are score intervals: they ask which true values would make the measured one no surprise. Near 0, near 1
and with few mistakes they keep their width, where estimate ± z · deviation would shrink to nothing.
"""

from __future__ import annotations

from math import hypot, inf, sqrt
from statistics import NormalDist

import numpy as np

from hubel.core.arrays import Float
from hubel.core.errors import DataError
from hubel.core.language import say
from hubel.core.types import Labels

Interval = tuple[float, float]
"""Lower and upper end."""
Values = Float[np.ndarray, " n"]
"""One number for each image."""

CONFIDENCE = 0.95


def wilson_interval(
    num_right: float, num_images: float, *, confidence: float = CONFIDENCE, freedom: float = inf
) -> Interval:
    """The Wilson score interval of a share.

    With p = right/n and z the quantile: (p + z²/2n ± z·√(p(1−p)/n + z²/4n²)) / (1 + z²/n).
    Unlike p ± z·√(p(1−p)/n) it stays inside [0, 1] and keeps its width at 0 of n and n of n
    (Wilson 1927, doi:10.1080/01621459.1927.10502953).

    Parameters
    ----------
    num_right
        How many of the images were answered rightly.
    num_images
        How many were asked, taken as independent draws; less than there are where images hang together
        (`effective_number`), so neither number need be whole.
    confidence
        The share of such intervals that cover the truth.
    freedom
        The degrees of freedom of Student's distribution, where the number itself is estimated from few groups.

    Returns
    -------
    tuple of float
        Lower and upper end, both in [0, 1].

    Raises
    ------
    DataError
        When there is no image, or more right answers than images.

    Examples
    --------
    >>> low, high = wilson_interval(973, 1000)
    >>> f"{low:.3f} {high:.3f}"
    '0.961 0.981'
    """
    if not num_images > 0 or not 0 <= num_right <= num_images:
        raise DataError(
            say(
                en=f"An interval needs at least one image and no more right answers than images; got {num_right} right of "
                f"{num_images}. Measure on at least one image.",
                ko=f"구간을 구하려면 이미지가 한 장 이상 있어야 하고 정답 수가 이미지 수보다 많을 수 없습니다. 받은 값: {num_images}장 중 "
                f"{num_right}장 정답. 이미지 한 장 이상으로 측정하세요.",
            )
        )
    z = quantile(confidence, freedom)
    share = num_right / num_images
    scale = 1 + z * z / num_images
    centre = (share + z * z / (2 * num_images)) / scale
    half = z * sqrt(share * (1 - share) / num_images + (z / (2 * num_images)) ** 2) / scale
    # At the two ends the formula gives exactly 0 and 1; rounding must not say otherwise.
    low = 0.0 if num_right == 0 else max(0.0, centre - half)
    high = 1.0 if num_right == num_images else min(1.0, centre + half)
    return low, high


def mean_interval(
    mean: float, variance: float, number: float, *, confidence: float = CONFIDENCE, freedom: float = inf
) -> Interval:
    """The score interval of the mean of losses: never below 0, longer towards large losses.

    It asks which true means μ make the measured one no surprise when the variance of a loss grows with its mean, as it
    does where few large losses make the mean: (x̄ − μ)² ≤ z² (s²/x̄) μ / n, the score interval of a Poisson mean with
    dispersion. So μ = x̄ + a/2 ± √(a x̄ + a²/4) with a = z² s² / (x̄ n).

    Parameters
    ----------
    mean
        The measured mean x̄, at least 0.
    variance
        Of a single loss, s².
    number
        How many independent losses, n.
    confidence, freedom
        As in `wilson_interval`.

    Examples
    --------
    >>> low, high = mean_interval(0.08, 0.09, 400)
    >>> f"{low:.3f} {high:.3f}"
    '0.056 0.115'
    """
    if mean <= 0 or variance <= 0:
        return max(0.0, mean), max(0.0, mean)
    spread = quantile(confidence, freedom) ** 2 * variance / (mean * number)
    half = sqrt(spread * mean + spread**2 / 4)
    return max(0.0, mean + spread / 2 - half), mean + spread / 2 + half


def difference_interval(
    first: tuple[float, float, float], second: tuple[float, float, float], *, confidence: float = CONFIDENCE
) -> Interval:
    """Newcombe's interval of the difference of two shares of different images, the first minus the second.

    It joins the distances to the ends of the two Wilson intervals as the sides of a right angle
    (Newcombe 1998, Statistics in Medicine 17, 873–890, method 10).

    Parameters
    ----------
    first, second
        Share, number of images and degrees of freedom, as `wilson_interval` takes them.
    confidence
        As in `wilson_interval`.

    Examples
    --------
    >>> low, high = difference_interval((56 / 70, 70, inf), (48 / 80, 80, inf))
    >>> f"{low:.4f} {high:.4f}"
    '0.0524 0.3339'
    """
    (share, low, high), (other, other_low, other_high) = (
        (part[0], *wilson_interval(part[0] * part[1], part[1], confidence=confidence, freedom=part[2]))
        for part in (first, second)
    )
    difference = share - other
    return (
        max(-1.0, difference - hypot(share - low, other_high - other)),
        min(1.0, difference + hypot(high - share, other - other_low)),
    )


def quantile(confidence: float, freedom: float = inf) -> float:
    """How many deviations an interval reaches to either side: Student's quantile, by its expansion in 1/freedom.

    Right to 0.01 from three degrees of freedom on (Abramowitz and Stegun 1964, 26.7.5).

    Examples
    --------
    >>> f"{quantile(0.95):.3f} {quantile(0.95, 9):.3f}"
    '1.960 2.262'
    """
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    if freedom == inf:
        return z
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / max(freedom, 1.0) ** (power + 1) for power, term in enumerate(terms))


def design_effect(values: Values, groups: Labels | None) -> float:
    """By how much groups of images that are alike widen the variance of a mean; at least 1.

    The variance from sums over groups, beside the variance as if every image were its own (Kish 1965). Few groups often show
    too little of how alike their images are, so one made-up group more is wholly alike. Where the values do not vary,
    nothing can be estimated, and images of every group are taken for one.

    Parameters
    ----------
    values
        What each image adds to the figure, of shape (n,).
    groups
        The group of each image; None when each is its own.

    Examples
    --------
    >>> round(design_effect(np.array([0.0, 0.0, 1.0, 1.0]), np.array([0, 0, 1, 1])), 2)
    4.0
    """
    if groups is None:
        return 1.0
    _, places, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    if len(sizes) == len(values):
        return 1.0
    centred = values.astype(np.float64) - values.mean()
    alone = float(centred @ centred)
    wholly = float((sizes**2).sum() / sizes.sum())
    if alone <= 1e-12 * max(1.0, float(values @ values)):
        return wholly
    sums = np.bincount(places, weights=centred)
    factor = len(sizes) / max(len(sizes) - 1, 1)
    found = max(1.0, factor * float(sums @ sums) / alone)
    return max(found, (len(sizes) * found + wholly) / (len(sizes) + 1))


def freedom_of(groups: Labels | None) -> float:
    """The degrees of freedom of a variance estimated from groups: one less than there are of equal size (Kish 1965).

    Examples
    --------
    >>> freedom_of(None), freedom_of(np.array([0, 0, 1, 1, 2, 2]))
    (inf, 2.0)
    """
    if groups is None:
        return inf
    sizes = np.unique(groups, return_counts=True)[1]
    return inf if len(sizes) == len(groups) else max(1.0, float(sizes.sum() ** 2 / (sizes**2).sum()) - 1)
