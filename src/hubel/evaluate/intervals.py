"""How far a measured share may lie from the true one."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist

from hubel.core.errors import DataError
from hubel.core.language import say


def wilson_interval(num_right: int, num_images: int, *, confidence: float = 0.95) -> tuple[float, float]:
    """The Wilson score interval of a share.

    With p = right/n and z the normal quantile: (p + z²/2n ± z·√(p(1−p)/n + z²/4n²)) / (1 + z²/n).
    Unlike p ± z·√(p(1−p)/n) it stays inside [0, 1] and keeps its width at 0 of n and n of n
    (Wilson 1927, doi:10.1080/01621459.1927.10502953).

    Parameters
    ----------
    num_right
        How many of the images were answered rightly.
    num_images
        How many were asked; they are taken as independent draws.
    confidence
        The share of such intervals that cover the truth.

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
    if num_images < 1 or not 0 <= num_right <= num_images:
        raise DataError(
            say(
                en=f"An interval needs at least one image and no more right answers than images; got {num_right} right of "
                f"{num_images}. Measure on at least one image.",
                ko=f"구간을 구하려면 이미지가 한 장 이상 있어야 하고 정답 수가 이미지 수보다 많을 수 없습니다. 받은 값: {num_images}장 중 "
                f"{num_right}장 정답. 이미지 한 장 이상으로 측정하세요.",
            )
        )
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = num_right / num_images
    scale = 1 + z * z / num_images
    centre = (share + z * z / (2 * num_images)) / scale
    half = z * sqrt(share * (1 - share) / num_images + (z / (2 * num_images)) ** 2) / scale
    # At the two ends the formula gives exactly 0 and 1; rounding must not say otherwise.
    low = 0.0 if num_right == 0 else max(0.0, centre - half)
    high = 1.0 if num_right == num_images else min(1.0, centre + half)
    return low, high
