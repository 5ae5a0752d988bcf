"""Training by several processes with torch's own engine: torchrun starts them, DistributedDataParallel averages their gradients.

gloo carries what lies in ordinary memory, NCCL what lies on graphics cards. A process that ends with an error leaves its exit
code where the others find it when the connection breaks, so that all end alike and nobody waits for ever.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from inspect import signature
from typing import Any

from hubel.core.errors import HubelError, MissingExtraError
from hubel.core.language import say
from hubel.core.launch import Launch
from hubel.core.parallel import usable_cores
from hubel.train.team import ALONE, Team

LONGEST_WAIT = timedelta(hours=12)
"""So long the others wait for the leader, which may be fetching or reading the data; a process that dies ends it at once."""
SECONDS_FOR_LAST_WORDS = 5.0
"""So long a process whose connection broke looks for the reason that another may have left."""
FAULT = "hubel/fault"


class PartnerError(HubelError):
    """Another process of the team ended; `exit_code` is that with which it did."""

    def __init__(self, exit_code: int) -> None:
        super().__init__(
            say(
                en=f"Another process of this training ended (exit code {exit_code}), so this one cannot go on. See what that one says; "
                "the same command goes on from the last checkpoint.",
                ko=f"함께 학습하던 다른 프로세스가 끝나서(종료 코드 {exit_code}) 계속할 수 없습니다. 그 프로세스의 메시지를 확인하세요. 같은 명령을 다시 "
                "실행하면 마지막 체크포인트부터 이어집니다.",
            )
        )
        self.exit_code = exit_code


class OwnError(HubelError):
    """What went wrong in one of the processes that do not speak, which therefore says so itself."""

    def __init__(self, rank: int, error: BaseException) -> None:
        name = "" if isinstance(error, HubelError) else f"{type(error).__name__}: "
        super().__init__(
            say(
                en=f"In process {rank} of this training: {name}{error}",
                ko=f"이 학습의 {rank}번 프로세스에서: {name}{error}",
            )
        )
        self.exit_code = error.exit_code if isinstance(error, HubelError) else 1


@contextmanager
def joined(launch: Launch | None) -> Iterator[Team]:
    """The team that torchrun started, with this process in its place; `ALONE` where it started none.

    Parameters
    ----------
    launch
        What torchrun says.

    Raises
    ------
    PartnerError
        When another process ended before its time.
    MissingExtraError
        When torch is not installed.
    """
    if launch is None or launch.size == 1:
        yield ALONE if launch is None else Team(launched=True, restarted=launch.restarts > 0)
        return
    try:
        import torch
        from torch import distributed
        from torch.distributed.distributed_c10d import PrefixStore
        from torch.distributed.rendezvous import rendezvous
    except ImportError as error:
        raise MissingExtraError(error.name or "torch", "torch") from error
    store, rank, size = next(rendezvous("env://", timeout=LONGEST_WAIT))
    store = PrefixStore(common_round(store, rank, size), store)
    backend = "cpu:gloo,cuda:nccl" if distributed.is_nccl_available() and torch.cuda.is_available() else "gloo"
    distributed.init_process_group(backend, store=store, rank=rank, world_size=size, timeout=LONGEST_WAIT)
    if torch.get_num_threads() == 1:  # torchrun's cautious choice for several processes, whatever the machine has
        torch.set_num_threads(max(1, usable_cores() // launch.local_size))
    places = (rank, size, launch.local_rank, launch.local_size)
    team = Team(*places, launched=True, restarted=launch.restarts > 0)
    try:
        yield team
        distributed.destroy_process_group()
    except BaseException as error:
        if lost_connection(error):
            raise PartnerError(last_words(store)) from error
        leave_word(store, error.exit_code if isinstance(error, HubelError) else 1)
        if isinstance(error, Exception) and not team.leads and not is_common(error):
            raise OwnError(rank, error) from error
        raise


def common_round(store: Any, rank: int, size: int) -> str:
    """A word that the processes of this try have in common, and those of no other.

    torchrun keeps its store from one try to the next, and in it the addresses of processes that are dead by now. So every other
    process says under a name of its own that it is here, and the leader answers that name, until all have heard it.
    """
    if rank:
        name = uuid.uuid4().hex
        store.set(f"hubel/here/{rank}", name)
        answer = f"hubel/round/{rank}/{name}"
        store.wait([answer], LONGEST_WAIT)
        found: str = store.get(answer).decode()
        store.set(f"hubel/heard/{found}/{rank}", "yes")
        return found
    found, waiting = uuid.uuid4().hex, set(range(1, size))
    while waiting:
        for other in sorted(waiting):
            if store.check([f"hubel/here/{other}"]):
                name = store.get(f"hubel/here/{other}").decode()
                store.set(f"hubel/round/{other}/{name}", found)
            if store.check([f"hubel/heard/{found}/{other}"]):
                waiting.discard(other)
        time.sleep(0.02)
    return found


def lost_connection(error: BaseException) -> bool:
    """Whether this is what torch raises when another process is gone."""
    from torch import distributed

    if isinstance(error, distributed.DistError):
        return True
    return isinstance(error, RuntimeError) and any(word in str(error) for word in ("gloo", "NCCL", "Connection"))


def leave_word(store: Any, exit_code: int) -> None:
    """Leave the exit code for the others."""
    with suppress(RuntimeError):  # who keeps the store may be gone, too; then there is nobody to tell
        store.compare_set(FAULT, "", str(exit_code))


def last_words(store: Any) -> int:
    """The exit code that another process left; 1 where it was killed and could not."""
    try:
        store.wait([FAULT], timedelta(seconds=SECONDS_FOR_LAST_WORDS))
        return int(store.get(FAULT))
    except (RuntimeError, ValueError):
        return 1


def is_common(error: BaseException) -> bool:
    """Whether every process meets this error at the same place, so that it is enough when the leader says it."""
    from hubel.train.loop import DivergedError

    return isinstance(error, DivergedError)


def together(network: Any, team: Team) -> Any:
    """The network as a team trains it: gradients are means over the team, batch norms look at all images of a batch.

    It works on the network's own tensors, which become the leader's.

    Parameters
    ----------
    network
        On the device of this process, the same in every process but for its values.
    team
        The team; the network itself for a team of one.
    """
    if team.size == 1:
        return network
    from torch.nn.parallel import DistributedDataParallel

    from hubel.train.shared_norm import twin_with_shared_norms

    device = next(network.parameters()).device
    known = signature(DistributedDataParallel).parameters
    # running statistics are the same everywhere, for norms look at all images; torch has renamed what says so
    settings: dict[str, Any] = {
        "forward_sync_buffers" if "forward_sync_buffers" in known else "broadcast_buffers": False
    }
    cards = [device] if device.type == "cuda" else None
    return DistributedDataParallel(twin_with_shared_norms(network, device), device_ids=cards, **settings)


def share_state(state: Any, team: Team) -> None:
    """Bring every process to where the leader's training is."""
    if team.size == 1:
        return
    import torch

    from hubel.train.checkpoint import put_back, record_of, tensors_of

    if team.leads:
        tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors_of(state)}
        team.tell({"names": list(tensors), "record": record_of(state)}, [tensor.numpy() for tensor in tensors.values()])
        return
    message, arrays = team.hear()
    found = {name: torch.from_numpy(array) for name, array in zip(message["names"], arrays, strict=True)}
    put_back(state, found, message["record"])
