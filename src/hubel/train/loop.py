"""The training loop: a generator of events, all of it on one screen.

It does what everybody's loop does (tests/parity/test_loop.py compares it with a plain one, step for step); whatever else is asked
for (augmentation, mixing, mean weights, early stopping, checkpoints) is one line of it and lives in a module of its own.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterator

import torch
from torch import Tensor, nn

from hubel.core.errors import ModelError
from hubel.core.events import Checkpointed, EpochDone, StepDone
from hubel.core.language import say
from hubel.train.checkpoint import Checkpoints, write_tensors
from hubel.train.early import Validation
from hubel.train.optimisers import set_rates
from hubel.train.schedule import share_at
from hubel.train.sets import LearningSet
from hubel.train.state import FitState, copy_weights
from hubel.train.step import train_step

Validate = Callable[[nn.Module], Validation]
FitEvent = StepDone | EpochDone | Checkpointed


def never() -> bool:
    """Nobody asks to stop."""
    return False


def fit(
    state: FitState,
    data: LearningSet,
    *,
    validate: Validate | None = None,
    checkpoints: Checkpoints | None = None,
    stop: Callable[[], bool] = never,
) -> Generator[FitEvent, None, None]:
    """Train until the epochs are over, patience is at its end or somebody stops it; the best weights are in the network then.

    Closing the generator cancels: the network keeps the weights of that moment.

    Parameters
    ----------
    state
        See `state.begin`; goes on from where it is.
    data
        What is learned from.
    validate
        Measures a network in evaluation mode on images that are not in `data`.
    checkpoints
        Where to keep the state, and how often.
    stop
        Asked after every step; once True, the epoch is closed with what it has.

    Raises
    ------
    DivergedError
        When the loss is no finite number; the network has the last good weights then.
    """
    while state.epoch < state.recipe.epochs and not state.early.is_over and not state.stopped:
        asked = False
        for rows in remaining_batches(state):
            begun = time.monotonic()
            rate = set_rate(state)
            if not state.network.training:
                state.network.train()
                state.learner.train()
            with state.own_randomness():
                batch = data.batch(state, rows)
                outcome = train_step(state.learner, batch, state.optimisers, state.recipe, team=state.team)
            if not math.isfinite(outcome.loss):
                raise go_back(state, outcome.loss, rate, checkpoints)
            if state.average is not None:
                state.average.follow(state.network)
            count(state, outcome.loss, outcome.num_right, len(rows))
            state.seconds += time.monotonic() - begun
            yield StepDone(
                state.epoch + 1, state.step, num_steps(state), outcome.loss, outcome.num_right / len(rows), rate
            )
            if checkpoints is not None and checkpoints.is_due(state):
                yield checkpoints.save(state)
            asked = state.team.heeds(stop())
            if asked:
                break
        if asked and checkpoints is not None:
            yield checkpoints.save(state)  # before the epoch is cut short, so that another run can finish it
        yield end_epoch(state, validate)
        state.stopped = asked
    if checkpoints is not None and not state.stopped:
        yield checkpoints.save(state)
    state.network.load_state_dict(state.kept)
    state.network.eval()


def remaining_batches(state: FitState) -> Iterator[Tensor]:
    """The rows of each batch that is left of this epoch, in an order drawn for it; a lone last image joins the batch before."""
    state.order_before = state.order.bit_generator.state
    order = torch.from_numpy(state.order.permutation(len(state.coins)))
    batches = list(torch.split(order, state.recipe.batch_size))
    if len(batches) > 1 and len(batches[-1]) == 1:  # batch norm cannot learn from one
        batches[-2:] = [torch.cat(batches[-2:])]
    return iter(batches[state.step_in_epoch :])


def steps_in_epoch(state: FitState) -> int:
    """How many batches an epoch has.

    A lone last image is no batch of its own.
    """
    whole, rest = divmod(len(state.coins), state.recipe.batch_size)
    return max(1, whole + (rest > (1 if whole else 0)))


def num_steps(state: FitState) -> int:
    """How many batches the whole training has, if nothing ends it early."""
    return steps_in_epoch(state) * state.recipe.epochs


def set_rate(state: FitState) -> float:
    """Set the learning rates for the next step; returns that of the recipe."""
    recipe = state.recipe
    share = state.plateau.share * share_at(recipe.schedule, state.step, num_steps(state), warm_up=recipe.warm_up)
    set_rates(state.optimisers, share)
    return recipe.rate * share


def count(state: FitState, loss: float, num_right: int, num_images: int) -> None:
    """Move on by a step."""
    state.step += 1
    state.step_in_epoch += 1
    state.loss_sum += loss * num_images
    state.num_right += num_right
    state.num_seen += num_images


def end_epoch(state: FitState, validate: Validate | None) -> EpochDone:
    """Measure, keep the weights if they are the best so far, and begin a new epoch."""
    begun = time.monotonic()
    seen, loss = max(state.num_seen, 1), state.loss_sum / max(state.num_seen, 1)
    found = None if validate is None else validate(state.measured.eval())
    if state.recipe.schedule == "plateau":
        state.plateau.note(loss if found is None else found.loss)
    is_best = True if found is None else state.early.note(state.epoch + 1, found)
    if is_best:
        state.kept, state.kept_epoch = copy_weights(state.measured), state.epoch + 1
    share = share_at(state.recipe.schedule, max(state.step - 1, 0), num_steps(state), warm_up=state.recipe.warm_up)
    done = EpochDone(
        epoch=state.epoch + 1,
        num_epochs=state.recipe.epochs,
        learning_rate=state.recipe.rate * share * state.plateau.share,
        loss=loss,
        accuracy=state.num_right / seen,
        validation_loss=None if found is None else found.loss,
        validation_accuracy=None if found is None else found.accuracy,
        is_best=is_best,
        seconds=state.seconds + time.monotonic() - begun,
    )
    state.history.append(done)
    state.epoch, state.step_in_epoch, state.order_before = state.epoch + 1, 0, None
    state.loss_sum, state.num_right, state.num_seen, state.seconds = 0.0, 0, 0, 0.0
    return done


class DivergedError(ModelError):
    """The loss became infinite or no number at all."""


def go_back(state: FitState, loss: float, rate: float, checkpoints: Checkpoints | None) -> DivergedError:
    """Put the last good weights back, and say what happened and where they are."""
    state.network.load_state_dict(state.kept)
    state.network.eval()
    epoch, step, kept = state.epoch + 1, state.step + 1, state.kept_epoch
    where, lower = "", f"{rate / 10:.1g}"
    if checkpoints is not None and kept:
        path = checkpoints.path.with_suffix(".good.safetensors")
        write_tensors(path, state.kept, {"epoch": kept})
        where = say(
            en=f" The weights of epoch {kept} are in {path}.", ko=f" {kept}번째 에포크의 가중치는 {path} 에 있습니다."
        )
    return DivergedError(
        say(
            en=f"The loss became {loss} in epoch {epoch}, step {step}, at a learning rate of {rate:.3g}: training went off the rails."
            f"{where} Try a tenth of the rate (--lr {lower}), or --set clip_norm=1.",
            ko=f"{epoch}번째 에포크, {step}번째 단계에서 학습률 {rate:.3g} 일 때 손실이 {loss} 이(가) 되어 학습이 무너졌습니다."
            f"{where} 학습률을 10분의 1로 낮추거나(--lr {lower}) --set clip_norm=1 을 써 보세요.",
        )
    )
