"""The picture of importance: bars as long as their shares, and what they stand on."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest

from hubel.evaluate.importance import BARS, importance_svg

SHARES = {"lr": 0.75, "width": 0.25}
SVG = "{http://www.w3.org/2000/svg}"


def test_bars_are_as_long_as_their_shares_with_their_numbers_beside_them() -> None:
    picture = ET.fromstring(importance_svg(SHARES, num_trials=40, enough=20))
    bars = [rect for rect in picture.iter(f"{SVG}rect") if rect.get("class") == "share"]
    assert [float(rect.get("width", 0)) for rect in bars] == [0.75 * BARS, 0.25 * BARS]
    words = [text.text for text in picture.iter(f"{SVG}text")]
    assert {"lr", "width", "75", "25"} <= set(words)


def test_too_few_trials_make_grey_bars_and_say_so() -> None:
    picture = importance_svg(SHARES, num_trials=7, enough=20)
    assert 'class="unsure"' in picture
    assert 'class="share"' not in picture
    assert "7 trials are too few" in picture


def test_the_picture_speaks_korean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUBEL_LANG", "ko")
    picture = importance_svg(SHARES, num_trials=7, enough=20)
    assert "설정별 중요도" in picture
    assert re.search("[가-힣]", picture)


def test_without_shares_there_is_still_a_picture() -> None:
    assert ET.fromstring(importance_svg({}, num_trials=1, enough=20)).tag == f"{SVG}svg"
