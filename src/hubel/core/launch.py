"""Whether torchrun started this process, and as which of how many; read from what it sets in the environment."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Launch:
    """One process of a launch.

    `rank` of `size` processes on all machines, `local_rank` of `local_size` on this one; `restarts` counts how often torchrun
    began anew after a process had died; `name` is the same in every try of one launch on one machine.
    """

    rank: int
    size: int
    local_rank: int
    local_size: int
    restarts: int
    name: str


def this_launch() -> Launch | None:
    """What torchrun says of this process; None where it did not start it."""
    if "TORCHELASTIC_RUN_ID" not in os.environ:
        return None
    numbers = {
        name: int(os.environ.get(name, default))
        for name, default in (("RANK", "0"), ("WORLD_SIZE", "1"), ("LOCAL_RANK", "0"), ("LOCAL_WORLD_SIZE", "1"))
    }
    # the process that starts and restarts the others lives through all tries
    name = f"{socket.gethostname()}-{os.getppid()}-{os.environ['TORCHELASTIC_RUN_ID']}"
    return Launch(
        rank=numbers["RANK"],
        size=numbers["WORLD_SIZE"],
        local_rank=numbers["LOCAL_RANK"],
        local_size=numbers["LOCAL_WORLD_SIZE"],
        restarts=int(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")),
        name=name,
    )


def is_follower() -> bool:
    """Whether another process of this launch leads, and speaks."""
    launch = this_launch()
    return launch is not None and launch.rank > 0
