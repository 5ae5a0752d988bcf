"""What the processes of a team do that do not lead: they wait for the leader's calls, read their share, train along, and end."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hubel.train.scratch import Scratch
from hubel.train.shared_reading import READ, read_share
from hubel.train.team import Team

if TYPE_CHECKING:
    from hubel.train.network import Task

TRAIN = "train"
TASK = "task"
END = "end"
"""The leader's calls: here are the pictures; train a network on them; that was all."""


def follow(team: Team) -> None:
    """Do what the leader calls for until it says that it was all.

    Raises
    ------
    HubelError
        When something goes wrong here, or the leader is gone.
    """
    task: Task | None = None
    while True:
        call, arrays = team.hear()
        if call["call"] == READ:
            team.answer(*read_share(team, call))
        elif call["call"] == TASK:
            task = task_of_arrays(call, arrays)
        elif call["call"] == TRAIN:
            assert task is not None
            train_along(team, task, call)
        else:
            return


def call_with_task(team: Team, task: Task) -> None:
    """Give everybody the pictures: each process holds all of them, for each batch is drawn from all."""
    record = {"call": TASK, "num_classes": task.num_classes, "mirrored_too": task.mirrored_too, "key": task.key}
    team.tell(record, [task.pixels, task.labels, task.tuning_pixels, task.tuning_labels])


def task_of_arrays(call: dict[str, Any], arrays: list[Any]) -> Task:
    """The task that the leader told."""
    from hubel.train.network import Task

    pixels, labels, tuning_pixels, tuning_labels = arrays
    return Task(
        pixels, labels, tuning_pixels, tuning_labels, call["num_classes"],
        mirrored_too=call["mirrored_too"], key=call["key"],
    )  # fmt: skip


def call_to_train(team: Team, scratch: Scratch, seed: int) -> None:
    """Have everybody train a network with the leader, who begins right after."""
    team.tell({"call": TRAIN, "scratch": scratch.model_dump(mode="json"), "seed": seed})


def train_along(team: Team, task: Task, call: dict[str, Any]) -> None:
    """Train with the leader, who decides and keeps what comes of it; its first weights are taken, whatever is drawn here."""
    from hubel.train.network import Limits, train_network

    scratch = Scratch.model_validate(call["scratch"]).model_copy(update={"weights": ""})
    no_limits = Limits(left=lambda _: math.inf, must_end=lambda _: False, over=lambda: False)
    for _ in train_network(task, scratch, call["seed"], folder=Path(), limits=no_limits, team=team):
        pass


def call_it_a_day(team: Team) -> None:
    """Let the others end; the leader writes the run alone."""
    team.tell({"call": END})
