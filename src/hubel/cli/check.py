"""``hubel check``: the state of a data set, before anything is learned from it."""

from __future__ import annotations

import json as json_format
from pathlib import Path
from typing import Annotated

import typer

from hubel.cli import options
from hubel.cli.options import DATA, FILE, FOLDER, IN_A_PIPELINE, argument, option
from hubel.cli.progress import telling
from hubel.cli.terminal import notes_console, output_console, write_lines
from hubel.core.language import say

FOUND = 3
"""The exit code of ``--strict`` when something was found: that of bad data."""


def summary() -> str:
    """What the verb does; the first line stands in the help of ``hubel``."""
    return say(
        en="Find what is wrong with a data set.\n\n"
        "Files that cannot be read, copies and near copies (twice in a class, in two classes, in train and test), blank, tiny "
        "or blurred pictures, classes that are small or named alike, and shortcuts: size, format or border that give the class "
        "away. No file is changed. Every finding has an id, a severity and a remedy.",
        ko="데이터의 문제를 찾습니다.\n\n"
        "읽을 수 없는 파일, 같거나 거의 같은 사진(한 클래스에 두 번, 두 클래스에, 학습과 테스트에), 비었거나 작거나 흐린 사진, 작거나 이름이 비슷한 클래스, "
        "그리고 크기·형식·테두리만으로 클래스가 드러나는 지름길을 찾습니다. 파일은 바꾸지 않습니다. 모든 항목에 id, 심각도, 할 일이 있습니다.",
    )


def examples() -> str:
    """Commands to begin with."""
    return (
        "hubel check photos\n"
        "hubel check photos --html check.html --write-list lists\n"
        "hubel check photos --strict --baseline known.json"
    )


def _shown_path(name: str | None) -> Path | None:
    return Path(name).expanduser() if name else None


def check(  # noqa: PLR0913, PLR0917  an option each
    data: Annotated[
        str,
        argument(
            DATA, en="Labelled images, as for `hubel train`.", ko="레이블이 있는 이미지(`hubel train`과 같은 형식)."
        ),
    ],
    html: Annotated[
        str | None,
        option(
            en="Write a page with the pictures side by side.",
            ko="사진을 나란히 보여 주는 페이지를 씁니다.",
            metavar=FILE,
        ),
    ] = None,
    write_list: Annotated[
        str | None,
        option(
            en="Write lists to act on: a CSV of files for each kind of finding.",
            ko="처리할 파일 목록을 항목별 CSV로 씁니다.",
            metavar=FOLDER,
        ),
    ] = None,
    only: Annotated[
        list[str] | None,
        option(
            en="Look for these findings alone, such as unreadable; may be repeated, or separated by commas.",
            ko="이 항목만 찾습니다(예: unreadable). 반복하거나 쉼표로 나열할 수 있습니다.",
            metavar="ID",
        ),
    ] = None,
    skip: Annotated[
        list[str] | None,
        option(
            en="Leave these findings out; may be repeated, or separated by commas.",
            ko="이 항목은 뺍니다. 반복하거나 쉼표로 나열할 수 있습니다.",
            metavar="ID",
        ),
    ] = None,
    json: Annotated[bool, options.everything_as_json()] = False,
    strict: Annotated[
        bool,
        option(
            "--strict",
            en="End with exit code 3 when there is an error or a warning.",
            ko="오류나 주의가 있으면 종료 코드 3으로 끝냅니다.",
            panel=IN_A_PIPELINE,
        ),
    ] = False,
    baseline: Annotated[
        str | None,
        option(
            en="Findings that are known already: only others are shown and count.",
            ko="이미 아는 항목의 목록. 나머지만 보여 주고 셉니다.",
            metavar=FILE,
            panel=IN_A_PIPELINE,
        ),
    ] = None,
    write_baseline: Annotated[
        str | None,
        option(
            en="Write what is found now, for --baseline.",
            ko="지금 발견한 것을 --baseline용으로 기록합니다.",
            metavar=FILE,
            panel=IN_A_PIPELINE,
        ),
    ] = None,
    sarif: Annotated[
        str | None,
        option(
            en="Write SARIF 2.1.0, for code hosts.",
            ko="코드 저장소용 SARIF 2.1.0 파일을 씁니다.",
            metavar=FILE,
            panel=IN_A_PIPELINE,
        ),
    ] = None,
    junit: Annotated[
        str | None,
        option(
            en="Write JUnit XML, for test servers.",
            ko="테스트 서버용 JUnit XML 파일을 씁니다.",
            metavar=FILE,
            panel=IN_A_PIPELINE,
        ),
    ] = None,
) -> None:
    """Check, and show what was found."""
    from hubel import workflows
    from hubel.cli.check_lines import checkup_lines, checkup_record, written_lines

    options = workflows.CheckOptions(
        only=split_ids(only),
        skip=split_ids(skip),
        baseline=_shown_path(baseline),
        new_baseline=_shown_path(write_baseline),
        html=_shown_path(html),
        sarif=_shown_path(sarif),
        junit=_shown_path(junit),
        lists=_shown_path(write_list),
    )
    checkup: workflows.Checkup | None = None
    with telling() as tell:
        for item in workflows.check(data, options):
            if isinstance(item, workflows.Checkup):
                checkup = item
            else:
                tell(item)
    assert checkup is not None
    console = output_console()
    if json:
        write_lines(console, json_format.dumps(checkup_record(checkup)))
    else:
        write_lines(console, *checkup_lines(checkup))
    write_lines(notes_console(), *written_lines(options))
    if strict and not checkup.is_clean:
        raise typer.Exit(FOUND)


def split_ids(values: list[str] | None) -> tuple[str, ...]:
    """The ids in repeated options and between commas.

    Examples
    --------
    >>> split_ids(["tiny,blank", "dark"])
    ('tiny', 'blank', 'dark')
    """
    return tuple(name.strip() for value in values or () for name in value.split(",") if name.strip())
