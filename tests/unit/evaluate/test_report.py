"""The report as text: what it says, in which languages, and that nothing from outside becomes markup."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from hubel.core.errors import install_command
from hubel.evaluate.report import Report, least_sure, most_confident_mistakes, render_report, write_report
from support import ROOT, run_python
from unit.evaluate.sample_report import HOSTILE_NAMES, HOSTILE_PATH, LONG_KOREAN_NAMES, sample_report

HANGUL = re.compile("[\uac00-\ud7a3]")


class Page(HTMLParser):
    """What a browser would make of the page: its tags with attributes, and its text outside script and style."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.pairs: list[tuple[str, str]] = []
        self.open: list[tuple[str, str]] = []
        self.feed(html)
        self.text = " ".join(" ".join(self.texts).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.tags.append((tag, attributes))
        if tag not in {"meta", "link", "img"}:
            language = (attributes.get("lang") or "") if attributes.get("class") == "t" else ""
            self.open.append((tag, language))
            if language:
                self.pairs.append((language, ""))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop()[0] == tag, f"</{tag}> closes another tag"

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1][0] not in {"script", "style"}:
            self.texts.append(data)
        if self.open and self.open[-1][1]:
            language, text = self.pairs.pop()
            self.pairs.append((language, text + data))

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def page() -> Page:
    return Page(render_report(sample_report()))


def test_first_line_says_accuracy_number_and_protocol(page: Page) -> None:
    metrics = sample_report().card.metrics
    assert f"{metrics.accuracy * 100:.1f} % of 240 test images right" in page.text
    low, high = metrics.accuracy_interval
    assert f"between {low * 100:.1f} % and {high * 100:.1f} % of new images" in page.text


def test_every_text_stands_in_both_languages(page: Page) -> None:
    assert len(page.pairs) % 2 == 0
    for (first, english), (second, korean) in zip(page.pairs[::2], page.pairs[1::2], strict=True):
        assert (first, second) == ("en", "ko")
        assert not HANGUL.search(english.replace("판다", "")), english
        assert HANGUL.search(korean) or korean == "%p", (english, korean)


def test_every_fact_of_the_card_is_on_the_page(page: Page) -> None:
    for fact in ("Apache-2.0", "efficientnet-lite0", "ab" * 32, "numpy 2.4.6", "hubel train pets --seed 7", "1.137"):
        assert fact in page.text, fact


def test_page_asks_for_nothing_from_outside(page: Page) -> None:
    sources = [
        attributes[name] or ""
        for _, attributes in page.tags
        for name in ("src", "href", "srcset")
        if name in attributes
    ]
    assert [source for source in sources if not source.startswith(("data:", "#"))] == []
    html = render_report(sample_report())
    assert not re.search(r"@import|url\(|https?:|//[a-z]", re.sub(r"(?m)^\s*//.*$", "", html))


def test_every_image_has_a_text_and_every_table_heading_a_scope(page: Page) -> None:
    assert all(attributes.get("alt") for attributes in page.named("img"))
    assert all(attributes.get("scope") in {"col", "row"} for attributes in page.named("th"))


def test_commands_quote_the_run_folder_for_the_shell(page: Page) -> None:
    assert "hubel predict 'runs/my pets' photo.jpg" in page.text


@pytest.mark.parametrize("num_classes", [3, 9, 30])
def test_hostile_names_stay_text(num_classes: int) -> None:
    classes = HOSTILE_NAMES + tuple(f"class {index}" for index in range(num_classes - 3))
    html = render_report(sample_report(classes, path=HOSTILE_PATH, num_images=600, sharpness=2))
    page = Page(html)
    assert len(page.named("script")) == 1
    assert {attributes["src"].partition(",")[0] for attributes in page.named("img") if attributes["src"]} == {
        "data:image/jpeg;base64"
    }
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
    for name in HOSTILE_NAMES:
        assert name in page.text
    assert "<b>.jpg" in page.text


def test_names_that_are_not_utf8_and_marks_that_turn_writing_are_spelled_out() -> None:
    page = Page(render_report(sample_report(path=HOSTILE_PATH)))
    assert r"한글/caf\xe9 \u202egpj.exe\n<b>.jpg" in page.text


def test_report_of_not_utf8_names_is_written_as_utf8(tmp_path: Path) -> None:
    write_report(sample_report(path=HOSTILE_PATH), tmp_path / "report.html")
    assert "</html>" in (tmp_path / "report.html").read_bytes().decode("utf-8")


def test_writing_replaces_an_older_report_and_leaves_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    target.write_text("older", encoding="utf-8")
    write_report(sample_report(), target)
    assert target.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert list(tmp_path.iterdir()) == [target]


def test_many_classes_show_the_most_confused_and_fold_the_matrix() -> None:
    page = Page(render_report(sample_report(LONG_KOREAN_NAMES, num_images=800, sharpness=2)))
    assert "The ten weakest" in page.text
    assert "The whole matrix" in page.text
    assert len([row for row in page.named("td") if (row.get("class") or "").startswith("h")]) == 40 * 40


def test_more_than_a_hundred_classes_leave_the_matrix_to_the_card() -> None:
    classes = tuple(f"class {index}" for index in range(120))
    page = Page(render_report(sample_report(classes, num_images=240)))
    assert "it is in card.json" in page.text
    assert "The whole matrix is too large" in page.text


def test_faultless_model_is_told_that_faults_may_come() -> None:
    report = sample_report(sharpness=60)
    assert report.card.metrics.accuracy == 1
    assert report.mistakes == ()
    page = Page(render_report(report))
    assert "Not one mistake here" in page.text
    assert "measured images was answered rightly" in page.text


def test_class_without_images_is_called_not_measured() -> None:
    page = Page(render_report(sample_report(("cats", "dogs", "panda"), num_images=2)))
    assert "not measured" in page.text
    assert "“panda”" in page.text


def test_one_image_is_not_called_images() -> None:
    assert "of 1 held-out image right" in Page(render_report(sample_report(num_images=1, protocol="holdout"))).text


@pytest.mark.parametrize("protocol", ["test", "validation", "cross-validation", "holdout"])
def test_each_protocol_is_explained(protocol: str) -> None:
    report = sample_report(protocol=protocol)  # type: ignore[arg-type]  # pytest's parameters are plain strings
    words = {"test": "nothing was chosen", "validation": "a little kind", "cross-validation": "had not learned from it"}
    assert words.get(protocol, "drawn at random") in Page(render_report(report)).text


def test_bare_report_without_optional_parts_is_drawn() -> None:
    full = sample_report()
    bare = Report(
        title="pets",
        run_folder="runs/pets",
        card=full.card,
        mistakes=(),
        least_sure=(),
        reliability=(),
        set_aside=(),
        stages=(),
    )
    assert "None. Every file was readable." in Page(render_report(bare)).text


def test_missing_jinja_names_the_extra() -> None:
    lines = (
        "import sys",
        f"sys.path.insert(0, {str(ROOT / 'tests')!r})",
        "sys.modules['jinja2'] = None",
        "from hubel.evaluate.report import render_report",
        "from unit.evaluate.sample_report import sample_report",
        "render_report(sample_report())",
    )
    finished = run_python("-c", "; ".join(lines))
    assert install_command("train") in finished.stderr
    assert "MissingExtraError" in finished.stderr


def test_mistakes_are_ordered_by_the_confidence_of_the_wrong_answer() -> None:
    probabilities = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.4, 0.6]])
    labels = np.array([0, 1, 0, 0])
    assert most_confident_mistakes(probabilities, labels, limit=10).tolist() == [2, 1, 3]
    assert most_confident_mistakes(probabilities, labels, limit=1).tolist() == [2]


def test_least_sure_are_ordered_by_their_best_probability() -> None:
    probabilities = np.array([[0.9, 0.1], [0.45, 0.55], [0.5, 0.5], [0.5, 0.5]])
    assert least_sure(probabilities, limit=3).tolist() == [2, 3, 1]
