"""The files that could not be read, and why, as lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from hubel.core.language import say
from hubel.data.names import shown
from hubel.data.refusal import Refusal, explain_refusal

NUM_SET_ASIDE = 20


def set_aside_lines(set_aside: Sequence[tuple[str, str, str]]) -> Iterator[Text]:
    """The files that could not be read, each with its reason."""
    for path, refusal, detail in set_aside[:NUM_SET_ASIDE]:
        yield Text(refusal_line(path, refusal, detail))
    if len(set_aside) > NUM_SET_ASIDE:
        yield Text(say(en=f"… {len(set_aside)} files in all", ko=f"… 모두 {len(set_aside)}개"))


def refusal_line(path: str, refusal: str, detail: str) -> str:
    """Why one file was not read."""
    found = f" ({shown(detail)})" if detail else ""
    return f"{shown(path)}: {explain_refusal(Refusal(refusal))}{found} [{refusal}]"
