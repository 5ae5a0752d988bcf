"""95 % intervals of the figures of several labels an image, by resampling images, or groups of images that are alike.

A figure's variance is that over resamples (bootstrap, Efron 1979; of whole groups, Field and Welsh 2007,
doi:10.1111/j.1467-9868.2007.00593.x). Its interval is then Wilson's, with as many images as that variance stands for: near 1,
where resamples hardly differ, percentiles would promise too much. Cross-validated figures vary more (`figures.depending`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hubel.core.arrays import Bool, Float
from hubel.core.types import Labels, Probabilities
from hubel.evaluate.figures import Dependence, depending, f1_of_jaccard
from hubel.evaluate.intervals import Interval, freedom_of, mean_interval, wilson_interval

NUM_RESAMPLES = 500
FEWEST_RESAMPLES = 100
MOST_SUMS = 1e8
"""Fewer resamples are drawn where they would take more additions than this: images times labels times resamples."""
SUMS_AT_ONCE = 4e6

Targets = Bool[np.ndarray, "n k"]
"""The labels that each image has."""
Resampled = Float[np.ndarray, " b"]
"""A figure in each of b resamples."""
Counts = Float[np.ndarray, "b n"]
"""How often each image is in each resample."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What was said of n images: probabilities (n k), the labels they have and were given (n k), and their groups (n).

    `groups` is None when each image is its own. `cross_validated` says that the probabilities are out of fold.
    """

    probabilities: Probabilities
    targets: Targets
    given: Targets
    groups: Labels | None = None
    cross_validated: bool = False


@dataclass(frozen=True, slots=True)
class LabelIntervals:
    """The intervals of the headline figures, and of each label; None where nothing measures it."""

    mean_average_precision: Interval
    macro_f1: Interval
    micro_f1: Interval
    subset_accuracy: Interval
    hamming_loss: Interval
    log_loss: Interval
    average_precision: tuple[Interval | None, ...]
    precision: tuple[Interval | None, ...]
    recall: tuple[Interval | None, ...]
    f1: tuple[Interval | None, ...]


def label_intervals(said: Answered, losses: Float[np.ndarray, "n k"], *, random: np.random.Generator) -> LabelIntervals:
    """The intervals of what `measure_labels` measures.

    Parameters
    ----------
    said
        What it is given.
    losses
        The log loss of each label of each image.
    random
        Draws the resamples.
    """
    targets, given = said.targets, said.given
    num_images, num_labels = targets.shape
    dependence = depending(said.groups, num_images, cross_validated=said.cross_validated)
    found = {name: np.concatenate(parts) for name, parts in resampled(said, losses, random).items()}
    whole = {name: values[0] for name, values in found.items()}  # the first resample is the images as they are
    present = np.asarray(targets.any(0))

    def score(name: str, index: int | None = None, *, most: float) -> Interval:
        values = found[name] if index is None else found[name][:, index]
        return scored(values, dependence, most=most)

    independent = float(num_images if said.groups is None else len(np.unique(said.groups)))
    positives = np.array([own_groups(said.groups, targets[:, index]) for index in range(num_labels)], np.float64)
    variance = float(np.nanvar(found["log_loss"][1:], ddof=1)) * dependence.of_losses
    right = given == targets
    answers = 2 * float(positives[present].sum())  # micro F1 counts what is missed and what is given wrongly
    hits, either = given & targets, given | targets
    return LabelIntervals(
        mean_average_precision=score("mean_average_precision", most=float(positives[present].sum())),
        macro_f1=score("macro_f1", most=float(positives[present].sum())),
        micro_f1=score("micro_f1", most=answers),
        subset_accuracy=required(dependence.share(right.all(1))),
        hamming_loss=score("hamming_loss", most=independent * num_labels),
        log_loss=mean_interval(float(whole["log_loss"]), variance, 1.0, freedom=freedom_of(said.groups)),
        average_precision=tuple(
            score("average_precision", index, most=positives[index]) if present[index] else None
            for index in range(num_labels)
        ),
        precision=tuple(dependence.share(right[:, index], given[:, index]) for index in range(num_labels)),
        recall=tuple(dependence.share(right[:, index], targets[:, index]) for index in range(num_labels)),
        f1=tuple(f1_of_jaccard(dependence.share(hits[:, index], either[:, index])) for index in range(num_labels)),
    )


def scored(values: Resampled, dependence: Dependence, *, most: float) -> Interval:
    """Wilson's interval of a figure between 0 and 1 from its resamples, the first of which is the figure itself.

    `most` is the number of independent things that it counts: never are more assumed, for resamples of a figure without a
    mistake do not differ at all.
    """
    centre = float(np.clip(values[0], 0, 1))
    variance = float(np.nanvar(values[1:], ddof=1))
    number = min(most, centre * (1 - centre) / variance) if variance > 0 and 0 < centre < 1 else most
    number = max(number / dependence.of_shares, 1.0)
    return wilson_interval(centre * number, number, freedom=freedom_of(dependence.groups))


def resampled(
    said: Answered, losses: Float[np.ndarray, "n k"], random: np.random.Generator
) -> dict[str, list[np.ndarray]]:
    """The figures of the images as they are, and of every resample; by name, in parts that follow each other."""
    parts: dict[str, list[np.ndarray]] = {}
    for counts in draws(said, random):
        for name, values in figures_of(said, losses, counts).items():
            parts.setdefault(name, []).append(values)
    return parts


def draws(said: Answered, random: np.random.Generator) -> Iterator[Counts]:
    """How often each image is in each resample, some resamples at a time; first the images as they are."""
    num_images, num_labels = said.targets.shape
    yield np.ones((1, num_images))
    places = np.arange(num_images) if said.groups is None else np.unique(said.groups, return_inverse=True)[1]
    num_groups = int(places.max()) + 1
    left = int(np.clip(MOST_SUMS / (num_images * num_labels), FEWEST_RESAMPLES, NUM_RESAMPLES))
    at_once = max(1, int(SUMS_AT_ONCE / num_images))
    while left > 0:
        number = min(left, at_once)
        drawn = random.integers(0, num_groups, (number, num_groups)) + num_groups * np.arange(number)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=number * num_groups).reshape(number, num_groups)
        yield counts[:, places].astype(np.float64)
        left -= number


def figures_of(said: Answered, losses: Float[np.ndarray, "n k"], counts: Counts) -> dict[str, np.ndarray]:
    """Every figure in each of some resamples, (b) or (b k); not a number where a resample has no image of a label."""
    targets, given = said.targets.astype(np.float64), said.given.astype(np.float64)
    hits, support, called = counts @ (targets * given), counts @ targets, counts @ given  # b k
    total = counts.sum(1)
    f1 = quotient(2 * hits, support + called)
    f1[support == 0] = np.nan
    averages = np.stack(
        [
            weighted_average_precision(said.probabilities[:, index], said.targets[:, index], counts)
            for index in range(targets.shape[1])
        ],
        axis=1,
    )  # b k
    return {
        "average_precision": averages,
        "mean_average_precision": means(averages),
        "macro_f1": means(f1),
        "micro_f1": quotient(2 * hits.sum(1), support.sum(1) + called.sum(1)),
        "hamming_loss": quotient(counts @ (targets != given).mean(1), total),
        "log_loss": quotient(counts @ losses.mean(1), total),
    }


def weighted_average_precision(
    scores: Float[np.ndarray, " n"], true: Bool[np.ndarray, " n"], counts: Counts
) -> Resampled:
    """`multilabel.average_precision` where each image counts so many times; not a number where none has the label."""
    order = np.argsort(-scores, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
    own = counts[:, order]
    hits = np.cumsum(own * true[order], axis=1)[:, ends]
    precision = quotient(hits, np.cumsum(own, axis=1)[:, ends])
    return quotient((np.diff(hits, prepend=0, axis=1) * precision).sum(1), hits[:, -1], empty=np.nan)


def means(values: Float[np.ndarray, "b k"]) -> Resampled:
    """The mean of each row over what is a number; not a number where none is."""
    there = ~np.isnan(values)
    return quotient(np.where(there, values, 0).sum(1), there.sum(1), empty=np.nan)


def quotient(above: np.ndarray, below: np.ndarray, *, empty: float = 0.0) -> np.ndarray:
    """Above over below, `empty` where there is nothing to divide by."""
    divided: np.ndarray = np.divide(above, below, out=np.full(np.shape(above), empty), where=below > 0)
    return divided


def own_groups(groups: Labels | None, inside: Bool[np.ndarray, " n"]) -> int:
    """How many independent images are inside."""
    return int(inside.sum()) if groups is None else len(np.unique(groups[inside]))


def required(interval: Interval | None) -> Interval:
    """An interval that is always there, since there are images."""
    assert interval is not None
    return interval
