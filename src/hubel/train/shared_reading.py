"""Reading files by all processes of a team: each decodes its share, and the leader gets pixels.

Machines need not share a disk: a file that another process cannot read, for whatever reason, the leader reads itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from hubel.core.card import ImageSpec
from hubel.core.files import content_key
from hubel.core.parallel import batches, map_in_order, usable_cores
from hubel.core.types import Pixels
from hubel.data.cache import file_stamp
from hubel.data.images import UnreadableImage, read_file, read_image
from hubel.data.resize import fit_image
from hubel.runtime.engines import BATCH_SIZE
from hubel.train.features import Pass, ReadImage, read_here
from hubel.train.team import Message, Team
from hubel.train.traces import TRACE_BYTES, trace_of

READ = "read"
"""The leader's call to read files."""
AT_ONCE = 64
"""So many files each process reads before the leader hears of them."""
Decoded = tuple[str, Pixels, np.ndarray]
"""An image's content key, its fitted pixels (size size 3) and its trace."""


def read_together(team: Team, reading: Pass, missing: Sequence[int]) -> Iterator[list[ReadImage]]:
    """What `features.read_here` gives, read by all; whenever it has given something, nobody is busy.

    Parameters
    ----------
    team
        Led by this process.
    reading, missing
        As for `features.read_here`.
    """
    contents, stored = reading.extraction.contents, reading.stored
    yield from read_here(reading, [index for index in missing if contents[index] in stored])
    far = [index for index in missing if contents[index] not in stored]
    for together in batches(far, AT_ONCE * team.size):
        shares = [together[rank :: team.size] for rank in range(team.size)]
        stamps = {index: file_stamp(reading.paths[index]) for share in shares[1:] for index in share}
        spec = reading.extractor.spec.model_dump(mode="json")
        team.tell(
            {"call": READ, "spec": spec, "paths": [[reading.paths[index] for index in share] for share in shares]}
        )
        read = list(read_here(reading, shares[0]))
        for share, (record, (pixels, traces)) in zip(shares[1:], team.collect(), strict=True):
            there = {place: row for row, place in enumerate(record["places"])}
            images = [
                ReadImage(
                    index, record["contents"][there[place]], stamps[index],
                    pixels=pixels[there[place]], trace=traces[there[place]], new_trace=True,
                )
                for place, index in enumerate(share) if place in there
            ]  # fmt: skip
            read += [reading.run(part) for part in batches(images, BATCH_SIZE)]
            read += read_here(reading, [index for place, index in enumerate(share) if place not in there])
        yield from read


def read_share(team: Team, call: dict[str, Any]) -> Message:
    """What another process answers to the leader's call: of its share the files that it could read, their pixels and traces."""
    spec, paths = ImageSpec.model_validate(call["spec"]), call["paths"][team.rank]
    workers = max(1, usable_cores() // team.local_size) + 1
    decoded = list(map_in_order(lambda path: decode(path, spec), paths, workers=workers))
    found = [(place, image) for place, image in enumerate(decoded) if image is not None]
    pixels, traces = (
        np.empty((len(found), spec.size, spec.size, 3), np.uint8),
        np.empty((len(found), TRACE_BYTES), np.uint8),
    )
    for row, (_, (_, picture, trace)) in enumerate(found):
        pixels[row], traces[row] = picture, trace
    return {"places": [place for place, _ in found], "contents": [image[0] for _, image in found]}, [pixels, traces]


def decode(path: str, spec: ImageSpec) -> Decoded | None:
    """One file, read and fitted as everywhere; None where this process cannot."""
    try:
        data = read_file(path)
        pixels = read_image(data, shorter_side=spec.size)
    except UnreadableImage:  # the leader tries, too, and says why
        return None
    fitted = fit_image(pixels, spec)
    return content_key(data), fitted, trace_of(fitted if spec.resize == "squash" else pixels, data)
