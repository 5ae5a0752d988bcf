"""What the card says of the files behind a run; one by one they stand in the run folder's ledger."""

from __future__ import annotations

from pydantic import Field

from hubel.core.frozen import Frozen

MOST_NAMED = 20
"""How many licences and how many sources the card names; the ledger has all."""


class LedgerSummary(Frozen):
    """How many files there were, what became of them, and whence they came.

    `num_used` were learned from or measured on, `num_set_aside` could not be read, `num_unread` were not reached before the
    run ended early; together they are `num_files`, of `num_bytes`. `licences` and `sources` count files; sources are hosts
    where they are addresses. `num_without_licence` and `num_without_source` are files of which nothing is known.
    """

    num_files: int = Field(ge=0)
    num_bytes: int = Field(ge=0)
    num_used: int = Field(ge=0)
    num_set_aside: int = Field(ge=0)
    num_unread: int = Field(ge=0)
    licences: dict[str, int] = Field(default_factory=dict)
    sources: dict[str, int] = Field(default_factory=dict)
    num_without_licence: int = 0
    num_without_source: int = 0
