"""The option ``--at-least``, which train, predict and evaluate share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hubel.core.decision import Wish


def wishes_of(texts: Sequence[str] | None) -> tuple[Wish, ...]:
    """The wishes that were written.

    Raises
    ------
    UsageError
        When one cannot be understood.
    """
    from hubel.evaluate.wishes import parse_wish

    return tuple(parse_wish(text) for text in texts or ())
