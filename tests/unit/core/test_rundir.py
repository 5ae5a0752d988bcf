"""A run folder is whole or absent, and nobody's is overwritten."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hubel.core.errors import ModelError, UsageError
from hubel.core.rundir import find_run, new_run_folder, safe_run_name


def test_the_folder_stands_when_the_block_ends_and_not_before(tmp_path: Path) -> None:
    with new_run_folder(tmp_path / "run") as (temporary, final):
        (temporary / "card.json").touch()
        assert final == tmp_path / "run"
        assert list(final.iterdir()) == []
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    assert [path.name for path in final.iterdir()] == ["card.json"]


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), new_run_folder(tmp_path / "run") as (temporary, _):
        (temporary / "absent" / "card.json").touch()
    assert list(tmp_path.iterdir()) == []


def test_names_count_up(tmp_path: Path) -> None:
    names = []
    for _ in range(3):
        with new_run_folder(tmp_path / "run") as (_, final):
            names.append(final.name)
    assert names == ["run", "run-2", "run-3"]


def test_a_folder_that_is_being_filled_is_not_taken(tmp_path: Path) -> None:
    with new_run_folder(tmp_path / "run") as (_, first), new_run_folder(tmp_path / "run") as (_, second):
        assert (first.name, second.name) == ("run", "run-2")


@pytest.mark.parametrize("wanted", [".", "..", "/"])
def test_a_path_that_names_no_new_folder_is_refused(wanted: str) -> None:
    with pytest.raises(UsageError, match="--out"), new_run_folder(Path(wanted)):
        pass


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="--out"), new_run_folder(tmp_path / "file" / "run"):
        pass


def test_a_name_of_the_greatest_length_leaves_nothing_half_made(tmp_path: Path) -> None:
    with new_run_folder(tmp_path / ("n" * 255)) as (temporary, _):
        assert temporary.is_dir()
    assert len(list(tmp_path.iterdir())) == 1


CLAIM = """
import sys
from pathlib import Path
from hubel.core.rundir import new_run_folder
for _ in range(30):
    with new_run_folder(Path(sys.argv[1])) as (temporary, final):
        (temporary / "card.json").write_text(final.name)
"""


def test_processes_that_write_at_once_never_share_a_folder(tmp_path: Path) -> None:
    command = [sys.executable, "-c", CLAIM, str(tmp_path / "run")]
    processes = [subprocess.Popen(command) for _ in range(2)]
    assert [process.wait(60) for process in processes] == [0, 0]
    folders = list(tmp_path.iterdir())
    assert len(folders) == 60
    assert all((folder / "card.json").read_text() == folder.name for folder in folders)


def test_a_run_is_found_by_its_folder_or_a_file_in_it(tmp_path: Path) -> None:
    (tmp_path / "card.json").touch()
    for path in (tmp_path, tmp_path / "card.json", tmp_path / "model.onnx", tmp_path / "report.html"):
        assert find_run(path) == tmp_path


def test_what_is_no_run_is_refused_with_the_runs_there_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "runs" / "pets").mkdir(parents=True)
    (tmp_path / "runs" / "pets" / "card.json").touch()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match=r"does not exist.*runs/pets"):
        find_run(Path("dogs"))


def test_a_data_sets_name_becomes_a_folder_name() -> None:
    assert safe_run_name("../..") == "run"
    assert safe_run_name("고양이 사진") == "고양이-사진"
