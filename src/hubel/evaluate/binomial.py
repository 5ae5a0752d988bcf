"""Exact statements about a share from so many of so many images, without SciPy: whoever only predicts has none."""

from __future__ import annotations

from math import exp, lgamma, log, log1p

NUM_HALVINGS = 60


def at_most(count: int, num_images: int, share: float) -> float:
    """The probability that of `num_images` images, each so with probability `share`, at most `count` are so.

    Examples
    --------
    >>> round(at_most(1, 2, 0.5), 3)
    0.75
    """
    if count < 0:
        return 0.0
    if count >= num_images or share <= 0:
        return 1.0
    if share >= 1:
        return 0.0
    whole = lgamma(num_images + 1)
    total = 0.0
    for number in range(count + 1):
        ways = whole - lgamma(number + 1) - lgamma(num_images - number + 1)
        total += exp(ways + number * log(share) + (num_images - number) * log1p(-share))
    return min(1.0, total)


def surely_at_least(num_right: int, num_images: int, *, confidence: float) -> float:
    """The lower end of the one-sided Clopper–Pearson interval of a share (1934, doi:10.1093/biomet/26.4.404).

    Whatever the true share is, this is above it in at most 1 − `confidence` of samples.

    Parameters
    ----------
    num_right
        Of how many images it was so.
    num_images
        How many there were.
    confidence
        Between 0 and 1.

    Examples
    --------
    >>> round(surely_at_least(59, 59, confidence=0.95), 3)
    0.95
    """
    if num_right <= 0 or num_images <= 0:
        return 0.0
    low, high = 0.0, num_right / num_images
    for _ in range(NUM_HALVINGS):
        middle = (low + high) / 2
        # P(at least num_right) = P(at most num_images − num_right of the others)
        if at_most(num_images - num_right, num_images, 1 - middle) < 1 - confidence:
            low = middle
        else:
            high = middle
    return low
