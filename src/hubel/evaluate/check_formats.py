"""A checkup in the forms that other programs read: SARIF for code hosts, JUnit for test servers."""

from __future__ import annotations

import json
import re
from collections import Counter
from importlib.metadata import version
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

from hubel.core.findings import Checkup, Finding, Rule
from hubel.core.language import current_language, say
from hubel.evaluate.numbers import visible

_LEVELS = {"error": "error", "warning": "warning", "info": "note"}
_NOT_IN_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
MOST_LOCATIONS = 100
"""Of one SARIF result; hosts refuse results with very many."""
SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def sarif_text(checkup: Checkup) -> str:
    """The findings in the Static Analysis Results Interchange Format 2.1.0 (OASIS); known ones are marked unchanged.

    Files are named below the data's root, which is the base ``DATA``.
    """
    places = {rule.id: place for place, rule in enumerate(checkup.rules)}
    known = set(checkup.known)
    run = {
        "tool": {
            "driver": {
                "name": "hubel check",
                "version": version("hubel"),
                "rules": [sarif_rule(rule) for rule in checkup.rules],
            }
        },
        "language": current_language(),
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"DATA": {"description": {"text": visible(checkup.data)}}},
        "results": [
            sarif_result(finding, checkup, places[finding.rule.id], is_new=finding not in known)
            for finding in (*checkup.findings, *checkup.known)
        ],
    }
    record = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(record, indent=1) + "\n"


def sarif_rule(rule: Rule) -> dict[str, Any]:
    """One rule."""
    return {
        "id": rule.id,
        "shortDescription": {"text": title(rule)},
        "fullDescription": {"text": say(en=rule.when_en, ko=rule.when_ko)},
        "help": {"text": remedy(rule)},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


def sarif_result(finding: Finding, checkup: Checkup, place: int, *, is_new: bool) -> dict[str, Any]:
    """One finding."""
    names = [checkup.files[index].name for index in finding.files[:MOST_LOCATIONS]]
    return {
        "ruleId": finding.rule.id,
        "ruleIndex": place,
        "level": _LEVELS[finding.rule.severity],
        "message": {"text": visible(f"{title(finding.rule)}: {found(finding)}")},
        "locations": [
            {"physicalLocation": {"artifactLocation": {"uri": uri(name), "uriBaseId": "DATA"}}} for name in names
        ],
        "partialFingerprints": {"hubelFinding/v1": finding.key},
        "baselineState": "new" if is_new else "unchanged",
    }


def junit_text(checkup: Checkup) -> str:
    """The findings in JUnit's XML: a test for every rule; new errors and warnings fail it, remarks are its output."""
    groups = {rule.id: findings for rule, findings in checkup.by_rule()}
    known = Counter(finding.rule.id for finding in checkup.known)
    failing = [rule for rule in checkup.rules if rule.id in groups and rule.severity != "info"]
    numbers = {"tests": str(len(checkup.rules)), "failures": str(len(failing)), "errors": "0"}
    time = f"{checkup.seconds:.3f}"
    root = ET.Element("testsuites", numbers | {"time": time})
    suite = ET.SubElement(root, "testsuite", {"name": "hubel check", **numbers, "time": time})
    for rule in checkup.rules:
        case = ET.SubElement(suite, "testcase", {"classname": f"hubel.check.{rule.severity}", "name": rule.id})
        findings = groups.get(rule.id, [])
        if findings:
            lines = "\n".join(xml_safe(line) for finding in findings for line in finding_lines(finding, checkup))
            if rule.severity == "info":
                ET.SubElement(case, "system-out").text = lines
            else:
                message = f"{title(rule)}: {len(findings)}. {remedy(rule)}"
                ET.SubElement(case, "failure", {"type": rule.severity, "message": message}).text = lines
        elif known[rule.id]:
            number = known[rule.id]
            words = say(en=f"known from the baseline: {number}", ko=f"기준 파일에 있음: {number}개")
            ET.SubElement(case, "system-out").text = words
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def finding_lines(finding: Finding, checkup: Checkup) -> list[str]:
    """What was found, and in which files."""
    return [found(finding), *(f"  {checkup.files[index].name}" for index in finding.files)]


def xml_safe(text: str) -> str:
    r"""A line with what XML cannot hold, and what no screen draws, spelled out.

    Examples
    --------
    >>> xml_safe("a\x00b\ufffe")
    'a\\x00b\\ufffe'
    """
    return _NOT_IN_XML.sub(lambda letter: letter.group().encode("unicode_escape").decode("ascii"), visible(text))


def title(rule: Rule) -> str:
    """What a rule finds, in the user's language."""
    return say(en=rule.title_en, ko=rule.title_ko)


def remedy(rule: Rule) -> str:
    """What to do about it, in the user's language."""
    return say(en=rule.remedy_en, ko=rule.remedy_ko)


def found(finding: Finding) -> str:
    """What was found, in the user's language."""
    return say(en=finding.found_en, ko=finding.found_ko)


def uri(name: str) -> str:
    r"""A relative path as a URI; bytes that are not UTF-8 keep their value.

    Examples
    --------
    >>> uri("cats/a b%.jpg"), uri("caf\udce9.jpg")
    ('cats/a%20b%25.jpg', 'caf%E9.jpg')
    """
    return quote(name.encode("utf-8", "surrogateescape" if not _has_lone_halves(name) else "backslashreplace"))


def _has_lone_halves(name: str) -> bool:
    """Whether a name holds halves of UTF-16 pairs, which JSON can say but no file name holds."""
    return any("\ud800" <= letter <= "\udfff" and not "\udc80" <= letter <= "\udcff" for letter in name)
