"""Everything that `hubel check` looks for: the stable ids, how much each matters, when it is said, and what to do.

The words stand in rules.tsv, a line for each rule, the worst first; docs/stages/check.md shows them as a table, and a test
compares the two.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources
from typing import cast

from hubel.core.findings import Rule, Severity
from hubel.core.language import Language
from hubel.data.check import thresholds


@cache
def rules() -> dict[str, Rule]:
    """Every rule by its id, the worst first.

    Examples
    --------
    >>> rules()["unreadable"].severity
    'error'
    """
    text = (resources.files("hubel.data.check") / "rules.tsv").read_text(encoding="utf-8")
    limits = {name: f"{value:g}" for name, value in vars(thresholds).items() if name.isupper()}
    rows = csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    found = {}
    for row in rows:
        words = {key: text.format_map(limits) for key, text in row.items() if key not in ("id", "severity")}
        found[row["id"]] = Rule(row["id"], cast(Severity, row["severity"]), **words)
    return found


def rules_table(language: Language) -> str:
    """The rules as a Markdown table, as it stands in docs/stages/check.md.

    Examples
    --------
    >>> rules_table("en").splitlines()[0]
    '| id | severity | what | found when | what to do |'
    """
    korean = language == "ko"
    heads = (
        ("id", "심각도", "뜻", "기준", "할 일") if korean else ("id", "severity", "what", "found when", "what to do")
    )
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for rule in rules().values():
        words = (
            (rule.title_ko, rule.when_ko, rule.remedy_ko) if korean else (rule.title_en, rule.when_en, rule.remedy_en)
        )
        lines.append(f"| `{rule.id}` | {rule.severity} | {' | '.join(words)} |")
    return "\n".join(lines)
