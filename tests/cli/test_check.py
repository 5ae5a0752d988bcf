"""`hubel check`: a table for people, JSON for machines, exit codes and files for pipelines."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from architecture.test_base_install import EXTRAS
from support import run_hubel_without

if TYPE_CHECKING:
    from cli.conftest import Hubel


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    """Two classes of 22 pictures of noise; one is copied into the other, one is cut short."""
    noise = np.random.default_rng(0)
    for label in ("cats", "dogs"):
        (tmp_path / "pets" / label).mkdir(parents=True)
        for number in range(22):
            pixels = noise.integers(0, 256, (32, 32, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "pets" / label / f"{number}.png")
    root = tmp_path / "pets"
    shutil.copy(root / "cats" / "3.png", root / "dogs" / "copy.png")
    (root / "cats" / "cut.png").write_bytes((root / "cats" / "4.png").read_bytes()[:500])
    return root


@pytest.fixture
def clean(tmp_path: Path, pets: Path) -> Path:
    root = Path(shutil.copytree(pets, tmp_path / "clean"))
    (root / "dogs" / "copy.png").unlink()
    (root / "cats" / "cut.png").unlink()
    return root


def test_people_read_what_was_found_where_and_what_to_do(pets: Path, hubel: Hubel) -> None:
    ended = hubel("check", pets)
    assert ended.code == 0, ended.err
    assert "2 errors, 0 warnings, 0 remarks" in ended.out
    assert "cats/3.png = dogs/copy.png: 2 files in the classes cats, dogs" in ended.out
    assert "→ Keep the one in the right class" in ended.out


def test_korean_users_read_korean(pets: Path, hubel: Hubel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUBEL_LANG", "ko")
    ended = hubel("check", pets)
    assert "오류 2건, 주의 0건, 참고 0건" in ended.out
    assert "서로 다른 클래스에 있는 같은 파일" in ended.out


def test_clean_data_are_called_clean(clean: Path, hubel: Hubel) -> None:
    ended = hubel("check", clean, "--strict")
    assert ended.code == 0
    assert "Nothing found" in ended.out


def test_strict_ends_with_the_code_of_bad_data(pets: Path, hubel: Hubel) -> None:
    assert hubel("check", pets, "--strict").code == 3
    assert hubel("check", pets, "--strict", "--skip", "unreadable,duplicate-conflict").code == 0


def test_json_is_one_object_with_every_finding(pets: Path, hubel: Hubel) -> None:
    ended = hubel("check", pets, "--json")
    (record,) = ended.records
    assert record["version"] == 1
    assert (record["num_files"], record["num_readable"], record["clean"]) == (46, 45, False)
    assert record["counts"] == {"error": 2, "warning": 0, "info": 0}
    unreadable, conflict = record["findings"]
    assert unreadable["id"] == "unreadable"
    assert [file["file"] for file in conflict["files"]] == ["cats/3.png", "dogs/copy.png"]
    assert [file["class"] for file in conflict["files"]] == ["cats", "dogs"]
    assert set(conflict) == {"id", "severity", "found", "classes", "files", "key"}


def test_baseline_lets_only_new_findings_fail_wherever_the_folder_lies(
    pets: Path, tmp_path: Path, hubel: Hubel
) -> None:
    known = tmp_path / "known.json"
    hubel("check", pets, "--write-baseline", known)
    moved = pets.rename(tmp_path / "moved")
    ended = hubel("check", moved, "--strict", "--baseline", known)
    assert ended.code == 0
    assert "2 known from the baseline" in ended.out
    (moved / "dogs" / "empty.png").write_bytes(b"")
    ended = hubel("check", moved, "--strict", "--baseline", known, "--json")
    assert ended.code == 3
    assert [finding["files"][0]["file"] for finding in ended.records[0]["findings"]] == ["dogs/empty.png"]


def test_files_for_other_programs_are_written(pets: Path, tmp_path: Path, hubel: Hubel) -> None:
    pytest.importorskip("jinja2")
    paths = {name: tmp_path / "out" / name for name in ("check.sarif", "check.xml", "check.html", "lists")}
    ended = hubel(
        "check", pets, "--sarif", paths["check.sarif"], "--junit", paths["check.xml"],
        "--html", paths["check.html"], "--write-list", paths["lists"],
    )  # fmt: skip
    assert ended.code == 0, ended.err
    assert len(json.loads(paths["check.sarif"].read_text(encoding="utf-8"))["runs"][0]["results"]) == 2
    assert ET.parse(paths["check.xml"]).getroot().get("failures") == "2"
    assert paths["check.html"].read_text(encoding="utf-8").count("data:image/jpeg") == 2
    assert {path.name for path in paths["lists"].iterdir()} == {"unreadable.csv", "duplicate-conflict.csv"}
    with (paths["lists"] / "duplicate-conflict.csv").open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert [(row["finding"], Path(row["path"]).name, row["class"]) for row in rows] == [
        ("1", "3.png", "cats"),
        ("1", "copy.png", "dogs"),
    ]
    assert str(paths["check.html"]) in ended.err


def test_lists_of_an_earlier_check_do_not_stay_when_the_data_were_mended(
    pets: Path, tmp_path: Path, hubel: Hubel
) -> None:
    lists = tmp_path / "lists"
    hubel("check", pets, "--write-list", lists)
    (lists / "tiny.csv").write_text("mine", encoding="utf-8")
    (pets / "cats" / "cut.png").unlink()
    hubel("check", pets, "--write-list", lists)
    assert {path.name for path in lists.iterdir()} == {"duplicate-conflict.csv", "tiny.csv"}


def test_unknown_id_is_a_usage_error_with_the_nearest(pets: Path, hubel: Hubel) -> None:
    ended = hubel("check", pets, "--only", "blurred")
    assert ended.code == 2
    assert "blurry" in ended.err


def test_source_that_is_not_there_is_a_data_error(tmp_path: Path, hubel: Hubel) -> None:
    assert hubel("check", tmp_path / "nothing").code == 3


def test_base_install_checks_and_names_the_extra_for_the_page(pets: Path, tmp_path: Path) -> None:
    finished = run_hubel_without(EXTRAS, "check", pets, "--junit", tmp_path / "check.xml")
    assert finished.returncode == 0, finished.stderr
    assert "duplicate-conflict" in finished.stdout
    finished = run_hubel_without(EXTRAS, "check", pets, "--html", tmp_path / "check.html")
    assert finished.returncode == 2
    assert "pip install" in finished.stderr
    assert "[train]" in finished.stderr
    assert "Looking" not in finished.stderr  # said before the work, not after
