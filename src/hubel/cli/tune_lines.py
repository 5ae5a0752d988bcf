"""What a search found, as lines for people and as a record for machines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from hubel.cli.progress import settings_text
from hubel.cli.show import field_lines, train_record, train_summary
from hubel.cli.terminal import bar, padded, plain_percent
from hubel.core.language import say
from hubel.data.names import shown, utf8
from hubel.evaluate.importance import basis
from hubel.evaluate.numbers import duration
from hubel.train.study import TRIALS_FOR_IMPORTANCE, Row
from hubel.workflows import Tuned
from hubel.workflows.tune_outcome import IMPORTANCE, TRIALS

NUM_ROWS = 10
BAR_WIDTH = 24


def tune_record(tuned: Tuned) -> dict[str, Any]:
    """What ``hubel tune --json`` prints."""
    return {
        "study": utf8(str(tuned.folder)),
        "ended": tuned.ended,
        "num_trials": len(tuned.rows),
        "num_pruned": sum(row.state == "pruned" for row in tuned.rows),
        "num_failed": sum(row.state == "failed" for row in tuned.rows),
        "best": row_record(tuned.best),
        "trials": [row_record(row) for row in tuned.rows],
        "importance": tuned.importance,
        "importance_is_meaningful": len(tuned.rows) >= TRIALS_FOR_IMPORTANCE,
        "command": tuned.command,
        "run": None if tuned.run is None else utf8(str(tuned.run)),
        "training": None if tuned.finished is None else train_record(tuned.finished),
    }


def row_record(row: Row) -> dict[str, Any]:
    """One trial."""
    return {
        "trial": row.number,
        "state": row.state,
        "settings": dict(row.settings),
        "validation_accuracy": row.accuracy,
        "validation_loss": row.loss,
        "epochs": row.epochs,
        "seconds": round(row.seconds, 3),
        "failure": row.reason or None,
    }


def tune_summary(tuned: Tuned) -> Iterator[RenderableType]:
    """What a person wants to know: why it ended, the best trials, what mattered, and how to go on."""
    yield Text()
    yield Text(ending(tuned), style="bold")
    yield Text()
    yield trial_table(tuned.rows[:NUM_ROWS])
    yield Text()
    yield from importance_lines(tuned)
    yield Text(
        say(
            en="The validation figure of the best flatters: it was the highest of many on the same images.",
            ko="가장 좋은 시도의 검증 수치는 같은 이미지에서 나온 여러 값 중 최댓값이므로 실제보다 좋아 보입니다.",
        ),
        style="dim",
    )
    if tuned.finished is not None:
        yield from train_summary(tuned.finished)
    yield Text()
    yield from field_lines(
        [
            (say(en="Search", ko="탐색"), shown(str(tuned.folder))),
            (say(en="Trials", ko="시도"), shown(str(tuned.folder / TRIALS))),
            (say(en="Importance", ko="중요도"), shown(str(tuned.folder / IMPORTANCE))),
            *([] if tuned.run is None or tuned.finished else [(say(en="Run", ko="실행"), shown(str(tuned.run)))]),
            (say(en="The best again", ko="다시 학습"), shown(tuned.command)),
        ]
    )


def ending(tuned: Tuned) -> str:
    """Why the search ended, and its best trial."""
    number, best = len(tuned.rows), tuned.best
    pruned, failed = (sum(row.state == how for row in tuned.rows) for how in ("pruned", "failed"))
    lost = say(en=f", {failed} failed", ko=f", {failed}번은 실패했습니다") if failed else ""
    why = {
        "trials": say(en="All trials are done", ko="모든 시도를 마쳤습니다"),
        "budget": say(en="The time is over", ko="시간이 다 되었습니다"),
        "stopped": say(en="Stopped as you asked", ko="요청대로 멈췄습니다"),
        "exhausted": say(en="Every combination was tried", ko="모든 조합을 시도했습니다"),
    }[tuned.ended]
    figure, tried = plain_percent(best.accuracy or 0.0), settings_text(best.settings)
    return say(
        en=f"{why}: {number} trials, {pruned} of them pruned{lost}. Best is trial {best.number} with {figure} on the validation images: {tried}",
        ko=f"{why}: 시도 {number}번 가운데 {pruned}번은 일찍 중단했습니다{lost}. 가장 좋은 시도는 {best.number}번, 검증 이미지에서 {figure}: {tried}",
    )


def trial_table(rows: tuple[Row, ...]) -> Table:
    """The best trials, a row each."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    headings = (
        (say(en="trial", ko="시도"), "right"), (say(en="validation", ko="검증"), "right"), (say(en="log loss", ko="로그 손실"), "right"),
        (say(en="epochs", ko="에포크"), "right"), (say(en="time", ko="시간"), "right"), (say(en="settings", ko="설정"), "left"),
    )  # fmt: skip
    for heading, justify in headings:
        table.add_column(heading, justify="right" if justify == "right" else "left", overflow="fold")
    for row in rows:
        figure = "–" if row.accuracy is None else plain_percent(row.accuracy)
        how = {"pruned": say(en=" (pruned)", ko=" (중단)"), "failed": say(en=" (failed)", ko=" (실패)")}.get(
            row.state, ""
        )
        loss = "–" if row.loss is None else f"{row.loss:.4f}"
        epochs = str(row.epochs) if row.epochs else "–"
        table.add_row(
            str(row.number), figure, loss, epochs, duration(row.seconds), Text(settings_text(row.settings) + how)
        )
    return table


def importance_lines(tuned: Tuned) -> Iterator[Text]:
    """A bar for each setting, and what they stand on."""
    if not tuned.importance:
        return
    heading = say(en="How much each setting mattered", ko="설정별 중요도")
    yield Text(f"{heading} ({basis(len(tuned.rows), TRIALS_FOR_IMPORTANCE)})")
    width = max(map(len, tuned.importance))
    for name, share in tuned.importance.items():
        yield Text(f"  {padded(name, width)}  {100 * share:3.0f} %  {bar(share, BAR_WIDTH)}")
    yield Text()
