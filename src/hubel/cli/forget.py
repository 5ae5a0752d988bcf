"""``hubel forget``: which runs hold something of a file, and where."""

from __future__ import annotations

import json as json_format
from pathlib import Path
from typing import Annotated

import typer

from hubel.cli.options import FILE, FOLDER, argument, option
from hubel.cli.terminal import output_console, write_lines
from hubel.core.language import say

FOUND = 3
"""The exit code of ``--strict`` when something is there or in doubt: that of bad data."""


def summary() -> str:
    """What the verb does; the first line stands in the help of ``hubel``."""
    return say(
        en="Find the runs that learned from a file, so that it can be forgotten.\n\n"
        "Names every run whose ledger has the file, in which part it was, where copies and thumbnails of it lie, and what to do. "
        "No file of yours and no run is removed or changed; --purge removes what hubel's own caches hold of it. The exit code is 0 "
        "whatever the answer, so that a failure is never taken for one; --strict tells by it.",
        ko="파일로 학습한 실행을 찾아, 그 파일을 지울 수 있게 합니다.\n\n"
        "원장에 그 파일이 있는 모든 실행과, 어느 부분에 쓰였는지, 사본과 썸네일이 어디 있는지, 무엇을 해야 하는지 알려 줍니다. "
        "사용자의 파일이나 실행은 지우거나 바꾸지 않습니다. --purge는 hubel의 캐시에 있는 것만 지웁니다. 답이 무엇이든 종료 코드는 0이며, "
        "그래서 실패를 답으로 오해할 일이 없습니다. --strict를 붙이면 종료 코드로도 알려 줍니다.",
    )


def examples() -> str:
    """Commands to begin with."""
    return (
        "hubel forget photos/anna/031.jpg\n"
        "hubel forget photos/anna/031.jpg --near --purge\n"
        "hubel forget 3f9c2a71 --runs /data/models --json"
    )


def forget(
    sought: Annotated[
        str,
        argument(
            FILE,
            en="An image file, or the first eight or more digits of its SHA-256.",
            ko="이미지 파일, 또는 그 SHA-256의 앞 여덟 자리 이상.",
        ),
    ],
    runs: Annotated[
        str,
        option(
            en="Where to look for runs, at any depth (runs).",
            ko="실행을 찾을 폴더. 하위 폴더도 봅니다(runs).",
            metavar=FOLDER,
        ),
    ] = "runs",
    near: Annotated[
        bool,
        option(
            "--near",
            en="Find images, too, that look like it: other sizes, qualities, formats.",
            ko="크기, 품질, 형식이 달라도 비슷해 보이는 이미지까지 찾습니다.",
        ),
    ] = False,
    purge: Annotated[
        bool,
        option(
            "--purge",
            en="Remove what hubel's caches hold of it: pixels, features, unpacked copies.",
            ko="hubel의 캐시에 있는 픽셀, 특징, 압축을 푼 사본을 지웁니다.",
        ),
    ] = False,
    strict: Annotated[
        bool,
        option(
            "--strict",
            en="End with exit code 3 when something of it is anywhere, or a run cannot tell.",
            ko="어딘가에 남아 있거나 알 수 없는 실행이 있으면 종료 코드 3으로 끝냅니다.",
        ),
    ] = False,
    json: Annotated[bool, option("--json", en="Print JSON on stdout.", ko="표준 출력에 JSON으로 씁니다.")] = False,
) -> None:
    """Look for a file, and say what to do."""
    from hubel import workflows
    from hubel.cli.forget_lines import forgetting_lines, forgetting_record

    found = workflows.forget(sought, runs=Path(runs).expanduser(), near=near, clear=purge)
    console = output_console()
    if json:
        write_lines(console, json_format.dumps(forgetting_record(found)))
    else:
        write_lines(console, *forgetting_lines(found))
    if strict and not found.is_clear:
        raise typer.Exit(FOUND)
