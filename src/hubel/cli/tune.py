"""``hubel tune``: settings are tried, the best is trained."""

from __future__ import annotations

import json as json_format
from pathlib import Path
from typing import Annotated

from hubel.cli.options import DATA, FINE_CONTROL, FOLDER, NUMBER, TIME, argument, option
from hubel.cli.progress import finishing_on_interrupt, telling
from hubel.cli.scratch_choice import RECIPES, Words, scratch_choice
from hubel.cli.terminal import output_console, write_lines
from hubel.cli.usage import seconds_of, whole_number
from hubel.core.language import say


def summary() -> str:
    """What the verb does; the first line stands in the help of ``hubel``."""
    return say(
        en="Search for the best settings, and train with them.\n\n"
        "Trials learn from the same images and are judged on the same others: a head on the frozen base, and networks from scratch "
        "with other learning rates, widths, depths, dropout and augmentation. What falls behind is pruned. The search is kept; "
        "the same command goes on with it. The best is trained in the end and measured on images that no trial ever saw. Ctrl-C "
        "finishes with what is there. Needs the extras train, torch and tune.",
        ko="가장 좋은 설정을 찾아 학습합니다.\n\n"
        "모든 시도는 같은 이미지로 학습하고 따로 둔 같은 이미지로 평가합니다: 고정된 기반 모델 위의 분류기, 그리고 학습률·너비·깊이·드롭아웃·증강을 "
        "바꾸며 처음부터 학습하는 신경망. 뒤처지는 시도는 일찍 중단합니다. 탐색 기록은 남으며 같은 명령을 다시 실행하면 이어서 합니다. 마지막에는 "
        "가장 좋은 설정으로 학습해, 어떤 시도도 보지 못한 이미지로 측정합니다. Ctrl-C를 누르면 그때까지의 결과로 마무리합니다. "
        "추가 패키지 train, torch, tune이 필요합니다.",
    )


def examples() -> str:
    """Commands to begin with."""
    return (
        "hubel tune photos --budget 20m\n"
        "hubel tune photos --over lr=1e-3..1e-1 --over width=32,64 --over augment=none,photos --trials 40 --workers 2"
    )


def tune(  # noqa: PLR0913, PLR0917  an option each
    data: Annotated[
        str,
        argument(
            DATA,
            en="Labelled images, as for `hubel train`; of one class each.",
            ko="레이블 있는 이미지(`hubel train`과 같은 형식). 이미지마다 클래스는 하나입니다.",
        ),
    ],
    trials: Annotated[
        int | None,
        option(
            en="How many trials the search has in the end, earlier ones included; 30 if neither this nor --budget is given.",
            ko="이전 시도까지 합해 모두 몇 번 시도할지. --budget도 없으면 30번입니다.",
            metavar=NUMBER,
            parser=whole_number("--trials"),
        ),
    ] = None,
    budget: Annotated[
        float | None,
        option(
            en="The time for everything, with the training of the best: 10m, 1h30m.",
            ko="마지막 학습까지 포함한 전체 시간: 10m, 1h30m.",
            metavar=TIME,
            parser=seconds_of,
        ),
    ] = None,
    over: Annotated[
        list[str] | None,
        option(
            en="What is searched: candidates such as width=32,48,64 or augment=none,photos, or a range such as lr=1e-4..1e-1; several "
            "times. Of strategy (features, frozen, finetune, scratch); of scratch lr, width, depth, dropout, augment, batch_size, optimiser, "
            "weight_decay, label_smoothing; of finetune fine_lr, unfreeze (stage:1, stage:2, last:3). If not given, features and scratch "
            "with lr, width, depth, dropout and augment.",
            ko="탐색할 설정: width=32,48,64 나 augment=none,photos 같은 후보, 또는 lr=1e-4..1e-1 같은 범위(여러 번 지정 가능). strategy(features, "
            "frozen, finetune, scratch), scratch의 lr, width, depth, dropout, augment, batch_size, optimiser, weight_decay, label_smoothing, "
            "finetune의 fine_lr, unfreeze(stage:1, stage:2, last:3) 가운데 고릅니다. 기본값은 features와 scratch, 그리고 lr, width, depth, "
            "dropout, augment입니다.",
            metavar=("NAME=VALUES", "이름=값들"),
        ),
    ] = None,
    workers: Annotated[
        int,
        option(
            en="How many trials run at the same time, each with its share of the cores (1 if not given).",
            ko="동시에 실행할 시도 수. 코어를 나누어 씁니다(기본값 1).",
            metavar=NUMBER,
            parser=whole_number("--workers"),
        ),
    ] = 1,
    out: Annotated[
        str | None,
        option(
            en="The run folder of the best, as for `hubel train`; the search is kept beside it, its name with -tune.",
            ko="가장 좋은 설정의 실행 폴더(`hubel train`과 같음). 탐색 기록은 그 옆에 -tune을 붙인 이름으로 남습니다.",
            metavar=FOLDER,
        ),
    ] = None,
    no_train: Annotated[
        bool,
        option(
            "--no-train",
            en="Do not train the best; the command for it is printed either way.",
            ko="가장 좋은 설정으로 학습하지 않습니다. 학습 명령은 어느 쪽이든 출력합니다.",
        ),
    ] = False,
    json: Annotated[
        bool,
        option(
            "--json",
            en="Print the result as one JSON object on stdout.",
            ko="결과를 표준 출력에 JSON 객체 하나로 씁니다.",
        ),
    ] = False,
    recipe: Annotated[
        str,
        option(
            en="The recipe of networks from scratch, which trials change (fast if not given).",
            ko="처음부터 학습하는 신경망의 레시피. 시도마다 이를 바꿉니다(기본값 fast).",
            metavar="|".join(RECIPES),
            panel=FINE_CONTROL,
        ),
    ] = "fast",
    epochs: Annotated[
        int | None,
        option(
            en="How often a trial sees every image at most; that of the recipe if not given.",
            ko="한 시도에서 모든 이미지를 최대 몇 번 볼지. 기본값은 레시피를 따릅니다.",
            metavar=NUMBER,
            parser=whole_number("--epochs"),
            panel=FINE_CONTROL,
        ),
    ] = None,
    size: Annotated[
        int | None,
        option(
            en="The side of the input of networks from scratch (32 if not given).",
            ko="처음부터 학습하는 신경망의 입력 한 변(기본값 32).",
            metavar=("PIXELS", "픽셀"),
            panel=FINE_CONTROL,
            parser=whole_number("--size"),
        ),
    ] = None,
    seed: Annotated[
        int,
        option(
            en="With one worker and without --budget, the same seed, data and machine give the same search (0 if not given).",
            ko="--workers 1이고 --budget이 없으면, 시드·데이터·컴퓨터가 같을 때 탐색도 같습니다(기본값 0).",
            metavar=("NUMBER", "숫자"),
            panel=FINE_CONTROL,
            parser=whole_number("--seed"),
        ),
    ] = 0,
) -> None:
    """Search, train the best, and say what was found."""
    words = Words(True, None, recipe, epochs, None, None, None, False, None, None, None, None, None, False)
    from hubel.train.scratch import OWN

    scratch = scratch_choice(OWN, words)
    assert scratch is not None
    from hubel import workflows
    from hubel.cli.tune_lines import tune_record, tune_summary

    options = workflows.TuneOptions(
        over=tuple(over or ()),
        trials=trials,
        budget=budget,
        workers=workers,
        out=Path(out).expanduser() if out else None,
        scratch=scratch,
        size=size,
        seed=seed,
        train_best=not no_train,
    )
    tuned: workflows.Tuned | None = None
    with finishing_on_interrupt() as stop, telling() as tell:
        for item in workflows.tune(data, options, stop=stop):
            if isinstance(item, workflows.Tuned):
                tuned = item
            else:
                tell(item)
    assert tuned is not None
    console = output_console()
    if json:
        write_lines(console, json_format.dumps(tune_record(tuned)))
    else:
        write_lines(console, *tune_summary(tuned))
