"""`train --compare`: several ways to learn from the same images, each a run of its own, measured on the same others."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from hubel.core.card import read_card
from hubel.core.errors import HubelError, UsageError
from hubel.core.events import Event, Finished, Note
from hubel.core.language import say
from hubel.core.rundir import CARD, claim_run_folder, safe_run_name
from hubel.core.seeds import generator
from hubel.data.dataset import Dataset
from hubel.data.split_file import read_split_csv
from hubel.evaluate.compare import Judgement, compare_answers
from hubel.evaluate.ways import Way, best_way, write_ways_page
from hubel.train.head import never
from hubel.train.options import TrainOptions
from hubel.workflows.comparing import SPLIT, answers_by_content
from hubel.workflows.opening import source_name
from hubel.workflows.training import everything, train

PAGE = "compare.html"


@dataclass(frozen=True, slots=True)
class Ways:
    """All ways, in the order in which they were asked for, and the page that shows them."""

    ways: tuple[Way, ...]
    page: Path
    seconds: float


def compare_ways(
    source: str,
    chosen: Sequence[tuple[str, TrainOptions]],
    *,
    command: str = "",
    stop: Callable[[], bool] = never,
) -> Iterator[Event | Ways]:
    """Train in each way, into a folder of its own, and compare them; the comparison comes last.

    The first way draws the images to measure with, where the data have no test part; all others take the same.

    Parameters
    ----------
    source
        The images, as `train` takes them.
    chosen
        The name of each way and its options; their `out`, where given, is the folder for all runs.
    command
        The command line, for the cards.
    stop
        As in `train`.

    Raises
    ------
    HubelError
        As `train`; the runs that were finished before stay.
    """
    started = time.monotonic()
    names = [name for name, _ in chosen]
    if len(names) < 2 or len(set(names)) < len(names):
        raise UsageError(
            say(
                en=f"--compare takes two or more different ways, got {', '.join(names)}. For example: --compare features,finetune",
                ko=f"--compare에는 서로 다른 방식을 둘 이상 적어야 하지만 {', '.join(names)} 을(를) 받았습니다. 예: --compare features,finetune",
            )
        )
    folder = claim_run_folder(chosen[0][1].out or Path("runs") / f"{safe_run_name(source_name(source))}-ways")
    ways: list[Way] = []
    select: Callable[[Dataset], Dataset] = everything
    for number, (name, options) in enumerate(chosen, 1):
        total = len(chosen)
        yield Note(f"Way {number} of {total}: {name}.", f"방식 {total}가지 가운데 {number}번째: {name}.", "step")
        resolved = replace(options, out=folder / safe_run_name(name), hold_out=True)
        try:
            for event in train(source, resolved, command=command, stop=stop, select=select):
                if isinstance(event, Finished):
                    ways.append(Way(name, event.folder, read_card(event.folder / CARD), event.seconds))
                yield event
        except HubelError:
            if ways:
                write_ways_page(folder.name, [against(way, best_way(ways)) for way in ways], folder / PAGE)
            else:
                folder.rmdir()  # nothing was made in it
            raise
        if select is everything:
            select = SameParts(ways[0].folder)
        if stop():
            break
    compared = [against(way, best_way(ways)) for way in ways]
    write_ways_page(folder.name, compared, folder / PAGE)
    yield Ways(tuple(compared), folder / PAGE, time.monotonic() - started)


class SameParts:
    """Gives a data set the test images of a finished run; all others are left to learn from."""

    def __init__(self, run: Path) -> None:
        self.tested = {row.file for row in read_split_csv(run / SPLIT) if row.split == "test"}

    def __call__(self, dataset: Dataset) -> Dataset:
        """The data set with these parts; the user's own validation images stay what they are."""
        examples = tuple(
            replace(example, split="test" if example.path in self.tested else example.split or "train")
            for example in dataset.examples
        )
        return replace(dataset, examples=examples)


def against(way: Way, best: Way) -> Way:
    """The way with its comparison with the best, on the images that both were measured on."""
    if way is best:
        return way
    own, others = answers_by_content(way.folder), answers_by_content(best.folder)
    common = [content for content in own if content in others]
    places = {name: index for index, name in enumerate(way.card.classes)}
    judgements = [
        Judgement(
            np.array([places[found[content].predicted] for content in common]),
            np.array([found[content].probability_of_label for content in common]),
        )
        for found in (own, others)
    ]
    labels = np.array([places[own[content].label] for content in common])
    comparison = compare_answers(
        *judgements, labels=labels, groups=None, cross_validated=False, random=generator(0, "compare")
    )
    return replace(way, against_best=comparison)
