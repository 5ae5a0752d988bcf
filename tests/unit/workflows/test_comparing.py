"""Two real runs compared: on new images, and on those both were measured on when they were made."""

from __future__ import annotations

import os
import shutil
from functools import cache
from pathlib import Path

import pytest

from hubel.core.errors import DataError, ModelError
from hubel.workflows import Compared, compare, write_page
from small_runs import copy_of, run_training, small_data, small_run, write_pictures


def compared(first: Path, second: Path, source: Path | None = None, *, shared_classes: bool = False) -> Compared:
    *_, last = compare(first, second, None if source is None else str(source), shared_classes=shared_classes)
    assert isinstance(last, Compared)
    return last


@cache
def third_class_run() -> Path:
    """A run of the two classes of `small_data` and a third."""
    home = Path(os.environ["HUBEL_CACHE"])
    data = write_pictures(home / "three", {"stripes": 8, "discs": 8, "boards": 8}, seed=5)
    return run_training(data, home / "three-run")[0].folder


def test_a_run_and_its_copy_agree_on_everything(tmp_path: Path) -> None:
    found = compared(small_run(), copy_of(small_run(), tmp_path))
    assert found.comparison.num_images == 24
    assert found.comparison.verdict == "undecided"
    assert found.disagreements == ()
    assert found.source is None
    assert found.first.model_bytes == found.second.model_bytes
    assert found.first.seconds_per_image > 0


def test_files_that_moved_are_found_by_their_content(tmp_path: Path) -> None:
    moved = shutil.copytree(small_data(), tmp_path / "moved")
    other = run_training(moved, tmp_path / "run", seed=4)[0].folder
    assert compared(small_run(), other).comparison.num_images == 24


def test_both_judge_new_images_and_those_learned_from_are_counted(tmp_path: Path) -> None:
    fresh = write_pictures(tmp_path / "fresh", {"stripes": 5, "discs": 5}, seed=9)
    (fresh / "discs" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n123")
    found = compared(small_run(), small_run(), fresh)
    assert (found.comparison.num_images, found.first.num_learned_from) == (10, 0)
    assert [Path(path).name for path, _, _ in found.set_aside] == ["broken.png"]
    assert compared(small_run(), small_run(), small_data()).first.num_learned_from == 24


def test_runs_of_other_classes_are_refused_unless_the_shared_ones_are_asked_for(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"boards.*--shared-classes"):
        compared(small_run(), third_class_run(), small_data())
    found = compared(small_run(), third_class_run(), small_data(), shared_classes=True)
    assert set(found.classes) == {"stripes", "discs"}
    assert found.comparison.num_images == 24


def test_runs_without_a_common_image_ask_for_data(tmp_path: Path) -> None:
    other = run_training(write_pictures(tmp_path / "data", {"stripes": 6, "discs": 6}, seed=7), tmp_path / "run")[0]
    with pytest.raises(DataError, match=r"No image was judged by both.*DATA"):
        compared(small_run(), other.folder)


def test_damaged_answers_are_named(tmp_path: Path) -> None:
    run = copy_of(small_run(), tmp_path)
    (run / "predictions.csv").write_text("nonsense\n1\n", encoding="utf-8")
    with pytest.raises(ModelError, match=r"predictions\.csv cannot be read"):
        compared(small_run(), run)


def test_the_page_shows_where_they_differ_and_asks_nothing_of_the_network(tmp_path: Path) -> None:
    found = compared(small_run(), third_class_run(), small_data(), shared_classes=True)
    write_page(found, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.count("<figure>") == len(found.disagreements)
    assert "http" not in page.replace("http-equiv", "")
    assert "정확도" in page
