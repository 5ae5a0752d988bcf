"""A further column of a table, read only when it is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from hubel.core.errors import DataError
from hubel.data.tables import read_column, read_rows


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.csv", "file_name,label,Camera Type\na.jpg,cat,Nikon\nb.jpg,dog,\n"),
        ("t.tsv", "file_name\tlabel\tcamera type\na.jpg\tcat\tNikon\nb.jpg\tdog\t\n"),
        (
            "t.jsonl",
            (
                '{"file_name": "a.jpg", "label": "cat", "camera type": "Nikon"}\n'
                '{"file_name": "b.jpg", "label": "dog", "camera type": null}\n'
            ),
        ),
    ],
)
def test_the_column_comes_with_its_file(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    found = list(read_column(tmp_path / name, "camera type"))
    assert found == [(str(tmp_path / "a.jpg"), "Nikon"), (str(tmp_path / "b.jpg"), "")]
    assert [row.label for row in read_rows(tmp_path / name, ("file", "label"))] == ["cat", "dog"]


def test_a_missing_column_is_named_with_those_there(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("file_name,label,place\na.jpg,cat,home\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"lacks the column camera.*place"):
        list(read_column(tmp_path / "t.csv", "camera"))
