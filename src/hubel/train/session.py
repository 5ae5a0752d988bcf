"""One training, from a source of images to features: what is opened, what is chosen, what was read."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from hubel.core.card import ImageSpec
from hubel.core.errors import DataError
from hubel.core.events import Event, Note, Progress
from hubel.core.language import say
from hubel.core.learning import Learning
from hubel.core.seeds import generator
from hubel.core.types import FeatureMatrix
from hubel.core.views import VIEWS, border_px
from hubel.data.cache import Cache
from hubel.data.dataset import Dataset, Example, check_trainable
from hubel.data.images import ImageFacts, Refusal, UnreadableImage, read_facts
from hubel.data.licences import Origin
from hubel.data.names import shown
from hubel.data.resize import choose_resize
from hubel.models.backbone import Backbone, open_backbone
from hubel.runtime.engines import open_engine
from hubel.runtime.probe import WORTH_MEASURING, fastest_engine, seconds_per_image
from hubel.train.features import Extraction, Extractor, extract_features, new_extraction
from hubel.train.learn import Examples, Learned
from hubel.train.options import TrainOptions
from hubel.train.plan import SECONDS_AFTER, SECONDS_AROUND, plan_size
from hubel.train.related import Related, find_related

GOOD_ENOUGH = 0.985
"""From this cross-validated accuracy on, another view could not be seen to help; it would only make the model slower."""
MOST_FOR_VIEWS = 5_000
"""Without a budget, no further view is tried for more images than this."""
WORTH_A_VIEW = 0.95
"""Another view doubles the cost of every prediction, so it must bring the log loss down to this share."""
NUM_FACTS = 256
"""How many headers are read to learn the shapes of the pictures."""


@dataclass(slots=True)
class Session:
    """A training in progress. `kept` are the positions in the data set of the images that were read."""

    dataset: Dataset
    backbone: Backbone
    extractor: Extractor
    extraction: Extraction
    options: TrainOptions
    started: float
    seconds_per_image: float
    stop: Callable[[], bool]
    facts: dict[int, ImageFacts]  # headers of a sample, by their positions
    opened: float = 0.0  # seconds from the beginning until everything was ready to read
    views: list[str] = field(default_factory=list)
    complete: list[np.ndarray] = field(default_factory=list)  # what was read in this and all earlier of `views`
    stopped_early: bool = False
    related: Related | None = None  # among the images at `related_rows`
    related_rows: np.ndarray = field(default_factory=lambda: np.zeros(0, int))
    by_values: list[str] | None = None  # per example, what the table says in the column `options.by`
    origins: list[Origin] | None = None  # per example, its licence and source
    source: str = ""  # what the user called the data
    learning: Learning | None = None  # how the base was trained, where it is the user's own
    paths: list[str] = field(init=False)  # the files, in the data set's order

    def __post_init__(self) -> None:
        self.paths = [example.path for example in self.dataset.examples]

    @property
    def kept(self) -> np.ndarray:
        """The positions of the images that were read, in order."""
        return np.flatnonzero(self.extraction.done)

    def elapsed(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self.started

    def seconds_left(self) -> float:
        """What the budget has left for reading; infinity without one."""
        budget = self.options.budget
        return math.inf if budget is None else budget - self.elapsed() - max(SECONDS_AFTER, 1.5 * self.opened)

    def must_stop(self) -> bool:
        """Whether the user asked to finish, or the budget leaves no time to read on."""
        return self.stop() or self.seconds_left() <= 0

    def is_late(self) -> bool:
        """Whether the budget leaves no time for more than a quick end."""
        return self.options.budget is not None and self.elapsed() > self.options.budget - SECONDS_AFTER / 2

    def can_learn(self) -> bool:
        """Whether enough was read for a usable run: two training images of every class, or a whole view."""
        examples = (self.dataset.examples[index] for index in self.kept)
        read = self.dataset.class_counts(example for example in examples if example.split in (None, "train"))
        return bool(self.views) or all(read[label] >= 2 for label in range(len(self.dataset.classes)))


def open_session(
    dataset: Dataset, options: TrainOptions, *, folder: Path, cache: Cache, stop: Callable[[], bool], started: float
) -> tuple[Session, list[Note]]:
    """Open base and engine, and choose how images are fitted.

    Parameters
    ----------
    dataset
        What to learn from.
    options
        What the user chose.
    folder
        Where graphs and measurements are kept.
    cache
        Where pixels and features are kept.
    stop
        Asked between batches; True ends the reading.
    started
        When the run began, by ``time.monotonic``.

    Returns
    -------
    tuple
        The session, and notes on what was chosen and why.
    """
    check_trainable(dataset)
    facts = sample_facts([example.path for example in dataset.examples], options.seed)
    shapes = [(header.width, header.height) for header in facts.values()]
    backbone = open_backbone(options.model, folder / "graphs")
    num_images, usual = len(dataset.examples), backbone.sizes[0]
    # The fastest pace wins however many images there are, so that noise in starting times cannot change the weights.
    pace_for = math.inf if num_images >= WORTH_MEASURING else num_images
    if options.engine:
        engine = open_engine(options.engine, backbone.graph)
        pace = seconds_per_image(engine, usual)
    else:
        engine, measured = fastest_engine(backbone.graph, usual, pace_for, store=folder / "engines")
        pace = next((entry.seconds_per_image for entry in measured if entry.engine == engine.name), 1e-2)
    plan = plan_size(
        (options.size,) if options.size else backbone.sizes,
        float(np.median([min(shape) for shape in shapes])) if shapes else usual,
        num_images,
        seconds_per_image=pace * ((options.size or usual) / usual) ** 2,
        workers=engine.workers,
        budget=options.budget,
    )
    why = ("as you asked", "지정한 값") if options.size else plan.why
    notes = []
    if options.resize == "auto":
        resize, (why_en, why_ko) = choose_resize(shapes or [(1, 1)])
        notes.append(Note(why_en, why_ko))
    else:
        resize = options.resize
    notes.append(
        Note(
            f"Base {backbone.info.name} at {plan.size} px ({why[0]}), on {engine.name}; expected {plan.expected_seconds:.0f} s",
            f"기반 모델 {backbone.info.name}, 입력 {plan.size}픽셀({why[1]}), 엔진 {engine.name}; 예상 {plan.expected_seconds:.0f}초",
        )
    )
    spec = ImageSpec(size=plan.size, resize=resize)
    key = f"{backbone.graph.parent.name}-{backbone.graph.stem}"
    extractor = Extractor(engine, spec, cache, key, backbone.info.num_features)
    pace *= (plan.size / usual) ** 2
    opened = time.monotonic() - started
    return Session(
        dataset, backbone, extractor, new_extraction(num_images), options, started, pace, stop, facts, opened
    ), notes


def sample_facts(paths: Sequence[str], seed: int) -> dict[int, ImageFacts]:
    """The headers of a sample of the pictures, by their positions."""
    chosen = generator(seed, "shapes").permutation(len(paths))[:NUM_FACTS]
    found = {}
    for index in chosen.tolist():
        with suppress(UnreadableImage):  # it is set aside with its reason when its turn comes
            found[index] = read_facts(paths[index])
    return found


def gather(session: Session, view: str) -> Iterator[Event]:
    """Read all files and run the base on one view of them; ends early when the session must stop."""
    order = generator(session.options.seed, "order").permutation(len(session.paths))
    began, first = time.monotonic(), 0
    total = len(session.paths)
    reading = extract_features(session.extractor, session.paths, view, order, extraction=session.extraction)
    for num_done in reading:
        first = first or num_done
        pace = (time.monotonic() - began) / max(num_done - first, 1)
        left = (total - num_done) * pace + SECONDS_AROUND / 2 if num_done > first else None
        yield Progress("read", num_done, total, left)
        if num_done < total and session.must_stop() and session.can_learn():
            reading.close()
            session.stopped_early = True
            break
    if session.stopped_early and session.views:
        session.extraction.done[:] = session.complete[-1]
    else:
        session.views.append(view)
        session.complete.append(session.extraction.done.copy())


def next_view(session: Session, learned: Learned) -> str | None:
    """Another view to try: one that the user asked for, or that there is time for and room to help; else None."""
    following = next((name for name in VIEWS if name not in session.extraction.features), None)
    if following is None or session.stopped_early:
        return None
    if session.options.views is not None:
        return following if len(session.views) < session.options.views else None
    side = session.extractor.spec.size
    cost = len(session.kept) * session.seconds_per_image * (1 - 2 * border_px(VIEWS[following], side) / side) ** 2
    few = len(session.kept) <= MOST_FOR_VIEWS or session.options.budget is not None
    hopeful = learned.cross_validated_accuracy < GOOD_ENOUGH
    return following if hopeful and few and cost < session.seconds_left() else None


def keep_better(session: Session, before: Learned | None, after: Learned) -> tuple[Learned, list[Note]]:
    """What was learned with the last view, if it pays; else what was learned before, and the view is dropped."""
    if before is None or session.stopped_early:
        return after, []
    old, new, view = before.strength.loss, after.strength.loss, session.views[-1]
    if session.options.views is not None or new < WORTH_A_VIEW * old:
        return after, [
            Note(
                f"View {view} added: cross-validated log loss {old:.4f} → {new:.4f}.",
                f"{view} 시점 추가: 교차 검증 로그 손실 {old:.4f} → {new:.4f}",
            )
        ]
    session.views.pop()
    session.complete.pop()
    session.extraction.done[:] = session.complete[-1]
    return before, [
        Note(
            f"View {view} tried and left out: it slows every prediction, and the cross-validated log loss "
            f"({old:.4f} → {new:.4f}) {'rose' if new > old else f'fell by less than {1 - WORTH_A_VIEW:.0%}'}.",
            f"{view} 시점은 제외: 예측이 느려지는데 교차 검증 로그 손실({old:.4f} → {new:.4f})이 {1 - WORTH_A_VIEW:.0%} 이상 줄지 않았습니다.",
        )
    ]


def mean_features(session: Session) -> FeatureMatrix:
    """The mean over the views of what the base says of the images that were read, (n d) float16."""
    kept = session.kept
    views = [session.extraction.features[view] for view in session.views]
    if len(views) == 1:
        return views[0] if len(kept) == len(views[0]) else views[0][kept]
    mean = np.empty((len(kept), views[0].shape[1]), np.float16)
    for start in range(0, len(kept), 4096):
        rows = kept[start : start + 4096]
        mean[start : start + 4096] = np.mean([view[rows] for view in views], axis=0, dtype=np.float32)
    return mean


def kept_examples(session: Session) -> Examples:
    """The images that were read, as learning takes them.

    Raises
    ------
    DataError
        When too few are left to learn from.
    """
    check_some_of_every_class(session)
    kept: list[Example] = [session.dataset.examples[index] for index in session.kept]
    check_trainable(replace(session.dataset, examples=tuple(kept)))
    return Examples(
        labels=np.array([example.label for example in kept]),
        contents=[session.extraction.contents[index] for index in session.kept],
        groups=[example.group for example in kept],
        splits=[example.split for example in kept],
        num_classes=len(session.dataset.classes),
        related=related_images(session),
        label_sets=session.dataset.label_sets,
        hold_out=session.options.hold_out,
    )


def check_some_of_every_class(session: Session) -> None:
    """Refuse data of which a class has no readable image, with the first file's reason.

    Raises
    ------
    DataError
        When there is such a class.
    """
    dataset, classes = session.dataset, session.dataset.classes
    readable = dataset.class_counts(dataset.examples[index] for index in session.kept)
    for entry in session.extraction.refused:
        of_file = dataset.class_counts([dataset.examples[entry.index]])
        label = next((label for label in of_file if label not in readable), None)
        if label is not None and not session.stopped_early:
            first = UnreadableImage(Refusal(entry.refusal), entry.detail, shown(session.paths[entry.index]))
            raise DataError(
                say(
                    en=f"None of the images of the class {shown(classes[label])} could be read. The first: {first}",
                    ko=f"클래스 {shown(classes[label])} 의 이미지를 하나도 읽을 수 없습니다. 첫 파일: {first}",
                )
            )


def related_images(session: Session) -> Related:
    """The near duplicates and series among the images that were read; found once, as long as these stay the same."""
    kept = session.kept
    if session.related is None or not np.array_equal(session.related_rows, kept):
        traces = session.extraction.traces
        session.related = find_related(
            traces if len(kept) == len(traces) else traces[kept], [session.paths[index] for index in kept]
        )
        session.related_rows = kept
    return session.related


def data_sha256(session: Session) -> str:
    """One hash over all contents with their classes and splits, whatever the files are called and wherever they lie."""
    names = session.dataset.names
    rows = sorted(
        f"{session.extraction.contents[index]}\t{names[example.label]}\t{example.split or ''}"
        for index, example in enumerate(session.dataset.examples)
        if session.extraction.done[index]
    )
    return hashlib.sha256("\n".join(rows).encode("utf-8", "surrogateescape")).hexdigest()
