"""Every example runs as its reader would run it; an example whose claim fails ends with an error."""

from __future__ import annotations

from pathlib import Path

import pytest

from support import ROOT, run_python

EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


def test_there_are_examples() -> None:
    assert EXAMPLES


@pytest.mark.slow
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_the_claim_of_an_example_holds(example: Path, tmp_path: Path) -> None:
    finished = run_python(str(example), cwd=tmp_path)
    assert finished.returncode == 0, finished.stdout + finished.stderr


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_fits_on_a_screen(example: Path) -> None:
    assert len(example.read_text(encoding="utf-8").splitlines()) <= 60
