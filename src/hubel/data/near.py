"""Near duplicates: pairs of images that show the same photograph, though not in the same bytes.

They are searched for by coarse local contrast (`near_search`), then laid over each other and compared block by block
(`near_align`), so that neither a common background nor a common subject is enough.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from hubel.core.types import Labels
from hubel.data.fingerprint import Fingerprints
from hubel.data.near_align import Aligned, align, has_texture
from hubel.data.near_candidates import Candidates, chosen
from hubel.data.near_search import VIEWS, find_candidates

LEAST_LIKENESS = 0.75
"""What copies reach and different photographs do not."""
COPY_LIKENESS = 0.9
"""Who is less like a picture than this tells how like it others are that are no copies."""
USUAL_KIN, KIN_WEIGHT, MOST_WANTED = 0.3, 0.55, 0.985
"""From which likeness of the others on more is wanted of a copy, how much more, and the most."""
UNSTRETCHED_FROM, LEAST_MOTION = 0.9, 0.015
"""Where more than this is wanted, a copy must also lie as it is; with stretching, one stroke fits any other."""
SAMPLE_PAIRS, SAME_AGREEMENT = 256, 0.85
"""How many pairs tell how alike the others are, and what copies that lie as they are agree in their coarse contrast."""
PRIOR_PAIRS = 4
"""A picture's few others are joined by so many that are like those of the whole set."""
PAIRS_AT_ONCE = 128


@dataclass(frozen=True, slots=True)
class NearPair:
    """Two rows of the fingerprints, `first` < `second`, and how alike they are: 0 not at all, 1 the same."""

    first: int
    second: int
    likeness: float


def near_pairs(fingerprints: Fingerprints) -> list[NearPair]:
    """The pairs of images that show the same photograph, in order; enough of them to join all copies of one.

    Of many copies not every pair is listed; `near_groups` gives who belongs together. Blank pictures, even slopes and
    whatever else has too little texture to be told apart are in no pair.

    Parameters
    ----------
    fingerprints
        What `fingerprint` gave of n images, of shape (n, 48, 48).

    Examples
    --------
    >>> from hubel.data.fingerprint import fingerprint
    >>> noise = np.random.default_rng(0).integers(0, 256, (3, 60, 80, 3)).astype(np.uint8)
    >>> prints = [fingerprint(noise[0]), fingerprint(noise[1]), fingerprint(noise[0, :, ::-1]), fingerprint(noise[2])]
    >>> [(pair.first, pair.second) for pair in near_pairs(np.stack(prints))]
    [(0, 2)]
    """
    if len(fingerprints) < 2:
        return []
    flat = np.ascontiguousarray(fingerprints).reshape(len(fingerprints), -1)
    _, firsts, copy_of = np.unique(flat.view(f"V{flat.shape[1]}").ravel(), return_index=True, return_inverse=True)
    originals = firsts[copy_of.ravel()]  # n: the first row with the same fingerprint
    copies = np.flatnonzero(originals != np.arange(len(flat)))
    copies = copies[has_texture(fingerprints[copies])] if len(copies) else copies
    pairs = [NearPair(int(originals[row]), int(row), 1.0) for row in copies]
    different = np.sort(firsts)
    candidates = worth_comparing(fingerprints[different], find_candidates(fingerprints[different]))
    found = compare(fingerprints[different], candidates)
    for place in np.flatnonzero(convincing(candidates, found, len(different))):
        first, second = sorted(int(different[row[place]]) for row in (candidates.still, candidates.moving))
        pairs.append(NearPair(first, second, float(found.likeness[place])))
    return sorted(pairs, key=lambda pair: (pair.first, pair.second))


def near_groups(num_images: int, pairs: Iterable[NearPair]) -> Labels:
    """The group of each image, so that the two of every pair are together; counted up in the order of first appearance.

    Examples
    --------
    >>> near_groups(4, [NearPair(1, 3, 0.9)]).tolist()
    [0, 1, 2, 1]
    """
    parent = list(range(num_images))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    for pair in pairs:
        low, high = sorted((root(pair.first), root(pair.second)))
        parent[high] = low
    numbers: dict[int, int] = {}
    return np.array([numbers.setdefault(root(index), len(numbers)) for index in range(num_images)], np.int64)


def worth_comparing(fingerprints: Fingerprints, candidates: Candidates) -> Candidates:
    """All candidates; of pictures whose kind is all alike, only those that could still convince.

    There nearly every picture has candidates and next to none is a copy, so looking at all would take long for nothing.
    """
    count = len(candidates.still)
    if count <= SAMPLE_PAIRS:
        return candidates
    sample = compare(fingerprints, chosen(candidates, np.linspace(0, count - 1, SAMPLE_PAIRS).astype(int)))
    others = sample.likeness[sample.likeness < COPY_LIKENESS]
    if not len(others) or wanted_among(np.array([others.mean()]))[0] <= UNSTRETCHED_FROM:
        return candidates
    whole = np.array([view.down == view.across == (0.0, 0.0) for view in VIEWS])
    return chosen(candidates, np.flatnonzero(whole[candidates.view] & (candidates.agreement >= SAME_AGREEMENT)))


def compare(fingerprints: Fingerprints, candidates: Candidates) -> Aligned:
    """How the candidates lie on each other, and how alike they are then."""
    starts = np.array([start_of(number) for number in range(len(VIEWS))])
    mirrored = np.array([view.mirrored for view in VIEWS])
    motions, likenesses = [np.zeros((0, 4))], [np.zeros(0)]
    for start in range(0, len(candidates.still), PAIRS_AT_ONCE):
        part = chosen(candidates, np.arange(start, min(start + PAIRS_AT_ONCE, len(candidates.still))))
        moving = fingerprints[part.moving]
        turned = mirrored[part.view]
        moving[turned] = moving[turned][:, :, ::-1]
        aligned = align(fingerprints[part.still], moving, starts[part.view])
        motions.append(aligned.motion)
        likenesses.append(aligned.likeness)
    return Aligned(np.concatenate(motions), np.concatenate(likenesses))


def convincing(candidates: Candidates, found: Aligned, num_images: int) -> np.ndarray:
    """Which of the candidates are one photograph, of shape (p).

    A photograph is like its copies and like nothing else. Handwritten digits, or faces, are somewhat like many others;
    the more so, the nearer to 1 a copy among them must come, and the less it may be stretched.
    """
    rows = np.concatenate([candidates.still, candidates.moving])
    others = np.flatnonzero(found.likeness < COPY_LIKENESS)
    usual = float(found.likeness[others].mean()) if len(others) else 0.0
    others = np.concatenate([others, others + len(candidates.still)])
    sums = np.bincount(rows[others], np.tile(found.likeness, 2)[others], num_images)
    kin = (sums + PRIOR_PAIRS * usual) / (np.bincount(rows[others], minlength=num_images) + PRIOR_PAIRS)
    closest = np.maximum(kin[candidates.still], kin[candidates.moving])
    wanted = wanted_among(closest)
    motion = np.abs(found.motion - (1.0, 0.0, 1.0, 0.0)).max(axis=1, initial=0.0)
    accepted: np.ndarray = (found.likeness >= wanted) & ((wanted <= UNSTRETCHED_FROM) | (motion <= LEAST_MOTION))
    return accepted


def wanted_among(kin: np.ndarray) -> np.ndarray:
    """The likeness that is wanted of a copy, given that of the others."""
    wanted: np.ndarray = np.minimum(LEAST_LIKENESS + KIN_WEIGHT * np.maximum(kin - USUAL_KIN, 0.0), MOST_WANTED)
    return wanted


def start_of(number: int) -> tuple[float, float, float, float]:
    """The motion that takes a picture to the window of a view: stretch and shift across, stretch and shift down."""
    (top, bottom), (left, right) = VIEWS[number].down, VIEWS[number].across
    if VIEWS[number].mirrored:
        left, right = right, left
    return 1 - left - right, left - right, 1 - top - bottom, top - bottom
