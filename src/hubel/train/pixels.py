"""All pictures of a data set at hand, for a network that is trained on them again and again."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import suppress

import numpy as np

from hubel.core.arrays import UInt8
from hubel.core.parallel import batches, map_in_order, usable_cores
from hubel.core.types import FeatureMatrix, PixelBatch
from hubel.core.views import show
from hubel.data.images import load_image
from hubel.runtime.engines import BATCH_SIZE, Engine
from hubel.train.features import LARGEST, Extractor
from hubel.train.roomy import room_for

NUM_MEANS = 3
"""What `mean_colours` says of an image."""
AT_ONCE = 64
"""So many pictures are read from the cache at a time."""

Batch = UInt8[np.ndarray, "b h w 3"]
"""Some pictures of one size."""


def mean_colours() -> Engine:
    """In place of a base: the mean colour of each picture, (n 3). So pictures are read, checked and kept as for any base."""

    def run(pixels: PixelBatch) -> dict[str, np.ndarray]:
        return {"features": pixels.mean((1, 2), dtype=np.float32)}

    return Engine("mean-colours", usable_cores(), run)


def read_pixels(
    extractor: Extractor, paths: Sequence[str], contents: Sequence[str], *, most_bytes: int
) -> Generator[int, None, PixelBatch]:
    """The fitted pictures of these files, (n size size 3), from the cache or else from the files; yields how many are done.

    They are in memory, or in a file beside the cache where they take more than `most_bytes`; see `roomy`.

    Parameters
    ----------
    extractor
        Gives image spec and cache; every file was read with it before.
    paths, contents
        The files, and by what content the cache knows each.
    most_bytes
        What may be in memory.

    Raises
    ------
    UsageError
        When there is no room for them.
    """
    rows = extractor.pixel_rows()
    pixels = room_for(len(paths), extractor.spec.size, folder=extractor.cache.folder, most_bytes=most_bytes)
    places = rows.places(contents)

    def work(part: list[int]) -> int:
        kept = [index for index in part if contents[index] in places]
        with suppress(FileNotFoundError):  # another process dropped a shard meanwhile; the files are still there
            pixels[kept] = rows.read([places[contents[index]] for index in kept])
            part = [index for index in part if contents[index] not in places]
        for index in part:
            pixels[index] = load_image(paths[index], extractor.spec)
        return 1

    done = 0
    for _ in map_in_order(work, batches(range(len(paths)), AT_ONCE), workers=usable_cores()):
        done = min(done + AT_ONCE, len(paths))
        yield done
    return pixels


def features_of_pixels(engine: Engine, pixels: PixelBatch, view: str) -> Generator[int, None, FeatureMatrix]:
    """What an engine says of pictures in one view, (n d) float16; yields how many are done."""
    found: list[np.ndarray] = []

    def work(start: int) -> np.ndarray:
        part = pixels[start : start + BATCH_SIZE]
        whole = np.zeros((BATCH_SIZE, *part.shape[1:]), np.uint8)  # always a full batch: every row is computed alike
        whole[: len(part)] = part
        features = engine.run(show(whole, view))["features"][: len(part)]
        return np.asarray(features.clip(-LARGEST, LARGEST).astype(np.float16))

    for features in map_in_order(work, range(0, len(pixels), BATCH_SIZE), workers=engine.workers):
        found.append(features)
        yield min(len(found) * BATCH_SIZE, len(pixels))
    return np.concatenate(found)
