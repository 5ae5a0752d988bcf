"""Small trainings by the team that torchrun started, for comparing with the same by one process; `CASES` says which."""

from __future__ import annotations

import os
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from hubel.core.card import ImageSpec
from hubel.core.errors import HubelError, ModelError
from hubel.core.events import EpochDone, StepDone
from hubel.core.launch import this_launch
from hubel.data.augmentation import Augmentation
from hubel.data.cache import Cache
from hubel.train.checkpoint import Checkpoints
from hubel.train.distributed import joined, share_state
from hubel.train.features import Extractor, extract_features, new_extraction
from hubel.train.find_rate import find_rate
from hubel.train.loop import fit
from hubel.train.pixels import NUM_MEANS, mean_colours
from hubel.train.recipes import Recipe
from hubel.train.sets import validator
from hubel.train.shared_reading import read_together
from hubel.train.state import FitState, begin
from hubel.train.team import ALONE, Team
from hubel.workflows.following import call_it_a_day, follow
from small_networks import small_network, small_recipe, small_set

SHIFTED = Augmentation(rotation_range=20, alternating_flip=True, crop_padding=1, erasing=0.3, brightness_range=0.2)
CASES: dict[str, dict[str, Any]] = {
    "plain": {"optimiser": "sgd"},
    "changed": {
        "optimiser": "nesterov",
        "augmentation": SHIFTED,
        "label_smoothing": 0.1,
        "clip_norm": 0.5,
        "average": 0.9,
    },
    "mixed": {"optimiser": "sgd", "mixup": 0.2, "cutmix": 0.5, "augmentation": SHIFTED},
    "in pieces": {"optimiser": "sgd", "accumulate": 3},
    "one image a step": {"optimiser": "sgd", "learning_rate": 0.01, "batch_size": 1, "epochs": 1},
}
"""What each training has of its own; batches of 16 of 70 images, so that the last is smaller, and one image cannot be halved."""


def begun(case: dict[str, Any], team: Team, *, dropout: float = 0.0) -> FitState:
    """A training that has not begun."""
    return begin(
        small_network(seed=team.rank, dropout=dropout), small_recipe(**case), 70, np.random.default_rng(1), team=team
    )


def trained(case: dict[str, Any], team: Team) -> tuple[FitState, list[float]]:
    """A whole training, and the loss of every step and epoch."""
    state = begun(case, team)
    events = list(fit(state, small_set(), validate=validator(small_set(31, seed=2), team=team)))
    losses = [event.loss for event in events if isinstance(event, StepDone)]
    return state, losses + [event.validation_loss or 0.0 for event in events if isinstance(event, EpochDone)]


def found_rate(team: Team) -> float:
    """The rate that a range test finds."""
    recipe: Recipe = small_recipe(optimiser="sgd")
    return find_rate(small_network(), recipe, small_set(), np.random.default_rng(2), team=team).suggested


def all_cases(folder: Path, team: Team) -> None:
    """Train every case; this process's weights and losses are kept under the case's name and its rank."""
    for name, case in CASES.items():
        state, losses = trained(case, team)
        torch.save((state.network.state_dict(), losses), folder / f"{name}-{team.rank}.pt")
    torch.save(found_rate(team), folder / f"rate-{team.rank}.pt")


def killed(folder: Path, team: Team) -> None:
    """Train with a checkpoint after every step; in the first try, process VICTIM kills itself after some steps."""
    launch = this_launch()
    assert launch is not None
    case = CASES["changed"] | {"epochs": 4}
    state = begun(case, team, dropout=0.3)
    checkpoints = Checkpoints(folder / "checkpoint.safetensors", every_steps=1) if team.leads else None
    if checkpoints is not None:
        checkpoints.resume(state)
    share_state(state, team)
    (folder / f"begun-{launch.restarts}-{team.rank}").write_text(str(state.step))
    for event in fit(state, small_set(), validate=validator(small_set(31, seed=2), team=team), checkpoints=checkpoints):
        if isinstance(event, StepDone) and event.step == 7 and not launch.restarts:
            time.sleep(0.2)  # the leader writes its checkpoint of the step before
            if str(team.rank) == os.environ.get("VICTIM"):
                os.kill(os.getpid(), 9)
    torch.save(state.network.state_dict(), folder / f"final-{team.rank}.pt")


def talk(folder: Path, team: Team) -> None:
    """Messages there and back."""
    arrays: list[np.ndarray] = [
        np.arange(6, dtype=np.uint8).reshape(2, 3),
        np.zeros((0, 4), np.float32),
        np.array([1.5, -2.0]),
    ]
    if team.leads:
        team.tell({"word": "caf\udce9", "number": 3}, arrays)
        answers = list(team.collect())
    else:
        record, heard = team.hear()
        assert all(
            np.array_equal(one, other) and one.dtype == other.dtype for one, other in zip(heard, arrays, strict=True)
        )
        team.answer({"heard": record, "rank": team.rank}, heard[::-1])
        answers = []
    assert team.heeds(team.leads) is True
    assert team.total([1.0, float(team.rank)]) == [team.size, sum(range(team.size))]
    if team.leads:
        ((record, back),) = answers
        assert record == {"heard": {"word": "caf\udce9", "number": 3}, "rank": 1}
        assert [array.shape for array in back] == [(2,), (0, 4), (2, 3)]
        (folder / "talked").write_text("yes")


def read(folder: Path, team: Team) -> None:
    """Read the pictures in ``photos`` together, each process with a disk of its own: half of the names mean nothing to the others."""
    names = sorted((folder / "photos").rglob("*.*"))
    if team.leads:
        os.chdir(folder)
    paths = [str(name if number % 2 else name.relative_to(folder)) for number, name in enumerate(names)]
    with Cache(folder / f"rows-{team.rank}") as cache:
        spec = ImageSpec(size=16, resize="squash")
        extractor = Extractor(mean_colours(), spec, cache, "means", NUM_MEANS, read=partial(read_together, team))
        if team.leads:
            extraction = new_extraction(len(paths))
            list(extract_features(extractor, paths, "plain", np.arange(len(paths)), extraction=extraction))
            contents = [
                content if done else "" for content, done in zip(extraction.contents, extraction.done, strict=True)
            ]
            np.savez(
                folder / "read.npz", contents=contents, features=extraction.features["plain"], traces=extraction.traces,
                refused=sorted(entry.index for entry in extraction.refused),
            )  # fmt: skip
            call_it_a_day(team)
        else:
            follow(team)


def fault(folder: Path) -> None:
    """One process meets an error of its own; what each of them raises then is kept."""
    launch = this_launch()
    assert launch is not None
    try:
        with joined(launch) as team:
            if not team.leads:
                raise ModelError("this one only")
            team.total([1.0])
    except HubelError as error:
        (folder / f"fault-{launch.rank}").write_text(f"{type(error).__name__} {error.exit_code} {error}")
    if launch.rank:
        torch.distributed.destroy_process_group()  # as when it ends
        time.sleep(3)


def main() -> None:
    """The job and folder that the command line names."""
    torch.set_num_threads(1)
    if sys.argv[1] == "fault":
        fault(Path(sys.argv[2]))
        return
    with joined(this_launch()) as team:
        {"all_cases": all_cases, "killed": killed, "talk": talk, "read": read}[sys.argv[1]](Path(sys.argv[2]), team)


def alone(case: dict[str, Any]) -> tuple[FitState, list[float]]:
    """The same by this process."""
    return trained(case, ALONE)


if __name__ == "__main__":
    main()
