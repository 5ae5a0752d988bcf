"""`--by COLUMN`: a model's figures for each group that a column of the table names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hubel.core.card import Metrics
from hubel.core.errors import UsageError
from hubel.core.language import say
from hubel.core.seeds import generator
from hubel.data.names import shown
from hubel.data.tables import is_table, read_column
from hubel.evaluate.fairness import AnswerSet, Column, measure_groups


def with_groups(metrics: Metrics, answers: AnswerSet, column: Column) -> Metrics:
    """The metrics with the figures of each group.

    Raises
    ------
    DataError
        When the column names no groups.
    """
    return metrics.model_copy(update={"by": measure_groups(answers, column, random=generator(0, "groups"))})


def column_of(source: str, name: str, paths: Sequence[str]) -> Column:
    """What a table says of each image in one of its columns.

    Only that column of these images is kept in memory.

    Parameters
    ----------
    source
        The table.
    name
        The column's name.
    paths
        The images, as the data set has them.

    Raises
    ------
    UsageError
        When the source is no table.
    DataError
        When the table has no such column.
    """
    table = Path(source)
    if not (table.is_file() and is_table(table)):
        raise no_table(source, name)
    wanted = dict.fromkeys(paths, "")
    for path, value in read_column(table, name):
        if path in wanted:
            wanted[path] = value
    return Column(name, [wanted[path] for path in paths])


def no_table(source: str, name: str) -> UsageError:
    """A folder has no columns."""
    data = shown(source)
    return UsageError(
        say(
            en=f"--by {name} needs a table with that column, but {data} is none. Give a CSV or JSON Lines file with the columns "
            f"file_name,label,{name}.",
            ko=f"--by {name} 에는 그 열이 있는 표가 필요하지만 {data} 은(는) 표가 아닙니다. file_name,label,{name} 열이 있는 "
            "CSV 또는 JSON Lines 파일을 주세요.",
        )
    )
