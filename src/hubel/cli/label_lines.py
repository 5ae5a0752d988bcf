"""The figures of several labels an image, for people and for machines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from hubel.cli.terminal import plain_percent
from hubel.core.language import say
from hubel.core.multi_label import Interval, LabelMetrics, MultiLabelMetrics
from hubel.data.names import shown
from hubel.evaluate.numbers import count


def label_record(labels: MultiLabelMetrics) -> dict[str, Any]:
    """The headline figures, for ``--json``."""
    names = ("mean_average_precision", "macro_f1", "micro_f1", "subset_accuracy", "hamming_loss")
    found = labels.model_dump(mode="json")
    return {key: found[key] for name in names for key in (name, f"{name}_interval")}


def label_fields(labels: MultiLabelMetrics) -> list[tuple[str, str]]:
    """The headline figures with their intervals, by name."""
    return [
        (say(en="Macro F1", ko="매크로 F1"), share_with(labels.macro_f1, labels.macro_f1_interval)),
        (say(en="Micro F1", ko="마이크로 F1"), share_with(labels.micro_f1, labels.micro_f1_interval)),
        (
            say(en="Every label right", ko="레이블이 모두 맞음"),
            share_with(labels.subset_accuracy, labels.subset_accuracy_interval),
        ),
        (say(en="Hamming loss", ko="해밍 손실"), share_with(labels.hamming_loss, labels.hamming_loss_interval)),
        (say(en="Log loss", ko="로그 손실"), f"{labels.log_loss:.4f}"),
        (say(en="Calibration error (ECE)", ko="보정 오차(ECE)"), plain_percent(labels.ece)),
    ]


def share_with(share: float, interval: Interval) -> str:
    """A share with its 95 % interval."""
    low, high = (f"{100 * end:.1f}" for end in interval)
    return f"{plain_percent(share)}  ({low} … {high})"


def label_table(per_label: Sequence[LabelMetrics]) -> Table:
    """A row for each label."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column(say(en="Label", ko="레이블"), overflow="fold")
    for title in (
        say(en="Average precision", ko="평균 정밀도"),
        say(en="Precision", ko="정밀도"),
        say(en="Recall", ko="재현율"),
        "F1",
        say(en="Given from", ko="기준값"),
        say(en="Images", ko="이미지"),
    ):
        table.add_column(title, justify="right")
    for row in per_label:
        figures = [plain_percent(value) for value in (row.precision, row.recall, row.f1)]
        average = "-" if row.average_precision is None else plain_percent(row.average_precision)
        if not row.support:
            figures[1:] = [say(en="not measured", ko="측정 안 됨"), "-"]
        texts = [average, *figures, f"{row.threshold:.2f}"]
        table.add_row(Text(shown(row.name)), *map(Text, texts), count(row.support))
    return table
