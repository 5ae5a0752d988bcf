"""From image files to features: reading, fitting and the frozen base in one pass over both cores, cached by content.

Every worker thread reads a batch of files and runs the base on it, so that the cores share decoding and inference
without a queue between them. Files are visited in a random order: a pass that is stopped early, by the user or by the
budget, has seen a fair sample of every class.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field

import numpy as np

from hubel.core.card import ImageSpec
from hubel.core.parallel import batches, map_in_order
from hubel.core.types import FeatureMatrix, PixelBatch
from hubel.core.views import show
from hubel.data.cache import PIXEL_SHARE, Cache, RowStore, file_stamp
from hubel.data.images import UnreadableImage, load_image, read_file
from hubel.runtime.engines import BATCH_SIZE, Engine

COMMIT_SECONDS = 5.0
"""How often what was computed becomes safe from a crash."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that was set aside."""

    index: int
    refusal: str
    detail: str


@dataclass(slots=True)
class Extraction:
    """What is known so far of n files: `features` (n d) float16 by view, rows valid where `done`; content keys; refusals.

    Grows while `extract_features` runs.
    """

    contents: list[str]
    done: np.ndarray
    features: dict[str, FeatureMatrix]
    refused: list[Refused] = field(default_factory=list)
    num_from_cache: int = 0


@dataclass(frozen=True, slots=True)
class Extractor:
    """What makes features: the engine with the base's graph, the spec of its input, the cache, and the base's name in it."""

    engine: Engine
    spec: ImageSpec
    cache: Cache
    base_key: str
    num_features: int

    def feature_rows(self, view: str) -> RowStore:
        """The cache's features of one view."""
        kind = f"features:{self.base_key}:{self.engine.name}:{self.spec_key()}:{view}"
        return self.cache.rows(kind, (self.num_features,), np.float16)

    def pixel_rows(self) -> RowStore:
        """The cache's fitted pixels."""
        size = self.spec.size
        return self.cache.rows(f"pixels:{self.spec_key()}", (size, size, 3), np.uint8, share=PIXEL_SHARE)

    def spec_key(self) -> str:
        """The image spec as a word."""
        return f"{self.spec.resize}-{self.spec.filter}-{self.spec.size}"


@dataclass(frozen=True, slots=True)
class ReadBatch:
    """What one worker made of one batch: positions, contents, stamps, and for those read, pixels and features."""

    indices: list[int]
    contents: list[str]
    stamps: list[str | None]
    refused: list[Refused]
    read: list[int]  # positions in `indices` of the images that were read
    pixels: PixelBatch
    features: FeatureMatrix


def extract_features(
    extractor: Extractor, paths: Sequence[str], view: str, order: np.ndarray, *, extraction: Extraction
) -> Generator[int, None, None]:
    """Fill `extraction` with the features of one view; yields how many files are done. Close it to stop early.

    Parameters
    ----------
    extractor
        The engine, spec and cache.
    paths
        The n files.
    view
        A name of `core.views`.
    order
        The order of visiting, a permutation of n.
    extraction
        What is known so far; see `new_extraction`.
    """
    features = extraction.features.setdefault(view, np.zeros((len(paths), extractor.num_features), np.float16))
    rows, pixel_rows = extractor.feature_rows(view), extractor.pixel_rows()
    done = recall(extractor, paths, features, rows, extraction)
    extraction.done[:] = done
    num_done = int(done.sum()) + len(extraction.refused)
    yield num_done
    refused = {entry.index for entry in extraction.refused}
    missing = [int(index) for index in order if not done[index] and int(index) not in refused]
    stored = pixel_rows.places(extraction.contents[index] for index in missing if extraction.contents[index])
    reading = Pass(extractor, paths, view, extraction, rows, pixel_rows, stored)
    committed = time.monotonic()
    batched = batches(missing, BATCH_SIZE)
    for batch in map_in_order(reading.read_batch, batched, workers=extractor.engine.workers):
        reading.keep_batch(batch)
        num_done += len(batch.indices)
        if time.monotonic() - committed > COMMIT_SECONDS:
            extractor.cache.index.commit()
            committed = time.monotonic()
        yield num_done
    extractor.cache.index.commit()


def new_extraction(num_files: int) -> Extraction:
    """Nothing known yet of so many files."""
    return Extraction([""] * num_files, np.zeros(num_files, bool), {})


def recall(
    extractor: Extractor, paths: Sequence[str], features: FeatureMatrix, store: RowStore, extraction: Extraction
) -> np.ndarray:
    """Take from the cache what it has of these files; returns which are done, of shape (n)."""
    cache = extractor.cache
    done = np.zeros(len(paths), bool)
    unknown = [index for index, content in enumerate(extraction.contents) if not content]
    for index, content in zip(unknown, cache.contents_of([paths[index] for index in unknown]), strict=True):
        extraction.contents[index] = content or ""
    known = [index for index, content in enumerate(extraction.contents) if content]
    already = {entry.index for entry in extraction.refused}
    refusals = cache.refusals_of({extraction.contents[index] for index in known})
    for index in known:
        if extraction.contents[index] in refusals and index not in already:
            extraction.refused.append(Refused(index, *refusals[extraction.contents[index]]))
    places = store.places({extraction.contents[index] for index in known})
    found = [index for index in known if extraction.contents[index] in places]
    for part in batches(found, 4096):
        features[part] = store.read([places[extraction.contents[index]] for index in part])
    done[found] = True
    extraction.num_from_cache += len(found)
    return done


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass over the files with one view; `stored` says where the cache has pixels of them."""

    extractor: Extractor
    paths: Sequence[str]
    view: str
    extraction: Extraction
    feature_rows: RowStore
    pixel_rows: RowStore
    stored: dict[str, tuple[str, int]]

    def read_batch(self, indices: list[int]) -> ReadBatch:
        """Read, fit and run one batch; called in a worker thread."""
        size = self.extractor.spec.size
        pixels = np.zeros((BATCH_SIZE, size, size, 3), np.uint8)  # always a full batch: every row is computed alike
        keys: list[str] = []
        stamps: list[str | None] = []
        refused: list[Refused] = []
        read: list[int] = []
        for position, index in enumerate(indices):
            key, stamp = self.extraction.contents[index], None
            try:
                if key in self.stored:
                    pixels[position] = self.pixel_rows.read([self.stored[key]])[0]
                else:
                    stamp = file_stamp(self.paths[index])
                    data = read_file(self.paths[index])
                    key = hashlib.blake2b(data, digest_size=16).hexdigest()
                    pixels[position] = load_image(data, self.extractor.spec)
                read.append(position)
            except UnreadableImage as error:
                refused.append(Refused(index, str(error.refusal), error.detail))
            keys.append(key)
            stamps.append(stamp)
        features = self.extractor.engine.run(show(pixels, self.view))["features"].astype(np.float16)
        return ReadBatch(indices, keys, stamps, refused, read, pixels, features)

    def keep_batch(self, batch: ReadBatch) -> None:
        """Put a batch's results where they belong: into the extraction, and into the cache."""
        for index, key in zip(batch.indices, batch.contents, strict=True):
            self.extraction.contents[index] = key
        positions = np.array(batch.read, int)
        rows = np.array(batch.indices, int)[positions]
        self.extraction.features[self.view][rows] = batch.features[positions]
        self.extraction.done[rows] = True
        self.feature_rows.append([batch.contents[position] for position in batch.read], batch.features[positions])
        fresh = [position for position in batch.read if batch.stamps[position] is not None]
        self.pixel_rows.append([batch.contents[position] for position in fresh], batch.pixels[fresh])
        paths = (self.paths[index] for index in batch.indices)
        cache = self.extractor.cache
        entries = zip(paths, batch.stamps, batch.contents, strict=True)
        cache.remember_contents((path, stamp, key) for path, stamp, key in entries if key)
        for entry in batch.refused:
            self.extraction.refused.append(entry)
            if self.extraction.contents[entry.index]:
                cache.remember_refusal(self.extraction.contents[entry.index], entry.refusal, entry.detail)
