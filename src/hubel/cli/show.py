"""Results as lines for people, and as records for machines."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from typing import Any

from rich.cells import cell_len
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from hubel.cli.group_lines import group_lines
from hubel.cli.label_lines import label_fields, label_record, label_table
from hubel.cli.terminal import harmless, in_language, padded, plain_percent, plural
from hubel.core.card import Card, ClassMetrics, Metrics, read_card
from hubel.core.events import Finished
from hubel.core.language import say
from hubel.core.multi_label import MultiLabelMetrics
from hubel.core.rundir import CARD, REPORT
from hubel.data.cache import CacheSummary
from hubel.data.names import shown, utf8
from hubel.evaluate import label_sentences
from hubel.evaluate.answer_sentences import answer_sentences
from hubel.evaluate.numbers import count, duration
from hubel.evaluate.sentences import certainty, ended_early, headline, meaning, protocol
from hubel.workflows import Evaluation

NUM_CONFUSIONS = 10
NUM_CLASSES = 60
Fields = Sequence[tuple[str, str]]


def train_record(finished: Finished, labels: MultiLabelMetrics | None = None) -> dict[str, Any]:
    """What ``hubel train --json`` prints; `labels` are the figures of a model that gives several labels."""
    low, high = finished.accuracy_interval
    return {
        "folder": utf8(str(finished.folder)),
        "report": utf8(str(finished.folder / REPORT)),
        "accuracy": finished.accuracy,
        "accuracy_interval": [low, high],
        "protocol": finished.protocol,
        "num_measured": finished.num_measured,
        "num_set_aside": finished.num_set_aside,
        "num_unread": finished.num_unread,
        "seconds": round(finished.seconds, 3),
        **({} if labels is None else {"task": "multi-label"} | label_record(labels)),
    }


def train_summary(finished: Finished) -> Iterator[RenderableType]:
    """What a person wants to know when the run stands."""
    card = read_card(finished.folder / CARD)
    metrics, unread = card.metrics, finished.num_unread
    time = duration(finished.seconds)
    yield Text()
    yield headline_text(metrics) if card.labels is None else label_headline(metrics, card.labels)
    if unread:
        yield sentence(ended_early(card.provenance.num_seen, unread), style="bold yellow")
    yield sentence(certainty(metrics) if card.labels is None else label_sentences.certainty(card.labels))
    yield sentence(protocol(metrics), style="dim" if metrics.leak is None else "bold yellow")
    yield Text()
    fields = []
    if finished.num_set_aside:
        number = finished.num_set_aside
        words = say(
            en=f"{count(number)} file{plural(number)} that could not be read; the report says which and why, `hubel check` what to do",
            ko=f"읽을 수 없는 파일 {count(number)}개. 이유는 보고서에 있고, 할 일은 `hubel check`가 알려 줍니다",
        )
        fields.append((say(en="Set aside", ko="제쳐 둠"), words))
    folder = shown(str(finished.folder))
    fields += [
        (say(en="Run", ko="실행"), folder),
        (say(en="Report", ko="보고서"), shown(str(finished.folder / REPORT))),
        (say(en="Time", ko="시간"), time),
        (say(en="Next", ko="다음"), f"hubel predict {shlex.quote(folder)} photo.jpg"),
    ]
    yield from field_lines(fields)


def evaluation_record(evaluation: Evaluation) -> dict[str, Any]:
    """What ``hubel evaluate --json`` prints: the metrics, and what was left out."""
    return {
        **evaluation.metrics.model_dump(mode="json"),
        "set_aside": [
            {"file": utf8(path), "error": refusal, "detail": utf8(detail)}
            for path, refusal, detail in evaluation.set_aside
        ],
        "seconds": round(evaluation.seconds, 3),
        "answers": evaluation.answers.model_dump(mode="json") if evaluation.answers else None,
        **({} if evaluation.labels is None else {"labels": evaluation.labels.model_dump(mode="json")}),
    }


def evaluation_lines(evaluation: Evaluation) -> Iterator[RenderableType]:
    """The figures, the best known first, then class by class, then what is taken for what."""
    metrics = evaluation.metrics
    if evaluation.labels is not None:
        yield from label_evaluation_lines(evaluation, evaluation.labels)
        return
    yield headline_text(metrics)
    for both in (certainty(metrics), *meaning(metrics)):
        yield sentence(both)
    if evaluation.answers is not None:
        for both in answer_sentences(evaluation.answers, unknown=evaluation.card.unknown, sets=evaluation.card.sets):
            yield sentence(both)
    yield Text()
    yield from field_lines(
        [
            (
                say(en="Balanced accuracy", ko="균형 정확도"),
                with_interval(plain_percent(metrics.balanced_accuracy), metrics.balanced_accuracy_interval),
            ),
            (
                say(en="Macro F1", ko="매크로 F1"),
                with_interval(plain_percent(metrics.macro_f1), metrics.macro_f1_interval),
            ),
            (
                say(en="Log loss", ko="로그 손실"),
                with_interval(f"{metrics.log_loss:.4f}", metrics.log_loss_interval, form="{:.4f}", factor=1),
            ),
            (say(en="Calibration error (ECE)", ko="보정 오차(ECE)"), plain_percent(metrics.ece)),
            (say(en="Time", ko="시간"), duration(evaluation.seconds)),
        ]
    )
    yield Text()
    yield class_table(metrics.per_class)
    if len(metrics.per_class) > NUM_CLASSES:
        number = len(metrics.per_class) - NUM_CLASSES
        yield Text(
            say(
                en=f"… and {number} classes with a higher recall; --json has all",
                ko=f"… 재현율이 더 높은 클래스 {number}개. --json에 모두 있습니다",
            )
        )
    yield from confusion_lines(evaluation.card, metrics)
    if metrics.by is not None:
        yield from group_lines(metrics.by)


def with_interval(text: str, interval: tuple[float, float] | None, *, form: str = "{:.1f}", factor: float = 100) -> str:
    """A figure with its 95 % interval, where it was measured with one.

    Examples
    --------
    >>> with_interval("90.1 %", (0.847, 0.9365))
    '90.1 %  (84.7 … 93.7)'
    """
    if interval is None:
        return text
    low, high = (form.format(factor * end) for end in interval)
    return f"{text}  ({low} … {high})"


def class_table(per_class: Sequence[ClassMetrics]) -> Table:
    """A row for each class; of very many, those that are recognised worst."""
    rows = list(per_class)
    if len(rows) > NUM_CLASSES:
        rows = sorted(rows, key=lambda row: (row.support == 0, row.recall))[:NUM_CLASSES]
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column(say(en="Class", ko="클래스"), overflow="fold")
    for title in (
        say(en="Precision", ko="정밀도"),
        say(en="Recall", ko="재현율"),
        "F1",
        say(en="F1, 95 %", ko="F1 95 %"),
        say(en="Images", ko="이미지"),
    ):
        table.add_column(title, justify="right", no_wrap=True)
    for row in rows:
        figures = [plain_percent(figure) for figure in (row.precision, row.recall, row.f1)]
        if row.support == 0:
            figures[1:] = [say(en="not measured", ko="측정 안 됨"), "-"]
        low, high = row.f1_interval or (0.0, 0.0)
        interval = f"{100 * low:.1f} … {100 * high:.1f}" if row.support and row.f1_interval else "-"
        table.add_row(Text(shown(row.name)), *map(Text, [*figures, interval]), count(row.support))
    return table


def confusion_lines(card: Card, metrics: Metrics) -> Iterator[Text]:
    """The most frequent mistakes: what is taken for what, and how often."""
    pairs = [
        (number, truth, answer)
        for truth, row in enumerate(metrics.confusion)
        for answer, number in enumerate(row)
        if truth != answer and number
    ]
    pairs.sort(key=lambda pair: (-pair[0], pair[1], pair[2]))
    if not pairs:
        return
    yield Text()
    yield Text(say(en="Most frequent mix-ups", ko="가장 잦은 혼동"), style="bold")
    for number, truth, answer in pairs[:NUM_CONFUSIONS]:
        support = metrics.per_class[truth].support
        yield Text(
            f"  {shown(card.classes[truth])} → {shown(card.classes[answer])}   {count(number)} / {count(support)}"
        )


def cache_record(found: CacheSummary) -> dict[str, Any]:
    """What ``hubel cache --json`` prints."""
    return {
        "folder": utf8(str(found.folder)),
        "num_bytes": found.num_bytes,
        "limit_bytes": found.limit_bytes,
        "num_files_known": found.num_files_known,
        "rows_by_kind": found.rows_by_kind,
    }


def cache_lines(found: CacheSummary) -> Iterator[Text]:
    """Where the cache is, how large, and what is in it."""
    fields = [
        (say(en="Folder", ko="폴더"), shown(str(found.folder))),
        (say(en="Size", ko="크기"), f"{size_text(found.num_bytes)} / {size_text(found.limit_bytes)}"),
        (say(en="Files known", ko="아는 파일"), count(found.num_files_known)),
    ]
    yield from field_lines(fields)
    if found.rows_by_kind:
        yield Text()
        yield Text("  " + say(en="Kept for", ko="보관한 것"), style="bold")
    for kind, number in sorted(found.rows_by_kind.items()):
        yield Text(f"  {count(number):>10}  {shown(kind)}")


def cleared_line(freed_bytes: int) -> Text:
    """How much was removed."""
    return Text(say(en=f"Cleared {size_text(freed_bytes)}.", ko=f"{size_text(freed_bytes)}를 지웠습니다."))


def size_text(num_bytes: int) -> str:
    """A number of bytes in units of 1,024.

    Examples
    --------
    >>> [size_text(number) for number in (0, 900, 2048, 10 * 2**30)]
    ['0 B', '900 B', '2.0 KiB', '10.0 GiB']
    """
    size, units = float(num_bytes), ["B", "KiB", "MiB", "GiB", "TiB"]
    while size >= 1024 and len(units) > 1:
        size, units = size / 1024, units[1:]
    return f"{num_bytes} B" if units[0] == "B" else f"{size:.1f} {units[0]}"


def field_lines(fields: Fields) -> Iterator[Text]:
    """Names and values below each other; values are never cut, so that paths can be copied."""
    width = max(cell_len(name) for name, _ in fields)
    for name, value in fields:
        line = Text("  " + padded(name, width + 2), style="bold")
        line.append(value, style="not bold")
        yield line


def label_evaluation_lines(evaluation: Evaluation, labels: MultiLabelMetrics) -> Iterator[RenderableType]:
    """The figures of a model that gives several labels, then label by label."""
    yield label_headline(evaluation.metrics, labels)
    for both in (label_sentences.certainty(labels), *label_sentences.meaning(labels)):
        yield sentence(both)
    if evaluation.answers is not None:
        for both in answer_sentences(evaluation.answers, unknown=evaluation.card.unknown, sets=None):
            yield sentence(both)
    yield Text()
    yield from field_lines([*label_fields(labels), (say(en="Time", ko="시간"), duration(evaluation.seconds))])
    yield Text()
    yield label_table(labels.per_label[:NUM_CLASSES])


def label_headline(metrics: Metrics, labels: MultiLabelMetrics) -> Text:
    """The mean average precision and what it was measured on."""
    line = Text(plain_percent(labels.mean_average_precision), style="bold green")
    return line.append(" " + plain(label_sentences.headline(metrics, labels)), style="not bold default")


def headline_text(metrics: Metrics) -> Text:
    """The accuracy and what it was measured on."""
    line = Text(plain_percent(metrics.accuracy), style="bold green")
    return line.append(" " + plain(headline(metrics)), style="not bold default")


def sentence(both: tuple[str, str], *, style: str = "") -> Padding:
    """A sentence in the user's language, indented and wrapped at words."""
    return Padding(Text(plain(both), style=style), (0, 0, 0, 2), expand=False)


def plain(both: tuple[str, str]) -> str:
    """A sentence in the user's language, safe to print."""
    return harmless(in_language(*both).replace("\u202f", " "))
