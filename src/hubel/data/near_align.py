"""Whether two small pictures are one: the second is laid over the first as well as it goes, then compared block by block.

The lay-over is a stretch and a shift along each axis (what cropping, resizing and an added caption do), found by
Gauss–Newton steps on local contrast from a coarse start (Lucas and Kanade 1981, in the form of Baker and Matthews 2004,
whose slopes stay fixed). Places that do not fit count little (Cauchy's weights), so that a caption does not pull.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hubel.core.arrays import Bool, Float, Float32
from hubel.data.contrast import Maps, Numbers, grid_means, local_contrast, without_shading

Motion = Float[np.ndarray, "n 4"]
"""Stretch and shift across, stretch and shift down; the picture reaches from −1 to 1."""
Likeness = Float[np.ndarray, " n"]
"""0 not at all, 1 the same."""

COARSE_STEPS, FINE_STEPS = 5, 2
COARSE_SIGMA, FINE_SIGMA = 6.0, 3.0
SETTLED = 0.7
"""Misfit, in units of local contrast, at which a place's weight is one half."""
MOST_STRETCH = 0.25
MOST_SHIFT = 0.25
HOPEFUL = 0.5
"""Pairs whose coarse maps agree less are not looked at more closely."""
BLOCKS = 8
"""The blocks along each axis."""
TEXTURE = 2.0
"""Deviation in grey levels below which a block has nothing to compare."""
LEAST_BLOCKS = 8
"""With fewer blocks to compare nothing can be said: blank pictures, even slopes."""
MIDDLE_SPOILT = 0.2
"""The part of the blocks at half height that may be spoilt: captions stand above or below, other things differ there."""
SPOILT, FEW_BLOCKS = 0.4, 20
"""The part of the blocks that a caption may spoil; with so few, none, and with twice as many, all of that part: where most
of a picture is plain, the frame of what is left would do for an agreement."""


LEAST_CROSSWISE = 0.2
"""The part of a picture's detail that is left when the mean of each row, or of each column, is taken away: of stripes less, of
999 photographs in 1,000 more than 0.3."""


@dataclass(frozen=True, slots=True)
class Aligned:
    """How the moving pictures come to lie on the still ones, and how alike they are then."""

    motion: Motion
    likeness: Likeness


def align(still: Numbers, moving: Numbers, start: Motion) -> Aligned:
    """Lay each moving picture over its still one, and compare.

    Parameters
    ----------
    still, moving
        Grey levels, of shape (n, 48, 48).
    start
        Where to begin; right to within a twentieth of the side.
    """
    coarse_still, coarse_moving = (coarse(pictures) for pictures in (still, moving))
    motion = settle(coarse_still, coarse_moving, start, COARSE_STEPS)
    likeness = np.zeros(len(motion), np.float32)
    hopeful = np.flatnonzero(coarse_agreement(coarse_still, coarse_moving, motion) >= HOPEFUL)
    if len(hopeful):
        fine_still, fine_moving = (local_contrast(pictures[hopeful], FINE_SIGMA) for pictures in (still, moving))
        motion[hopeful] = settle(fine_still, fine_moving, motion[hopeful], FINE_STEPS)
        likeness[hopeful] = block_likeness(still[hopeful], moving[hopeful], motion[hopeful])
    return Aligned(motion, likeness)


def has_texture(pictures: Numbers) -> Bool[np.ndarray, " n"]:
    """Whether anything in a picture can be compared."""
    squares = block_sums(without_shading(pictures, FINE_SIGMA) ** 2)
    block_size = (pictures.shape[1] / BLOCKS) ** 2
    textured: np.ndarray = (squares > TEXTURE**2 * block_size).any(axis=1)
    return textured


def is_striped(pictures: Numbers) -> Bool[np.ndarray, " n"]:
    """Whether a picture changes along one axis only: one set of stripes lies on any other of their width, so it tells nothing."""
    detail = without_shading(pictures, COARSE_SIGMA)
    along, across = (np.square(detail - detail.mean(axis, keepdims=True)).sum((1, 2)) for axis in (1, 2))
    striped: np.ndarray = np.minimum(along, across) < LEAST_CROSSWISE * np.square(detail).sum((1, 2))
    return striped


def coarse(pictures: Numbers) -> Float32[np.ndarray, "n _ _"]:
    """Local contrast at half the resolution."""
    maps = local_contrast(pictures, COARSE_SIGMA)
    return grid_means(maps, maps.shape[1] // 2, (0.0, 0.0), (0.0, 0.0))


def settle(still: Maps, moving: Maps, motion: Motion, num_steps: int) -> Motion:
    """The motion after some Gauss–Newton steps."""
    num_pairs, px, _ = still.shape
    places = ((np.arange(px) + 0.5) * 2 / px - 1).astype(np.float32)
    slope_down, slope_across = np.gradient(still, 2 / px, axis=(1, 2))
    slopes = np.stack([slope_across * places, slope_across, slope_down * places[:, None], slope_down], axis=1).reshape(
        num_pairs, 4, px * px
    )
    damping = 1e-3 * px * px * np.eye(4, dtype=np.float32)
    for _ in range(num_steps):
        moved, inside = move(moving, motion)
        misfit = (still - moved).reshape(num_pairs, px * px)
        weights = inside.reshape(num_pairs, px * px) / (1 + (misfit / SETTLED) ** 2)
        weighed = slopes * weights[:, None, :]
        step = np.linalg.solve(weighed @ slopes.transpose(0, 2, 1) + damping, weighed @ misfit[:, :, None])[
            :, :, 0
        ]  # n 4
        motion = motion + step
        stretch = np.clip(motion[:, [0, 2]], 1 - MOST_STRETCH, 1 + MOST_STRETCH)
        shift = np.clip(motion[:, [1, 3]], -MOST_SHIFT, MOST_SHIFT)
        motion = np.stack([stretch[:, 0], shift[:, 0], stretch[:, 1], shift[:, 1]], axis=1)
    return motion


def coarse_agreement(still: Maps, moving: Maps, motion: Motion) -> Likeness:
    """The correlation of coarse maps where the moved one lies on the still one; what a caption spoils counts little."""
    moved, inside = move(moving, motion)
    first, second = np.tanh(still) * inside, np.tanh(moved) * inside
    joint, own, other = (
        np.einsum("nhw,nhw->n", *factors) for factors in ((first, second), (first, first), (second, second))
    )
    agreement: Likeness = joint / np.sqrt(np.maximum(own * other, 1e-6))
    return agreement


def move(pictures: Maps, motion: Motion) -> tuple[Maps, Bool[np.ndarray, "n h w"]]:
    """The pictures under a motion, by linear interpolation, and which places lie inside of them."""
    px = pictures.shape[1]
    places = (np.arange(px) + 0.5) * 2 / px - 1
    across, down = (
        ((motion[:, axis, None] * places + motion[:, axis + 1, None] + 1) * px / 2 - 0.5).astype(np.float32)
        for axis in (0, 2)
    )  # n px
    moved: Maps = hats(down, px) @ pictures @ hats(across, px).transpose(0, 2, 1)
    within_down, within_across = ((at >= -0.5) & (at <= px - 0.5) for at in (down, across))
    return moved, within_down[:, :, None] & within_across[:, None, :]


def hats(positions: np.ndarray, px: int) -> Float32[np.ndarray, "n m px"]:
    """The shares of the px grid points in each of m positions, for linear interpolation: (n, m, px)."""
    inside = np.clip(positions, 0, px - 1)
    shares: np.ndarray = np.maximum(0, 1 - np.abs(inside[:, :, None] - np.arange(px, dtype=np.float32)))
    return shares


def block_likeness(still: Numbers, moving: Numbers, motion: Motion) -> Likeness:
    """How well the moved pictures agree with the still ones where either has texture.

    For each block with texture the normalised correlation of grey levels without shading is taken. The likeness is the
    correlation that all but the part of these blocks reach that may be spoilt, at most two fifths of all and one fifth of
    those at half height; 0 where too few blocks can be compared.
    """
    first = without_shading(still, FINE_SIGMA)
    second, inside = move(without_shading(moving, FINE_SIGMA), motion)
    first, second = first * inside, second * inside
    blocks = [block_sums(product) for product in (first * second, first * first, second * second)]
    covered = block_sums(inside.astype(np.float32))
    size = (first.shape[1] / BLOCKS) ** 2
    joint, own, other = blocks
    deviation = np.sqrt(np.maximum(own, other) / np.maximum(covered, 1))
    texture = (deviation > TEXTURE) & (covered > 0.75 * size)
    correlation = joint / np.sqrt(np.maximum(own * other, 1e-6))
    middle = slice(BLOCKS * BLOCKS // 4, BLOCKS * BLOCKS * 3 // 4)
    likeness: Likeness = np.minimum(
        reached_by_most(correlation, texture, SPOILT),
        reached_by_most(correlation[:, middle], texture[:, middle], MIDDLE_SPOILT),
    )
    return likeness


def reached_by_most(correlation: np.ndarray, texture: np.ndarray, spoilt: float) -> Likeness:
    """The correlation that all but a part of the blocks with texture reach, of shape (n); 0 where these are too few."""
    share = texture.shape[1] / BLOCKS**2
    few, num_blocks = FEW_BLOCKS * share, texture.sum(axis=1)
    ranked = np.sort(np.where(texture, correlation, np.inf), axis=1)
    place = (spoilt * np.clip((num_blocks - few) / few, 0, 1) * num_blocks).astype(int)
    reached = ranked[np.arange(len(ranked)), np.minimum(place, ranked.shape[1] - 1)]
    return np.where(num_blocks >= LEAST_BLOCKS * share, np.clip(reached, 0.0, 1.0), 0.0)


def block_sums(maps: Maps) -> np.ndarray:
    """The sums over the blocks, of shape (n, BLOCKS²)."""
    num, px, _ = maps.shape
    side = px // BLOCKS
    sums: np.ndarray = maps.reshape(num, BLOCKS, side, BLOCKS, side).sum(axis=(2, 4)).reshape(num, BLOCKS**2)
    return sums
