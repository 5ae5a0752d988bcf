"""`train --strategy frozen|finetune`: a head on changed views of each image, or the last stages of the base learn on.

Two phases, as is usual: a head is fitted while the whole base is frozen, then what is above the cut learns together with it,
in small steps. What is below the cut runs once on every view of every image.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from hubel.core.errors import HubelError, MissingExtraError, UsageError
from hubel.core.events import Event, Note, StageDone
from hubel.core.files import file_sha256, write_atomically
from hubel.core.language import say
from hubel.core.learning import Learning
from hubel.core.rundir import CURVES, NETWORK
from hubel.core.seeds import generator
from hubel.data.cache import PIXEL_SHARE
from hubel.data.split import stratified_folds
from hubel.evaluate.curves import curves_svg
from hubel.models.backbone import Backbone
from hubel.models.foreign import load_torch_module
from hubel.runtime.engines import installed, open_engine
from hubel.runtime.probe import seconds_per_image
from hubel.train.fine import FineTuning, fair_loss
from hubel.train.frozen import choose_head
from hubel.train.head import Head, choose_strength, fit_head
from hubel.train.learn import Examples, Learned, number_of_folds
from hubel.train.pixels import read_pixels
from hubel.train.plan import plan_fine_tuning
from hubel.train.recipes import Recipe
from hubel.train.roomy import most_in_memory
from hubel.train.scratch import Division, divide, learned_of
from hubel.train.session import GOOD_ENOUGH, WORTH_A_VIEW, Session, gather, kept_examples, mean_features
from hubel.workflows.fine_notes import better_note, enough_note, spending_note, views_note
from hubel.workflows.fine_sets import (
    Probe,
    changed_features,
    paths_and_contents,
    pixel_sets,
    progressing,
    row_sets,
    rows_of_view,
    sha256_of_images,
    tuning_of,
)
from hubel.workflows.from_scratch import GRAPH, RUNNING, SECONDS_TO_CONVERT, check_division

if TYPE_CHECKING:
    from hubel.models.cut import Base
    from hubel.train.top import Top

MOST_FOR_MIRROR = 2_000
"""So many images tell whether left and right mean the same."""


def fine_tune(session: Session, *, folder: Path, checkpoints: Path) -> Generator[Event, None, Learned]:
    """Learn on top of the session's base, with more than a head on the images as they are.

    Parameters
    ----------
    session
        With a base; it gets the tuned one in its place where that is better.
    folder
        The run folder that is being filled.
    checkpoints
        Where interrupted trainings are kept.

    Raises
    ------
    UsageError
        When the base has no such layers, or too few images are left to learn from.
    ModelError
        When the base cannot be cut there.
    MissingExtraError
        When torch is not installed.
    """
    refuse_labels(session)
    begun = session.elapsed()
    yield from gather(session, "plain")
    yield StageDone("read", session.elapsed() - begun)
    read = session.elapsed()
    probe = probe_of(session)
    learned = yield from tune_base(session, probe, folder=folder, checkpoints=checkpoints, worth=1.0)
    if learned is None:
        learned = learned_of(probe.head, probe.features, probe.examples, probe.division, seed=session.options.seed)
    yield StageDone("learn", session.elapsed() - read)
    return learned


def fine_tune_within(
    session: Session, learned: Learned, *, folder: Path, checkpoints: Path
) -> Generator[Event, None, Learned]:
    """Spend what the budget has left on fine-tuning, where that can help; what was learned before stays where it is better.

    Parameters
    ----------
    session
        After its first view; see `fine_tune`.
    learned
        From the plain view.
    folder, checkpoints
        As in `fine_tune`.
    """
    if learned.cross_validated_accuracy >= GOOD_ENOUGH:
        yield enough_note(learned.cross_validated_accuracy)
        return learned
    if session.dataset.label_sets is not None or session.stopped_early or session.must_stop() or not installed("torch"):
        return learned
    # what was measured when the engine was chosen may have been long ago, beside other work
    pace = seconds_per_image(session.extractor.engine, session.extractor.spec.size)
    spending = plan_fine_tuning(len(session.kept), pace, session.seconds_left())
    if spending is None:
        return learned
    yield spending_note(spending)
    before, read = session.options, session.elapsed()
    session.options = replace(before, tuning=FineTuning(unfreeze=spending.unfreeze, views=spending.views))
    try:
        probe = probe_of(session)
        found = yield from tune_base(session, probe, folder=folder, checkpoints=checkpoints, worth=WORTH_A_VIEW)
    except HubelError as error:  # such as a base that cannot be cut: what was learned before is as good as ever
        yield Note(f"Not fine-tuned: {error}", f"미세 조정하지 않음: {error}")
        (folder / NETWORK).unlink(missing_ok=True)
        found = None
    yield StageDone("learn", session.elapsed() - read)
    if found is None:  # a head on the plain views, which all images can teach and measure, is as good
        session.options = before
        return learned
    return found


def probe_of(session: Session) -> Probe:
    """Phase one on the images that were read, shared out as `train.scratch.divide` does."""
    examples = kept_examples(session)
    division = divide(examples, session.options.seed)
    check_division(division, examples)
    return fit_probe(session, examples, division)


def tune_base(
    session: Session, probe: Probe, *, folder: Path, checkpoints: Path, worth: float
) -> Generator[Event, None, Learned | None]:
    """Phase two, from phase one's head on; None where nothing came of it.

    Parameters
    ----------
    session, folder, checkpoints
        As in `fine_tune`.
    probe
        What phase one came to.
    worth
        The log loss must come down to this share.
    """
    if session.stopped_early or session.must_stop():
        return None
    recipe = yield from flips_settled(session, probe)
    if tuning_of(session).unfreeze == "none":
        return (yield from learn_frozen(session, probe, recipe, worth=worth))
    return (yield from learn_top(session, probe, recipe, folder=folder, checkpoints=checkpoints, worth=worth))


def refuse_labels(session: Session) -> None:
    """Refuse what is not offered for images with several labels, and what rows cannot do."""
    recipe = tuning_of(session).recipe
    if session.dataset.label_sets is not None:
        raise UsageError(
            say(
                en="A base is fine-tuned for one class an image; here labels can stand together. Leave out --strategy, or use --single-label.",
                ko="미세 조정은 이미지마다 클래스가 하나일 때만 쓸 수 있지만, 여기서는 레이블이 함께 붙을 수 있습니다. --strategy를 빼거나 "
                "--single-label을 쓰세요.",
            )
        )
    if (session.options.views or 1) > 1:
        raise UsageError(
            say(
                en=f"--views {session.options.views} is for heads on a base as it is; a tuned base answers from one view. Leave one of them out.",
                ko=f"--views {session.options.views} 은(는) 기반 모델을 그대로 쓰는 분류기에만 쓸 수 있습니다. 미세 조정한 모델은 한 가지 모습으로 답합니다. "
                "둘 중 하나를 빼세요.",
            )
        )
    if (recipe.mixup or recipe.cutmix) and tuning_of(session).unfreeze != "all":
        raise UsageError(
            say(
                en="mixup and cutmix mix pictures, and above frozen layers no pictures are seen. Leave them out, or use --unfreeze all.",
                ko="mixup과 cutmix는 이미지를 섞는 방법인데, 고정된 층 위에서는 이미지를 보지 않습니다. 빼거나 --unfreeze all을 쓰세요.",
            )
        )


def fit_probe(session: Session, examples: Examples, division: Division) -> Probe:
    """The head on the base's features of the images that are learned from, its strength chosen by cross-validation."""
    features, train = mean_features(session), division.train
    labels, groups = examples.labels[train], division.groups[train]
    folds = stratified_folds(labels, groups, number_of_folds(labels, groups), generator(session.options.seed, "folds"))
    weights = np.ones(len(train))
    strength = choose_strength(
        features[train], labels, examples.num_classes, folds, weights=weights, stop=session.is_late
    )
    head = fit_head(features[train], labels, examples.num_classes, strength.regularisation, weights=weights)
    return Probe(head, features, examples, division)


def flips_settled(session: Session, probe: Probe) -> Generator[Event, None, Recipe]:
    """The recipe, without flips where left and right mean something."""
    try:
        import torch

        from hubel.train.sets import TrainingSet
        from hubel.train.settle import settle_flips
    except ImportError as error:
        raise MissingExtraError(error.name or "torch", "torch") from error
    seed, recipe = session.options.seed, tuning_of(session).recipe
    rows = generator(seed, "mirror images").permutation(probe.division.train)[:MOST_FOR_MIRROR]
    pixels = yield from progressing(
        read_pixels(session.extractor, *paths_and_contents(session, rows), most_bytes=most_in_memory()),
        "gather",
        len(rows),
    )
    labels = torch.from_numpy(probe.examples.labels[rows].astype(np.int64))
    return (
        yield from settle_flips(recipe, TrainingSet(torch.from_numpy(pixels), labels, probe.examples.num_classes), seed)
    )


def learn_frozen(
    session: Session, probe: Probe, recipe: Recipe, *, worth: float
) -> Generator[Event, None, Learned | None]:
    """The base stays as it is; the head learns from changed views, too. None where that is not worth it."""
    examples, division = probe.examples, probe.division
    train, tuning, labels = division.train, division.tuning, examples.labels
    views = [probe.features[train], *(yield from changed_features(session, recipe, train))]
    chosen = choose_head(views, labels[train], probe.head, (probe.features[tuning], labels[tuning]))
    better = chosen.changed_loss < worth * chosen.plain_loss
    yield views_note(len(views), chosen.plain_loss, chosen.changed_loss, better=better)
    if not better:
        return None
    choices = tuning_of(session).model_copy(update={"views": len(views)})
    session.options = replace(session.options, tuning=choices)  # so that the run can be made again without a budget
    return learned_of(chosen.head, probe.features, examples, division, seed=session.options.seed)


def learn_top(
    session: Session, probe: Probe, recipe: Recipe, *, folder: Path, checkpoints: Path, worth: float
) -> Generator[Event, None, Learned | None]:
    """Phase two: what is above the cut learns, and takes the place of the base where it is better; None where it is not."""
    from hubel.models.cut import find_cut, halve, learned_into, steps_of
    from hubel.train.network import Limits
    from hubel.train.top import Top, draw_anew, train_top

    choices, seed = tuning_of(session), session.options.seed
    base = load_torch_module(session.options.model)
    steps = steps_of(base, session.extractor.spec.size)
    cut = find_cut(choices.unfreeze, steps)
    lower, upper = halve(base, cut, session.extractor.spec.size)
    sets = yield from (row_sets(session, probe, lower, recipe) if cut.place else pixel_sets(session, probe, recipe))
    if sets is None:
        return None
    top = Top(upper, cut, probe.head, choices, base=None if cut.place else base)
    if choices.reuse == "early":
        draw_anew(top, generator(seed, "weights"))
    about = [session.extractor.base_key, sha256_of_images(session, probe), cut.place, cut.first]
    limits = Limits(
        left=partial(seconds_for_top, session),
        must_end=lambda pace: session.stop() or seconds_for_top(session, pace) <= 0,
        over=lambda: not session.stop(),
    )
    tuned = yield from train_top(top, recipe, sets, choices, seed=seed, about=about, folder=checkpoints, limits=limits)
    resolved = choices.model_copy(update={"recipe": tuned.recipe.model_copy(update={"least_steps": 0})})
    session.options = replace(session.options, tuning=resolved)  # so that the run can be made again without a budget
    learning = Learning(
        network=session.backbone.info.name,
        start=session.backbone.info.source,
        settings={"unfreeze": choices.unfreeze, "reuse": choices.reuse, **tuned.recipe.model_dump(mode="json")},
        num_parameters=top.num_learning,
        num_train=len(probe.division.train),
        num_validation=len(probe.division.tuning),
        trainings=(tuned.training,),
    )
    return (
        yield from take_better(
            session, probe, learned_into(base, upper), top, learning=learning, folder=folder, worth=worth
        )
    )


def seconds_for_top(session: Session, pace: float) -> float:
    """What the budget leaves to learn from images that take so many seconds each, when running the tuned base on all is taken off."""
    running = max(RUNNING * pace, session.seconds_per_image) * len(session.kept)
    return session.seconds_left() - SECONDS_TO_CONVERT - running


def take_better(  # noqa: PLR0913  what learned, and what becomes of it
    session: Session, probe: Probe, tuned: Base, top: Top, *, learning: Learning, folder: Path, worth: float
) -> Generator[Event, None, Learned | None]:
    """Run the tuned base on all images, and let it take the base's place where it tells the validation images apart better."""
    from hubel.models.convert import convert_module
    from hubel.train.checkpoint import write_tensors

    examples, tuning = probe.examples, probe.division.tuning
    size, seed = session.extractor.spec.size, session.options.seed
    write_tensors(folder / NETWORK, tuned.network.state_dict(), {"network": session.options.model, "size": size})
    sha256 = file_sha256(folder / NETWORK)
    _, num_features = convert_module(tuned, (size,), folder / GRAPH)
    engine = open_engine(session.extractor.engine.name, folder / GRAPH)
    extractor = replace(session.extractor, engine=engine, base_key=f"tuned-{sha256}", share=PIXEL_SHARE)
    features = yield from rows_of_view(session, extractor, "plain", np.arange(len(session.kept)))
    assert features is not None  # it is not hurried
    linear = top.linear_head()
    head = Head(linear.weights, linear.bias, probe.head.regularisation)
    labels = examples.labels[tuning]
    before = fair_loss(probe.head.logits(probe.features[tuning]), labels)
    after = fair_loss(head.logits(features[tuning]), labels)
    better = after < worth * before
    yield better_note(before, after, better=better)
    if not better:
        (folder / NETWORK).unlink()
        return None
    session.backbone = Backbone(
        session.backbone.info.model_copy(
            update={
                "source": f"{session.backbone.info.source}, {learning.settings['unfreeze']} tuned on these images by hubel",
                "sha256": sha256,
            }
        ),
        folder / GRAPH,
        (size,),
    )
    session.extractor, session.learning = extractor, learning
    whole = np.zeros((len(session.paths), num_features), np.float16)
    whole[session.kept] = features
    session.extraction.features, session.views[:] = {"plain": whole}, ["plain"]
    write_atomically(folder / CURVES, curves_svg(learning.trainings, alone=True))
    return learned_of(head, features, examples, probe.division, seed=seed)
