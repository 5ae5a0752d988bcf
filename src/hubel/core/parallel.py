"""Work on many items by a few threads, results in order, memory bounded."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


Waits = Callable[[], bool]
"""Whether asking for the next item would have to wait for it, so that what is done should be given out first."""


def never() -> bool:
    """Of items that are all there."""
    return False


def map_in_order(
    function: Callable[[Item], Result], items: Iterable[Item], *, workers: int, waits: Waits = never
) -> Iterator[Result]:
    """``map(function, items)`` by `workers` threads; at most three items a worker are begun and not yet given out.

    Closing the iterator drops what has not begun and waits for what has.

    Examples
    --------
    >>> list(map_in_order(abs, [-1, 2, -3], workers=2))
    [1, 2, 3]
    """
    pool = ThreadPoolExecutor(workers)
    waiting: deque[Future[Result]] = deque()
    source = iter(items)
    try:
        ended = False
        while not ended or waiting:
            while not ended and len(waiting) < 3 * workers and not (waiting and waits()):
                begun = [pool.submit(function, item) for item in islice(source, 1)]
                waiting.extend(begun)
                ended = not begun
            if waiting:
                yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def batches(items: Iterable[Item], size: int, *, waits: Waits = never) -> Iterator[list[Item]]:
    """Consecutive lists of `size` items; shorter at the end, and where one would have to wait for the next item.

    Examples
    --------
    >>> list(batches(range(5), 2))
    [[0, 1], [2, 3], [4]]
    """
    batch: list[Item] = []
    for item in items:
        batch.append(item)
        if len(batch) == size or waits():
            yield batch
            batch = []
    if batch:
        yield batch


def usable_cores() -> int:
    """The cores this process may use, at least one."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
