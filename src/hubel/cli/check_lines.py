"""A checkup as lines for people, and as a record for machines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from hubel.cli.terminal import harmless, plural
from hubel.core.findings import Checkup, Finding, Rule, Severity
from hubel.core.language import say
from hubel.data.names import shown, utf8
from hubel.evaluate.check_formats import found, remedy, title
from hubel.evaluate.numbers import count, duration

if TYPE_CHECKING:
    from hubel.workflows import CheckOptions

EXAMPLES = 3
FILES_OF_AN_EXAMPLE = 3
STYLES: dict[Severity, str] = {"error": "bold red", "warning": "yellow", "info": "dim"}
RECORD_VERSION = 1


def checkup_record(checkup: Checkup) -> dict[str, Any]:
    """What ``hubel check --json`` prints; docs/stages/check.md describes it."""
    return {
        "version": RECORD_VERSION,
        "data": utf8(checkup.data),
        "num_files": len(checkup.files),
        "num_readable": checkup.num_readable,
        "classes": [utf8(name) for name in checkup.classes],
        "counts": checkup.num_by_severity(),
        "num_known": len(checkup.known),
        "clean": checkup.is_clean,
        "findings": [finding_record(finding, checkup) for finding in checkup.findings],
        "rules": [
            {"id": rule.id, "severity": rule.severity, "title": title(rule), "remedy": remedy(rule)}
            for rule in checkup.rules
        ],
        "notes": [say(en=note_en, ko=note_ko) for note_en, note_ko in checkup.notes],
        "seconds": round(checkup.seconds, 3),
    }


def finding_record(finding: Finding, checkup: Checkup) -> dict[str, Any]:
    """One finding."""
    files = (checkup.files[index] for index in finding.files)
    return {
        "id": finding.rule.id,
        "severity": finding.rule.severity,
        "found": utf8(found(finding)),
        "classes": [utf8(name) for name in finding.classes],
        "files": [
            {"path": utf8(file.path), "file": utf8(file.name), "class": utf8(file.label), "split": file.split}
            for file in files
        ],
        "key": finding.key,
    }


def checkup_lines(checkup: Checkup) -> Iterator[RenderableType]:
    """The counts, a table of what was found, and what to do about it."""
    yield verdict(checkup)
    groups = checkup.by_rule()
    if not groups:
        return
    yield Text()
    yield overview(groups)
    for rule, findings in groups:
        yield Text()
        heading = Text.assemble((f"{severity_sign(rule.severity)} {title(rule)}", STYLES[rule.severity]))
        heading.append(f"  {rule.id} · {count(len(findings))}", style="dim")
        yield heading
        for finding in findings[:EXAMPLES]:
            yield Text("  " + example_line(finding, checkup))
        if len(findings) > EXAMPLES:
            number = len(findings) - EXAMPLES
            more = say(en=f"… and {count(number)} more", ko=f"… 그 밖에 {count(number)}건")
            yield Text("  " + more, style="dim")
        yield Text("  → " + remedy(rule))


def verdict(checkup: Checkup) -> Text:
    """The first lines: how much was looked at, and how much was found."""
    counts = checkup.num_by_severity()
    data, seconds = shown(checkup.data), duration(checkup.seconds)
    files, classes, read = len(checkup.files), len(checkup.classes), checkup.num_readable
    lines = Text(
        say(
            en=f"{data}: {count(files)} file{plural(files)} in {classes} class{'' if classes == 1 else 'es'}, "
            f"{count(read)} readable, {seconds}",
            ko=f"{data}: 파일 {count(files)}개, 클래스 {classes}개, 읽을 수 있는 파일 {count(read)}개, {seconds}",
        )
    )
    errors, warnings, remarks = counts["error"], counts["warning"], counts["info"]
    if not checkup.findings:
        said = say(en="✓ Nothing found.", ko="✓ 발견된 문제가 없습니다.")
    else:
        said = say(
            en=f"{count(errors)} error{plural(errors)}, {count(warnings)} warning{plural(warnings)}, "
            f"{count(remarks)} remark{plural(remarks)}",
            ko=f"오류 {count(errors)}건, 주의 {count(warnings)}건, 참고 {count(remarks)}건",
        )
    style = "bold green" if checkup.is_clean else "bold"
    lines.append("\n" + said, style=style)
    if checkup.known:
        number = len(checkup.known)
        lines.append(
            say(
                en=f" (and {count(number)} known from the baseline)",
                ko=f" (기준 파일에 있는 {count(number)}건은 제외)",
            ),
            style="dim",
        )
    return lines


def overview(groups: list[tuple[Rule, list[Finding]]]) -> Table:
    """A row for each kind of finding, the worst first."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column(say(en="severity", ko="심각도"), no_wrap=True)
    table.add_column("id", no_wrap=True)
    table.add_column(say(en="found", ko="건수"), justify="right", no_wrap=True)
    table.add_column(say(en="files", ko="파일"), justify="right", no_wrap=True)
    table.add_column(say(en="what", ko="내용"))
    for rule, findings in groups:
        files = len({index for finding in findings for index in finding.files})
        severity = Text(f"{severity_sign(rule.severity)} {severity_name(rule.severity)}", style=STYLES[rule.severity])
        table.add_row(severity, rule.id, count(len(findings)), count(files) if files else "-", title(rule))
    return table


def example_line(finding: Finding, checkup: Checkup) -> str:
    """One finding in a line: what, and where."""
    names = [shown(checkup.files[index].name) for index in finding.files[:FILES_OF_AN_EXAMPLE]]
    joint = {"duplicate": " = ", "near": " ≈ "}.get(finding.rule.id.partition("-")[0], ", ")
    rest = " …" if len(finding.files) > FILES_OF_AN_EXAMPLE else ""
    said = harmless(found(finding)).replace("\n", " ")
    return f"{joint.join(names)}{rest}: {said}" if names else said


def severity_sign(severity: Severity) -> str:
    """A sign, so that colour is not the only carrier of meaning."""
    return {"error": "✗", "warning": "▲", "info": "·"}[severity]


def severity_name(severity: Severity) -> str:
    """The severity in the user's language."""
    return {
        "error": say(en="error", ko="오류"),
        "warning": say(en="warning", ko="주의"),
        "info": say(en="remark", ko="참고"),
    }[severity]


def written_lines(options: CheckOptions) -> Iterator[str]:
    """What was written, and where."""
    for path in (options.html, options.lists, options.sarif, options.junit, options.new_baseline):
        if path is not None:
            place = shown(str(path))
            yield say(en=f"Written: {place}", ko=f"기록함: {place}")
