"""Tests and intervals for two models that judged the same images."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import ceil, exp, inf, lgamma, log, sqrt
from statistics import NormalDist

import numpy as np

from hubel.core.arrays import Float
from hubel.core.types import Labels
from hubel.evaluate.figures import confusion
from hubel.evaluate.intervals import CONFIDENCE, Interval, Values, quantile

NUM_TOSSES = 4999
"""How often the models change names in a permutation test; so many that a share of 0.05 is known to 0.003."""
SIGNIFICANT = 0.05
POWER = 0.8


def tango_interval(
    only_first: float, only_second: float, number: float, *, confidence: float = CONFIDENCE, freedom: float = inf
) -> Interval:
    """Tango's score interval of the difference of two paired shares, the second's minus the first's.

    It holds every δ with |c − b − nδ| ≤ z √(n (2q + δ (1 − δ))), b and c the images that only the first and only the second
    answers rightly, q the likeliest share of the former given δ (Tango 1998, Statistics in Medicine 17, 891–908).

    Parameters
    ----------
    only_first, only_second
        b and c; they need not be whole, where images of a group count for less.
    number
        The number of images n.
    confidence, freedom
        As in `wilson_interval`.

    Examples
    --------
    >>> low, high = tango_interval(2, 14, 400)
    >>> f"{low:.4f} {high:.4f}"
    '0.0120 0.0535'
    """
    z = quantile(confidence, freedom)
    b, c, n = only_first, only_second, number

    def deviations(delta: float) -> float:
        """How many deviations the measured difference lies above δ; falls with δ."""
        slope = (2 * n - c + b) * delta - b - c
        q = (sqrt(slope**2 + 8 * n * b * delta * (1 - delta)) - slope) / (4 * n)
        variance = n * (2 * q + delta * (1 - delta))
        above = c - b - n * delta
        return above / sqrt(variance) if variance > 1e-12 else inf * above if abs(above) > 1e-12 else 0.0

    return falls_to(deviations, z), falls_to(deviations, -z)


def falls_to(function: Callable[[float], float], value: float) -> float:
    """Where in [−1, 1] a falling function takes a value, by halving; the end where it does not."""
    low, high = -1.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if function(middle) > value else (low, middle)
    return (low + high) / 2


def mcnemar(only_first: int, only_second: int) -> float:
    """The exact two-sided p-value of McNemar's test: how often a fair coin falls as unevenly as the two differ.

    Examples
    --------
    >>> f"{mcnemar(1, 8):.4f} {mcnemar(3, 3):.1f}"
    '0.0391 1.0'
    """
    number, fewer = only_first + only_second, min(only_first, only_second)
    if 2 * fewer >= number:
        return 1.0
    logarithms = [lgamma(number + 1) - lgamma(k + 1) - lgamma(number - k + 1) for k in range(fewer + 1)]
    return min(1.0, 2 * sum(exp(value - number * log(2)) for value in logarithms))


def sign_test(change: Values, groups: Labels | None, random: np.random.Generator) -> float:
    """The p-value of a mean change when each group's change is as likely the other way round."""
    sums = change if groups is None else np.bincount(np.unique(groups, return_inverse=True)[1], weights=change)
    sums = sums[np.abs(sums) > 1e-15]
    if not len(sums):
        return 1.0
    measured, scale = abs(float(sums.sum())), float(np.abs(sums).sum())
    as_far = 0
    for tosses in coins(len(sums), NUM_TOSSES, random):
        # Images that are not turned keep their sign: total − 2 · (sum of what is turned).
        as_far += int((np.abs(sums.sum() - 2 * (tosses @ sums)) >= measured - 1e-9 * scale).sum())
    return (1 + as_far) / (1 + NUM_TOSSES)


def swap_test(
    first: Labels,
    second: Labels,
    *,
    labels: Labels,
    groups: Labels | None,
    num_classes: int,
    random: np.random.Generator,
) -> float:
    """The p-value of the difference in macro F1 when the models change their answers with each other on each group."""
    differ = np.flatnonzero(first != second)
    if not len(differ):
        return 1.0
    units = np.arange(len(differ)) if groups is None else np.unique(groups[differ], return_inverse=True)[1]
    num_units = int(units.max()) + 1
    right, called = np.zeros((num_units, num_classes)), np.zeros((num_units, num_classes))
    np.add.at(right, (units, labels[differ]), (second == labels)[differ] * 1.0 - (first == labels)[differ])
    np.add.at(called, (units, second[differ]), 1.0)
    np.add.at(called, (units, first[differ]), -1.0)
    counts = [confusion(labels, answers, num_classes) for answers in (first, second)]
    support = counts[0].sum(axis=1)

    def difference(right_moved: np.ndarray, called_moved: np.ndarray) -> np.ndarray:
        """The second's macro F1 minus the first's, of shape (t), once so much of the answers is exchanged, (t k)."""
        found = [
            2 * (table.diagonal() + sign * right_moved) / np.maximum(support + table.sum(0) + sign * called_moved, 1)
            for table, sign in zip(counts, (1, -1), strict=True)
        ]
        by_class: np.ndarray = (found[1] - found[0])[:, support > 0].mean(axis=1)
        return by_class

    nothing = np.zeros((1, num_classes))
    measured = abs(float(difference(nothing, nothing)[0]))
    num_tosses = int(np.clip(2e9 / (num_units * num_classes), 499, NUM_TOSSES))
    as_far = 0
    for tosses in coins(num_units, num_tosses, random):
        as_far += int((np.abs(difference(tosses @ right, tosses @ called)) >= measured - 1e-9).sum())
    return (1 + as_far) / (1 + num_tosses)


def coins(number: int, num_tosses: int, random: np.random.Generator) -> Iterator[Float[np.ndarray, "t u"]]:
    """So many tosses of so many coins, 0 or 1, in parts that fit into memory."""
    at_once = max(1, min(num_tosses, 4_000_000 // number))
    for start in range(0, num_tosses, at_once):
        yield random.integers(0, 2, (min(at_once, num_tosses - start), number)).astype(np.float64)


def images_needed(disagreement: float, *, difference: float = 0.01) -> int:
    """About how many images show a difference in accuracy four times in five, by McNemar's test.

    n = (z √ψ + z' √(ψ − δ²))² / δ², ψ the share of images on which one is right and the other wrong
    (Connor 1987, Biometrics 43, 207–211).

    Parameters
    ----------
    disagreement
        ψ; at least δ.
    difference
        δ, the difference to be seen.

    Examples
    --------
    >>> images_needed(0.04)
    3138
    """
    share = max(disagreement, difference)
    normal = NormalDist()
    reach = normal.inv_cdf(1 - SIGNIFICANT / 2) * sqrt(share) + normal.inv_cdf(POWER) * sqrt(share - difference**2)
    return ceil((reach / difference) ** 2)
