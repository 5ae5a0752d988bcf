"""``hubel reproduce``: a run made again from its own record, and compared."""

from __future__ import annotations

import json as json_format
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from hubel.cli.options import DATA, FOLDER, RUN, SHARE, argument, option
from hubel.cli.progress import telling
from hubel.cli.terminal import output_console, write_lines
from hubel.cli.usage import share_of
from hubel.core.language import say

EXIT_CODES = {"identical": 0, "close": 0, "data": 3, "model": 4}
"""What the command ends with, by what came out."""


def summary() -> str:
    """What the verb does; the first line stands in the help of ``hubel``."""
    return say(
        en="Make a run again from its own record, and compare.\n\n"
        "Trains anew with the recorded settings, seed and engine, reading every file again, and says what is the same, what differs "
        "and the likely reason. Exit code 0: the same, to the bit or within the tolerance; 3: the data differ; 4: the model "
        "differs. Runs that ended early are made again of the files they had read. Needs the extra package train.",
        ko="실행을 그 기록대로 다시 만들어 비교합니다.\n\n"
        "기록된 설정, 시드, 엔진으로 모든 파일을 다시 읽어 새로 학습하고, 무엇이 같고 무엇이 다르며 그 이유가 무엇일지 알려 줍니다. "
        "종료 코드 0: 비트까지 같거나 허용 오차 이내, 3: 데이터가 다름, 4: 모델이 다름. 일찍 끝낸 실행은 그때 읽은 파일로 다시 만듭니다. "
        "추가 패키지 train이 필요합니다.",
    )


def examples() -> str:
    """Commands to begin with."""
    return "hubel reproduce runs/pets\nhubel reproduce runs/pets --data /mnt/photos --out runs/pets-again"


def reproduce(
    run: Annotated[
        str,
        argument(RUN, en="A run folder that `hubel train` wrote.", ko="`hubel train`이 쓴 실행 폴더."),
    ],
    data: Annotated[
        str | None,
        option(
            en="Where the data are now, when not where they were.",
            ko="데이터가 옮겨졌다면 지금 있는 위치.",
            metavar=DATA,
        ),
    ] = None,
    out: Annotated[
        str | None,
        option(
            en="Keep the new run there; otherwise it is only compared.",
            ko="새 실행을 여기에 남깁니다. 지정하지 않으면 비교만 합니다.",
            metavar=FOLDER,
        ),
    ] = None,
    tolerance: Annotated[
        float,
        option(
            en="The share of predictions that may change, and by which accuracy may (1%).",
            ko="바뀌어도 되는 예측의 비율이자 정확도 차이(1%).",
            metavar=SHARE,
            parser=share_of("--tolerance"),
        ),
    ] = 0.01,
    from_cache: Annotated[
        bool,
        option(
            "--from-cache",
            en="Take pixels and features that are kept: quicker, but only learning is tried again.",
            ko="보관된 픽셀과 특징을 씁니다. 빠르지만 학습 단계만 다시 확인합니다.",
        ),
    ] = False,
    json: Annotated[bool, option("--json", en="Print JSON on stdout.", ko="표준 출력에 JSON으로 씁니다.")] = False,
) -> None:
    """Make a run again, and show what differs."""
    from hubel import workflows
    from hubel.cli.reproduce_lines import reproduction_lines, reproduction_record

    options = workflows.ReproduceOptions(
        data=data, out=Path(out).expanduser() if out else None, tolerance=tolerance, from_cache=from_cache
    )
    found: workflows.Reproduction | None = None
    command = shlex.join(["hubel", *sys.argv[1:]])
    with telling() as tell:
        for event in workflows.reproduce(Path(run).expanduser(), options, command=command):
            if isinstance(event, workflows.Reproduction):
                found = event
            else:
                tell(event)
    assert found is not None
    console = output_console()
    if json:
        write_lines(console, json_format.dumps(reproduction_record(found)))
    else:
        write_lines(console, *reproduction_lines(found))
    raise typer.Exit(EXIT_CODES[found.differences.verdict])
