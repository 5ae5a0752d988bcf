"""Checkpoints: one file from which a killed training goes on to the very same weights.

A safetensors file: weights, optimisers' states, the mean weights, the weights to keep and torch's generator as tensors; position,
NumPy's generators, early stopping and history as JSON in its header. It is replaced as a whole or not at all.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from hubel.core.errors import MissingExtraError, ModelError, UsageError
from hubel.core.events import Checkpointed, EpochDone
from hubel.core.files import atomic_path
from hubel.core.language import say
from hubel.train.state import FitState, Weights

HEADER = "hubel"
LIMIT_BYTES = 4 * 2**30
"""What all checkpoints may take together."""
SECONDS_BETWEEN = 30.0
INTERVAL = "HUBEL_CHECKPOINT_SECONDS"
"""What sets another time between checkpoints, for machines that may be taken away at any moment."""
NUMBERS = ("kept_epoch", "epoch", "step_in_epoch", "step", "loss_sum", "num_right", "num_seen", "seconds")
"""What of a state is a plain number."""


def seconds_between() -> float:
    """How often a checkpoint is written: what the environment says, else every half a minute.

    Raises
    ------
    UsageError
        When it says no number.
    """
    text = os.environ.get(INTERVAL, str(SECONDS_BETWEEN))
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not seconds >= 0:
        raise UsageError(
            say(
                en=f"{INTERVAL} does not take {text!r}. Set it to a number of seconds, such as 30, or leave it out.",
                ko=f"{INTERVAL} 값으로 {text!r} 을(를) 쓸 수 없습니다. 30처럼 초 단위의 수로 정하거나 지우세요.",
            )
        )
    return seconds


@dataclass(slots=True)
class Checkpoints:
    """Where and how often a training is kept: every so many seconds, or every so many steps where that is asked for."""

    path: Path
    every_seconds: float = field(default_factory=seconds_between)
    every_steps: int | None = None
    last: float = field(default_factory=time.monotonic)

    def is_due(self, state: FitState) -> bool:
        """Whether it is time to write again."""
        if self.every_steps is not None:
            return state.step % self.every_steps == 0
        return time.monotonic() - self.last >= self.every_seconds

    def save(self, state: FitState) -> Checkpointed:
        """Write the state."""
        begun = time.monotonic()
        write_tensors(self.path, dict(tensors_of(state)), record_of(state))
        self.last = time.monotonic()
        self.every_seconds = max(self.every_seconds, 20 * (self.last - begun))  # writing stays below a twentieth
        return Checkpointed(self.path, state.epoch + 1, state.step)

    def resume(self, state: FitState) -> bool:
        """Bring a state that has not begun to where the file left off; False where there is none, or it is beyond the last epoch.

        Raises
        ------
        ModelError
            When the file is damaged, or belongs to another network or optimiser.
        """
        if not self.path.is_file():
            return False
        tensors, record = read_tensors(self.path)
        try:
            if (record["epoch"], record["step_in_epoch"]) > (state.recipe.epochs, 0):
                return False
            put_back(state, tensors, record)
        except (KeyError, TypeError, ValueError, RuntimeError, IndexError) as error:
            raise not_this_training(self.path, error) from error
        return True


def drop_oldest(folder: Path, *, keep: Path, limit_bytes: int = LIMIT_BYTES) -> None:
    """Remove the checkpoints that were written longest ago, until the folder holds no more than that; `keep` stays."""
    found = []
    for path in folder.glob("*.safetensors"):
        with suppress(FileNotFoundError):  # another training may remove or finish it meanwhile
            facts = path.stat()
            found.append((facts.st_mtime, facts.st_size, path))
    total = 0
    for _, size, path in sorted(found, reverse=True):
        total += size
        if total > limit_bytes and path != keep:
            path.unlink(missing_ok=True)


def tensors_of(state: FitState) -> Iterator[tuple[str, Tensor]]:
    """Every tensor of a state by name."""
    yield from prefixed("network", state.network.state_dict())
    if state.average is not None:
        yield from prefixed("average", state.average.network.state_dict())
    yield from prefixed("kept", state.kept)
    for place, optimiser in enumerate(state.optimisers):
        for number, values in optimiser.state_dict()["state"].items():
            found = {name: value for name, value in values.items() if isinstance(value, Tensor)}
            yield from prefixed(f"optimiser.{place}.{number}", found)
    yield "torch_random", state.torch_random
    yield "coins", torch.from_numpy(state.coins)


def prefixed(prefix: str, tensors: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    """The tensors with a prefix before their names."""
    return ((f"{prefix}/{name}", tensor) for name, tensor in tensors.items())


def record_of(state: FitState) -> dict[str, Any]:
    """What of a state is not a tensor, as JSON types."""
    return {
        **{name: getattr(state, name) for name in NUMBERS},
        "recipe": state.recipe.model_dump(mode="json"),
        "average_steps": None if state.average is None else state.average.num_steps,
        "early": asdict(state.early),
        "plateau": asdict(state.plateau),
        "order": state.order_before if state.order_before is not None else state.order.bit_generator.state,
        "draws": state.draws.bit_generator.state,
        "history": [asdict(epoch) for epoch in state.history],
        "num_images": len(state.coins),
    }


def put_back(state: FitState, tensors: Weights, record: dict[str, Any]) -> None:
    """Set a state to what was kept; its recipe may have more epochs than before."""
    if record["num_images"] != len(state.coins):
        raise ValueError(f"{record['num_images']} images, not {len(state.coins)}")
    state.network.load_state_dict(below("network", tensors))
    if state.average is not None:
        state.average.network.load_state_dict(below("average", tensors))
        state.average.num_steps = int(record["average_steps"])
    state.kept = {name: tensor.clone() for name, tensor in below("kept", tensors).items()}
    if state.kept.keys() != state.network.state_dict().keys():
        raise ValueError("kept")
    for place, optimiser in enumerate(state.optimisers):
        weights = [weight for group in optimiser.param_groups for weight in group["params"]]
        for number, weight in enumerate(weights):
            found = below(f"optimiser.{place}.{number}", tensors)
            optimiser.state[weight] = {name: like(value, weight) for name, value in found.items()}
            if not found:
                del optimiser.state[weight]
    state.torch_random, state.coins = tensors["torch_random"].clone(), tensors["coins"].numpy().copy()
    for name in NUMBERS:
        setattr(state, name, record[name])
    for name, value in (record["early"] | {"patience": state.early.patience}).items():
        setattr(state.early, name, value)
    for name, value in record["plateau"].items():
        setattr(state.plateau, name, value)
    state.order.bit_generator.state = record["order"]
    state.draws.bit_generator.state = record["draws"]
    state.history = [EpochDone(**epoch) for epoch in record["history"]]


def below(prefix: str, tensors: Weights) -> Weights:
    """The tensors of one prefix, without it."""
    start = f"{prefix}/"
    return {name.removeprefix(start): tensor for name, tensor in tensors.items() if name.startswith(start)}


def like(value: Tensor, weight: Tensor) -> Tensor:
    """A kept value laid out in memory as its weight is, so that the same operations follow the same order."""
    if value.shape == weight.shape:
        return torch.empty_like(weight, dtype=value.dtype).copy_(value)
    return value.clone().to(weight.device)


def write_tensors(path: Path, tensors: Weights, record: dict[str, Any]) -> None:
    """Write tensors and a record as one file, whole or not at all."""
    try:
        from safetensors.torch import save_file
    except ImportError as error:
        raise MissingExtraError("safetensors", "train") from error
    whole = {name: tensor.detach().contiguous() for name, tensor in tensors.items()}
    with atomic_path(path) as temporary:
        save_file(unshared(whole), temporary, metadata={HEADER: json.dumps(record)})


def unshared(tensors: Weights) -> Weights:
    """The tensors, copied where one stands there under two names, which the format does not know."""
    seen: set[int] = set()
    found: Weights = {}
    for name, tensor in tensors.items():
        place = tensor.untyped_storage().data_ptr()
        found[name] = tensor.clone() if place in seen or tensor.untyped_storage().nbytes() != tensor.nbytes else tensor
        seen.add(place)
    return found


def read_tensors(path: Path) -> tuple[Weights, dict[str, Any]]:
    """Tensors and record of a checkpoint.

    Raises
    ------
    ModelError
        When the file cannot be read to its end.
    """
    try:
        from safetensors import SafetensorError, safe_open
    except ImportError as error:
        raise MissingExtraError("safetensors", "train") from error
    try:
        with safe_open(path, framework="pt") as opened:
            record = json.loads((opened.metadata() or {})[HEADER])
            return {name: opened.get_tensor(name) for name in opened.keys()}, record  # noqa: SIM118  no dict
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelError(
            say(
                en=f"The checkpoint {path} is damaged ({reason}). Remove it to train from the beginning.",
                ko=f"체크포인트 {path} 이(가) 손상되었습니다({reason}). 처음부터 학습하려면 파일을 지우세요.",
            )
        ) from error


def not_this_training(path: Path, error: Exception) -> ModelError:
    """The error for a checkpoint of something else."""
    reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return ModelError(
        say(
            en=f"The checkpoint {path} belongs to another training ({reason}). Remove it, or train what it was made for.",
            ko=f"체크포인트 {path} 은(는) 다른 학습의 것입니다({reason}). 파일을 지우거나, 이 체크포인트를 만든 학습을 실행하세요.",
        )
    )
