"""Predictions as lines: exact for machines, harmless for people."""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubel.cli.answering import StandardInput, count_ahead
from hubel.cli.answers import chart, csv_header, csv_line, exact_name, jsonl_line, line_writer, open_output, table_line
from hubel.cli.terminal import bar
from hubel.workflows import Prediction

NAMES = st.binary(min_size=1).filter(lambda name: b"\0" not in name and b"/" not in name).map(os.fsdecode)
CAT = Prediction("고양이.jpg", "cat", 0.9, (("cat", 0.9), ("dog", 0.1)))


@given(NAMES)
def test_json_gives_every_byte_of_a_name_back(name: str) -> None:
    line = jsonl_line(Prediction(name, "cat", 0.5, (("cat", 0.5),)))
    assert "\n" not in line
    assert bytes_of(json.loads(line.encode("utf-8"))["file"]) == os.fsencode(whole(name))


@given(NAMES)
def test_csv_gives_every_byte_of_a_name_back(name: str) -> None:
    (row,) = csv.reader(io.StringIO(csv_line(Prediction(name, "cat", 0.5, (("cat", 0.5),)), 1), newline=""))
    assert bytes_of(row[0]) == os.fsencode(whole(name))
    assert row[1:] == ["cat", "0.5", "", "", "", ""]


@given(NAMES)
def test_line_for_people_is_one_printable_line(name: str) -> None:
    line = table_line(Prediction(name, "cat", 0.5, (("cat", 0.5),)), 5)
    assert len(line.splitlines()) == 1
    assert "\x1b" not in line
    line.encode("utf-8")


def test_refused_file_has_its_reason_in_every_format() -> None:
    refused = Prediction("a.jpg", None, None, (), "truncated", "detail")
    assert json.loads(jsonl_line(refused)) == {"file": "a.jpg", "error": "truncated", "detail": "detail"}
    assert csv_line(refused, 2) == "a.jpg,,,truncated,,,,,"
    assert "[truncated]" in table_line(refused, 5)
    assert "[truncated]" in chart(refused)


def test_csv_rows_are_as_wide_as_the_header() -> None:
    assert csv_header(2).count(",") == csv_line(CAT, 2).count(",")


def test_probability_is_said_in_figures_beside_the_bar() -> None:
    assert "90.0 %" in table_line(CAT, 5)
    assert chart(CAT).splitlines()[1].split()[:3] == ["cat", "90.0", "%"]


def test_single_image_is_drawn_as_a_chart_and_many_as_lines() -> None:
    assert line_writer("table", ["cat", "dog"], 2, num_images=1)(CAT).count("\n") == 2
    assert line_writer("table", ["cat", "dog"], 2, num_images=2)(CAT).count("\n") == 0


@given(st.floats(0, 1))
def test_bar_never_grows_beyond_its_width(share: float) -> None:
    assert len(bar(share, 16)) <= 16


def test_the_three_answers_are_said_in_every_format() -> None:
    unknown = Prediction("a.jpg", "cat", 0.9, (("cat", 0.9), ("dog", 0.1)), answer="unknown", unknown_score=1.5)
    unsure = Prediction("b.jpg", "cat", 0.6, (("cat", 0.6), ("dog", 0.4)), answer="unsure", choices=("cat", "dog"))
    assert table_line(unknown, 7).split() == ["unknown", "a.jpg"]
    assert table_line(unsure, 7).startswith("cat or dog?  ")
    assert chart(unknown).splitlines()[1].startswith("  unknown: unlike")
    record = json.loads(jsonl_line(unknown))
    assert (record["label"], record["answer"], record["set"], record["unknown_score"]) == ("cat", "unknown", [], 1.5)
    assert csv_line(unsure, 2) == 'b.jpg,cat,0.6,,dog,0.4,unsure,"[""cat"", ""dog""]",'
    # the columns of files stand below each other
    widths = {table_line(prediction, 7).index(prediction.path) for prediction in (unknown, unsure, CAT)}
    assert len(widths) == 1


def test_unfinished_file_of_answers_does_not_appear(tmp_path: Path) -> None:
    def interrupted() -> None:
        with open_output(str(tmp_path / "answers.jsonl"), "jsonl") as write:
            write("first")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "names"),
    [
        (b"a.jpg\nb c.jpg\n", ["a.jpg", "b c.jpg"]),
        (b"a.jpg\0two\nlines.jpg\0", ["a.jpg", "two\nlines.jpg"]),
        (b"last.jpg", ["last.jpg"]),
        (b"caf\xe9.jpg\n", [os.fsdecode(b"caf\xe9.jpg")]),
        (b"", []),
        (b"x" * 70000 + b"\ny\n", ["x" * 70000, "y"]),
    ],
)
def test_names_on_standard_input(content: bytes, names: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BufferedReader(io.BytesIO(content))))
    assert list(StandardInput()) == names


def test_names_are_counted_ahead_only_when_they_are_few_and_here() -> None:
    paths, number = count_ahead(iter(["a", "b"]), ["folder"])
    assert (list(paths), number) == (["a", "b"], 2)
    paths, number = count_ahead((str(index) for index in range(5000)), ["folder"])
    assert number == float("inf")
    assert len(list(paths)) == 5000
    assert count_ahead(iter(["a"]), ["-"])[1] == float("inf")


def bytes_of(file: str) -> bytes:
    """The bytes of a name as our own page says how to get them."""
    return unquote_to_bytes(urlsplit(file).path) if file.startswith("file:///") else os.fsencode(file)


def whole(name: str) -> str:
    """The name, or the whole path where only an address can say it."""
    return str(Path.cwd() / name) if exact_name(name) != name else name
