"""``hubel predict``: what a run says of images."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from hubel.cli import options
from hubel.cli.options import FILE, FOLDER, NAME, NUMBER, THREE_ANSWERS, argument, option
from hubel.cli.progress import telling, telling_notes
from hubel.cli.promises import wishes_of
from hubel.cli.terminal import notes_console, write_lines
from hubel.cli.usage import one_of, whole_number, wrong_value
from hubel.core.errors import UsageError
from hubel.core.events import Note
from hubel.core.language import say

UNREADABLE = 3
"""The exit code when a file could not be read: that of every error in the data."""


def summary() -> str:
    """What the verb does; the first line stands in the help of ``hubel``."""
    return say(
        en="Say what is in images, or sort them into folders.\n\n"
        "Every image gets its class and a probability. Files that cannot be read are reported and counted; the others are "
        "answered all the same, and the exit code is then 3. Needs no torch.",
        ko="이미지에 무엇이 있는지 답하거나 폴더로 정리합니다.\n\n"
        "모든 이미지에 클래스와 확률을 답합니다. 읽을 수 없는 파일은 알리고 셉니다. 나머지는 그대로 답하며, 이때 종료 코드는 3입니다. "
        "torch는 필요 없습니다.",
    )


def examples() -> str:
    """Commands to begin with."""
    return (
        "hubel predict runs/pets photo.jpg\n"
        "hubel predict runs/pets holiday/ --sort-into sorted\n"
        "hubel predict runs/pets 'camera/**/*.jpg' --out answers.csv\n"
        "find . -name '*.png' -print0 | hubel predict runs/pets - --json"
    )


def predict(  # noqa: PLR0913, PLR0917  an option each
    run: Annotated[str, options.finished_run()],
    sources: Annotated[
        list[str],
        argument(
            ("SOURCES...", "소스..."),
            en="Images, folders, patterns in quotes, archives, addresses (https://…), tables with a column file_name, lists of "
            "addresses (.txt), or - for names on standard input.",
            ko="이미지, 폴더, 따옴표로 묶은 패턴, 압축 파일, 주소(https://…), file_name 열이 있는 표, 주소 목록(.txt), 또는 표준 입력의 "
            "이름을 뜻하는 - .",
        ),
    ],
    style: Annotated[
        str | None,
        option(
            "--format",
            en="How answers are written; by default as the name of --out says, else as a table.",
            ko="답을 쓰는 형식. 기본값은 --out 파일 이름에 따르며, 없으면 표입니다.",
            metavar="table|jsonl|csv",
        ),
    ] = None,
    json: Annotated[bool, option("--json", en="The same as --format jsonl.", ko="--format jsonl과 같습니다.")] = False,
    csv: Annotated[bool, option("--csv", en="The same as --format csv.", ko="--format csv와 같습니다.")] = False,
    out: Annotated[
        str | None,
        option(
            en="Write the answers into a file, which appears when all is done.",
            ko="답을 파일에 씁니다. 파일은 모두 끝난 뒤에 나타납니다.",
            metavar=FILE,
        ),
    ] = None,
    top_k: Annotated[
        int,
        option(
            "--top-k",
            en="How many of the best classes to give (5).",
            ko="가장 그럴듯한 클래스를 몇 개까지 답할지 (5).",
            metavar=NUMBER,
            parser=whole_number("--top-k"),
        ),
    ] = 5,
    at_least: Annotated[list[str] | None, options.at_least()] = None,
    accept_error: Annotated[float | None, options.accept_error(THREE_ANSWERS)] = None,
    reject: Annotated[float | None, options.reject(THREE_ANSWERS)] = None,
    sort_into: Annotated[
        str | None,
        option(
            "--sort-into",
            en="Copy every image into FOLDER/class/. Nothing is overwritten, and files that could not be read stay where they are.",
            ko="모든 이미지를 폴더/클래스/ 에 복사합니다. 덮어쓰지 않으며, 읽지 못한 파일은 그대로 둡니다.",
            metavar=FOLDER,
            panel=("Sorting", "정리"),
        ),
    ] = None,
    link: Annotated[
        bool,
        option(
            "--link",
            en="Link instead of copying: takes no space.",
            ko="복사 대신 링크를 만듭니다. 공간을 차지하지 않습니다.",
            panel=("Sorting", "정리"),
        ),
    ] = False,
    engine: Annotated[
        str | None,
        option(
            en="The engine to run the model on: onnxruntime-f32, the same everywhere, or fastest, for very many images; "
            "its rounding may move a probability by some hundredths. ray spreads the work over the machines of a Ray cluster.",
            ko="모델을 실행할 엔진. 기본값 onnxruntime-f32는 어디서나 결과가 같습니다. 이미지가 아주 많으면 fastest를 쓰세요. "
            "반올림 때문에 확률이 몇백분의 1쯤 달라질 수 있습니다. ray는 Ray 클러스터의 여러 컴퓨터에 일을 나눕니다.",
            metavar=NAME,
        ),
    ] = None,
) -> None:
    """Answer image after image; memory does not grow with their number."""
    chosen = answer_format(style, json=json, csv=csv, out=out)
    wishes = wishes_of(at_least)
    if top_k < 1:
        raise wrong_value("--top-k", str(top_k), "1, 5")
    if link and sort_into is None:
        raise UsageError(
            say(
                en="--link was given without --sort-into. Say where the links shall go: --sort-into FOLDER --link",
                ko="--sort-into 없이 --link를 썼습니다. 링크를 만들 곳을 지정하세요: --sort-into 폴더 --link",
            )
        )
    from hubel import workflows
    from hubel.cli.answering import StandardInput, answer_all, begun, closing_lines, count_ahead, timed
    from hubel.cli.answers import csv_header, line_writer, open_output
    from hubel.cli.opened import opened_sources
    from hubel.cli.sorting import open_sorter
    from hubel.core.answers import Limits
    from hubel.core.card import read_card
    from hubel.core.rundir import CARD, find_run
    from hubel.data.listing import list_images
    from hubel.data.walk import Tally, tally_notes

    folder = find_run(Path(run).expanduser())
    classes = read_card(folder / CARD).classes
    num_top = min(top_k, len(classes))
    sorter = open_sorter(Path(sort_into).expanduser(), classes, sources, link=link) if sort_into else None
    tally, stdin = Tally(), StandardInput()
    here, naming = opened_sources(sources)
    paths, num_images = count_ahead(list_images(here, stream=stdin, tally=tally), here)
    line = naming(line_writer(chosen, classes, num_top, num_images=num_images))
    predictions = workflows.predict(
        folder, paths, top_k=num_top, engine=engine, num_images=num_images, at_least=wishes,
        limits=Limits(reject, accept_error), waits=lambda: stdin.is_empty,
    )  # fmt: skip
    watched = out is None and sys.stdout.isatty()
    with telling_notes() if watched else telling() as tell, open_output(out, chosen) as write:
        answers = begun(timed(predictions, num_images, tell))
        if chosen == "csv":
            write(csv_header(num_top))
        answered = answer_all(answers, line, write, tell=tell, sorter=sorter)
        for note in tally_notes(tally):
            tell(Note(*note))
    write_lines(notes_console(), *closing_lines(answered, sorter=sorter, out=out))
    if answered.num_refused:
        raise typer.Exit(UNREADABLE)


def answer_format(style: str | None, *, json: bool, csv: bool, out: str | None) -> str:
    """The one format that was asked for, by option or by the name of the file.

    Raises
    ------
    UsageError
        When two were asked for, or one that does not exist.
    """
    formats = ("table", "jsonl", "csv")
    asked = {name for name, wanted in (("jsonl", json), ("csv", csv)) if wanted}
    if style is not None:
        asked.add(one_of("--format", style, formats))
    if len(asked) > 1:
        both = ", ".join(sorted(asked))
        raise UsageError(
            say(
                en=f"Two formats were asked for: {both}. Keep one of --format, --json and --csv.",
                ko=f"형식을 둘 지정했습니다: {both}. --format, --json, --csv 가운데 하나만 쓰세요.",
            )
        )
    if asked:
        return asked.pop()
    extension = Path(out or "").suffix.lower()
    return {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl"}.get(extension, "table")
