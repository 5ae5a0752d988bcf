"""`train --from-scratch`: a network of one's own learns on the user's images, and ends in the same run folder as a head does."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hubel.core.card import BaseInfo, ImageSpec
from hubel.core.errors import MissingExtraError, UsageError
from hubel.core.events import Event, Note, Progress, StageDone
from hubel.core.files import write_atomically
from hubel.core.language import say
from hubel.core.learning import Learning
from hubel.core.rundir import CURVES, NETWORK
from hubel.core.types import Labels, PixelBatch
from hubel.core.views import view_names
from hubel.data.cache import Cache
from hubel.data.dataset import Dataset, check_trainable
from hubel.data.resize import choose_resize
from hubel.evaluate.curves import curves_svg
from hubel.models.backbone import Backbone
from hubel.models.registry import find_entry
from hubel.models.weights import IMAGENET
from hubel.runtime.engines import EXACT_ENGINE, open_engine
from hubel.train.balance import differ_in_size
from hubel.train.ensemble import member_seeds
from hubel.train.features import Extractor, new_extraction
from hubel.train.head import Head
from hubel.train.learn import Examples, Learned
from hubel.train.options import TrainOptions
from hubel.train.pixels import NUM_MEANS, features_of_pixels, mean_colours, read_pixels
from hubel.train.roomy import gigabytes, most_in_memory
from hubel.train.scratch import Division, Scratch, check_device, divide, learned_of
from hubel.train.session import Session, gather, kept_examples, mean_features, open_session, sample_facts
from hubel.train.shared_reading import read_together
from hubel.workflows.fetching import fetch_imagenet
from hubel.workflows.following import call_it_a_day, call_to_train, call_with_task

if TYPE_CHECKING:
    from hubel.train.network import Task, Trained

CHECKPOINTS = "checkpoints"
"""The folder of the cache from which a killed training goes on."""
GRAPH = ".network.onnx"
"""The trained network's own graph, until it is joined with its head."""
SECONDS_TO_CONVERT = 3.0
"""What making a graph of a trained network takes."""
RUNNING = 0.5
"""Running the network on an image takes no more than this share of learning from it."""
SECONDS_GUESSED = 1e-3
"""An image's share of reading, before there is a measure."""


def open_training(
    dataset: Dataset, options: TrainOptions, *, folder: Path, cache: Cache, stop: Callable[[], bool], started: float
) -> tuple[Session, list[Note]]:
    """A training on a base, or of a network of one's own; see `train.session.open_session`."""
    if options.scratch is None:
        return open_session(dataset, options, folder=folder, cache=cache, stop=stop, started=started)
    return open_scratch_session(dataset, options, cache=cache, stop=stop, started=started)


def open_scratch_session(
    dataset: Dataset, options: TrainOptions, *, cache: Cache, stop: Callable[[], bool], started: float
) -> tuple[Session, list[Note]]:
    """A training without a base: which size, how images are fitted; the base will be what is trained."""
    check_trainable(dataset)
    asked = scratch_of(options)
    scratch = asked.model_copy(update={"recipe": asked.recipe.for_images(len(dataset.examples))})
    options = replace(options, scratch=scratch)
    if dataset.label_sets is not None:
        raise UsageError(
            say(
                en=f"Networks are trained from scratch for one class an image; {len(dataset.classes)} labels here can stand together. "
                "Leave out --from-scratch, or use --single-label.",
                ko=f"처음부터 학습하는 방식은 이미지마다 클래스가 하나일 때만 쓸 수 있지만, 여기서는 레이블 {len(dataset.classes)}개가 함께 붙을 수 "
                "있습니다. --from-scratch를 빼거나 --single-label을 쓰세요.",
            )
        )
    check_device(scratch.device, options.team)
    entry, notes = find_entry(scratch.network), []
    facts = sample_facts([example.path for example in dataset.examples], options.seed)
    resize = options.resize
    if resize == "auto":
        resize, (why_en, why_ko) = choose_resize(
            [(header.width, header.height) for header in facts.values()] or [(1, 1)]
        )
        notes.append(Note(why_en, why_ko))
    spec = ImageSpec(size=options.size or entry.input_shape[1], resize=resize)
    recipe = scratch.recipe
    notes.append(
        Note(
            f"Network {entry.name} at {spec.size} px from scratch, recipe {recipe.name}: up to {recipe.epochs} epochs of batches of "
            f"{recipe.batch_size}, {recipe.optimiser} at {recipe.rate:g}.",
            f"신경망 {entry.name}, 입력 {spec.size}픽셀, 처음부터 학습, 레시피 {recipe.name}: 최대 {recipe.epochs}에포크, 배치 크기 "
            f"{recipe.batch_size}, {recipe.optimiser}, 학습률 {recipe.rate:g}.",
        )
    )
    blank = BaseInfo(name=entry.name, source="", sha256="", licence="", num_features=NUM_MEANS)
    read = partial(read_together, options.team) if options.team.size > 1 else None
    extractor = Extractor(mean_colours(), spec, cache, "mean-colours", NUM_MEANS, read=read)
    session = Session(
        dataset, Backbone(blank, Path(), (spec.size,)), extractor, new_extraction(len(dataset.examples)), options,
        started, SECONDS_GUESSED, stop, facts, time.monotonic() - started,
    )  # fmt: skip
    return session, notes


def scratch_of(options: TrainOptions) -> Scratch:
    """The choices of a training from scratch."""
    assert options.scratch is not None
    return options.scratch


def train_from_scratch(
    session: Session, *, folder: Path, checkpoints: Path, most_bytes: int | None = None
) -> Generator[Event, None, Learned]:
    """Read the pictures, train, and hand over what a head on a frozen base would hand over.

    Parameters
    ----------
    session
        Of `open_scratch_session`; its base and features are set here.
    folder
        The run folder that is being filled; the network's weights and curves are written there.
    checkpoints
        Where interrupted trainings are kept.
    most_bytes
        What the pixels may take in memory, by default a share of what is free; more is kept in a file.
    """
    scratch = scratch_of(session.options)
    if scratch.weights == IMAGENET:
        yield from fetch_imagenet(find_entry(scratch.network))
    begun = session.elapsed()
    yield from gather(session, "plain")
    examples = kept_examples(session)
    division = divide(examples, session.options.seed)
    check_division(division, examples)
    yield from imbalance_notes(examples.labels[division.train], examples.num_classes, scratch)
    pixels = yield from kept_pixels(session, division, most_in_memory() if most_bytes is None else most_bytes)
    read = session.elapsed()
    yield StageDone("read", read - begun)
    task = task_of_pixels(session, pixels, examples, division)
    call_with_task(session.options.team, task)
    trained = yield from train_members(session, task, checkpoints)
    call_it_a_day(session.options.team)
    head = yield from take_features(
        session, trained, pixels, places=session.kept[division.order], folder=folder, num_classes=examples.num_classes
    )
    session.learning = learning_of(scratch, trained, division)
    write_atomically(folder / CURVES, curves_svg(session.learning.trainings, alone=True))
    yield StageDone("learn", session.elapsed() - read)
    return learned_of(head, mean_features(session), examples, division, seed=session.options.seed)


def imbalance_notes(labels: Labels, num_classes: int, scratch: Scratch) -> Iterator[Note]:
    """Where classes are of very different sizes: what is done about it, or could be."""
    if not differ_in_size(labels, num_classes):
        return
    counts = np.bincount(labels, minlength=num_classes)
    ratio = f"{counts.max() / counts[counts > 0].min():.0f}"
    if scratch.recipe.class_weights:
        yield Note(
            f"The largest class has {ratio} times the images of the smallest. Images of rare classes count more while learning, so that all "
            "classes weigh the same; probabilities lean towards rare classes then.",
            f"가장 큰 클래스의 이미지가 가장 작은 클래스의 {ratio}배입니다. 모든 클래스의 비중이 같아지도록 드문 클래스의 이미지에 더 큰 비중을 두고 "
            "학습합니다. 그래서 확률은 드문 클래스 쪽으로 기웁니다.",
        )
    else:
        yield Note(
            f"The largest class has {ratio} times the images of the smallest, and all images count alike. With --set class_weights=balanced "
            "those of rare classes count more: more of them are found, for a little accuracy.",
            f"가장 큰 클래스의 이미지가 가장 작은 클래스의 {ratio}배이지만 모든 이미지의 비중이 같습니다. --set class_weights=balanced를 주면 드문 클래스의 "
            "이미지에 더 큰 비중을 두어, 정확도를 조금 잃는 대신 드문 클래스를 더 많이 찾습니다.",
        )


def kept_pixels(session: Session, division: Division, most_bytes: int) -> Generator[Event, None, PixelBatch]:
    """The pictures that were read, in the division's order."""
    kept, size, folder = session.kept[division.order], session.extractor.spec.size, session.extractor.cache.folder
    if (num_bytes := len(kept) * size * size * 3) > most_bytes:
        taken, most = gigabytes(num_bytes), gigabytes(most_bytes)
        yield Note(
            f"The pixels of the images take {taken}, and {most} of memory can be spared: they are in a temporary file in {folder}.",
            f"이미지의 픽셀은 {taken}인데 쓸 수 있는 메모리는 {most}입니다. 그래서 {folder} 의 임시 파일에 둡니다.",
            "step",
        )
    reading = read_pixels(
        session.extractor,
        [session.paths[index] for index in kept],
        [session.extraction.contents[index] for index in kept],
        most_bytes=most_bytes,
    )
    while True:
        try:
            done = next(reading)
        except StopIteration as end:
            pixels: PixelBatch = end.value
            return pixels
        yield Progress("gather", done, len(kept), None)


def check_division(division: Division, examples: Examples) -> None:
    """Refuse to train where some class is missing among those that learn."""
    missing = examples.num_classes - len(np.unique(examples.labels[division.train]))
    if missing or not len(division.tuning):
        raise UsageError(
            say(
                en=f"Too few images are left to learn from when some are kept to choose and to measure: {missing} of "
                f"{examples.num_classes} classes have none. Add images, or leave out --from-scratch and --strategy.",
                ko=f"선택과 측정에 쓸 이미지를 떼어 두면 학습할 이미지가 모자랍니다: 클래스 {examples.num_classes}개 가운데 {missing}개에 남는 "
                "이미지가 없습니다. 이미지를 추가하거나 --from-scratch와 --strategy를 빼세요.",
            )
        )


def task_of_pixels(session: Session, pixels: PixelBatch, examples: Examples, division: Division) -> Task:
    """What the networks are trained for; the pixels are in the division's order, and are not copied."""
    try:
        from hubel.train.network import Task
    except ImportError as error:
        raise MissingExtraError(error.name or "torch", "torch") from error
    digest = hashlib.sha256(session.extractor.spec_key().encode())
    for rows in (division.train, division.tuning):
        for row in rows:
            digest.update(f"{examples.contents[row]} {examples.labels[row]}\n".encode())
        digest.update(b"--")
    labels = examples.labels.astype(np.int64)
    first, second = len(division.train), len(division.train) + len(division.tuning)
    return Task(
        pixels[:first], labels[division.train], pixels[first:second], labels[division.tuning],
        examples.num_classes, mirrored_too=(session.options.views or 1) > 1, key=digest.hexdigest(),
    )  # fmt: skip


def train_members(session: Session, task: Task, checkpoints: Path) -> Generator[Event, None, list[Trained]]:
    """Train every member of the ensemble, or the one network."""
    from hubel.train.network import Limits, Trained, train_network

    scratch, found = scratch_of(session.options), []
    for number, seed in enumerate(member_seeds(session.options.seed, scratch.members), 1):
        if scratch.members > 1:
            total = scratch.members
            yield Note(f"Network {number} of {total}.", f"신경망 {total}개 가운데 {number}번째.", "step")
        limits = Limits(
            left=partial(seconds_to_learn, session, scratch.members - number + 1),
            must_end=partial(must_end, session),
            over=lambda: not session.stop(),
        )
        call_to_train(session.options.team, scratch, seed)
        for event in train_network(task, scratch, seed, folder=checkpoints, limits=limits, team=session.options.team):
            if isinstance(event, Trained):
                found.append(event)
            else:
                yield event
        if session.must_stop():
            break
    return found


def seconds_to_learn(session: Session, num_members: int, pace: float) -> float:
    """What the budget leaves for learning one of so many networks, when running them on all images and writing is taken off.

    Parameters
    ----------
    session
        The training.
    num_members
        How many networks have to share the time.
    pace
        The seconds that learning from one image takes.
    """
    running = RUNNING * pace * len(session.kept) * (session.options.views or 1)
    return (session.seconds_left() - SECONDS_TO_CONVERT) / num_members - running


def must_end(session: Session, pace: float) -> bool:
    """Whether the user asked to finish, or the budget leaves no more time to learn at the pace so far."""
    return session.stop() or seconds_to_learn(session, 1, pace) <= 0


def take_features(
    session: Session, trained: list[Trained], pixels: PixelBatch, *, places: np.ndarray, folder: Path, num_classes: int
) -> Generator[Event, None, Head]:
    """Make the trained networks the session's base, run it on all pictures, and return their last layers as the head.

    `places` (n) are where in the data set the pictures stand.
    """
    from hubel.models.convert import convert_module
    from hubel.train.checkpoint import write_tensors
    from hubel.train.prepared import exportable, linear_head

    scratch, size = scratch_of(session.options), session.extractor.spec.size
    networks = [member.network for member in trained]
    tensors = {
        (f"{number}/{name}" if len(networks) > 1 else name): tensor
        for number, network in enumerate(networks)
        for name, tensor in network.state_dict().items()
    }
    write_tensors(folder / NETWORK, tensors, {"network": scratch.network, "num_classes": num_classes, "size": size})
    sha256 = hashlib.sha256((folder / NETWORK).read_bytes()).hexdigest()
    _, num_features = convert_module(exportable(networks), (size,), folder / GRAPH)
    start = scratch.weights or "random first weights"
    info = BaseInfo(
        name=scratch.network, source=f"trained on these images by hubel, {start}, recipe {scratch.recipe.name}",
        sha256=sha256, licence="that of the images", num_features=num_features,
    )  # fmt: skip
    engine = open_engine(session.options.engine or EXACT_ENGINE, folder / GRAPH)
    session.backbone = Backbone(info, folder / GRAPH, (size,))
    session.extractor = replace(session.extractor, engine=engine, base_key=sha256, num_features=num_features)
    session.views[:] = view_names(session.options.views or 1)
    session.extraction.features = {}
    for view in session.views:
        running = features_of_pixels(engine, pixels, view)
        features = np.zeros((len(session.paths), num_features), np.float16)
        while True:
            try:
                done = next(running)
            except StopIteration as end:
                features[places] = end.value
                break
            yield Progress("features", done, len(pixels), None)
        session.extraction.features[view] = features
    head = linear_head(networks, num_classes)
    return Head(head.weights, head.bias, 0.0)


def learning_of(scratch: Scratch, trained: list[Trained], division: Division) -> Learning:
    """What the card says of the training."""
    first = trained[0]
    return Learning(
        network=scratch.network,
        start=scratch.weights or "random",
        settings=first.recipe.model_dump(mode="json"),
        num_parameters=sum(weight.numel() for weight in first.network.parameters()),
        num_train=len(division.train),
        num_validation=len(division.tuning),
        trainings=tuple(member.training for member in trained),
    )
