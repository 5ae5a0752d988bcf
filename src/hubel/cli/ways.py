"""``hubel train --compare``: several ways to learn, as lines for people and as a record for machines."""

from __future__ import annotations

import json as json_format
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from hubel.cli.progress import finishing_on_interrupt, telling
from hubel.cli.scratch_choice import Words
from hubel.cli.show import field_lines, plain, sentence
from hubel.cli.strategy_choice import NOT_FOR, strategy_choice
from hubel.cli.terminal import output_console, plain_percent, write_lines
from hubel.core.language import say
from hubel.data.names import shown, utf8

if TYPE_CHECKING:
    from hubel.train.options import TrainOptions
    from hubel.workflows.strategies import Ways


def compare_strategies(
    data: str, options: TrainOptions, words: Words, ways: list[tuple[str, str]], *, command: str, json: bool
) -> None:
    """Train in every way and show how they compare.

    Parameters
    ----------
    data, options, command
        As `workflows.train` takes them.
    words
        The options of learning that were typed; each way takes those that say something to it.
    ways
        The strategy and the model of each; see `ways_of`.
    json
        Print a record instead of lines.
    """
    from hubel import workflows

    chosen = []
    for strategy, model in ways:
        choice = strategy_choice(model, words_for(strategy, words), strategy, None, None)
        name = strategy if model == options.model else f"{strategy}:{model}"
        chosen.append(
            (
                name,
                replace(
                    options, model=choice.model, scratch=choice.scratch, tuning=choice.tuning, improve=choice.improve
                ),
            )
        )
    found: Ways | None = None
    with finishing_on_interrupt() as stop, telling() as tell:
        for item in workflows.compare_ways(data, chosen, command=command, stop=stop):
            if isinstance(item, workflows.Ways):
                found = item
            else:
                tell(item)
    assert found is not None
    console = output_console()
    if json:
        write_lines(console, json_format.dumps(ways_record(found)))
    else:
        write_lines(console, *ways_lines(found))


def words_for(strategy: str, words: Words) -> Words:
    """The words without those that say nothing to a strategy: they are meant for the others."""
    empty: dict[str, Any] = {
        name: False if isinstance(getattr(words, name), bool) else None for name in NOT_FOR.get(strategy, ())
    }
    return replace(words, **empty)


def ways_record(found: Ways) -> dict[str, Any]:
    """What ``--json`` prints."""
    return {
        "page": utf8(str(found.page)),
        "seconds": round(found.seconds, 3),
        "ways": [
            {
                "way": way.name,
                "folder": utf8(str(way.folder)),
                "model": way.card.base.name,
                "accuracy": way.card.metrics.accuracy,
                "accuracy_interval": list(way.card.metrics.accuracy_interval),
                "num_measured": way.card.metrics.num_images,
                "seconds": round(way.seconds, 3),
                "against_best": None if way.against_best is None else asdict(way.against_best.accuracy),
            }
            for way in found.ways
        ],
    }


def ways_lines(found: Ways) -> Iterator[RenderableType]:
    """The verdict, then the ways side by side."""
    from hubel.evaluate.numbers import duration
    from hubel.evaluate.ways import behind_best, ways_verdict

    yield Text()
    yield Text(plain(ways_verdict(found.ways)), style="bold green")
    yield Text()
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in (
        say(en="Way", ko="방식"),
        say(en="Right", ko="정확도"),
        "95 %",
        say(en="Time", ko="시간"),
        say(en="Behind the best", ko="차이"),
    ):
        table.add_column(heading, overflow="fold")
    for way in found.ways:
        metrics = way.card.metrics
        low, high = metrics.accuracy_interval
        table.add_row(
            way.name, plain_percent(metrics.accuracy), f"{plain_percent(low)} … {plain_percent(high)}", duration(way.seconds),
            plain(behind_best(way)),
        )  # fmt: skip
    yield table
    yield Text()
    yield sentence(
        (
            "All learned from the same images. Pictures and features that an earlier way or run had made were taken from the cache.",
            "모두 같은 이미지로 학습했습니다. 앞선 방식이나 실행이 만든 이미지와 특징은 캐시에서 가져왔습니다.",
        ),
        style="dim",
    )
    yield Text()
    yield from field_lines(
        [
            (say(en="Page", ko="비교 페이지"), shown(str(found.page))),
            (say(en="Runs", ko="실행"), shown(str(found.page.parent))),
            (say(en="Time", ko="시간"), duration(found.seconds)),
        ]
    )
