"""Near duplicates: pairs of images that show the same photograph, though not in the same bytes.

They are searched for by coarse local contrast (`near_search`), then laid over each other and compared block by block
(`near_align`), so that neither a common background nor a common subject is enough.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from hubel.core.parallel import map_in_order, usable_cores
from hubel.core.types import Labels
from hubel.data.fingerprint import Fingerprints
from hubel.data.near_align import Aligned, align, has_texture, is_striped
from hubel.data.near_candidates import Candidates, Rows, chosen
from hubel.data.near_frames import without_frames
from hubel.data.near_search import VIEWS, describe, find_candidates, pieces

LEAST_LIKENESS = 0.65
"""What copies reach and different photographs do not."""
USUAL_SQUEEZE, MOST_MORE = 0.1, 0.1
"""Cropping or a line of text stretches one axis by a tenth more than the other; what is squeezed further must be more alike."""
USUAL_KIN, KIN_WEIGHT, MOST_WANTED = 0.1, 1.3, 0.99
"""From which likeness to strangers on more is wanted of a copy, how much more, and the most."""
UNSTRETCHED_FROM, LEAST_MOTION = 0.9, 0.015
"""Where more than this is wanted, a copy must also lie as it is; with stretching, one stroke fits any other."""
SAMPLE_PAIRS, SAME_AGREEMENT = 256, 0.85
"""From how many pairs on a look at strangers comes first, and what copies that lie as they are agree in coarse contrast."""
POOL, PASSED_OVER, MOST_STRANGERS, MOST_ASKED = 256, 2, 4, 1024
"""Among so many pictures strangers are looked for; the likest, who may be copies not yet compared, are passed over; so many
of one picture, and so many in all, are compared."""
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
    originals = first_alike(fingerprints)
    copies = np.flatnonzero(originals != np.arange(len(originals)))
    pairs = [
        NearPair(int(originals[row]), int(row), 1.0)
        for _, part in pieces(copies)
        for row in part[has_texture(fingerprints[part])]
    ]
    different = np.unique(originals)
    # of many pictures that are all different no second array is made
    pictures = without_frames(fingerprints if len(different) == len(fingerprints) else fingerprints[different])
    candidates = worth_comparing(pictures, find_candidates(pictures))
    found = compare(pictures, candidates)
    for place in np.flatnonzero(convincing(pictures, candidates, found)):
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


def first_alike(fingerprints: Fingerprints) -> Labels:
    """For each picture the first row with the same fingerprint, of shape (n)."""
    firsts: dict[bytes, int] = {}
    digests = (blake2b(picture.tobytes(), digest_size=16).digest() for picture in fingerprints)
    return np.array([firsts.setdefault(digest, row) for row, digest in enumerate(digests)], np.int64)


def worth_comparing(fingerprints: Fingerprints, candidates: Candidates) -> Candidates:
    """All candidates; of pictures whose kind is all alike, only those that could still convince.

    There nearly every picture has candidates and next to none is a copy, so looking at all would take long for nothing.
    """
    if len(candidates.still) <= SAMPLE_PAIRS:
        return candidates
    rows = np.linspace(0, len(fingerprints) - 1, SAMPLE_PAIRS // MOST_STRANGERS).astype(int)
    if wanted_among(kin_of(fingerprints, candidates, np.unique(rows)).mean(keepdims=True))[0] <= UNSTRETCHED_FROM:
        return candidates
    whole = np.array([view.down == view.across == (0.0, 0.0) for view in VIEWS])
    return chosen(candidates, np.flatnonzero(whole[candidates.view] & (candidates.agreement >= SAME_AGREEMENT)))


def compare(fingerprints: Fingerprints, candidates: Candidates) -> Aligned:
    """How the candidates lie on each other, and how alike they are then."""
    starts = np.array([start_of(number) for number in range(len(VIEWS))])
    mirrored = np.array([view.mirrored for view in VIEWS])

    def laid(rows: np.ndarray) -> Aligned:
        part = chosen(candidates, rows)
        moving = fingerprints[part.moving]
        turned = mirrored[part.view]
        moving[turned] = moving[turned][:, :, ::-1]
        return align(fingerprints[part.still], moving, starts[part.view])

    rows = np.arange(len(candidates.still))
    aligned = list(map_in_order(laid, (part for _, part in pieces(rows, PAIRS_AT_ONCE)), workers=usable_cores()))
    return Aligned(
        np.concatenate([np.zeros((0, 4)), *(part.motion for part in aligned)]),
        np.concatenate([np.zeros(0), *(part.likeness for part in aligned)]),
    )


def convincing(fingerprints: Fingerprints, candidates: Candidates, found: Aligned) -> np.ndarray:
    """Which of the candidates are one photograph, of shape (p).

    A photograph is like its copies and like nothing else. Handwritten digits, or screenshots of one program, are somewhat
    like many others; the more so, the nearer to 1 a copy among them must come, and the less it may be stretched.
    """
    accepted = found.likeness >= LEAST_LIKENESS
    accepted[accepted] = ~is_striped(fingerprints[candidates.still[accepted]])
    likely = chosen(candidates, np.flatnonzero(accepted))
    rows = np.unique(np.concatenate([likely.still, likely.moving]))
    if not len(rows):
        return accepted
    kin = np.zeros(len(fingerprints))
    kin[rows] = kin_of(fingerprints, likely, rows)
    wanted = wanted_among(np.maximum(kin[likely.still], kin[likely.moving]))
    motion = found.motion[accepted]
    squeeze = np.abs(motion[:, 0] - motion[:, 2])
    enough = np.maximum(wanted, LEAST_LIKENESS + np.clip(squeeze - USUAL_SQUEEZE, 0.0, MOST_MORE))
    lies_well = np.abs(motion - (1.0, 0.0, 1.0, 0.0)).max(axis=1) <= LEAST_MOTION
    accepted[accepted] = (found.likeness[accepted] >= enough) & ((wanted <= UNSTRETCHED_FROM) | lies_well)
    return accepted


def kin_of(fingerprints: Fingerprints, likely: Candidates, rows: Rows) -> np.ndarray:
    """How alike some pictures and the likest of their strangers are, of shape (rows); no less than is usual among them."""
    asked = rows[np.unique(np.linspace(0, len(rows) - 1, MOST_ASKED).astype(int))]
    each = min(MOST_STRANGERS, MOST_ASKED // len(asked))
    likest = np.nan_to_num(likeness_to_strangers(fingerprints, likely, asked, each)).max(axis=1, initial=0.0)
    kin = np.full(len(rows), likest.mean())
    places = np.searchsorted(rows, asked)
    kin[places] = np.maximum(kin[places], likest)
    return kin


def likeness_to_strangers(fingerprints: Fingerprints, likely: Candidates, rows: Rows, each: int) -> np.ndarray:
    """How alike pictures and others are that are no candidates for copies of them, of shape (rows, each).

    Of an even sample of all pictures those are taken that agree best in their coarse contrast; NaN where there are too few.
    """
    total = len(fingerprints)
    pool = np.unique(np.linspace(0, total - 1, min(POOL, total)).astype(int))
    agreement = describe(fingerprints[rows]) @ describe(fingerprints[pool]).T  # rows pool
    low, high = np.minimum(rows[:, None], pool), np.maximum(rows[:, None], pool)
    known = np.minimum(likely.still, likely.moving) * total + np.maximum(likely.still, likely.moving)
    agreement[(low == high) | np.isin(low * total + high, known)] = -np.inf
    best = np.argsort(-agreement, axis=1, kind="stable")[:, PASSED_OVER : PASSED_OVER + each]
    likeness = np.full((len(rows), each), np.nan)
    asked, place = np.nonzero(np.take_along_axis(agreement, best, axis=1) > -np.inf)
    whole = np.zeros(len(asked), np.int64)
    pairs = Candidates(rows[asked], pool[best[asked, place]], whole, np.ones(len(asked), np.float32))
    likeness[asked, place] = compare(fingerprints, pairs).likeness
    return likeness


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
