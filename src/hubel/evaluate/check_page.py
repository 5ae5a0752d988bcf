"""The checkup as one HTML page that opens offline: what was found, with the pictures side by side, and what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hubel.core.files import write_atomically
from hubel.core.findings import SEVERITIES, Checkup, Finding, Rule
from hubel.core.language import current_language
from hubel.evaluate.report import load_template
from hubel.evaluate.sentences import Both

PAGE = "check.html.j2"
GROUPS_SHOWN = 12
FILES_OF_A_GROUP = 6
SINGLES_SHOWN = 18
WORST_SHOWN = 12

SEVERITY_WORDS = {
    "error": Both("error", "오류"),
    "warning": Both("warning", "주의"),
    "info": Both("remark", "참고"),
}
SEVERITY_SIGNS = {"error": "✗", "warning": "▲", "info": "·"}


@dataclass(frozen=True, slots=True)
class CheckPage:
    """What the page shows: the checkup, and small JPEGs of the files that `choose_pictures` names."""

    checkup: Checkup
    thumbnails: Mapping[int, bytes]


@dataclass(frozen=True, slots=True)
class Picture:
    """One file on the page; `thumbnail` is None where the file cannot be read."""

    name: str
    label: str
    split: str | None
    caption: Both | None
    thumbnail: bytes | None


Group = tuple[Both, tuple[Picture, ...], int]
"""What is said of alike files, the files that are shown, and how many more there are."""


@dataclass(frozen=True, slots=True)
class Section:
    """One rule with what it found: `groups` of alike files, `singles`, or `facts` without a picture."""

    rule: Rule
    num_findings: int
    num_files: int
    groups: tuple[Group, ...]
    singles: tuple[Picture, ...]
    facts: tuple[Both, ...]


def write_check_page(page: CheckPage, path: Path) -> None:
    """Write the page, whole or not at all.

    Raises
    ------
    MissingExtraError
        When jinja2 is not installed.
    """
    write_atomically(path, render_check_page(page))


def render_check_page(page: CheckPage) -> str:
    """The page's text; every name from outside is escaped."""
    checkup = page.checkup
    sections = tuple(section_of(rule, findings, page) for rule, findings in checkup.by_rule())
    there = {section.rule.id for section in sections}
    bad = [section for section in sections if section.rule.severity != "info"]
    sizes = Counter(file.label for file in checkup.files)
    text: str = load_template(PAGE).render(
        checkup=checkup,
        language=current_language(),
        counts=checkup.num_by_severity(),
        severities=SEVERITIES,
        words=SEVERITY_WORDS,
        signs=SEVERITY_SIGNS,
        sections=sections,
        worst=(bad or sections)[:WORST_SHOWN],
        num_worst=len(bad or sections),
        absent=tuple(rule for rule in checkup.rules if rule.id not in there),
        sizes=[(name, sizes[name]) for name in checkup.classes],
        largest=max(sizes.values(), default=1),
    )
    return text


def choose_pictures(checkup: Checkup) -> list[int]:
    """The positions of the files whose pictures the page shows."""
    chosen: dict[int, None] = {}
    for rule, findings in checkup.by_rule():
        if rule.id == "unreadable":
            continue
        groups = [finding for finding in findings if is_group(finding)][:GROUPS_SHOWN]
        singles = [finding for finding in findings if not is_group(finding)][:SINGLES_SHOWN]
        for finding in (*groups, *singles):
            chosen.update(dict.fromkeys(shown_files(finding)))
    return list(chosen)


def section_of(rule: Rule, findings: list[Finding], page: CheckPage) -> Section:
    """What the page shows of one rule."""
    groups: list[Group] = []
    singles: list[Picture] = []
    facts: list[Both] = []
    for finding in findings:
        words = Both(finding.found_en, finding.found_ko)
        if not finding.files:
            facts.append(words)
        elif is_group(finding):
            if len(groups) < GROUPS_SHOWN:
                files = tuple(picture_of(index, None, page) for index in shown_files(finding))
                groups.append((words, files, len(finding.files) - len(files)))
        elif len(singles) < SINGLES_SHOWN:
            singles.append(picture_of(finding.files[0], words, page))
    num_files = len({index for finding in findings for index in finding.files})
    return Section(rule, len(findings), num_files, tuple(groups), tuple(singles), tuple(facts))


def picture_of(index: int, caption: Both | None, page: CheckPage) -> Picture:
    """One file as the page shows it."""
    file = page.checkup.files[index]
    return Picture(file.name, file.label, file.split, caption, page.thumbnails.get(index))


def is_group(finding: Finding) -> bool:
    """Whether a finding is about several files together."""
    return len(finding.files) > 1


def shown_files(finding: Finding) -> tuple[int, ...]:
    """The files of a finding that are shown."""
    return finding.files[:FILES_OF_A_GROUP]
