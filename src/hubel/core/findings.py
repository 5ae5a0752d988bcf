"""What a check of a data set says: findings with stable ids, each with the files it is about."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "info"]
"""error: a file is lost, or labels or figures are wrong. warning: it likely hurts. info: good to know."""

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of finding: its stable id, how much it matters, what it is, when it is found, and what to do."""

    id: str
    severity: Severity
    title_en: str
    title_ko: str
    when_en: str
    when_ko: str
    remedy_en: str
    remedy_ko: str


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """One file of the data: its path, its name below the data's root, the names of its class and split."""

    path: str
    name: str
    label: str
    split: str | None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found.

    `files` are positions among the checked files, `classes` the names it is about, `found_en` and `found_ko` what was
    found in a few words. `subjects` say what it is about in a way that survives moving the folder (hashes of contents, names
    of classes); a finding about fewer of the same subjects is not a new one.
    """

    rule: Rule
    files: tuple[int, ...]
    classes: tuple[str, ...]
    found_en: str
    found_ko: str
    subjects: tuple[str, ...]

    @property
    def key(self) -> str:
        """A short hash that is the same wherever the folder lies.

        Examples
        --------
        >>> rule = Rule("tiny", "warning", "", "", "", "", "", "")
        >>> Finding(rule, (7,), (), "", "", ("content",)).key == Finding(rule, (9,), (), "", "", ("content",)).key
        True
        """
        text = "\n".join([self.rule.id, *sorted(self.subjects)])
        return hashlib.blake2b(text.encode("utf-8", "backslashreplace"), digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True)
class Checkup:
    """What is known of a data set once it was checked.

    `findings` are the worst first, and by rule; `known` those of them that a baseline lists already; `rules` all that
    were looked for; `notes` pairs (English, Korean).
    """

    data: str
    classes: tuple[str, ...]
    files: tuple[CheckedFile, ...]
    num_readable: int
    rules: tuple[Rule, ...]
    findings: tuple[Finding, ...]
    known: tuple[Finding, ...]
    notes: tuple[tuple[str, str], ...]
    seconds: float

    def by_rule(self) -> list[tuple[Rule, list[Finding]]]:
        """The new findings of each rule that has any, the worst rules first."""
        return grouped_by_rule(self.findings)

    def num_by_severity(self) -> dict[Severity, int]:
        """How many new findings there are of each severity."""
        counts = Counter(finding.rule.severity for finding in self.findings)
        return {severity: counts[severity] for severity in SEVERITIES}

    @property
    def is_clean(self) -> bool:
        """Whether no new finding is a warning or worse."""
        return all(finding.rule.severity == "info" for finding in self.findings)


def grouped_by_rule(findings: Sequence[Finding]) -> list[tuple[Rule, list[Finding]]]:
    """The findings of each rule, in the order in which the rules first occur."""
    groups: dict[str, tuple[Rule, list[Finding]]] = {}
    for finding in findings:
        groups.setdefault(finding.rule.id, (finding.rule, []))[1].append(finding)
    return list(groups.values())
