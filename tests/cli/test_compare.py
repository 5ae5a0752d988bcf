"""`hubel compare`: a verdict for people, everything for machines; and `hubel evaluate --by`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cli.conftest import Hubel, Trained


def table_of(data: Path, target: Path) -> Path:
    """A table of the drawings with the camera that each was taken with."""
    files = sorted(data.glob("*/[0-9]*.png"))
    lines = [f"{file},{file.parent.name},{'old' if number % 2 else 'new'}" for number, file in enumerate(files)]
    target.write_text("\n".join(["file_name,label,camera", *lines]) + "\n", encoding="utf-8")
    return target


def test_people_read_the_verdict_first(trained: Trained, hubel: Hubel) -> None:
    ended = hubel("compare", trained.run, trained.run)
    assert ended.code == 0, ended.err
    assert ended.out.startswith("The two are right and wrong on exactly the same 24 images")
    for word in ("Accuracy", "Macro F1", "Log loss", "Images per second", "Model size"):
        assert word in ended.out


def test_json_has_both_runs_the_figures_and_the_disagreements(trained: Trained, hubel: Hubel, tmp_path: Path) -> None:
    ended = hubel("compare", trained.run, trained.run, trained.data, "--json", "--html", tmp_path / "page.html")
    assert ended.code == 0, ended.err
    (record,) = ended.records
    assert record["verdict"] is None
    assert record["num_images"] == 24
    assert record["a"]["num_learned_from"] == 24
    assert record["disagreements"] == []
    assert record["accuracy"]["interval"][0] <= 0 <= record["accuracy"]["interval"][1]
    assert (tmp_path / "page.html").is_file()


def test_evaluate_by_a_column_shows_each_group(trained: Trained, hubel: Hubel, tmp_path: Path) -> None:
    table = table_of(trained.data, tmp_path / "table.csv")
    ended = hubel("evaluate", trained.run, table, "--by", "camera")
    assert ended.code == 0, ended.err
    assert "By camera" in ended.out
    assert "old" in ended.out
    (record,) = hubel("evaluate", trained.run, table, "--by", "camera", "--json").records
    assert [group["num_images"] for group in record["by"]["groups"]] == [12, 12]
    assert record["macro_f1_interval"][0] <= record["macro_f1"] <= record["macro_f1_interval"][1]


def test_a_folder_has_no_columns(trained: Trained, hubel: Hubel) -> None:
    ended = hubel("evaluate", trained.run, trained.data, "--by", "camera")
    assert ended.code == 2
    assert "--by camera needs a table" in ended.err


def test_a_column_that_is_not_there_is_an_error_of_the_data(trained: Trained, hubel: Hubel, tmp_path: Path) -> None:
    ended = hubel("evaluate", trained.run, table_of(trained.data, tmp_path / "table.csv"), "--by", "place")
    assert ended.code == 3
    assert "lacks the column place" in ended.err
