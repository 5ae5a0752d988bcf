"""Pairs of unit vectors that agree: by exact search among some ten thousand, by a partition among more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from hubel.core.arrays import Float32, Int

Vectors = Float32[np.ndarray, "n d"]
"""Unit vectors, one a picture."""
Rows = Int[np.ndarray, " p"]
Bounds = Int[np.ndarray, " c"]

LEAST_AGREEMENT = 0.55
MOST_CANDIDATES = 4
"""Of each picture, no more than so many others are looked at, the likest first."""
QUERIES_AT_ONCE, STORED_AT_ONCE = 256, 2048
"""The pieces of the big product; one piece of the result stays in a core's cache."""
EXACT_UP_TO = 30_000
"""From here on only the likeliest parts of the stored vectors are searched."""
PART_SIZE = 400
"""Vectors in a part, on average."""
PARTS_ASKED = 8
ROUNDS = 3
"""Rounds of k-means; the parts need not be good, only alike in size."""
SAMPLE = 40
"""Vectors of each part that k-means sees."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """p pairs: the `view` of picture `moving` agrees with picture `still` as it is."""

    still: Rows
    moving: Rows
    view: Rows
    agreement: Float32[np.ndarray, " p"]


def search(stored: Vectors, asked: Iterable[tuple[int, Sequence[Vectors]]]) -> Candidates:
    """The pairs that agree best, each pair once, `MOST_CANDIDATES` of each asked vector at most.

    Parameters
    ----------
    stored
        What is searched, one vector a picture.
    asked
        For runs of pictures, the number of the first and their vectors under each view, views in one order.
    """
    parts = None if len(stored) <= EXACT_UP_TO else partition(stored)
    found = [no_candidates()]
    for start, views in asked:
        for offset in range(0, len(views[0]), RUN):
            of_run = [no_candidates()]
            for number, vectors in enumerate(views):
                run = vectors[offset : offset + RUN]
                hits = everywhere(stored, run) if parts is None else in_likely_parts(stored, run, parts)
                for rows, columns, agreement in hits:
                    of_run.append(Candidates(columns, rows + start + offset, np.full(len(rows), number), agreement))
            found.append(likest(joined(of_run)))
    return each_once(joined(found))


RUN = 4096
"""Asked vectors whose hits are kept before the likest are chosen."""
Hits = Iterator[tuple[Rows, Rows, Float32[np.ndarray, " p"]]]
"""Rows of what was asked, rows of what is stored, and how well they agree."""


def everywhere(stored: Vectors, asked: Float32[np.ndarray, "m d"]) -> Hits:
    """All that agree."""
    for start in range(0, len(asked), QUERIES_AT_ONCE):
        queries = asked[start : start + QUERIES_AT_ONCE]
        for begin in range(0, len(stored), STORED_AT_ONCE):
            block = stored[begin : begin + STORED_AT_ONCE]
            agreement = (queries @ block.T).ravel()
            places = np.flatnonzero(agreement > LEAST_AGREEMENT)
            if len(places):
                yield places // len(block) + start, places % len(block) + begin, agreement[places]


@dataclass(frozen=True, slots=True)
class Parts:
    """Stored vectors parted by the nearest of some centres: part i holds the rows `order[starts[i]:starts[i + 1]]`."""

    centres: Vectors
    order: Rows
    starts: Bounds


def partition(stored: Vectors) -> Parts:
    """Parts of about `PART_SIZE` vectors, by spherical k-means on an even sample."""
    num_parts = max(2, len(stored) // PART_SIZE)
    sample = stored[:: max(1, len(stored) // (SAMPLE * num_parts))]
    centres = sample[np.linspace(0, len(sample) - 1, num_parts).astype(int)]
    for _ in range(ROUNDS):
        home = nearest(sample, centres)
        sums = np.zeros_like(centres)
        np.add.at(sums, home, sample)
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        centres = np.where(lengths > 0, sums / np.maximum(lengths, 1e-6), centres)
    home = nearest(stored, centres)
    starts = np.searchsorted(np.sort(home), np.arange(num_parts + 1))
    return Parts(centres, np.argsort(home, kind="stable"), starts)


def nearest(vectors: Vectors, centres: Float32[np.ndarray, "m d"]) -> Int[np.ndarray, " n"]:
    """The centre that agrees best with each vector."""
    found = [(vectors[start : start + RUN] @ centres.T).argmax(axis=1) for start in range(0, len(vectors), RUN)]
    return np.concatenate(found)


def in_likely_parts(stored: Vectors, asked: Float32[np.ndarray, "m d"], parts: Parts) -> Hits:
    """What agrees in the parts whose centres agree best."""
    agreement = asked @ parts.centres.T
    likely = np.argpartition(-agreement, PARTS_ASKED, axis=1)[:, :PARTS_ASKED]  # n PARTS_ASKED
    order = np.argsort(likely, axis=None, kind="stable")
    bounds = np.searchsorted(likely.ravel()[order], np.arange(len(parts.centres) + 1))
    for part in np.flatnonzero(np.diff(bounds)):
        rows = order[bounds[part] : bounds[part + 1]] // PARTS_ASKED
        members = parts.order[parts.starts[part] : parts.starts[part + 1]]
        block = (asked[rows] @ stored[members].T).ravel()
        places = np.flatnonzero(block > LEAST_AGREEMENT)
        if len(places):
            yield rows[places // len(members)], members[places % len(members)], block[places]


def no_candidates() -> Candidates:
    """Nothing to look at."""
    nothing = np.zeros(0, np.int64)
    return Candidates(nothing, nothing, nothing, np.zeros(0, np.float32))


def joined(parts: Sequence[Candidates]) -> Candidates:
    """All of them in one."""
    return Candidates(
        *(
            np.concatenate(columns)
            for columns in zip(*((part.still, part.moving, part.view, part.agreement) for part in parts), strict=True)
        )
    )


def chosen(candidates: Candidates, rows: np.ndarray) -> Candidates:
    """Some of them, in the order given."""
    return Candidates(
        candidates.still[rows], candidates.moving[rows], candidates.view[rows], candidates.agreement[rows]
    )


def likest(candidates: Candidates) -> Candidates:
    """Of every moving picture the best view of each other, and of those the `MOST_CANDIDATES` that agree best."""
    candidates = chosen(candidates, np.flatnonzero(candidates.still != candidates.moving))
    best = best_first(candidates, candidates.moving * (candidates.still.max(initial=0) + 1) + candidates.still)
    order = np.lexsort((best.still, -best.agreement, best.moving))
    ordered = chosen(best, order)
    _, firsts, sizes = np.unique(ordered.moving, return_index=True, return_counts=True)
    ranks = np.arange(len(order)) - np.repeat(firsts, sizes)
    return chosen(ordered, np.flatnonzero(ranks < MOST_CANDIDATES))


def each_once(candidates: Candidates) -> Candidates:
    """Of a pair that was found both ways, or in several views, the best."""
    low, high = np.minimum(candidates.still, candidates.moving), np.maximum(candidates.still, candidates.moving)
    return best_first(candidates, low * (high.max(initial=0) + 1) + high)


def best_first(candidates: Candidates, keys: np.ndarray) -> Candidates:
    """The best of each key."""
    order = np.lexsort((candidates.view, -candidates.agreement, keys))
    _, firsts = np.unique(keys[order], return_index=True)
    return chosen(candidates, order[firsts])
