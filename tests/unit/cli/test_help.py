"""The help is a golden text in both languages: whoever changes a word sees the whole page."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hubel.cli.main import main
from support import run_hubel

PAGES = ((), ("train",), ("predict",), ("evaluate",), ("cache",))


@pytest.mark.parametrize("language", ["en", "ko"])
def test_help_is_as_agreed(
    language: str,
    golden: Callable[[str, str], None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HUBEL_LANG", language)
    monkeypatch.setenv("COLUMNS", "100")
    pages = []
    for words in PAGES:
        assert main([*words, "--help"]) == 0
        pages.append(f"$ hubel {' '.join([*words, '--help'])}\n\n{capsys.readouterr().out}")
    golden(f"help-{language}.txt", "\n".join(pages))


def test_korean_help_has_no_english_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUBEL_LANG", "ko")
    text = run_hubel("--help").stdout
    assert "만들기" in text
    assert "정리하기" in text
    for word in ("Usage", "Options", "Commands", "Show this", "Make", "Keep house"):
        assert word not in text


def test_newcomer_reads_train_first(capsys: pytest.CaptureFixture[str]) -> None:
    main([])
    text = capsys.readouterr().out
    places = [text.index(f"│ {verb} ") for verb in ("train", "predict", "evaluate", "cache")]
    assert places == sorted(places)


def test_help_fits_a_narrow_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    main(["predict", "--help"])
    assert all(len(line) <= 60 for line in capsys.readouterr().out.splitlines())
