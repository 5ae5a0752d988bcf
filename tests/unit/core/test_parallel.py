"""Work by threads: in order, bounded, and given out before the next item has to be waited for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hubel.core.parallel import batches, map_in_order


def test_results_come_in_order_and_few_items_are_drawn_ahead() -> None:
    drawn: list[int] = []

    def items() -> Iterator[int]:
        for number in range(100):
            drawn.append(number)
            yield number

    results = map_in_order(lambda number: number * number, items(), workers=2)
    assert [next(results) for _ in range(3)] == [0, 1, 4]
    assert len(drawn) <= 3 + 3 * 2
    assert list(results) == [number * number for number in range(3, 100)]


def test_everything_is_given_out_before_an_item_that_has_yet_to_arrive() -> None:
    given: list[int] = []
    arrived = {0, 1, 2, 10}

    def items() -> Iterator[int]:
        for number in range(20):
            if number in arrived:
                assert given == list(range(number))  # who sends the next item has seen all answers
            yield number

    last = -1

    def noted() -> Iterator[int]:
        nonlocal last
        for number in items():
            last = number
            yield number

    def waits() -> bool:
        return last + 1 in arrived

    work = map_in_order(list, batches(noted(), 4, waits=waits), workers=2, waits=waits)
    for batch in work:
        given.extend(batch)
    assert given == list(range(20))


def test_an_error_comes_in_its_turn() -> None:
    results = map_in_order(lambda number: 1 // number, [1, 0, 1], workers=2)
    assert next(results) == 1
    with pytest.raises(ZeroDivisionError):
        next(results)
