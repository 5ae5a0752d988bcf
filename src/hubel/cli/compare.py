"""``hubel compare``: two finished runs on the same images."""

from __future__ import annotations

import json as json_format
from pathlib import Path
from typing import Annotated

from hubel.cli import options
from hubel.cli.options import FILE, NAME, argument, option
from hubel.cli.progress import telling
from hubel.cli.terminal import notes_console, output_console, write_lines
from hubel.core.events import Note, Progress
from hubel.core.language import say


def summary() -> str:
    """What the verb does; the first line stands in the help of ``hubel``."""
    return say(
        en="Compare two runs on the same images.\n\n"
        "Says which is better and by how much, or that these images cannot tell and how many could; shows where the two differ, and "
        "their speed and size. Without DATA it takes the images that both were measured on when they were made, each by a "
        "model that had not learned from them.",
        ko="두 실행을 같은 이미지로 비교합니다.\n\n"
        "어느 쪽이 얼마나 나은지, 또는 이 이미지로는 알 수 없고 몇 장이 필요한지 말합니다. 답이 갈린 이미지, 속도와 크기도 보여 줍니다. "
        "데이터를 주지 않으면 두 실행이 만들어질 때 함께 측정한 이미지를 씁니다. 각 모델이 배우지 않은 이미지입니다.",
    )


def examples() -> str:
    """Commands to begin with."""
    return "hubel compare runs/pets runs/pets2\nhubel compare runs/pets runs/pets2 other_photos --html differ.html"


def compare(  # noqa: PLR0913, PLR0917  an option each
    first: Annotated[
        str,
        argument("A", en="A run folder that `hubel train` wrote.", ko="`hubel train`이 쓴 실행 폴더."),
    ],
    second: Annotated[
        str,
        argument("B", en="Another run folder.", ko="다른 실행 폴더."),
    ],
    data: Annotated[
        str | None,
        argument(
            ("[DATA]", "[데이터]"),
            en="Labelled images for both to judge, as for `hubel evaluate`; best ones that neither has learned from.",
            ko="두 모델이 함께 판정할 레이블 있는 이미지(`hubel evaluate`와 같은 형식). 둘 다 배우지 않은 이미지가 좋습니다.",
        ),
    ] = None,
    html: Annotated[
        str | None,
        option(
            en="Write a page with the pictures on which the two differ.",
            ko="답이 갈린 사진을 보여 주는 페이지를 씁니다.",
            metavar=FILE,
        ),
    ] = None,
    shared_classes: Annotated[
        bool,
        option(
            "--shared-classes",
            en="Where the runs have different classes: compare on images of the classes that both know.",
            ko="두 실행의 클래스가 다르면 둘 다 아는 클래스의 이미지로만 비교합니다.",
        ),
    ] = False,
    json: Annotated[bool, options.everything_as_json()] = False,
    engine: Annotated[
        str | None,
        option(en="The engine to run both models on.", ko="두 모델을 실행할 엔진.", metavar=NAME),
    ] = None,
) -> None:
    """Compare, and show what was found."""
    from hubel import workflows
    from hubel.cli.answers import check_writable
    from hubel.cli.compare_lines import compared_lines, compared_record
    from hubel.cli.set_aside import set_aside_lines

    page = Path(html).expanduser() if html else None
    if page is not None:
        check_writable(page)
    one, other = (Path(run).expanduser() for run in (first, second))
    compared: workflows.Compared | None = None
    with telling() as tell:
        for item in workflows.compare(one, other, data, shared_classes=shared_classes, engine=engine):
            if isinstance(item, Progress | Note):
                tell(item)
            else:
                compared = item
                for note in item.notes:
                    tell(Note(*note))
    assert compared is not None
    if page is not None:
        workflows.write_page(compared, page)
    write_lines(notes_console(), *set_aside_lines(compared.set_aside))
    console = output_console()
    if json:
        write_lines(console, json_format.dumps(compared_record(compared)))
    else:
        write_lines(console, *compared_lines(compared, page))
