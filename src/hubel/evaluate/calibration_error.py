"""How far stated probabilities are from the truth: the expected calibration error, its bias, its interval, class by class.

With bin b holding the share w of the images, m of them, and g the mean there of being right minus the stated probability,
ECE = Σ w |g| (Naeini et al. 2015). Chance alone makes |g| positive, so even a perfect model seems to err, the more the fewer
images there are (Bröcker 2012, doi:10.1007/s00382-011-1191-1; Kumar et al. 2019, arXiv:1909.10155). For g normal around γ with
deviation σ, σ² = ȳ(1 − ȳ)/m,

    E|g| = σ √(2/π) exp(−γ²/2σ²) + |γ| (1 − 2 Φ(−|γ|/σ)),     Var|g| = γ² + σ² − (E|g|)².

The corrected error is the true one under which the measured one is what to expect (indirect inference, Gouriéroux et al. 1993,
doi:10.1002/jae.3950080507): with γ = s (|g| + ECE) / 2, the s at which Σ w E|g| = ECE, and 0 where even s = 0 gives more. Its
interval holds every s at which ECE is within ± 1.96 √(Σ w² Var|g|) of what to expect. Three images that were as stated are added to
ȳ, so that a bin without a mistake is not taken for certain.
"""

from __future__ import annotations

from math import pi
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from hubel.core.arrays import Float
from hubel.core.types import Labels, Probabilities

PerBin = Float[np.ndarray, " b"]
"""A number for each bin."""

NORMAL = NormalDist()
QUANTILE = NORMAL.inv_cdf(0.975)
"""Of the normal distribution, for 95 %."""
NUM_AS_STATED = 3
"""So many images that were as stated join each bin, for its deviation only."""
MOST_ENLARGED = 2.0**20
NUM_HALVINGS = 30


class CalibrationError(NamedTuple):
    """The error as it is, without its bias, and the 95 % interval of the latter; all in [0, 1]."""

    plain: float
    corrected: float
    interval: tuple[float, float]


def calibration_error(probabilities: Probabilities, labels: Labels, *, num_bins: int) -> CalibrationError:
    """The expected calibration error of the top-1 probability.

    Parameters
    ----------
    probabilities
        One row for each image.
    labels
        The true classes.
    num_bins
        How many bins of equal width share (0, 1].

    Examples
    --------
    >>> sure = np.array([[0.9, 0.1]] * 10)
    >>> round(calibration_error(sure, np.array([0] * 8 + [1] * 2), num_bins=15).plain, 3)
    0.1
    """
    right = probabilities.argmax(axis=1) == labels
    return error_of(probabilities.max(axis=1), right, num_bins=num_bins)


def classwise_errors(probabilities: Probabilities, labels: Labels, *, num_bins: int) -> list[float]:
    """Of each class, the corrected error of its own probability (Nixon et al. 2019, arXiv:1904.01685).

    Parameters
    ----------
    probabilities, labels, num_bins
        As in `calibration_error`.

    Returns
    -------
    list of float
        One for each of the k classes.
    """
    columns = range(probabilities.shape[1])
    return [error_of(probabilities[:, index], labels == index, num_bins=num_bins).corrected for index in columns]


def error_of(
    stated: Float[np.ndarray, " n"], true: Float[np.ndarray, " n"] | np.ndarray, *, num_bins: int
) -> CalibrationError:
    """The error of probabilities that something is so.

    Parameters
    ----------
    stated
        A probability for each image.
    true
        Whether it was so.
    num_bins
        How many bins of equal width share (0, 1].
    """
    places = np.digitize(stated, np.linspace(0, 1, num_bins + 1)[1:-1], right=True)
    counts = np.bincount(places, minlength=num_bins)
    sums = [np.bincount(places, weights=values, minlength=num_bins)[counts > 0] for values in (stated, true)]
    number = counts[counts > 0]
    mean_stated, mean_true = sums[0] / number, sums[1] / number
    share = number / number.sum()
    gap = np.abs(mean_true - mean_stated)
    plain = float((share * gap).sum())
    smooth = (sums[1] + NUM_AS_STATED * mean_stated) / (number + NUM_AS_STATED)
    bins = Bins(share, (gap + plain) / 2, np.sqrt(np.clip(smooth * (1 - smooth), 1e-12, None) / number))
    corrected, low, high = (bins.error_behind(plain, deviations=place) for place in (0.0, QUANTILE, -QUANTILE))
    return CalibrationError(plain, corrected, (low, high))


class Bins(NamedTuple):
    """Share, likely size of the gap, and deviation of the measured gap, of each bin that has images."""

    share: PerBin
    shape: PerBin
    deviation: PerBin

    def error_behind(self, plain: float, *, deviations: float) -> float:
        """The true error under which the measured one is so many deviations above what to expect; 0 when none is small enough."""
        low, high = 0.0, 1.0
        if plain <= self.expected(0.0, deviations):
            return 0.0
        while self.expected(high, deviations) < plain and high < MOST_ENLARGED:
            low, high = high, 2 * high
        for _ in range(NUM_HALVINGS):
            middle = (low + high) / 2
            low, high = (middle, high) if self.expected(middle, deviations) < plain else (low, middle)
        return min(1.0, high * float((self.share * self.shape).sum()))

    def expected(self, size: float, deviations: float) -> float:
        """The measured error to expect under gaps of `size` times their shape, and so many deviations more."""
        centre = size * self.shape
        mean = folded_mean(centre, self.deviation)
        variance = np.clip(centre**2 + self.deviation**2 - mean**2, 0, None)
        return float((self.share * mean).sum() + deviations * np.sqrt((self.share**2 * variance).sum()))


def folded_mean(centre: PerBin, deviation: PerBin) -> PerBin:
    """E|g| of g normal around `centre` ≥ 0.

    Examples
    --------
    >>> folded_mean(np.array([0.0, 5.0]), np.array([1.0, 1.0])).round(4).tolist()
    [0.7979, 5.0]
    """
    from_centre = centre / deviation
    below = np.array([NORMAL.cdf(-value) for value in from_centre])
    result: PerBin = deviation * np.sqrt(2 / pi) * np.exp(-(from_centre**2) / 2) + centre * (1 - 2 * below)
    return result
