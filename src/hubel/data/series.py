"""Series: pictures shot one after the other, told by names that run on together with times or with likeness.

Neither is enough alone: class folders are often numbered from 1 to 500, and clocks stand still or are set to nothing.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import PurePath
from typing import NamedTuple

import numpy as np

from hubel.core.types import Labels
from hubel.data.capture_time import parsed_moment
from hubel.data.fingerprint import Fingerprints
from hubel.data.near_search import describe

SECONDS_APART = 3.0
"""Shots of one series follow each other within this time."""
NUMBERS_APART = 2
"""And their numbers within this; one shot may have been deleted."""
SECONDS_BETWEEN_SCENES = 60.0
"""Pictures further apart in time are not of one series, however alike they look."""
ALIKE = 0.7
"""The least agreement of coarse contrast that counts as the same scene."""
BEYOND_USUAL = 0.05
"""By how much neighbours must be more alike than all but a thousandth of the pictures of their folder are by chance."""
NUM_CHANCE_PAIRS = 4000

Ties = Iterator[tuple[int, int]]


class Shot(NamedTuple):
    """One picture of a folder: the number in its name, its time in seconds if known, and its row."""

    number: int
    time: float | None
    row: int


def find_series(
    paths: Sequence[str], exif_times: Sequence[float | None], *, fingerprints: Fingerprints | None = None
) -> Labels:
    """The series of each image; an image that is in none has a number of its own. Counted up from first appearance.

    Two images follow each other when they lie in one folder, their names differ in one number only, which is the same
    or runs on, and they were taken within seconds; or, where times are unknown, look alike beyond what is usual there.

    Parameters
    ----------
    paths
        The n files.
    exif_times
        When each was taken, in seconds, as `capture_time` gives it, or None; a time in the name serves too.
    fingerprints
        Of shape (n, 48, 48). Where given, pictures without times may be a series by likeness.

    Examples
    --------
    >>> find_series(["a/IMG_1.jpg", "a/IMG_2.jpg", "a/IMG_3.jpg"], [60.0, 61.5, 900.0]).tolist()
    [0, 0, 1]
    """
    runs: defaultdict[tuple[str, ...], list[Shot]] = defaultdict(list)
    for row, (path, time) in enumerate(zip(paths, exif_times, strict=True)):
        key, number, named_time = parse_name(path)
        if number is not None:
            runs[key].append(Shot(number, named_time if time is None else time, row))
    series = list(range(len(paths)))
    for shots in runs.values():
        for earlier, later in (*ties_by_time(shots), *ties_by_likeness(shots, fingerprints)):
            first, second = series[earlier], series[later]
            if first != second:
                low, high = sorted((first, second))
                for shot in shots:
                    if series[shot.row] == high:
                        series[shot.row] = low
    numbers: dict[int, int] = {}
    return np.array([numbers.setdefault(entry, len(numbers)) for entry in series], np.int64)


def parse_name(path: str) -> tuple[tuple[str, ...], int | None, float | None]:
    """What a file's name shares with its neighbours', the number it does not share, and the time it tells."""
    pure = PurePath(path)
    folder, stem, suffix = str(pure.parent), pure.stem, pure.suffix.casefold()
    moment = _MOMENT.search(stem)
    if moment:
        time = parsed_moment("".join(moment.groups()), "%Y%m%d%H%M%S")
        if time is not None:
            return (folder, stem[: moment.start()], stem[moment.end() :], suffix), int(time), time
    number = _NUMBER.fullmatch(stem)
    if number is None or len(number[2]) > _MOST_DIGITS:
        return (), None, None
    return (folder, number[1], number[3], suffix), int(number[2]), None


def ties_by_time(shots: Sequence[Shot]) -> Ties:
    """Neighbouring rows that were taken within seconds."""
    timed = sorted(shot for shot in shots if shot.time is not None)
    for earlier, later in pairwise(timed):
        assert earlier.time is not None
        assert later.time is not None
        close = abs(later.time - earlier.time) <= SECONDS_APART
        if close and later.number - earlier.number <= max(NUMBERS_APART, SECONDS_APART if is_moment(later) else 0):
            yield earlier.row, later.row


def is_moment(shot: Shot) -> bool:
    """Whether the number in the name is a time."""
    return shot.time is not None and shot.number == int(shot.time)


def ties_by_likeness(shots: Sequence[Shot], fingerprints: Fingerprints | None) -> Ties:
    """Neighbouring rows that look alike, where times do not say otherwise."""
    if fingerprints is None or len(shots) < 3:  # two pictures are all there is: nothing tells what is usual
        return
    ordered = sorted(shots, key=lambda shot: shot.number)
    vectors = describe(fingerprints[[shot.row for shot in ordered]])
    agreement = (vectors[1:] * vectors[:-1]).sum(axis=1)
    wanted = max(ALIKE, usual_agreement(vectors) + BEYOND_USUAL)
    for place in np.flatnonzero(agreement >= wanted):
        earlier, later = ordered[place], ordered[place + 1]
        apart = None if earlier.time is None or later.time is None else abs(later.time - earlier.time)
        if later.number - earlier.number <= NUMBERS_APART and (apart is None or apart <= SECONDS_BETWEEN_SCENES):
            yield earlier.row, later.row


def usual_agreement(vectors: np.ndarray) -> float:
    """What all but a thousandth of pairs far apart in a run agree by chance; the pairs are the same in every call."""
    count = len(vectors)
    chance = np.random.default_rng(count)
    first, second = chance.integers(count, size=(2, NUM_CHANCE_PAIRS))
    far = np.abs(first - second) > max(1, count // 10)
    if not far.any():
        return 1.0
    return float(np.quantile((vectors[first[far]] * vectors[second[far]]).sum(axis=1), 0.999))


_NUMBER = re.compile(r"(.*?)([0-9]+)([^0-9]*)", re.DOTALL)
_MOST_DIGITS = 12
"""Longer numbers are hashes or the like, not counted up."""
_MOMENT = re.compile(r"(?<![0-9])((?:19|20)[0-9]{6})[-_ T]?([0-9]{6})(?![0-9])")
