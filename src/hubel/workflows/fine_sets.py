"""What a fine-tuning learns from: views of images run through the frozen half of a base, or the pictures themselves."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hubel.core.events import Event, Note, Progress
from hubel.core.files import cache_root
from hubel.core.types import FeatureMatrix, Labels, PixelBatch
from hubel.core.views import ViewBatch
from hubel.data.cache import PIXEL_SHARE
from hubel.data.images import Refusal, UnreadableImage
from hubel.data.names import shown
from hubel.models.backbone import GRAPH_VERSION
from hubel.runtime.engines import open_engine
from hubel.train.balance import log_rarity
from hubel.train.features import Extractor, extract_features, new_extraction
from hubel.train.fine import MOST_ROW_BYTES, FineTuning, views_that_fit
from hubel.train.head import Head
from hubel.train.learn import Examples
from hubel.train.pixels import read_pixels
from hubel.train.recipes import Recipe
from hubel.train.roomy import most_in_memory
from hubel.train.scratch import Division
from hubel.train.session import Session

if TYPE_CHECKING:
    from torch import Tensor

    from hubel.models.cut import Lower
    from hubel.train.sets import LearningSet, RowSet


@dataclass(frozen=True, slots=True)
class Probe:
    """Phase one: the head on the frozen base, and what it was fitted on."""

    head: Head
    features: FeatureMatrix
    examples: Examples
    division: Division


def tuning_of(session: Session) -> FineTuning:
    """The choices of a fine-tuning."""
    assert session.options.tuning is not None
    return session.options.tuning


def row_sets(
    session: Session, probe: Probe, lower: Lower, recipe: Recipe, *, limit_bytes: int = MOST_ROW_BYTES
) -> Generator[Event, None, tuple[RowSet, RowSet] | None]:
    """What the lower half makes of the images, in all views of those that are learned from; None where memory is too small."""
    import torch

    from hubel.models.convert import convert_module
    from hubel.train.sets import RowSet

    size, division = session.extractor.spec.size, probe.division
    key = f"{session.extractor.base_key}-below-{len(lower.names)}-{size}"
    graph = cache_root() / "graphs" / f"v{GRAPH_VERSION}" / f"{key}.onnx"
    with torch.inference_mode():
        width = lower(torch.zeros(1, size, size, 3, dtype=torch.uint8)).shape[1]
    number = views_that_fit(
        len(division.train), 2 * width, tuning_of(session).views, limit_bytes=min(limit_bytes, most_in_memory())
    )
    if not number:
        yield too_large_note(len(division.train), width)
        return None
    if not graph.is_file():
        convert_module(lower, (size,), graph)
    engine = open_engine(session.extractor.engine.name, graph)
    extractor = replace(
        session.extractor,
        engine=engine,
        base_key=key,
        num_features=width,
        show=shower(session, recipe),
        share=PIXEL_SHARE,
    )
    first, *more = names_of_views(session, recipe, number)
    plain = yield from rows_of_view(session, extractor, first, division.train, hurried=True)
    tuning = yield from rows_of_view(session, extractor, first, division.tuning, hurried=True)
    if plain is None or tuning is None:
        return None
    views = [plain, *(yield from as_many_as_there_is_time_for(session, extractor, more, division.train))]
    labels, num_classes = torch.from_numpy(probe.examples.labels.astype(np.int64)), probe.examples.num_classes
    weights = weights_of_classes(recipe, probe.examples.labels[division.train], num_classes)
    return (
        RowSet([torch.from_numpy(view) for view in views], labels[division.train], num_classes, weights),
        RowSet([torch.from_numpy(tuning)], labels[division.tuning], num_classes),
    )


def weights_of_classes(recipe: Recipe, labels: Labels, num_classes: int) -> Tensor | None:
    """How much an image of each class counts (k), where the recipe lets classes weigh the same."""
    import torch

    if recipe.class_weights is None:
        return None
    return torch.from_numpy(np.exp(log_rarity(labels, num_classes)).astype(np.float32))


def pixel_sets(
    session: Session, probe: Probe, recipe: Recipe
) -> Generator[Event, None, tuple[LearningSet, LearningSet]]:
    """The pictures themselves, for a base of which nothing is frozen."""
    import torch

    from hubel.train.sets import TrainingSet

    found = []
    for rows in (probe.division.train, probe.division.tuning):
        reading = read_pixels(session.extractor, *paths_and_contents(session, rows), most_bytes=most_in_memory())
        pixels = yield from progressing(reading, "gather", len(rows))
        labels = torch.from_numpy(probe.examples.labels[rows].astype(np.int64))
        found.append(TrainingSet(torch.from_numpy(pixels), labels, probe.examples.num_classes))
    weights = weights_of_classes(recipe, probe.examples.labels[probe.division.train], probe.examples.num_classes)
    return replace(found[0], class_weights=weights), found[1]


def rows_of_view(
    session: Session, extractor: Extractor, view: str, rows: np.ndarray, *, hurried: bool = False
) -> Generator[Event, None, FeatureMatrix | None]:
    """What an engine says of one view of images, by their place among those that were read, (r m) float16.

    None where it is `hurried` and the session must stop before all is done.
    """
    paths, contents = paths_and_contents(session, rows)
    extraction = new_extraction(len(paths))
    extraction.contents[:] = contents
    running = extract_features(extractor, paths, view, np.arange(len(paths)), extraction=extraction)
    for done in running:
        yield Progress("views", done, len(paths), None)
        if hurried and done < len(paths) and session.must_stop():
            running.close()
            return None
    if extraction.refused:
        gone = extraction.refused[0]
        raise UnreadableImage(Refusal(gone.refusal), gone.detail, shown(paths[gone.index]))
    return extraction.features[view]


def as_many_as_there_is_time_for(
    session: Session, extractor: Extractor, views: Sequence[str], rows: np.ndarray
) -> Generator[Event, None, list[FeatureMatrix]]:
    """What an engine says of views of images, one after the other as long as the session may go on."""
    found: list[FeatureMatrix] = []
    for view in views:
        said = None if session.must_stop() else (yield from rows_of_view(session, extractor, view, rows, hurried=True))
        if said is None:
            break
        found.append(said)
    return found


def changed_features(session: Session, recipe: Recipe, rows: np.ndarray) -> Generator[Event, None, list[FeatureMatrix]]:
    """What the whole base says of changed views of images."""
    extractor = replace(session.extractor, show=shower(session, recipe), share=PIXEL_SHARE)
    names = names_of_views(session, recipe, tuning_of(session).views)[1:]
    return (yield from as_many_as_there_is_time_for(session, extractor, names, rows))


def names_of_views(session: Session, recipe: Recipe, number: int) -> tuple[str, ...]:
    """The views that are learned from."""
    from hubel.train.changed_views import changed_views

    return changed_views(recipe.augmentation, number, session.options.seed)


def shower(session: Session, recipe: Recipe) -> Callable[[PixelBatch, str], ViewBatch]:
    """What shows these views."""
    from hubel.train.changed_views import show_changed

    return show_changed(recipe.augmentation, session.options.seed)


def paths_and_contents(session: Session, rows: np.ndarray) -> tuple[list[str], list[str]]:
    """Path and content key of images by their place among those that were read."""
    places = session.kept[rows]
    return [session.paths[place] for place in places], [session.extraction.contents[place] for place in places]


def progressing(steps: Generator[int, None, np.ndarray], stage: str, total: int) -> Generator[Event, None, np.ndarray]:
    """The steps of a long piece of work as events; returns what it returns."""
    while True:
        try:
            done = next(steps)
        except StopIteration as end:
            found: np.ndarray = end.value
            return found
        yield Progress(stage, done, total, None)


def sha256_of_images(session: Session, probe: Probe) -> str:
    """One hash over what is learned from, what chooses, and how the images were fitted."""
    digest = hashlib.sha256(session.extractor.spec_key().encode())
    for rows in (probe.division.train, probe.division.tuning):
        for row in rows:
            digest.update(f"{probe.examples.contents[row]} {probe.examples.labels[row]}\n".encode())
        digest.update(b"--")
    return digest.hexdigest()


def too_large_note(num_images: int, width: int) -> Note:
    """Why nothing is fine-tuned."""
    gibibytes = f"{2 * num_images * width / 2**30:.1f} GiB"
    return Note(
        f"Not fine-tuned: what the frozen layers make of {num_images:,} images takes {gibibytes} of memory. Unfreeze fewer layers "
        "(--unfreeze stage:1), or choose a smaller --size.",
        f"미세 조정하지 않음: 고정된 층이 이미지 {num_images:,}장에서 만든 값이 메모리 {gibibytes}를 차지합니다. 더 적은 층을 학습하거나"
        "(--unfreeze stage:1) --size를 줄이세요.",
        "warning",
    )
