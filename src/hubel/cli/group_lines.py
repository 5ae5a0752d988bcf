"""The figures of groups of images as lines for people."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from hubel.cli.terminal import harmless, in_language, plain_percent
from hubel.core.groups import GroupReport
from hubel.core.language import say
from hubel.data.names import shown
from hubel.evaluate.numbers import count
from hubel.evaluate.verdict import group_verdict, small_groups

NUM_GROUPS = 40


def group_lines(report: GroupReport) -> Iterator[RenderableType]:
    """A heading, whether the groups are served alike, and a row for each; of very many, those with the lowest accuracy."""
    column = shown(report.column)
    yield Text()
    yield Text(say(en=f"By {column}", ko=f"{column} 열로 나누면"), style="bold")
    for both in (group_verdict(report), small_groups(report)):
        if both is not None:
            yield Padding(Text(harmless(in_language(*both).replace("\u202f", " "))), (0, 0, 0, 2), expand=False)
    if report.num_without:
        number = count(report.num_without)
        yield Text("  " + say(en=f"Images without a value there: {number}", ko=f"그 열에 값이 없는 이미지: {number}장"))
    yield Text()
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column(column, overflow="fold")
    for title in (
        say(en="Accuracy", ko="정확도"),
        "95 %",
        say(en="Balanced", ko="균형"),
        say(en="Macro F1", ko="매크로 F1"),
        say(en="Log loss", ko="로그 손실"),
        say(en="Images", ko="이미지"),
    ):
        table.add_column(title, justify="right", no_wrap=True)
    groups = sorted(report.groups, key=lambda group: (not group.compared, group.accuracy))
    for group in groups[:NUM_GROUPS]:
        low, high = group.accuracy_interval
        table.add_row(
            Text(shown(group.name)),
            plain_percent(group.accuracy),
            f"{100 * low:.1f} … {100 * high:.1f}",
            plain_percent(group.balanced_accuracy),
            plain_percent(group.macro_f1),
            f"{group.log_loss:.4f}",
            count(group.num_images),
        )
    yield table
    if len(groups) > NUM_GROUPS:
        more = count(len(groups) - NUM_GROUPS)
        yield Text(say(en=f"  … and {more} more; --json has all", ko=f"  … 그 밖에 {more}개. --json에 모두 있습니다"))
