"""`hubel predict`: every source, every format, sorting, and an exit code that says whether all could be read."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes, urlsplit

import pytest

from support import run_hubel

if TYPE_CHECKING:
    from cli.conftest import Hubel, Trained


def test_single_image_is_shown_with_its_best_classes(trained: Trained, hubel: Hubel) -> None:
    ended = hubel("predict", trained.run, trained.data / "stripes" / "1.png")
    lines = ended.out.splitlines()
    assert ended.code == 0, ended.err
    assert lines[0] == str(trained.data / "stripes" / "1.png")
    assert lines[1].split()[0] == "stripes"
    assert "%" in lines[1]
    assert lines[2].split()[0] == "circles"


def test_folder_is_answered_line_by_line_and_the_broken_file_is_counted(trained: Trained, hubel: Hubel) -> None:
    ended = hubel("predict", trained.run, trained.data)
    lines = ended.out.splitlines()
    assert ended.code == 3
    assert len(lines) == 25
    assert lines[0].startswith("circles ")
    assert lines[0].endswith("0.png")
    assert "Files that could not be read: 1" in ended.err
    assert "broken.png: the file ends before its image does" in ended.err
    assert "24 images" in ended.err


def test_each_name_on_standard_input_is_answered_before_the_next_one_comes(trained: Trained) -> None:
    command = [sys.executable, "-m", "hubel", "predict", str(trained.run), "-", "--json"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for name in ("stripes/1.png", "circles/0.png", "stripes/2.png"):
            process.stdin.write(f"{trained.data / name}\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["file"] == str(trained.data / name)
        process.stdin.close()
        assert process.wait(60) == 0


def test_a_text_among_images_is_refused_and_counted(trained: Trained, hubel: Hubel, tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("Taken at https://example.org in May.\nTwo of them are blurred.\n", encoding="utf-8")
    ended = hubel("predict", trained.run, notes, trained.data / "stripes" / "1.png", "--json")
    assert ended.code == 3
    assert [record.get("error") for record in ended.records] == ["not-an-image", None]


def test_jsonl_has_a_record_for_every_file_in_order(trained: Trained, hubel: Hubel) -> None:
    ended = hubel("predict", trained.run, trained.data, "--json", "--top-k", "1")
    records = ended.records
    assert ended.code == 3
    assert [record["file"] for record in records[:2]] == [
        f"{trained.data}/circles/0.png",
        f"{trained.data}/circles/1.png",
    ]
    assert set(records[0]) == {"file", "label", "probability", "top", "answer", "set", "unknown_score"}
    assert records[0]["top"] == [{"label": records[0]["label"], "probability": records[0]["probability"]}]
    refused = [record for record in records if "error" in record]
    assert [(record["error"], set(record)) for record in refused] == [("truncated", {"file", "error", "detail"})]


def test_csv_has_a_column_for_every_class_asked_for(trained: Trained, hubel: Hubel) -> None:
    ended = hubel("predict", trained.run, trained.data, "--csv")
    rows = list(csv.DictReader(io.StringIO(ended.out)))
    answer = ["answer", "set", "unknown_score"]
    assert list(rows[0]) == ["file", "label", "probability", "error", "label_2", "probability_2", *answer]
    assert [row["error"] for row in rows if row["error"]] == ["truncated"]
    assert len(rows) == 25


def test_pattern_and_table_are_sources(trained: Trained, hubel: Hubel, tmp_path: Path) -> None:
    table = tmp_path / "list.csv"
    table.write_text(f"file_name\n{trained.data}/circles/3.png\n", encoding="utf-8")
    ended = hubel("predict", trained.run, trained.data / "stripes" / "1?.png", table, "--json")
    assert ended.code == 0, ended.err
    assert [Path(record["file"]).name for record in ended.records] == ["10.png", "11.png", "3.png"]


def test_names_come_from_standard_input(trained: Trained) -> None:
    names = "\0".join(str(trained.data / "stripes" / name) for name in ("1.png", "2.png"))
    finished = subprocess.run(
        [sys.executable, "-m", "hubel", "predict", str(trained.run), "-", "--json"],
        input=names,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    assert [json.loads(line)["label"] for line in finished.stdout.splitlines()] == ["stripes", "stripes"]


def test_out_writes_the_format_of_its_name_and_nothing_to_stdout(
    trained: Trained, hubel: Hubel, tmp_path: Path
) -> None:
    ended = hubel("predict", trained.run, trained.data / "stripes", "--out", tmp_path / "new" / "answers.jsonl")
    assert ended.code == 0, ended.err
    assert ended.out == ""
    text = (tmp_path / "new" / "answers.jsonl").read_text(encoding="utf-8")
    assert len([json.loads(line) for line in text.splitlines()]) == 12
    assert [entry.name for entry in (tmp_path / "new").iterdir()] == ["answers.jsonl"]


def test_out_that_is_a_folder_is_refused_before_anything_is_read(
    trained: Trained, hubel: Hubel, tmp_path: Path
) -> None:
    ended = hubel("predict", trained.run, trained.data, "--out", tmp_path)
    assert ended.code == 2
    assert "Choose another file with --out" in ended.err


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux takes any bytes for a name")
def test_name_that_is_not_utf8_stays_whole_in_json_and_harmless_in_the_table(trained: Trained, tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/caf\xe9 \x1b[31m[red].png"
    with open(name, "wb") as file:  # noqa: PTH123
        file.write((trained.data / "stripes" / "1.png").read_bytes())
    finished = subprocess.run(
        [sys.executable, "-m", "hubel", "predict", trained.run, name, "--json"], capture_output=True, check=False
    )
    record = json.loads(finished.stdout.decode("utf-8", "strict"))
    assert finished.returncode == 0, finished.stderr
    assert record["file"].startswith("file:///")
    assert unquote_to_bytes(urlsplit(record["file"]).path) == name
    table = run_hubel("predict", trained.run, os.fsdecode(name))
    assert table.stdout.splitlines()[0].endswith(r"caf\xe9 \x1b[31m[red].png")


def test_sorting_copies_into_class_folders_and_again_changes_nothing(
    trained: Trained, hubel: Hubel, tmp_path: Path
) -> None:
    target = tmp_path / "sorted"
    first = hubel("predict", trained.run, trained.data, "--sort-into", target)
    assert first.code == 3
    assert "there already: 0" in first.err
    files = sorted(str(path.relative_to(target)) for path in target.rglob("*.png"))
    assert len(files) == 24
    assert (target / "stripes" / "1.png").read_bytes() == (trained.data / "stripes" / "1.png").read_bytes()
    assert not any("broken" in file for file in files)
    again = hubel("predict", trained.run, trained.data, "--sort-into", target)
    assert "there already: 24" in again.err
    assert sorted(str(path.relative_to(target)) for path in target.rglob("*")) == sorted([*files, "circles", "stripes"])


def test_sorting_into_its_own_source_is_refused(trained: Trained, hubel: Hubel) -> None:
    ended = hubel("predict", trained.run, trained.data, "--sort-into", trained.data / "sorted")
    assert ended.code == 2
    assert not (trained.data / "sorted").exists()


def test_link_without_sorting_is_refused(trained: Trained, hubel: Hubel) -> None:
    ended = hubel("predict", trained.run, trained.data, "--link")
    assert ended.code == 2
    assert "--sort-into" in ended.err


def test_folder_that_is_no_run_is_an_error_of_the_model(trained: Trained, hubel: Hubel) -> None:
    ended = hubel("predict", trained.data, trained.data)
    assert ended.code == 4
    assert ended.out == ""
    assert "is not a run folder" in ended.err


def test_damaged_run_ends_before_anything_is_written(trained: Trained, hubel: Hubel, tmp_path: Path) -> None:
    (tmp_path / "card.json").write_bytes((trained.run / "card.json").read_bytes())
    ended = hubel("predict", tmp_path, trained.data, "--csv")
    assert ended.code == 4
    assert ended.out == ""


def test_reader_that_stops_early_is_no_error_message(trained: Trained) -> None:
    many = " ".join([f"'{trained.data}/stripes'"] * 30)
    line = f"'{sys.executable}' -m hubel predict '{trained.run}' {many} --json | head -n 1"
    finished = subprocess.run(["bash", "-c", line], capture_output=True, encoding="utf-8", check=False)
    assert len(finished.stdout.splitlines()) == 1
    assert "rror" not in finished.stderr
    assert "Traceback" not in finished.stderr
