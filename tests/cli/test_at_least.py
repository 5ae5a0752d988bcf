"""`--at-least`, which three verbs share: what is said when it fits, and when it does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from cli.conftest import Hubel, Trained


def test_a_promise_that_can_be_kept_is_kept(trained: Trained, hubel: Hubel) -> None:
    ended = hubel("evaluate", trained.run, trained.data, "--json", "--at-least", "recall:circles=70%")
    assert ended.code == 0, ended.err
    (metrics,) = ended.records
    recall = {row["name"]: row["recall"] for row in metrics["per_class"]}
    assert recall["circles"] >= 0.7


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ("recall:circles=0.99", "12 independent images can vouch for"),
        ("recall:squares=0.9", "'squares', which there is not"),
        ("circles=0.9", "such as recall:panda=0.95"),
    ],
)
def test_what_does_not_fit_ends_with_the_code_of_usage(trained: Trained, hubel: Hubel, wish: str, said: str) -> None:
    ended = hubel("predict", trained.run, trained.data, "--at-least", wish)
    assert ended.code == 2
    assert said in " ".join(ended.err.split())
    assert ended.out == ""
