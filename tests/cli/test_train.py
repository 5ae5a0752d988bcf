"""`hubel train`: progress on stderr, one result on stdout, and Ctrl-C that ends well."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hubel.core.errors import install_command

if TYPE_CHECKING:
    from cli.conftest import Hubel, Trained


def test_json_is_one_object_that_says_where_and_how_good(trained: Trained) -> None:
    result = trained.result
    assert result["folder"] == str(trained.run)
    assert Path(result["report"]).is_file()
    assert result["accuracy"] >= 0.9
    assert result["accuracy_interval"][0] < result["accuracy"] <= result["accuracy_interval"][1]
    assert result["protocol"] == "cross-validation"
    assert (result["num_measured"], result["num_set_aside"]) == (24, 1)


def test_progress_goes_to_stderr_in_plain_lines(trained: Trained) -> None:
    assert "25 images in 2 classes" in trained.progress
    assert "✓ Reading images" in trained.progress
    assert "✓ Learning" in trained.progress
    assert "\x1b" not in trained.progress
    assert "\r" not in trained.progress


def test_command_is_kept_in_the_card(trained: Trained) -> None:
    assert f"hubel train {trained.data} --out {trained.run}" in (trained.run / "card.json").read_text(encoding="utf-8")


def test_summary_for_people_names_the_report_and_the_next_command(
    trained: Trained, hubel: Hubel, tmp_path: Path
) -> None:
    ended = hubel("train", trained.data, "--out", tmp_path / "run", "--size", "128")
    assert ended.code == 0, ended.err
    assert "of 24 cross-validated images right" in ended.out
    assert "95 % certainty" in " ".join(ended.out.split())
    assert "1 file that could not be read" in ended.out
    assert f"{tmp_path / 'run' / 'report.html'}" in ended.out
    assert f"hubel predict {tmp_path / 'run'} photo.jpg" in ended.out


def test_same_name_again_gets_a_number(trained: Trained, hubel: Hubel) -> None:
    ended = hubel("train", trained.data, "--out", trained.run, "--size", "128", "--json")
    assert ended.records[0]["folder"] == f"{trained.run}-2"


def test_missing_data_is_an_error_of_the_data(hubel: Hubel, tmp_path: Path) -> None:
    ended = hubel("train", tmp_path / "nowhere")
    assert ended.code == 3
    assert ended.err.startswith("error: There is no file or folder")
    assert ended.out == ""


def test_single_class_is_an_error_of_the_data(trained: Trained, hubel: Hubel, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "only").symlink_to(trained.data / "stripes")
    ended = hubel("train", tmp_path / "data", "--out", tmp_path / "run")
    assert ended.code == 3
    assert not (tmp_path / "run").exists()


@pytest.mark.skipif(signal.getsignal(signal.SIGINT) == signal.SIG_IGN, reason="started so that Ctrl-C is ignored")
@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot send Ctrl-C to one process")
def test_first_ctrl_c_finishes_with_what_is_there(trained: Trained, tmp_path: Path) -> None:
    process = start_training(trained.data, tmp_path / "run")
    interrupt_after(process, "images in 2 classes")
    out, err = process.communicate(timeout=60)
    assert "Finishing with what is there" in err
    assert process.returncode == 0, err
    assert (tmp_path / "run" / "card.json").is_file()
    assert str(tmp_path / "run") in out


@pytest.mark.skipif(signal.getsignal(signal.SIGINT) == signal.SIG_IGN, reason="started so that Ctrl-C is ignored")
@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot send Ctrl-C to one process")
def test_second_ctrl_c_stops_at_once_and_leaves_nothing(trained: Trained, tmp_path: Path) -> None:
    process = start_training(trained.data, tmp_path / "run")
    interrupt_after(process, "images in 2 classes")
    interrupt_after(process, "Finishing with what is there")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


def test_missing_extra_line_stays_whole_in_a_narrow_terminal() -> None:
    code = """
from hubel.core.errors import MissingExtraError
from hubel.cli.terminal import complain
complain(str(MissingExtraError("openvino", "train")))
"""
    finished = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"COLUMNS": "30"}, capture_output=True, text=True, check=True
    )
    assert f"Run: {install_command('train')}\n" in finished.stderr


def test_korean_is_spoken_from_start_to_end(
    trained: Trained, hubel: Hubel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUBEL_LANG", "ko")
    ended = hubel("train", trained.data, "--out", tmp_path / "run", "--size", "128")
    assert "이미지 25장, 클래스 2개" in ended.err
    assert "✓ 학습" in ended.err
    assert "보고서" in ended.out


def start_training(data: Path, run: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-u", "-m", "hubel", "train", str(data), "--out", str(run), "--size", "128"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def interrupt_after(process: subprocess.Popen[str], words: str) -> None:
    """Press Ctrl-C once these words have been said; what was said until then is read away."""
    assert process.stderr is not None
    for line in process.stderr:
        if words in line:
            process.send_signal(signal.SIGINT)
            return
    raise AssertionError(f"{words!r} was never said")
