"""What the pages claim is so: commands exist, links lead somewhere, examples are true."""

from __future__ import annotations

import doctest
import importlib
import re
from pathlib import Path

import pytest

import hubel
from support import ROOT, run_hubel, run_python

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
SOURCES = sorted((ROOT / "src" / "hubel").rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def commands_named_in(text: str) -> set[str]:
    """The verbs after `hubel` in code: at the start of a line of a fenced block, or of an inline piece."""
    blocks = re.findall(r"(?ms)^```\w*\n(.*?)^```", text)
    lines = [line for block in blocks for line in block.splitlines()]
    inline = re.findall(r"`(hubel [^`\n]+)`", re.sub(r"(?ms)^```.*?^```", "", text))
    found = (re.match(r"(?:\$ )?(?:\.venv/bin/)?hubel ([a-z][\w-]*)", piece) for piece in [*lines, *inline])
    return {match.group(1) for match in found if match}


def all_named_commands() -> list[str]:
    pages = (page.read_text(encoding="utf-8") for page in PAGES)
    sources = (source.read_text(encoding="utf-8") for source in SOURCES)
    return sorted(set().union(*map(commands_named_in, [*pages, *sources])))


@pytest.mark.parametrize("command", all_named_commands())
def test_every_command_that_a_page_or_message_names_exists(command: str) -> None:
    finished = run_hubel(command, "--help")
    assert finished.returncode == 0, finished.stderr


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!\w+:|#)([^)#\s]+)", page.read_text(encoding="utf-8"))
    sources = re.findall(r"<img [^>]*src=\"(?!\w+:)([^\"]+)", page.read_text(encoding="utf-8"))
    missing = [target for target in [*targets, *sources] if not (page.parent / target).exists()]
    assert missing == []


@pytest.mark.parametrize("source", SOURCES, ids=name_of)
def test_examples_in_docstrings_are_true(source: Path) -> None:
    if ">>>" not in source.read_text(encoding="utf-8"):
        return
    parts = source.relative_to(ROOT / "src").with_suffix("").parts
    module = importlib.import_module(".".join(part for part in parts if part != "__init__"))
    assert doctest.testmod(module, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE).failed == 0


def test_decisions_are_numbered_without_gaps_and_short() -> None:
    notes = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [int(note.name[:4]) for note in notes] == list(range(1, len(notes) + 1))
    assert [note.name for note in notes if len(note.read_text(encoding="utf-8").splitlines()) > 30] == []


def test_newest_heading_of_the_changelog_is_this_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"(?m)^## (\S+)", changelog)
    assert headings[0] == hubel.__version__


@pytest.mark.slow
def test_documentation_builds_without_a_warning(tmp_path: Path) -> None:
    finished = run_python(
        "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site"), cwd=ROOT
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
