"""Several labels an image on the command line: trained, asked, sorted, measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from several_labels import as_folders, composites, labels_run, write_composites

if TYPE_CHECKING:
    from cli.conftest import Hubel


def test_training_says_what_it_understood_and_how_good_it_is(tmp_path: Path, hubel: Hubel) -> None:
    root = as_folders(write_composites(tmp_path / "table", 3, empty=False), tmp_path / "folders")
    ended = hubel("train", root, "--out", tmp_path / "run", "--size", "64", "--views", "1", "--json")
    assert ended.code == 0, ended.err
    assert "“boards+discs”" in ended.err or "“discs+boards”" in ended.err or "“stripes+discs”" in ended.err
    (record,) = ended.records
    assert record["task"] == "multi-label"
    low, high = record["mean_average_precision_interval"]
    assert low <= record["mean_average_precision"] <= high
    words = hubel("train", root, "--out", tmp_path / "again", "--size", "64", "--views", "1")
    assert "mean average precision over 3 labels" in " ".join(words.out.split())


def test_the_help_names_both_options(hubel: Hubel) -> None:
    words = hubel("train", "--help").out
    assert "--multi-label" in words
    assert "--single-label" in words


def test_every_format_shows_the_labels(hubel: Hubel) -> None:
    images = sorted(composites().parent.glob("*.png"))
    lines = hubel("predict", labels_run(), *images[:9], "--json", "--reject", "0").records
    assert all(set(line["labels"]) == set(line["set"]) for line in lines)
    table = hubel("predict", labels_run(), *images, "--reject", "0").out
    assert any("%, " in line for line in table.splitlines())
    rows = hubel("predict", labels_run(), *images[:2], "--csv", "--reject", "0").out.splitlines()
    assert rows[0].startswith("file,label,probability,error")
    assert '"[' in rows[1]


def test_images_are_sorted_into_folders_that_can_be_learned_from_again(tmp_path: Path, hubel: Hubel) -> None:
    images = sorted(composites().parent.glob("*.png"))
    ended = hubel("predict", labels_run(), *images, "--sort-into", tmp_path / "sorted", "--reject", "0", "--json")
    assert ended.code == 0, ended.err
    expected = {"+".join(line["labels"]) or "none" for line in ended.records}
    assert {folder.name for folder in (tmp_path / "sorted").iterdir()} == expected
    assert sum(1 for _ in (tmp_path / "sorted").rglob("*.png")) == len(images)


def test_measuring_shows_every_label(tmp_path: Path, hubel: Hubel) -> None:
    table = write_composites(tmp_path, 3, seed=8)
    ended = hubel("evaluate", labels_run(), table)
    assert ended.code == 0, ended.err
    for words in ("mean average precision", "Macro F1", "Hamming loss", "stripes", "Given from"):
        assert words in ended.out
    (record,) = hubel("evaluate", labels_run(), table, "--json").records
    assert [row["name"] for row in record["labels"]["per_label"]] == json.loads(
        (labels_run() / "card.json").read_text(encoding="utf-8")
    )["classes"]


def test_checking_takes_sets_of_labels_for_what_they_are(tmp_path: Path, hubel: Hubel) -> None:
    ended = hubel("check", write_composites(tmp_path, 2, empty=False), "--json")
    findings = json.dumps(ended.records)
    assert "few-images" not in findings.split('"rules"')[0]
    assert "class-untrainable" not in [finding.get("rule") for finding in ended.records[0].get("findings", [])]


@pytest.mark.parametrize("option", ["--accept-error", "--at-least"])
def test_options_for_one_class_an_image_end_with_the_code_of_usage(hubel: Hubel, option: str) -> None:
    value = "10%" if option == "--accept-error" else "recall:discs=0.5"
    ended = hubel("predict", labels_run(), composites().parent, option, value)
    assert ended.code == 2
    assert "several labels" in ended.err
