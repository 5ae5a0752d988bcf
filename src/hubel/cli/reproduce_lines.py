"""A run and the one made again, side by side: lines for people, a record for machines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from hubel.cli.terminal import in_language
from hubel.core.language import say
from hubel.data.names import shown, utf8
from hubel.workflows.differing import Change, DataDifference, Differences
from hubel.workflows.reproducing import Reproduction

NUM_NAMES = 5
STYLES = {"identical": "bold green", "close": "bold green", "data": "bold yellow", "model": "bold yellow"}


def reproduction_record(found: Reproduction) -> dict[str, Any]:
    """What ``hubel reproduce --json`` prints."""
    differences = asdict(found.differences)
    data = differences.pop("data")
    return {
        "run": utf8(str(found.run)),
        "again": utf8(str(found.again)) if found.kept else None,
        "verdict": differences.pop("verdict"),
        "data": {"same": found.differences.data.same} | {name: harmless_names(value) for name, value in data.items()},
        **differences,
        "reasons": [english for english, _ in found.differences.reasons],
    }


def harmless_names(value: Any) -> Any:
    """Names of files as JSON takes them."""
    if isinstance(value, str):
        return utf8(value)
    return [harmless_names(name) for name in value] if isinstance(value, tuple | list) else value


def reproduction_lines(found: Reproduction) -> Iterator[RenderableType]:
    """The verdict, why, and the table."""
    differences = found.differences
    yield Text(verdict_line(differences), style=STYLES[differences.verdict])
    yield from (Text("  " + in_language(*reason)) for reason in differences.reasons)
    yield Text()
    yield table_of(differences)
    yield from (Text(line) for line in data_lines(differences.data))
    if found.kept:
        yield Text()
        yield Text(say(en=f"Run  {shown(str(found.again))}", ko=f"실행  {shown(str(found.again))}"))


def verdict_line(differences: Differences) -> str:
    """What came out, in a sentence."""
    changed, total = differences.num_changed, differences.num_predictions
    return {
        "identical": say(
            en="The same: every weight to the last bit, and every prediction.",
            ko="같습니다: 모든 가중치가 마지막 비트까지 같고 예측도 모두 같습니다.",
        ),
        "close": say(
            en=f"The same within the tolerance: {changed} of {total} predictions changed.",
            ko=f"허용 오차 이내로 같습니다: 예측 {total}개 가운데 {changed}개가 바뀌었습니다.",
        ),
        "data": say(
            en="The data are not those of the run, so the model cannot be the same.",
            ko="데이터가 그 실행의 것과 달라 모델이 같을 수 없습니다.",
        ),
        "model": say(
            en=f"Another model: {changed} of {total} predictions changed.",
            ko=f"다른 모델입니다: 예측 {total}개 가운데 {changed}개가 바뀌었습니다.",
        ),
    }[differences.verdict]


def table_of(differences: Differences) -> Table:
    """What is the same and what differs, a line each."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("", say(en="then", ko="그때"), say(en="now", ko="지금")):
        table.add_column(heading, overflow="fold")
    same = say(en="the same", ko="같음")
    table.add_row(say(en="data", ko="데이터"), same if differences.data.same else say(en="differ", ko="다름"), "")
    if not differences.surroundings:
        table.add_row(say(en="versions, engine, base", ko="버전, 엔진, 기반 모델"), same, "")
    for change in differences.surroundings:
        table.add_row(name_of(change), shown(change.before), shown(change.after))
    table.add_row(say(en="weights", ko="가중치"), weights_text(differences), "")
    table.add_row(say(en="predictions", ko="예측"), predictions_text(differences), "")
    for change in differences.figures:
        if change.before == change.after:
            table.add_row(name_of(change), change.before, same)
        else:
            table.add_row(name_of(change), change.before, change.after)
    return table


def weights_text(differences: Differences) -> str:
    """How far the weights are apart."""
    if differences.weights_identical:
        return say(en="identical to the bit", ko="비트까지 같음")
    if differences.weights_difference is None:
        return say(en="of another shape", ko="크기가 다름")
    size = f"{differences.weights_difference:.2g}"
    return say(en=f"differ by {size} of the largest", ko=f"최대 가중치의 {size}만큼 다름")


def predictions_text(differences: Differences) -> str:
    """How many predictions changed."""
    changed, total, most = differences.num_changed, differences.num_predictions, differences.probability_difference
    return say(
        en=f"{changed} of {total} changed; probabilities by {most:.2g} at most",
        ko=f"{total}개 가운데 {changed}개 바뀜, 확률 차이 최대 {most:.2g}",
    )


def data_lines(data: DataDifference) -> Iterator[str]:
    """Which files differ, some by name."""
    renamed = [f"{old} → {new}" for old, new in data.renamed]
    for names, words in (
        (data.added, say(en="Added", ko="추가됨")),
        (data.removed, say(en="Removed", ko="사라짐")),
        (data.changed, say(en="Changed", ko="내용이 바뀜")),
        (data.moved, say(en="In another class, part or group", ko="클래스, 부분 또는 그룹이 바뀜")),
        (renamed, say(en="Renamed", ko="이름이 바뀜")),
        (data.refused, say(en="Readable in one of the runs only", ko="한쪽 실행에서만 읽힘")),
    ):
        if names:
            yield f"{words} ({len(names)}): {some_names(names)}"


def some_names(names: Sequence[str]) -> str:
    """The first few names."""
    return ", ".join(map(shown, names[:NUM_NAMES])) + (" …" if len(names) > NUM_NAMES else "")


def name_of(change: Change) -> str:
    """What a change is of, in words; packages have their own names."""
    words = {
        "engine": say(en="engine", ko="엔진"),
        "machine": say(en="machine", ko="컴퓨터"),
        "base": say(en="base", ko="기반 모델"),
        "accuracy": say(en="accuracy", ko="정확도"),
        "balanced_accuracy": say(en="balanced accuracy", ko="균형 정확도"),
        "macro_f1": say(en="macro F1", ko="매크로 F1"),
        "log_loss": say(en="log loss", ko="로그 손실"),
        "ece": say(en="calibration error (ECE)", ko="보정 오차(ECE)"),
        "temperature": say(en="temperature", ko="온도"),
        "regularisation": say(en="regularisation", ko="정칙화"),
    }
    return words.get(change.name, change.name)
