"""A baseline: the findings that are known already, so that only new ones count."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hubel.core.errors import DataError
from hubel.core.files import write_atomically
from hubel.core.findings import Finding
from hubel.core.language import say
from hubel.data.names import shown

VERSION = 1


def write_baseline(path: Path, findings: Sequence[Finding]) -> None:
    """Write down findings, sorted, one a line, so that a version control shows what changed."""
    entries = sorted([finding.rule.id, *sorted(finding.subjects)] for finding in findings)
    lines = ",\n".join(json.dumps(entry) for entry in entries)
    write_atomically(path, f'{{"hubel_check_baseline": {VERSION}, "findings": [\n{lines}\n]}}\n')


def read_baseline(path: Path) -> list[tuple[str, frozenset[str]]]:
    """The known findings: the rule of each, and what it is about.

    Raises
    ------
    DataError
        When the file is missing or is no baseline.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return [parsed(entry) for entry in found["findings"]]
    except (OSError, ValueError, TypeError, KeyError) as error:
        place, reason = shown(str(path)), shown(str(error))
        raise DataError(
            say(
                en=f"{place} is no baseline of `hubel check`: {reason}. Write one with --write-baseline.",
                ko=f"{place} 은(는) `hubel check`의 기준 파일이 아닙니다: {reason}. --write-baseline으로 만드세요.",
            )
        ) from error


def split_known(
    findings: Sequence[Finding], baseline: Sequence[tuple[str, frozenset[str]]]
) -> tuple[list[Finding], list[Finding]]:
    """The new findings, and those that the baseline has: it, or one of the same rule about the same subjects and more.

    Parameters
    ----------
    findings
        What was found now.
    baseline
        What `read_baseline` returned.
    """
    places: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
    for place, (rule, subjects) in enumerate(baseline):
        for subject in subjects:
            places[rule, subject].add(place)
    new: list[Finding] = []
    known: list[Finding] = []
    for finding in findings:
        common = set.intersection(*(places.get((finding.rule.id, subject), set()) for subject in finding.subjects))
        (known if common else new).append(finding)
    return new, known


def parsed(entry: Any) -> tuple[str, frozenset[str]]:
    """One finding out of the file."""
    if not isinstance(entry, list) or len(entry) < 2 or not all(isinstance(part, str) for part in entry):
        raise ValueError(f"{entry!r}")
    return entry[0], frozenset(entry[1:])
