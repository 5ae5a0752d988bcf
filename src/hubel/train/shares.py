"""Which images of a batch this process learns from, and in how many pieces."""

from __future__ import annotations

from dataclasses import dataclass

from hubel.train.team import Team

LEAST_PIECE = 2
"""Batch norm cannot learn from one image."""


@dataclass(frozen=True, slots=True)
class Share:
    """The places in a batch of `total` images that are this process's, piece after piece.

    `sizes` are the pieces' lengths: gradients are summed over them before the weights move.
    """

    places: tuple[int, ...]
    sizes: tuple[int, ...]
    total: int

    @property
    def is_all(self) -> bool:
        """Whether there is nobody else."""
        return len(self.places) == self.total


def share_of(num_images: int, num_pieces: int, team: Team) -> Share:
    """Cut a batch into pieces and each piece into the shares of a team, so that a piece is the same images in any team.

    Parameters
    ----------
    num_images
        Of the batch.
    num_pieces
        As the recipe's `accumulate` asks; fewer where a piece would have less than two images.
    team
        Who learns from it together.

    Examples
    --------
    >>> share_of(8, 2, Team(rank=1, size=2))
    Share(places=(2, 3, 6, 7), sizes=(2, 2), total=8)
    """
    number = max(1, min(num_pieces, num_images // LEAST_PIECE))
    parts = [team.share(num_images * piece // number, num_images * (piece + 1) // number) for piece in range(number)]
    return Share(tuple(place for part in parts for place in part), tuple(map(len, parts)), num_images)
