"""From image files to features: reading, fitting and the frozen base in one pass over both cores, cached by content.

Every worker thread reads a batch of files and runs the base on it, so that the cores share decoding and inference
without a queue between them. Files are visited in a random order: a pass that is stopped early, by the user or by the
budget, has seen a fair sample of every class.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

import numpy as np

from hubel.core.card import ImageSpec
from hubel.core.files import content_key
from hubel.core.parallel import batches, map_in_order
from hubel.core.types import FeatureMatrix, PixelBatch, Pixels
from hubel.core.views import ViewBatch
from hubel.core.views import show as show_view
from hubel.data.cache import PIXEL_SHARE, Cache, Place, RowStore, file_stamp
from hubel.data.images import Refusal, UnreadableImage, read_file, read_image
from hubel.data.resize import fit_image
from hubel.runtime.engines import BATCH_SIZE, Engine
from hubel.train.traces import TRACE_BYTES, TRACE_KIND, trace_of

COMMIT_SECONDS = 1.0
"""How often what was computed becomes safe from a crash."""
LARGEST = float(np.finfo(np.float16).max)
READING_VERSION = 1
"""Raised when reading or fitting gives other pixels than before, so that kept ones are not used."""
PASSING_REFUSALS = (Refusal.NEEDS_PLUGIN, Refusal.UNSUPPORTED_FORMAT)
"""What another package could mend is tried again in every run."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that was set aside."""

    index: int
    refusal: str
    detail: str


@dataclass(slots=True)
class Extraction:
    """What is known so far of n files: `features` (n d) float16 by view, rows valid where `done`; content keys; refusals.

    `traces` (n `TRACE_BYTES`) are what images are told apart by, whatever the view; they are valid where `traced`.

    Grows while `extract_features` runs.
    """

    contents: list[str]
    done: np.ndarray
    features: dict[str, FeatureMatrix]
    traces: np.ndarray
    traced: np.ndarray
    refused: list[Refused] = field(default_factory=list)
    num_from_cache: int = 0


@dataclass(frozen=True, slots=True)
class Extractor:
    """What makes features: the engine with the base's graph, the spec of its input, the cache, and the base's name in it.

    `show` makes views of pictures by name; `share` is what of the cache the features of a view may take.
    """

    engine: Engine
    spec: ImageSpec
    cache: Cache
    base_key: str
    num_features: int
    show: Callable[[PixelBatch, str], ViewBatch] = show_view
    share: float = 1.0
    read: Read | None = None  # by whom files are read; by this process if not given

    def feature_rows(self, view: str) -> RowStore:
        """The cache's features of one view."""
        kind = f"features:{self.base_key}:{self.engine.name}:{self.spec_key()}:{view}"
        return self.cache.rows(kind, (self.num_features,), np.float16, share=self.share)

    def pixel_rows(self) -> RowStore:
        """The cache's fitted pixels."""
        size = self.spec.size
        return self.cache.rows(f"pixels:{self.spec_key()}", (size, size, 3), np.uint8, share=PIXEL_SHARE)

    def trace_rows(self) -> RowStore:
        """The cache's traces; they are made of what reading gives, so they depend on the spec a little."""
        return self.cache.rows(f"{TRACE_KIND}:{self.spec_key()}", (TRACE_BYTES,), np.uint8)

    def spec_key(self) -> str:
        """The image spec as a word."""
        return f"{self.spec.resize}-{self.spec.filter}-{self.spec.size}-{READING_VERSION}"


@dataclass(frozen=True, slots=True)
class ReadImage:
    """What became of one file: its content key, and its features; or its pixels, still to be run; or why it was refused.

    `trace` is there where the extraction does not have it yet, `new_trace` where the cache does not either. `stamp` is the file's as it was before reading, None where the file was not opened.
    """

    index: int
    content: str
    stamp: str | None = None
    features: np.ndarray | None = None
    pixels: Pixels | None = None
    trace: np.ndarray | None = None
    new_trace: bool = False
    refused: Refused | None = None
    from_cache: bool = False


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
    rows, pixel_rows, trace_rows = extractor.feature_rows(view), extractor.pixel_rows(), extractor.trace_rows()
    recall_contents(extractor.cache, paths, extraction)
    recall_rows(trace_rows, extraction.contents, extraction.traces, extraction.traced)
    done = np.zeros(len(paths), bool)
    recall_rows(rows, extraction.contents, features, done)
    done &= extraction.traced  # what was kept before traces were is read once more
    extraction.num_from_cache += int(done.sum())
    extraction.done[:] = done
    num_done = int(done.sum()) + len(extraction.refused)
    yield num_done
    refused = {entry.index for entry in extraction.refused}
    missing = [int(index) for index in order if not done[index] and int(index) not in refused]
    stored = pixel_rows.places(extraction.contents[index] for index in missing if extraction.contents[index])
    kept = frozenset(store.kind for store in (rows, trace_rows) if store.holds_any())
    reading = Pass(extractor, paths, view, extraction, rows, pixel_rows, trace_rows, stored, kept)
    committed = time.monotonic()
    try:
        for batch in (extractor.read or read_here)(reading, missing):
            reading.keep_batch(batch)
            num_done += len(batch)
            if time.monotonic() - committed > COMMIT_SECONDS:
                extractor.cache.commit()
                committed = time.monotonic()
            yield num_done
    finally:  # also when it is closed early
        extractor.cache.commit()


def read_here(reading: Pass, missing: Sequence[int]) -> Iterator[list[ReadImage]]:
    """Read files by the threads of this process, batch after batch."""
    readers = reading.extractor.engine.workers + 1  # while one waits, for the disk or another's turn, no core is idle
    return map_in_order(reading.read_batch, batches(missing, BATCH_SIZE), workers=readers)


def new_extraction(num_files: int) -> Extraction:
    """Nothing known yet of so many files."""
    traces = np.zeros((num_files, TRACE_BYTES), np.uint8)
    return Extraction([""] * num_files, np.zeros(num_files, bool), {}, traces, np.zeros(num_files, bool))


def recall_contents(cache: Cache, paths: Sequence[str], extraction: Extraction) -> None:
    """Take from the cache which contents these files have, and which of them cannot be read."""
    unknown = [index for index, content in enumerate(extraction.contents) if not content]
    for index, content in zip(unknown, cache.contents_of([paths[index] for index in unknown]), strict=True):
        extraction.contents[index] = content or ""
    already = {entry.index for entry in extraction.refused}
    refusals = cache.refusals_of({content for content in extraction.contents if content})
    for index, content in enumerate(extraction.contents):
        if content in refusals and index not in already:
            extraction.refused.append(Refused(index, *refusals[content]))


def recall_rows(store: RowStore, contents: Sequence[str], rows: np.ndarray, there: np.ndarray) -> None:
    """Fill `rows` (n …) with what the cache has of these contents, where it is not `there` (n) yet, and note it there."""
    places = store.places({content for content, known in zip(contents, there, strict=True) if content and not known})
    found = [index for index, content in enumerate(contents) if content in places and not there[index]]
    for part in batches(found, 4096):
        try:
            rows[part] = store.read([places[contents[index]] for index in part])
        except FileNotFoundError:  # another process dropped a shard meanwhile: these are computed again
            continue
        there[part] = True


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass over the files with one view; `stored` says where the cache has pixels of them, `kept` of which kinds it has rows."""

    extractor: Extractor
    paths: Sequence[str]
    view: str
    extraction: Extraction
    feature_rows: RowStore
    pixel_rows: RowStore
    trace_rows: RowStore
    stored: dict[str, Place]
    kept: frozenset[str]

    def read_batch(self, indices: list[int]) -> list[ReadImage]:
        """Read, fit and run one batch; called in a worker thread."""
        return self.run([self.read_one(index) for index in indices])

    def run(self, images: list[ReadImage]) -> list[ReadImage]:
        """The same images, with features instead of pixels."""
        to_run = {position: image.pixels for position, image in enumerate(images) if image.pixels is not None}
        if not to_run:
            return images
        size = self.extractor.spec.size
        pixels = np.zeros((BATCH_SIZE, size, size, 3), np.uint8)  # always a full batch: every row is computed alike
        for position, picture in to_run.items():
            pixels[position] = picture
        features = (
            self.extractor.engine.run(self.extractor.show(pixels, self.view))["features"]
            .clip(-LARGEST, LARGEST)
            .astype(np.float16)
        )
        for position in to_run:
            images[position] = replace(images[position], features=features[position])
        return images

    def read_one(self, index: int) -> ReadImage:
        """One image's pixels, from the cache or the file; or its features, where the content turns out to be known."""
        content, traced = self.extraction.contents[index], bool(self.extraction.traced[index])
        if content in self.stored and traced:
            with suppress(FileNotFoundError):  # another process dropped the shard meanwhile; the file is still there
                return ReadImage(
                    index, content, pixels=self.pixel_rows.read([self.stored[content]])[0], from_cache=True
                )
        stamp, content = file_stamp(self.paths[index]), ""
        try:
            data = read_file(self.paths[index])
            content = content_key(data)
            features, trace = self.kept_row(self.feature_rows, content), self.kept_row(self.trace_rows, content)
            if features is not None and trace is not None:
                return ReadImage(index, content, stamp, features=features, trace=trace, from_cache=True)
            spec = self.extractor.spec
            pixels = read_image(data, shorter_side=spec.size)
            fitted = fit_image(pixels, spec)
            if trace is not None:
                return ReadImage(index, content, stamp, pixels=fitted, trace=trace)
            # what a square keeps of the whole picture will do, and is smaller
            trace = trace_of(fitted if spec.resize == "squash" else pixels, data)
            if features is not None:
                return ReadImage(index, content, stamp, features=features, trace=trace, new_trace=True, from_cache=True)
            return ReadImage(index, content, stamp, pixels=fitted, trace=trace, new_trace=True)
        except UnreadableImage as error:
            return ReadImage(index, content, stamp, refused=Refused(index, error.refusal, error.detail))

    def kept_row(self, store: RowStore, content: str) -> np.ndarray | None:
        """What the cache has of one content; None where it has nothing, or another process has just dropped it."""
        place = store.places([content]) if store.kind in self.kept else {}
        with suppress(FileNotFoundError):
            return store.read([place[content]])[0] if place else None
        return None

    def keep_batch(self, batch: list[ReadImage]) -> None:
        """Put a batch's results where they belong: into the extraction, and into the cache."""
        extraction, cache = self.extraction, self.extractor.cache
        for image in batch:
            extraction.contents[image.index] = image.content
            if image.refused is not None:
                extraction.refused.append(image.refused)
                if image.content and image.refused.refusal not in PASSING_REFUSALS:
                    cache.remember_refusal(image.content, image.refused.refusal, image.refused.detail)
            elif image.features is not None:
                if image.trace is not None:
                    extraction.traces[image.index], extraction.traced[image.index] = image.trace, True
                extraction.features[self.view][image.index] = image.features
                extraction.done[image.index] = True
        self.keep_rows(
            self.feature_rows, [(image.content, image.features) for image in batch if image.pixels is not None]
        )
        self.keep_rows(self.trace_rows, [(image.content, image.trace) for image in batch if image.new_trace])
        self.keep_rows(self.pixel_rows, [(image.content, image.pixels) for image in batch if not image.from_cache])
        extraction.num_from_cache += sum(image.features is not None and image.pixels is None for image in batch)
        cache.remember_contents(
            (self.paths[image.index], image.stamp, image.content) for image in batch if image.content
        )

    def keep_rows(self, store: RowStore, rows: list[tuple[str, np.ndarray | None]]) -> None:
        """Put rows into the cache."""
        there = [(content, row) for content, row in rows if row is not None]
        if there:
            store.append([content for content, _ in there], np.stack([row for _, row in there]))


Read = Callable[[Pass, Sequence[int]], Iterator[list[ReadImage]]]
"""Reads the files at these places and gives batches with their features."""
