"""`hubel evaluate`: figures for people, all metrics for machines."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cli.conftest import Hubel, Trained


def test_json_is_the_metrics_and_what_was_left_out(trained: Trained, hubel: Hubel) -> None:
    ended = hubel("evaluate", trained.run, trained.data, "--json")
    assert ended.code == 0, ended.err
    (metrics,) = ended.records
    assert metrics["num_images"] == 24
    assert [row["name"] for row in metrics["per_class"]] == ["circles", "stripes"]
    assert [Path(entry["file"]).name for entry in metrics["set_aside"]] == ["broken.png"]
    assert metrics["set_aside"][0]["error"] == "truncated"


def test_people_read_accuracy_classes_and_set_aside_files(trained: Trained, hubel: Hubel) -> None:
    ended = hubel("evaluate", trained.run, trained.data)
    assert "of 24 test images right" in ended.out
    for word in ("Balanced accuracy", "Macro F1", "Log loss", "ECE", "Precision", "Recall", "stripes"):
        assert word in ended.out
    assert "broken.png: the file ends before its image does" in ended.err


def test_unknown_class_is_an_error_of_the_data(trained: Trained, hubel: Hubel, tmp_path: Path) -> None:
    (tmp_path / "spirals").symlink_to(trained.data / "circles")
    (tmp_path / "stripes").symlink_to(trained.data / "stripes")
    ended = hubel("evaluate", trained.run, tmp_path)
    assert ended.code == 3
    assert "spirals" in ended.err
