"""Beginning and ending: what `hubel` says to words that do not fit, and how every error ends."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import hubel as package
from support import run_hubel, run_python

if TYPE_CHECKING:
    from cli.conftest import Hubel


def test_hubel_alone_prints_the_help() -> None:
    alone = run_hubel()
    assert alone.returncode == 0
    assert alone.stdout == run_hubel("--help").stdout


def test_version_is_said(hubel: Hubel) -> None:
    ended = hubel("--version")
    assert (ended.code, ended.out) == (0, f"hubel {package.__version__}\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["trian", "x"], "There is no command trian. Did you mean: train?"),
        (["qqq"], "The commands are: train, predict, evaluate, check, compare, models, tune, reproduce, forget, cache"),
        (["--jsn"], "hubel has no option --jsn."),
        (["train", "x", "--buget", "3s"], "Did you mean: --budget"),
        (["predict", "x"], "hubel predict needs SOURCES..., which is missing. Write: hubel predict RUN SOURCES..."),
        (["train", "x", "--out"], "The option --out needs a value"),
        (["train", "x", "y"], "too many: y"),
        (["train", "x", "--budget", "soon"], "--budget does not take soon."),
        (["train", "x", "--seed", "a\x1b[31m"], r"--seed does not take a\x1b[31m."),
        (["train", "x", "--resize", "sqash"], "for example: squash"),
        (["train", "x", "--views", "9"], "--views"),
        (["train", "x", "--size", "5"], "--size"),
        (["predict", "x", "y", "--json", "--csv"], "Two formats were asked for: csv, jsonl"),
        (["predict", "x", "y", "--format", "xml"], "--format does not take xml"),
        (["predict", "x", "y", "--top-k", "0"], "--top-k does not take 0"),
    ],
)
def test_words_that_do_not_fit_are_usage_errors(hubel: Hubel, words: list[str], message: str) -> None:
    ended = hubel(*words)
    assert ended.code == 2
    assert ended.err.startswith("error: ")
    assert message in ended.err
    assert ended.out == ""


def test_names_with_escapes_and_markup_are_harmless_in_errors(hubel: Hubel) -> None:
    ended = hubel("predict", "[red]\x1b[31m\udcff", "x")
    assert ended.code == 4
    assert r"[red]\x1b[31m\xff is not a run folder" in ended.err


def test_unexpected_error_is_one_line_and_the_traceback_is_there_when_asked_for(tmp_path: Path) -> None:
    code = "import hubel.cli.main as m, sys; m.invoke = lambda words: 1 / 0; sys.exit(m.main([]))"
    short = run_python("-c", code)
    assert short.returncode == 1
    assert "ZeroDivisionError" in short.stderr
    assert "HUBEL_DEBUG=1" in short.stderr
    assert "Traceback" not in short.stderr
    long = run_python("-c", f"import os; os.environ['HUBEL_DEBUG'] = '1'; {code}")
    assert "Traceback" in long.stderr


def test_korean_errors_are_korean(hubel: Hubel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUBEL_LANG", "ko")
    assert hubel("trian").err.startswith("오류: trian 라는 명령은 없습니다.")
