"""What `predict` is given, opened: archives, addresses and sets become files here, and answers keep the user's names."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from hubel.cli.progress import Tell, telling
from hubel.core.events import Event
from hubel.data.network import is_url
from hubel.data.walk import IMAGE_EXTENSIONS, extension_of

if TYPE_CHECKING:
    from hubel.workflows import Prediction

Result = TypeVar("Result")
Line = Callable[["Prediction"], str]
Opened = tuple[list[str], Callable[[Line], Line]]
"""The sources as paths, and a function that makes a writer of answers call images as the user does."""


def opened_sources(sources: Sequence[str]) -> Opened:
    """Open the sources that are no plain images, saying how far it is.

    Raises
    ------
    HubelError
        When one cannot be opened.
    """
    if all(extension_of(source) in IMAGE_EXTENSIONS and not is_url(source) for source in sources):
        return list(sources), unchanged
    from hubel.workflows.opening_many import has_to_be_made, open_sources, users_name

    if not any(source != "-" and has_to_be_made(source) for source in sources):
        return list(sources), unchanged
    with telling() as tell:
        paths, names = told(open_sources(sources), tell)

    def naming(line: Line) -> Line:
        return lambda prediction: line(replace(prediction, path=users_name(names, prediction.path)))

    return paths, naming


def told(events: Generator[Event, None, Result], tell: Tell) -> Result:
    """What a generator returns, its events told."""
    while True:
        try:
            tell(next(events))
        except StopIteration as end:
            result: Result = end.value
            return result


def unchanged(line: Line) -> Line:
    """The writer as it is."""
    return line
