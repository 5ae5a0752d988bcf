"""One network trained on pictures in memory: made, prepared, its rate found, trained, with checkpoints."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from hubel.core.arrays import Int, UInt8
from hubel.core.errors import MissingExtraError, ModelError, UsageError
from hubel.core.events import EpochDone, Event, Note, Progress, StepDone
from hubel.core.language import say
from hubel.core.learning import Ending, EpochRecord, Training
from hubel.core.seeds import generator
from hubel.core.types import Labels, PixelBatch
from hubel.data.warp import to_planes
from hubel.models.checkpoint import read_checkpoint
from hubel.models.modern import whiten
from hubel.models.network import Network
from hubel.models.registry import create_network, find_entry
from hubel.models.weights import IMAGENET, load_weights
from hubel.train.balance import log_rarity
from hubel.train.checkpoint import Checkpoints, drop_oldest
from hubel.train.devices import layout_of, training_device, training_precision
from hubel.train.distributed import share_state
from hubel.train.loop import Validate, fit, num_steps
from hubel.train.memory import keep_memory
from hubel.train.prepared import Prepared, channel_moments
from hubel.train.recipes import Recipe
from hubel.train.scratch import Scratch
from hubel.train.sets import LearningSet, TrainingSet, validator
from hubel.train.settle import settle
from hubel.train.state import FitState, begin
from hubel.train.team import ALONE, Team

TuningPixels = UInt8[np.ndarray, "m h w 3"]
TuningLabels = Int[np.ndarray, " m"]
CPU = torch.device("cpu")
MOST_TO_WHITEN = 2_000
"""So many images tell the covariance of neighbouring pixels well."""


@dataclass(frozen=True, slots=True)
class Task:
    """What a network is trained for: pictures (n size size 3) to learn from and to choose with, and their classes."""

    pixels: PixelBatch
    labels: Labels
    tuning_pixels: TuningPixels
    tuning_labels: TuningLabels
    num_classes: int
    mirrored_too: bool
    key: str  # of the pictures and their order

    def training_set(self, *, weighted: bool = False) -> TrainingSet:
        """What is learned from; `weighted` lets every class weigh the same."""
        rarity = log_rarity(self.labels, self.num_classes)
        weights = torch.from_numpy(np.exp(rarity).astype(np.float32)) if weighted else None
        return TrainingSet(torch.from_numpy(self.pixels), torch.from_numpy(self.labels), self.num_classes, weights)

    def tuning_set(self) -> TrainingSet:
        """What chooses."""
        return TrainingSet(torch.from_numpy(self.tuning_pixels), torch.from_numpy(self.tuning_labels), self.num_classes)


@dataclass(frozen=True, slots=True)
class Trained:
    """A trained network in evaluation mode, the recipe as it was resolved, and how it went."""

    network: Prepared
    recipe: Recipe
    training: Training


@dataclass(frozen=True, slots=True)
class Limits:
    """What ends a training before its epochs are over. `left` and `must_end` are given the seconds that an image takes.

    `left` says how many seconds are left to learn, infinitely many without a budget; `must_end` whether to end now with what there
    is; `over` whether it is the budget that asks for it, and not the user.
    """

    left: Callable[[float], float]
    must_end: Callable[[float], bool]
    over: Callable[[], bool]


def train_network(
    task: Task, scratch: Scratch, seed: int, *, folder: Path, limits: Limits, team: Team = ALONE
) -> Generator[Event | Trained, None, None]:
    """Train one network; the last thing it gives is the network. Every process of a team does so at the same time.

    Parameters
    ----------
    task
        The pictures.
    scratch
        The network and its recipe.
    seed
        For first weights, order and augmentation.
    folder
        Where checkpoints are kept.
    limits
        What may end it early; the leader's hold.
    team
        Who trains it together.

    Raises
    ------
    ModelError
        When there is no such network, or it does not take such pictures, or its loss is no number.
    """
    keep_memory()
    device = training_device(scratch.device, team)
    network = prepare_network(task, scratch, seed).to(device).to(memory_format=layout_of(device))
    data = task.training_set(weighted=scratch.recipe.class_weights is not None)
    recipe = resolved(scratch.recipe, device)
    recipe = yield from settle(network, recipe, data, seed, wants_rate=scratch.find_rate, left=limits.left, team=team)
    state = begin(network, recipe, len(data.labels), generator(seed, "fit"), team=team)
    path = folder / f"{key_of(task, scratch, recipe, seed, team)}.safetensors"
    validate = validator(task.tuning_set(), flips=task.mirrored_too, precision=recipe.precision, team=team)
    ended = yield from go_through(
        state, data, validate=validate, path=path, limits=limits, restart=scratch.restart and not team.restarted
    )
    yield Trained(network.cpu(), recipe, training_of(state, seed, ended))


def go_through(
    state: FitState, data: LearningSet, *, validate: Validate, path: Path, limits: Limits, restart: bool
) -> Generator[Event, None, Ending]:
    """Train from where a checkpoint left off, or, with `restart` or without one, from the beginning; returns why it ended.

    Parameters
    ----------
    state
        That has not begun.
    data
        What is learned from.
    validate
        Measures a network.
    path
        Where the leader of the team keeps its checkpoints.
    limits
        What may end it early.
    restart
        Take no checkpoint.
    """
    checkpoints = None
    if state.team.leads:
        checkpoints = Checkpoints(path)
        if restart:
            path.unlink(missing_ok=True)
        else:
            yield from resume_notes(state, checkpoints)
    share_state(state, state.team)
    for event in fit(
        state, data, validate=validate, checkpoints=checkpoints, stop=lambda: limits.must_end(pace_of(state))
    ):
        if isinstance(event, StepDone):
            yield progress_of(state, event)
        elif isinstance(event, EpochDone):
            yield event
    if checkpoints is not None:
        drop_oldest(path.parent, keep=path)
    if state.stopped:
        return "budget" if limits.over() else "stopped"
    return "patience" if state.early.is_over else "epochs"


def training_of(state: FitState, seed: int, ended: Ending) -> Training:
    """What the card says of a training that is over."""
    epochs = tuple(epoch_record(epoch) for epoch in state.history)
    return Training(seed=seed, epochs=epochs, kept_epoch=state.kept_epoch, ended=ended)


def prepare_network(task: Task, scratch: Scratch, seed: int) -> Prepared:
    """The network with its first weights and the scaling of these pictures, checked to take them."""
    channels, size = find_entry(scratch.network).input_shape[0], task.pixels.shape[1]
    try:
        network = create_network(scratch.network, generator(seed, "weights"), num_classes=task.num_classes)
        mean, deviation = channel_moments(task.pixels, channels)
        prepared = Prepared(network, mean, deviation)
    except ImportError as error:
        raise MissingExtraError(error.name or "torch", "torch") from error
    if "whitening" in dict(network.features.named_children()):
        whiten(
            network,
            prepared.scaled(to_planes(torch.from_numpy(task.pixels[:: max(1, len(task.pixels) // MOST_TO_WHITEN)]))),
        )
    if scratch.weights:
        load_start(prepared, scratch)
    try:
        with torch.inference_mode():
            scores = prepared.eval()(torch.zeros(2, 3, size, size))
    except (RuntimeError, ValueError) as error:
        raise wrong_size(scratch.network, size, error) from error
    if scores.shape != (2, task.num_classes):
        raise wrong_size(scratch.network, size, ValueError(str(tuple(scores.shape))))
    return prepared.to(memory_format=torch.channels_last)


def load_start(prepared: Prepared, scratch: Scratch) -> None:
    """Put in the first weights that the user named; a head for other classes stays as it was drawn.

    Weights of an earlier run bring the scaling of its images along, others that of ImageNet.
    """
    tensors = {} if scratch.weights == IMAGENET else read_checkpoint(Path(scratch.weights).expanduser())
    if "mean" not in tensors:
        assert isinstance(prepared.network, Network)
        loaded = load_weights(prepared.network, find_entry(scratch.network), weights=scratch.weights)
        if prepared.get_buffer("mean").numel() == len(loaded.mean):
            prepared.get_buffer("mean").copy_(torch.tensor(loaded.mean).reshape(1, -1, 1, 1))
            prepared.get_buffer("deviation").copy_(torch.tensor(loaded.deviation).reshape(1, -1, 1, 1))
        return
    wanted = prepared.state_dict()
    others = [name for name in wanted if not name.startswith("network.head.")]
    unlike = [name for name in others if name not in tensors or tensors[name].shape != wanted[name].shape]
    if unlike or len(tensors) != len(wanted):
        file, network, first = scratch.weights, scratch.network, unlike[0] if unlike else str(len(tensors))
        raise ModelError(
            say(
                en=f"{file} does not have the weights of {network}: {first} differs. Name the network it was trained as with --model.",
                ko=f"{file} 의 가중치는 {network} 의 것이 아닙니다: {first} 이(가) 다릅니다. 학습한 신경망을 --model로 지정하세요.",
            )
        )
    fitting = {name: tensor for name, tensor in tensors.items() if tensor.shape == wanted[name].shape}
    prepared.load_state_dict(wanted | fitting)


def resolved(recipe: Recipe, device: torch.device = CPU) -> Recipe:
    """The recipe with rate and precision as they will be used."""
    precision = training_precision(recipe.precision, device)
    return recipe.model_copy(update={"precision": precision, "learning_rate": recipe.rate})


def key_of(task: Task, scratch: Scratch, recipe: Recipe, seed: int, team: Team) -> str:
    """By what a checkpoint is known: everything that decides the weights after so many steps.

    The number of epochs does where the rate depends on the end, and stands last then; elsewhere a longer training begins as a
    shorter one does.
    Of a team only that it is one: it may go on with fewer processes or more, when machines come and go.
    """
    settings: dict[str, Any] = recipe.model_dump(mode="json", exclude={"patience", "epochs"})
    about = {
        "task": task.key, "network": scratch.network, "weights": scratch.weights, "recipe": settings, "seed": seed,
        "torch": torch.__version__, "threads": "team" if team.launched else torch.get_num_threads(),
        "device": training_device(scratch.device, team).type,
    }  # fmt: skip
    key = f"{scratch.network}-{hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:20]}"
    return key if recipe.may_grow else f"{key}-{recipe.epochs}"


def resume_notes(state: FitState, checkpoints: Checkpoints) -> Iterator[Event]:
    """Go on from a checkpoint if there is one, and say so; or say why one of fewer epochs is none."""
    if not checkpoints.resume(state):
        yield from why_anew(state.recipe, checkpoints.path)
        return
    epoch, step = state.epoch, state.step
    yield Note(
        f"Going on after epoch {epoch}, step {step}, where an earlier run of the same settings left off (--restart begins anew).",
        f"같은 설정의 이전 실행이 멈춘 {epoch}번째 에포크, {step}번째 단계부터 이어서 학습합니다(--restart를 주면 처음부터 다시 합니다).",
        "step",
    )
    yield from (replace(epoch, num_epochs=state.recipe.epochs) for epoch in state.history)


def why_anew(recipe: Recipe, path: Path) -> Iterator[Note]:
    """Where trainings are kept that differ by their number of epochs alone: why this one does not go on from them."""
    if recipe.may_grow:
        return
    kept = [
        other.stem.rpartition("-")[2] for other in path.parent.glob(f"{path.stem.rpartition('-')[0]}-*.safetensors")
    ]
    others = ", ".join(sorted((epochs for epochs in kept if epochs.isdigit()), key=int))
    if others:
        schedule = f"{recipe.schedule}, warm_up={recipe.warm_up:g}" if recipe.warm_up else recipe.schedule
        yield Note(
            f"A training of the same settings is kept (epochs: {others}), but one of {recipe.epochs} epochs begins anew: with this schedule "
            f"({schedule}) every step's rate depends on where the end is. --weights RUN/network.safetensors builds on its weights; the "
            "schedule then runs once more from its start.",
            f"같은 설정의 학습이 보관되어 있지만(에포크: {others}), {recipe.epochs}에포크 학습은 처음부터 시작합니다. 이 일정({schedule})에서는 단계마다의 "
            "학습률이 끝나는 지점에 따라 달라지기 때문입니다. 그 가중치에서 시작하려면 --weights 실행폴더/network.safetensors를 쓰세요. 일정은 "
            "처음부터 다시 진행됩니다.",
            "step",
        )


def progress_of(state: FitState, event: StepDone) -> Progress:
    """How far the training is, and how long it takes at the pace of the epochs so far."""
    left = (event.num_steps - event.step) * pace_of(state) * state.recipe.batch_size
    return Progress("train", event.step, num_steps(state), left)


def pace_of(state: FitState) -> float:
    """The seconds that learning from one image has taken so far, validation included."""
    seconds = sum(epoch.seconds for epoch in state.history) + state.seconds
    return seconds / max(state.step * state.recipe.batch_size, 1)


def epoch_record(event: EpochDone) -> EpochRecord:
    """An epoch as the card has it."""
    assert event.validation_loss is not None
    assert event.validation_accuracy is not None
    return EpochRecord(
        epoch=event.epoch,
        learning_rate=event.learning_rate,
        loss=event.loss,
        accuracy=event.accuracy,
        validation_loss=event.validation_loss,
        validation_accuracy=event.validation_accuracy,
        seconds=round(event.seconds, 3),
    )


def wrong_size(network: str, size: int, error: Exception) -> UsageError:
    """The error for a network that does not take pictures of this size."""
    reason = str(error).strip().splitlines()[0][:200]
    own = "x".join(map(str, find_entry(network).input_shape))
    return UsageError(
        say(
            en=f"{network} does not take images of {size} pixels ({reason}). Its own input is {own}; choose another --size.",
            ko=f"{network} 은(는) {size}픽셀 이미지를 받지 못합니다({reason}). 원래 입력은 {own} 입니다. 다른 --size를 지정하세요.",
        )
    )
