"""The page of `hubel check` as a reader meets it: in Chromium, at the width of a phone and of a desk, light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from browser.test_report import ARGUMENTS, TEXTS_BELOW_CONTRAST
from hubel.workflows import CheckOptions, check
from messy import write_messy

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    with playwright.sync_playwright() as started:
        launched = started.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def page_of_messy_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("skimage", reason="the photographs are part of scikit-image")
    folder = tmp_path_factory.mktemp("check")
    messy = write_messy(folder / "messy")
    broken = messy.root / "train" / "coffee" / ("긴이름" * 20 + "<script>alert(1).jpg")
    broken.write_bytes(b"no picture")
    list(check(str(messy.root), CheckOptions(html=folder / "check.html")))
    return folder / "check.html"


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_is_wider_than_the_screen(browser: Browser, page_of_messy_data: Path, width: int) -> None:
    page = opened(browser, page_of_messy_data, width=width)
    for language in ("English", "한국어"):
        page.get_by_role("button", name=language).click()
        inner, outer = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        assert inner <= outer, language
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_its_ground(
    browser: Browser, page_of_messy_data: Path, scheme: Literal["light", "dark"]
) -> None:
    page = opened(browser, page_of_messy_data, scheme=scheme)
    assert page.evaluate(TEXTS_BELOW_CONTRAST, 4.5) == []
    page.close()


def test_switch_changes_every_text(browser: Browser, page_of_messy_data: Path) -> None:
    page = opened(browser, page_of_messy_data)
    assert "things to look at" in page.inner_text("h1")
    page.get_by_role("button", name="한국어").click()
    assert "확인이 필요합니다" in page.inner_text("h1")
    assert "found when" not in page.inner_text("main")
    page.close()


def test_copies_stand_side_by_side(browser: Browser, page_of_messy_data: Path) -> None:
    page = opened(browser, page_of_messy_data)
    boxes = page.evaluate(
        "[...document.querySelectorAll('#duplicate-conflict img')].map((image) => image.getBoundingClientRect().top)"
    )
    assert len(boxes) == 2
    assert boxes[0] == boxes[1]
    page.close()


def test_link_at_the_top_leads_to_its_section(browser: Browser, page_of_messy_data: Path) -> None:
    page = opened(browser, page_of_messy_data)
    targets = page.evaluate("[...document.querySelectorAll('a[href^=\"#\"]')].map((link) => link.hash.slice(1))")
    assert targets
    assert page.evaluate("(names) => names.every((name) => document.getElementById(name))", targets)
    page.close()


def opened(browser: Browser, path: Path, *, width: int = 1280, scheme: Literal["light", "dark"] = "light") -> Page:
    """The page, which may neither complain nor ask the network for anything."""
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme, locale="en-US")
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: complaints.append(request.url) if request.url.startswith("http") else None)
    page.goto(path.as_uri())
    assert complaints == []
    return page
