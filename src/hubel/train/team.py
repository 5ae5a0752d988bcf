"""The processes that train one network together: who takes which share, and what they tell each other.

The first process leads: it opens the data, decides, writes and speaks. The others follow its calls (`workflows.following`).
What passes between them is JSON and plain arrays. A process alone is a team of one, for which nothing here does anything.
`distributed` makes a team of what torchrun started.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

MOST_AT_ONCE = 2**26
"""So many bytes pass in one message; more in several."""
Message = tuple[dict[str, Any], list[np.ndarray]]
"""A record of JSON types, and arrays."""


@dataclass(frozen=True, slots=True)
class Team:
    """One process of a team, seen from within: `rank` of `size` on all machines, `local_rank` of `local_size` on this one.

    `launched` tells that torchrun started it, be it alone, and `restarted` that it did so anew after a process had died.
    """

    rank: int = 0
    size: int = 1
    local_rank: int = 0
    local_size: int = 1
    launched: bool = False
    restarted: bool = False

    @property
    def leads(self) -> bool:
        """Whether this process decides, writes and speaks."""
        return self.rank == 0

    def share(self, start: int, end: int) -> range:
        """Which of the places from `start` to before `end` are this process's: one stretch, as long as anyone's or one shorter.

        Examples
        --------
        >>> [list(Team(rank, 2).share(3, 8)) for rank in (0, 1)]
        [[3, 4], [5, 6, 7]]
        """
        num = end - start
        return range(start + num * self.rank // self.size, start + num * (self.rank + 1) // self.size)

    def total(self, values: Sequence[float]) -> list[float]:
        """The sums over all processes, the same in each."""
        if self.size == 1:
            return list(values)
        import torch
        from torch import distributed

        sums = torch.tensor(values, dtype=torch.float64)
        distributed.all_reduce(sums)
        found: list[float] = sums.tolist()
        return found

    def heeds(self, flag: bool) -> bool:
        """What the leader says, whatever the others would."""
        if self.size == 1:
            return flag
        return bool(self.passed_on(np.array([flag], np.uint8))[0])

    def agrees(self, record: dict[str, Any]) -> dict[str, Any]:
        """The leader's record."""
        if self.size == 1:
            return record
        if self.leads:
            self.tell(record)
            return record
        return self.hear()[0]

    def tell(self, record: dict[str, Any], arrays: Sequence[np.ndarray] = ()) -> None:
        """Said by the leader to all others, who `hear` it."""
        if self.size == 1:
            return
        for part in packed(record, arrays):
            self.passed_on(part)

    def hear(self) -> Message:
        """What the leader tells next."""
        head = self.passed_on(np.zeros(1, np.int64))
        return unpacked(self.passed_on(np.zeros(int(head[0]), np.uint8)), self.passed_on)

    def answer(self, record: dict[str, Any], arrays: Sequence[np.ndarray] = ()) -> None:
        """Said by another to the leader, who `collects` it."""
        from torch import distributed

        for part in packed(record, arrays):
            for piece in pieces(part):
                distributed.send(piece, 0)

    def collect(self) -> Iterator[Message]:
        """The answers of all others, in the order of their ranks."""
        from torch import distributed

        for rank in range(1, self.size):

            def received(array: np.ndarray, sender: int = rank) -> np.ndarray:
                for piece in pieces(array):
                    distributed.recv(piece, sender)
                return array

            head = received(np.zeros(1, np.int64))
            yield unpacked(received(np.zeros(int(head[0]), np.uint8)), received)

    def passed_on(self, array: np.ndarray) -> np.ndarray:
        """The leader's array in place of the others'."""
        from torch import distributed

        for piece in pieces(array):
            distributed.broadcast(piece, 0)
        return array


ALONE = Team()
"""One process by itself."""


def packed(record: dict[str, Any], arrays: Sequence[np.ndarray]) -> Iterator[np.ndarray]:
    """A message as arrays: how long its head is, the head, and what it announces."""
    whole = [np.ascontiguousarray(array) for array in arrays]
    shapes = [[array.dtype.str, list(array.shape)] for array in whole]
    head = np.frombuffer(json.dumps([record, shapes]).encode(), np.uint8).copy()
    yield np.array([len(head)], np.int64)
    yield head
    yield from (array if array.flags.writeable else array.copy() for array in whole)


def unpacked(head: np.ndarray, received: Any) -> Message:
    """A message of its head, and what follows it by `received`, which fills an array."""
    record, shapes = json.loads(head.tobytes())
    return record, [received(np.empty(shape, np.dtype(kind))) for kind, shape in shapes]


def pieces(array: np.ndarray) -> Iterator[Tensor]:
    """An array's own memory as tensors of bytes, none of them too long for one message."""
    import torch

    flat = torch.from_numpy(array.reshape(-1).view(np.uint8))
    yield from (part for part in torch.split(flat, MOST_AT_ONCE) if len(part))
