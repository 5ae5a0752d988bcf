"""Which pairs of pictures are worth a closer look: those that agree in their coarse local contrast.

Each picture becomes a short unit vector. It is searched for as it is, mirrored, and without a tenth of its height and
width on different sides, so that a crop is found from the picture it was cut from; what matters is the best of these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from hubel.core.arrays import Float32
from hubel.core.parallel import map_in_order, usable_cores
from hubel.data.contrast import Maps, grid_means, local_contrast
from hubel.data.fingerprint import Fingerprints
from hubel.data.near_candidates import RUN, Candidates, Vectors, search

Cells = Float32[np.ndarray, "n cells"]
"""Local contrast in a grid of cells, row by row."""

Result = TypeVar("Result")

CELLS = 12
DIMENSIONS = 64
SIGMA = 4.0
CROP = 0.1
EVENING = 0.25
"""How far the axes are evened: 0 not at all, 0.5 wholly, which would make the faint ones too loud."""
BASIS_PICTURES = 4000
ROWS_AT_ONCE = 256
"""Pictures whose maps of contrast a core holds at once: 2 MB each, of which there are a handful."""


@dataclass(frozen=True, slots=True)
class View:
    """How a picture is searched for: what is left out at the first and last side of each axis, and mirrored or not."""

    down: tuple[float, float] = (0.0, 0.0)
    across: tuple[float, float] = (0.0, 0.0)
    mirrored: bool = False


CORNERS = tuple(
    ((CROP * (1 - down), CROP * down), (CROP * (1 - across), CROP * across)) for down in (0, 1) for across in (0, 1)
)
WINDOWS = (((0.0, 0.0), (0.0, 0.0)), *CORNERS, ((CROP, 0.0), (0.0, 0.0)), ((0.0, CROP), (0.0, 0.0)))
"""The last two find a picture to which a line of text was added above or below."""
VIEWS = tuple(View(*window, mirrored) for window in WINDOWS for mirrored in (False, True))


def describe(fingerprints: Fingerprints) -> Vectors:
    """Coarse local contrast as unit vectors of shape (n, d); of a blank picture, nothing but zeros."""
    return unit(plain_cells(fingerprints))


def find_candidates(fingerprints: Fingerprints) -> Candidates:
    """The pairs that agree best, each pair once; `view` is an index into `VIEWS`.

    Parameters
    ----------
    fingerprints
        Of shape (n, 48, 48).
    """
    cells = plain_cells(fingerprints)
    basis = find_basis(cells)

    def under_all_views(part: Fingerprints) -> list[Vectors]:
        maps = local_contrast(part, SIGMA)
        return [basis.project(cells_of(maps, view)) for view in VIEWS]

    def asked() -> Iterator[tuple[int, list[Vectors]]]:
        for start, run in pieces(fingerprints, RUN):
            parts = by_pieces(under_all_views, run)
            yield start, [np.concatenate(vectors) for vectors in zip(*parts, strict=True)]

    return search(basis.project(cells), asked())


def plain_cells(fingerprints: Fingerprints) -> Cells:
    """What is compared of each picture as it is, of shape (n, CELLS²)."""
    parts = by_pieces(lambda part: cells_of(local_contrast(part, SIGMA), VIEWS[0]), fingerprints)
    return np.concatenate([np.zeros((0, CELLS**2), np.float32), *parts])


def cells_of(maps: Maps, view: View) -> Cells:
    """What is compared of each picture under a view, of shape (n, CELLS²)."""
    cells = grid_means(maps, CELLS, view.down, view.across)
    return (cells[:, :, ::-1] if view.mirrored else cells).reshape(len(cells), -1)


@dataclass(frozen=True, slots=True)
class Basis:
    """What all pictures of a set have in common, to be taken away, and the axes along which they differ, evened out.

    Without this a set of faces, or of things on white, would be one heap of pairs that all agree.
    """

    mean: np.ndarray  # (CELLS²)
    axes: np.ndarray  # (CELLS², d)

    def project(self, cells: Cells) -> Vectors:
        """Unit vectors in this basis."""
        return unit((cells - self.mean) @ self.axes)


def find_basis(plain: Cells) -> Basis:
    """The basis of a set, from some of its pictures, mirrored too."""
    some = plain[:: max(1, -(-len(plain) // BASIS_PICTURES))]
    mirrored = some.reshape(-1, CELLS, CELLS)[:, :, ::-1].reshape(some.shape)
    cells = np.concatenate([some, mirrored])
    mean = cells.mean(axis=0)
    variances, axes = np.linalg.eigh((cells - mean).T @ (cells - mean) / len(cells))
    # a few pictures say little about their axes: the part added keeps them as they are
    kept = variances.mean() * (0.01 + CELLS**2 / len(cells))
    evened = np.maximum(variances + kept, np.finfo(np.float32).tiny) ** -EVENING
    return Basis(mean, (axes * evened)[:, -DIMENSIONS:].astype(np.float32))


def pieces(rows: np.ndarray, at_once: int = ROWS_AT_ONCE) -> Iterator[tuple[int, np.ndarray]]:
    """Runs of rows with the number of their first."""
    for start in range(0, len(rows), at_once):
        yield start, rows[start : start + at_once]


def by_pieces(work: Callable[[np.ndarray], Result], rows: np.ndarray) -> list[Result]:
    """What `work` makes of every piece, in order, by all cores."""
    return list(map_in_order(work, (part for _, part in pieces(rows)), workers=usable_cores()))


def unit(vectors: np.ndarray) -> Vectors:
    """The rows at length one; what is next to nothing stays so."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: Vectors = (vectors / np.maximum(lengths, 1e-3)).astype(np.float32)
    return scaled
