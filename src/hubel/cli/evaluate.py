"""``hubel evaluate``: how a finished run does on other labelled images."""

from __future__ import annotations

import json as json_format
from pathlib import Path
from typing import Annotated

from hubel.cli import options
from hubel.cli.options import COLUMN, DATA, NAME, THREE_ANSWERS, argument, option
from hubel.cli.progress import telling
from hubel.cli.promises import wishes_of
from hubel.cli.terminal import notes_console, output_console, write_lines
from hubel.core.events import Note, Progress
from hubel.core.language import say


def summary() -> str:
    """What the verb does; the first line stands in the help of ``hubel``."""
    return say(
        en="Measure a run on other labelled images.\n\n"
        "Accuracy with its interval, figures for every class, and what is taken for what. Test images are used where the data "
        "name some, else all. Give images that the run has not learned from, or the figures look better than they are.",
        ko="레이블이 있는 다른 이미지로 모델을 측정합니다.\n\n"
        "정확도와 그 구간, 클래스별 수치, 무엇을 무엇으로 착각하는지 보여 줍니다. 데이터에 테스트 이미지가 있으면 그것만, 없으면 전부 씁니다. "
        "학습에 쓰지 않은 이미지를 주세요. 그렇지 않으면 수치가 실제보다 좋게 나옵니다.",
    )


def examples() -> str:
    """Commands to begin with."""
    return "hubel evaluate runs/pets other_photos\nhubel evaluate runs/pets other_photos --json > metrics.json"


def evaluate(  # noqa: PLR0913, PLR0917  an option each
    run: Annotated[str, options.finished_run()],
    data: Annotated[
        str,
        argument(
            DATA,
            en="Labelled images, as for `hubel train`; their classes must be known to the run.",
            ko="레이블이 있는 이미지(`hubel train`과 같은 형식). 클래스는 실행에 있는 것이어야 합니다.",
        ),
    ],
    json: Annotated[
        bool,
        option(
            "--json",
            en="Print all metrics as one JSON object on stdout.",
            ko="모든 수치를 표준 출력에 JSON 객체 하나로 씁니다.",
        ),
    ] = False,
    by: Annotated[
        str | None,
        option(
            en="Measure each group of images, too, that this column of the table DATA names (camera, place, …), and the "
            "largest gap between two.",
            ko="표 DATA의 이 열이 나타내는 이미지 그룹(카메라, 장소 등)별로도 측정하고, 그룹 사이의 가장 큰 차이를 보여 줍니다.",
            metavar=COLUMN,
        ),
    ] = None,
    at_least: Annotated[list[str] | None, options.at_least()] = None,
    accept_error: Annotated[float | None, options.accept_error(THREE_ANSWERS)] = None,
    reject: Annotated[float | None, options.reject(THREE_ANSWERS)] = None,
    engine: Annotated[
        str | None,
        option(en="The engine to run the model on.", ko="모델을 실행할 엔진.", metavar=NAME),
    ] = None,
) -> None:
    """Measure, and show the figures."""
    from hubel import workflows
    from hubel.cli.set_aside import set_aside_lines
    from hubel.cli.show import evaluation_lines, evaluation_record
    from hubel.core.answers import Limits

    wishes, limits = wishes_of(at_least), Limits(reject, accept_error)
    evaluation: workflows.Evaluation | None = None
    with telling() as tell:
        for item in workflows.evaluate(
            Path(run).expanduser(), data, engine=engine, by=by, at_least=wishes, limits=limits
        ):
            if isinstance(item, Progress | Note):
                tell(item)
            else:
                evaluation = item
                for note in item.notes:
                    tell(Note(*note))
    assert evaluation is not None
    write_lines(notes_console(), *set_aside_lines(evaluation.set_aside))
    console = output_console()
    if json:
        write_lines(console, json_format.dumps(evaluation_record(evaluation)))
    else:
        write_lines(console, *evaluation_lines(evaluation))
