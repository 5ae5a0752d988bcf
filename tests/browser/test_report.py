"""The report as a reader meets it: in Chromium, at the width of a phone and of a desk, light and dark."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from hubel.evaluate.report import Report, write_report
from unit.evaluate.sample_report import HOSTILE_NAMES, HOSTILE_PATH, LONG_KOREAN_NAMES, sample_report

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Dialog, Page, Request

pytestmark = pytest.mark.browser

ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
REPORTS: dict[str, Callable[[], Report]] = {
    "pets": sample_report,
    "korean": lambda: sample_report(LONG_KOREAN_NAMES, num_images=800, sharpness=2, path="원본/" + "긴이름" * 60),
    "hostile": lambda: sample_report(HOSTILE_NAMES, path=HOSTILE_PATH),
}
OpenReport = Callable[..., "Page"]


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    with playwright.sync_playwright() as started:
        launched = started.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("reports")
    for name, make in REPORTS.items():
        write_report(make(), folder / f"{name}.html")
    return {name: folder / f"{name}.html" for name in REPORTS}


@pytest.fixture
def open_report(browser: Browser, files: dict[str, Path]) -> Iterator[OpenReport]:
    """`open_report("pets", width=360)` is a page; in the end no page may have complained or asked the network."""
    complaints: list[str] = []

    def judge_request(request: Request) -> None:
        if not request.url.startswith(("file:", "data:")):
            complaints.append(f"request: {request.url}")

    def judge_dialog(dialog: Dialog) -> None:
        complaints.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def listen(page: Page) -> None:
        page.on("console", lambda message: complaints.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("dialog", judge_dialog)
        page.on("request", judge_request)

    with ExitStack() as pages:

        def opened(
            name: str = "pets",
            *,
            width: int = 1280,
            scheme: Literal["light", "dark"] = "light",
            locale: str = "en-US",
            query: str = "",
        ) -> Page:
            page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme, locale=locale)
            pages.callback(page.close)
            listen(page)
            page.goto(files[name].as_uri() + query)
            return page

        yield opened
    assert complaints == []


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("name", REPORTS)
def test_nothing_is_wider_than_the_screen(open_report: OpenReport, name: str, width: int) -> None:
    page = open_report(name, width=width)
    page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
    for language in ("English", "한국어"):
        page.get_by_role("button", name=language).click()
        inner, outer = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        assert inner <= outer, language


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["pets", "korean"])
def test_every_text_stands_out_from_its_ground(open_report: OpenReport, name: str, scheme: str) -> None:
    page = open_report(name, scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach((details) => { details.open = true; })")
    assert page.evaluate(TEXTS_BELOW_CONTRAST, 4.5) == []


def test_page_follows_the_colours_of_the_system(open_report: OpenReport) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    light, dark = (open_report(scheme=scheme).evaluate(ground) for scheme in ("light", "dark"))
    assert light != dark


def test_button_turns_dark_and_light_again(open_report: OpenReport) -> None:
    page = open_report()
    ground = "getComputedStyle(document.body).backgroundColor"
    button = page.get_by_role("button", name="Dark colours")
    before = page.evaluate(ground)
    button.click()
    assert page.evaluate(ground) != before
    assert button.get_attribute("aria-pressed") == "true"
    button.click()
    assert page.evaluate(ground) == before


def test_language_follows_the_reader(open_report: OpenReport) -> None:
    assert open_report(locale="ko-KR").evaluate("document.documentElement.lang") == "ko"
    assert open_report(locale="de-DE").evaluate("document.documentElement.lang") == "en"
    assert open_report(locale="ko-KR", query="?lang=en").evaluate("document.documentElement.lang") == "en"


def test_switch_changes_every_text_and_the_language_of_the_page(open_report: OpenReport) -> None:
    page = open_report()
    assert "of 240 test images right" in page.inner_text("h1")
    page.get_by_role("button", name="한국어").click()
    assert page.evaluate("document.documentElement.lang") == "ko"
    assert "테스트 이미지 240장에서의 정답률" in page.inner_text("h1")
    assert "right" not in page.inner_text("main")
    page.get_by_role("button", name="English").click()
    assert page.evaluate("document.documentElement.lang") == "en"
    assert "정답" not in page.inner_text("main")


def test_controls_are_reached_and_worked_by_keyboard(open_report: OpenReport) -> None:
    page = open_report()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.documentElement.lang") == "ko"
    page.focus("summary")
    page.keyboard.press("Enter")
    assert page.evaluate("document.querySelector('details').open") is True


def test_name_that_is_a_script_is_shown_and_not_run(open_report: OpenReport) -> None:
    page = open_report("hostile")
    page.wait_for_timeout(100)
    assert "<script>alert(1)</script>" in page.inner_text("#classes")
    assert page.evaluate("document.scripts.length") == 1


def test_all_images_are_drawn(open_report: OpenReport) -> None:
    sizes = open_report().evaluate("[...document.images].map((image) => image.naturalWidth)")
    assert len(sizes) > 5
    assert min(sizes) == 160


def test_button_copies_the_command(open_report: OpenReport) -> None:
    page = open_report()
    button = page.locator("#use .command button").first
    button.click()
    assert "Copied" in button.inner_text()


def test_printing_unfolds_and_hides_the_controls(open_report: OpenReport) -> None:
    page = open_report("korean")
    assert len(page.pdf()) > 10_000
    page.emulate_media(media="print")
    assert not page.locator(".controls").is_visible()
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate("document.querySelectorAll('details:not([open])').length") == 0
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.evaluate("document.querySelectorAll('details:not([open])').length") > 0


def test_page_without_scripts_still_says_everything_in_one_language(browser: Browser, files: dict[str, Path]) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 800})
    page = context.new_page()
    page.goto(files["pets"].as_uri())
    assert "of 240 test images right" in page.inner_text("h1")
    assert "정답률" not in page.inner_text("h1")
    assert not page.locator(".controls").is_visible()
    context.close()


# WCAG 2.2: relative luminance and contrast; colours of any notation are drawn on a canvas to be read as sRGB.
TEXTS_BELOW_CONTRAST = """(least) => {
  const brush = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const layered = (colours) => {
    brush.clearRect(0, 0, 1, 1);
    for (const colour of colours) { brush.fillStyle = colour; brush.fillRect(0, 0, 1, 1); }
    return [...brush.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const grounds = (element) => {
    const found = [];
    for (let at = element; at; at = at.parentElement) { found.unshift(getComputedStyle(at).backgroundColor); }
    return found;
  };
  const found = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !element.checkVisibility()) { continue; }
    const style = getComputedStyle(element);
    const under = grounds(element);
    const ink = element.closest("svg") ? style.fill : style.color;
    const [high, low] = [luminance(layered([...under, ink])), luminance(layered(under))].sort((a, b) => b - a);
    const contrast = (high + 0.05) / (low + 0.05);
    if (contrast < least) { found.add(`${contrast.toFixed(2)} ${element.className} ${walker.currentNode.textContent}`); }
  }
  return [...found];
}"""
