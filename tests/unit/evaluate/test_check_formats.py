"""SARIF, JUnit and the page: they hold every finding, and no name breaks them."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from hubel.core.findings import Checkup
from hubel.data.check.catalogue import rules
from hubel.evaluate.check_formats import junit_text, sarif_text
from hubel.evaluate.check_page import CheckPage, choose_pictures, render_check_page
from unit.evaluate.sample_checkup import HOSTILE, sample_checkup


def test_sarif_has_every_rule_and_every_finding() -> None:
    run = sarif_run(sample_checkup())
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == list(rules())
    assert [result["ruleId"] for result in run["results"]] == [
        "unreadable",
        "duplicate-conflict",
        "imbalance",
        "blurry",
        "tiny",
    ]
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]


def test_sarif_levels_are_those_of_the_standard() -> None:
    levels = [result["level"] for result in sarif_run(sample_checkup())["results"]]
    assert levels == ["error", "error", "warning", "note", "warning"]


def test_sarif_marks_known_findings_as_unchanged() -> None:
    states = [result["baselineState"] for result in sarif_run(sample_checkup())["results"]]
    assert states == ["new", "new", "new", "new", "unchanged"]


def test_sarif_names_files_as_relative_uris() -> None:
    result = sarif_run(sample_checkup())["results"][1]
    uris = [place["physicalLocation"]["artifactLocation"]["uri"] for place in result["locations"]]
    assert uris == ["train/cats/a%20b.jpg", "test/dogs/%EA%B0%9C.jpg"]


@pytest.mark.parametrize("name", HOSTILE)
def test_sarif_survives_hostile_names(name: str) -> None:
    run = sarif_run(sample_checkup(name))
    assert run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].isascii()


@pytest.mark.parametrize("name", HOSTILE)
def test_junit_survives_hostile_names(name: str) -> None:
    assert ET.fromstring(junit_text(sample_checkup(name))).tag == "testsuites"


def test_junit_fails_for_new_errors_and_warnings_alone() -> None:
    suite = ET.fromstring(junit_text(sample_checkup()))[0]
    failed = [case.get("name") for case in suite if case.find("failure") is not None]
    assert failed == ["unreadable", "duplicate-conflict", "imbalance"]
    assert suite.get("failures") == "3"
    assert suite.get("tests") == str(len(rules()))


def test_junit_failure_lists_the_files() -> None:
    suite = ET.fromstring(junit_text(sample_checkup()))[0]
    text = next(case.findtext("failure") for case in suite if case.get("name") == "duplicate-conflict")
    assert text is not None
    assert "train/cats/a b.jpg" in text
    assert "test/dogs/개.jpg" in text


def test_page_says_each_finding_in_both_languages() -> None:
    page = render_check_page(CheckPage(sample_checkup(), {}))
    for words in ("File that cannot be read", "읽을 수 없는 파일", "dogs: 3 training images", "dogs: 학습 이미지 3장"):
        assert words in page


@pytest.mark.parametrize("name", HOSTILE)
def test_page_runs_nothing_that_a_name_says(name: str) -> None:
    page = render_check_page(CheckPage(sample_checkup(name), {}))
    assert tags_in(page).count("script") == 1
    assert "onerror" not in [key for _, attributes in elements_in(page) for key, _ in attributes]


def test_page_asks_for_few_pictures_of_very_many_findings() -> None:
    assert len(choose_pictures(sample_checkup(num_blurry=5000))) < 100
    assert len(render_check_page(CheckPage(sample_checkup(num_blurry=5000), {}))) < 200_000


def test_page_of_clean_data_says_so() -> None:
    page = render_check_page(CheckPage(sample_checkup(clean=True), {}))
    assert "Nothing was found" in page


def sarif_run(checkup: Checkup) -> dict[str, Any]:
    record = json.loads(sarif_text(checkup))
    assert record["version"] == "2.1.0"
    run: dict[str, Any] = record["runs"][0]
    return run


class Elements(HTMLParser):
    """The start tags of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, list[tuple[str, str | None]]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, attrs))


def elements_in(page: str) -> list[tuple[str, list[tuple[str, str | None]]]]:
    parser = Elements()
    parser.feed(page)
    return parser.found


def tags_in(page: str) -> list[str]:
    return [tag for tag, _ in elements_in(page)]
