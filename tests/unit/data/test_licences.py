"""Licences and sources, from the surest place that says something."""

from __future__ import annotations

from pathlib import Path

from hubel.core.origin import SourceInfo
from hubel.data.licences import Origin, find_origins


def test_the_columns_of_a_table_are_taken(tmp_path: Path) -> None:
    table = tmp_path / "set.csv"
    table.write_text("file_name,label,License,source\na.jpg,x,CC0,https://x.org/a\nb.jpg,y,,\n")
    paths = [str(tmp_path / "a.jpg"), str(tmp_path / "b.jpg")]
    assert find_origins(str(table), str(tmp_path), paths, info=None) == [Origin("CC0", "https://x.org/a"), Origin()]


def test_a_list_beside_the_images_goes_before_what_holds_for_all(tmp_path: Path) -> None:
    (tmp_path / "licences.csv").write_text("file_name,licence\ncats/1.jpg,CC-BY-4.0\n")
    (tmp_path / "LICENSE").write_text("\n# MIT License\n\nmore\n")
    paths = [str(tmp_path / "cats" / name) for name in ("1.jpg", "2.jpg")]
    found = find_origins(str(tmp_path), str(tmp_path), paths, info=None)
    assert [origin.licence for origin in found] == ["CC-BY-4.0", "MIT License"]


def test_what_is_known_of_a_named_set_holds_for_all_its_files(tmp_path: Path) -> None:
    info = SourceInfo(kind="named", origin="flowers", licence="CC-BY-2.0")
    assert find_origins(str(tmp_path), str(tmp_path), ["a", "b"], info=info) == [Origin("CC-BY-2.0", "flowers")] * 2


def test_records_of_others_in_these_columns_say_nothing_and_break_nothing(tmp_path: Path) -> None:
    table = tmp_path / "set.jsonl"
    table.write_text('{"file_name": "a.jpg", "label": "x", "license": {"id": 3}, "source": ["y"]}\n')
    assert find_origins(str(table), str(tmp_path), [str(tmp_path / "a.jpg")], info=None) == [Origin()]
