"""``hubel train``: a folder of images becomes a run."""

from __future__ import annotations

import json as json_format
import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

from hubel.cli import options, scratch_choice, scratch_options, strategy_choice, strategy_options
from hubel.cli.options import COLUMN, DATA, FINE_CONTROL, FOLDER, NAME, NUMBER, TIME, argument, option
from hubel.cli.progress import finishing_on_interrupt, telling
from hubel.cli.promises import wishes_of
from hubel.cli.terminal import output_console, write_lines
from hubel.cli.together import leave_to_the_first, team_for_training
from hubel.cli.usage import one_of, seconds_of, whole_number
from hubel.core.events import Finished
from hubel.core.language import say

if TYPE_CHECKING:
    from hubel.train.options import TrainOptions

RESIZES = ("auto", "crop", "pad", "squash")


def summary() -> str:
    """What the verb does; the first line stands in the help of ``hubel``."""
    return say(
        en="Make a classifier of a folder of images.\n\n"
        "It reads every image once, learns, measures itself on images it had not learned from, and writes a run folder with "
        "the model and its report. Files that cannot be read are listed and set aside. Ctrl-C finishes with what was read "
        "so far. Needs the extra train.",
        ko="이미지 폴더로 분류기를 만듭니다.\n\n"
        "모든 이미지를 한 번 읽어 학습하고, 학습에 쓰지 않은 이미지로 스스로 측정한 뒤, 모델과 보고서가 든 실행 폴더를 씁니다. "
        "읽을 수 없는 파일은 목록에 적고 제쳐 둡니다. Ctrl-C를 누르면 그때까지 읽은 것으로 마무리합니다. "
        "추가 패키지 train이 필요합니다.",
    )


def examples() -> str:
    """Commands to begin with."""
    return "hubel train photos\nhubel train photos --out runs/pets --budget 30s\nhubel train faces"


def train(  # noqa: PLR0913, PLR0917  an option each
    data: Annotated[
        str,
        argument(
            DATA,
            en="A folder with one folder of images for each class (or train/ and test/ folders of these), the same as .zip or .tar, a "
            "CSV or JSONL table with file_name,label[,split,group] (files or addresses), Parquet files, the address of any of these, "
            "or a set by name: faces, digits, textures (built in); mnist, fashion-mnist, kmnist, cifar10, cats-dogs, flowers, beans, "
            "eurosat (downloaded if not on this machine).",
            ko="클래스마다 이미지 폴더가 하나씩 있는 폴더(또는 그런 폴더가 든 train/, test/ 폴더), 같은 것을 담은 .zip·.tar, "
            "file_name,label[,split,group] 열이 있는 CSV·JSONL 표(파일 이름 또는 주소), Parquet 파일, 이것들의 주소, 또는 세트 이름: "
            "faces, digits, textures(내장), mnist, fashion-mnist, kmnist, cifar10, cats-dogs, flowers, beans, eurosat(이 컴퓨터에 "
            "없으면 내려받음).",
        ),
    ],
    out: Annotated[
        str | None,
        option(
            en="The run folder to write; never overwritten, a number is added. By default runs/ and the name of the data.",
            ko="결과를 쓸 실행 폴더. 덮어쓰지 않고 번호를 붙입니다. 기본값은 runs/ 아래 데이터 이름입니다.",
            metavar=FOLDER,
        ),
    ] = None,
    budget: Annotated[
        float | None,
        option(
            en="The time for the whole run: 90, 60s, 5m. It ends by then with what it has.",
            ko="전체 실행에 쓸 시간: 90, 60s, 5m. 시간이 다 되면 그때까지 읽은 것으로 마칩니다.",
            metavar=TIME,
            parser=seconds_of,
        ),
    ] = None,
    json: Annotated[
        bool,
        option(
            "--json",
            en="Print the result as one JSON object on stdout.",
            ko="결과를 표준 출력에 JSON 객체 하나로 씁니다.",
        ),
    ] = False,
    at_least: Annotated[list[str] | None, options.at_least()] = None,
    by: Annotated[
        str | None,
        option(
            en="Measure each group of images, too, that this column of the table names (camera, place, …).",
            ko="표의 이 열이 나타내는 이미지 그룹(카메라, 장소 등)별로도 측정합니다.",
            metavar=COLUMN,
            panel=FINE_CONTROL,
        ),
    ] = None,
    accept_error: Annotated[float | None, options.accept_error()] = None,
    reject: Annotated[float | None, options.reject()] = None,
    model: Annotated[
        str,
        option(
            en="The pretrained base: efficientnet_lite0 (comes along), any name of timm, or a checkpoint file.",
            ko="사전 학습된 기반 모델: efficientnet_lite0(함께 설치됨), timm의 이름, 또는 체크포인트 파일.",
            metavar=NAME,
            panel=FINE_CONTROL,
        ),
    ] = "efficientnet_lite0",
    size: Annotated[
        int | None,
        option(
            en="The side of the input, 32 to 1024; chosen from base, images and budget.",
            ko="입력 한 변의 픽셀 수, 32에서 1024까지. 기본값은 기반 모델, 이미지, 시간에 맞춰 고릅니다.",
            metavar=("PIXELS", "픽셀"),
            panel=FINE_CONTROL,
            parser=whole_number("--size"),
        ),
    ] = None,
    resize: Annotated[
        str,
        option(
            en="How pictures become squares: cut, fill up, or squeeze; auto looks at the shapes of the images.",
            ko="사진을 정사각형으로 만드는 방법: 자르기, 채우기, 눌러 맞추기. auto는 이미지 모양을 보고 고릅니다.",
            metavar="auto|crop|pad|squash",
            panel=FINE_CONTROL,
        ),
    ] = "auto",
    views: Annotated[
        int | None,
        option(
            en="In how many views each image is shown, 1 to 4; more only while they help and there is time.",
            ko="이미지마다 보여 줄 모습의 수, 1에서 4까지. 기본값은 도움이 되고 시간이 있을 때만 늘립니다.",
            metavar=NUMBER,
            panel=FINE_CONTROL,
            parser=whole_number("--views"),
        ),
    ] = None,
    seed: Annotated[
        int,
        option(
            en="The same seed, data and machine give the same weights (0 if not given).",
            ko="시드, 데이터, 컴퓨터가 같으면 가중치도 같습니다(기본값 0).",
            metavar=("NUMBER", "숫자"),
            panel=FINE_CONTROL,
            parser=whole_number("--seed"),
        ),
    ] = 0,
    engine: Annotated[
        str | None,
        option(
            en="The engine that runs the base, such as onnxruntime-f32; by default the fastest one, measured.",
            ko="기반 모델을 실행할 엔진(예: onnxruntime-f32). 기본값은 측정해서 가장 빠른 것입니다.",
            metavar=NAME,
            panel=FINE_CONTROL,
        ),
    ] = None,
    multi_label: Annotated[
        bool | None,
        option(
            "--multi-label/--single-label",
            en="Whether an image may have several labels, or none. By default so where folders named like cat+dog stand beside "
            "cat and dog, or labels of a table like cat;dog or a JSON list are made of others.",
            ko="이미지 하나에 레이블이 여럿이거나 없을 수 있는지 정합니다. 기본값으로는 cat+dog 같은 폴더가 cat, dog 폴더와 함께 있거나, 표의 "
            "레이블이 cat;dog처럼 다른 레이블로 이루어지거나 JSON 목록이면 그렇게 봅니다.",
            panel=FINE_CONTROL,
        ),
    ] = None,
    strategy: Annotated[str | None, strategy_options.strategy()] = None,
    compare: Annotated[str | None, strategy_options.compare()] = None,
    unfreeze: Annotated[str | None, strategy_options.unfreeze()] = None,
    reuse: Annotated[str | None, strategy_options.reuse()] = None,
    from_scratch: Annotated[bool, scratch_options.from_scratch()] = False,
    weights: Annotated[str | None, scratch_options.weights()] = None,
    recipe: Annotated[str | None, scratch_options.recipe()] = None,
    epochs: Annotated[int | None, scratch_options.epochs()] = None,
    batch_size: Annotated[int | None, scratch_options.batch_size()] = None,
    optimiser: Annotated[str | None, scratch_options.optimiser()] = None,
    learning_rate: Annotated[float | None, scratch_options.learning_rate()] = None,
    find_rate: Annotated[bool, scratch_options.find_rate()] = False,
    schedule: Annotated[str | None, scratch_options.schedule()] = None,
    augment: Annotated[str | None, scratch_options.augment()] = None,
    patience: Annotated[int | None, scratch_options.patience()] = None,
    finer: Annotated[list[str] | None, scratch_options.finer()] = None,
    ensemble: Annotated[int | None, scratch_options.ensemble()] = None,
    restart: Annotated[bool, scratch_options.restart()] = False,
    device: Annotated[str | None, scratch_options.device()] = None,
    show_augmented: Annotated[str | None, scratch_options.show_augmented()] = None,
) -> None:
    """Run the training and say how it went."""
    one_of("--resize", resize, RESIZES)
    words = scratch_choice.Words(
        from_scratch or show_augmented is not None, weights, recipe, epochs, batch_size, optimiser, learning_rate, find_rate,
        schedule, augment, patience, finer, ensemble, restart, device,
    )  # fmt: skip
    ways = None if compare is None else strategy_choice.ways_of(compare, model)
    if ways is not None:
        strategy_choice.refuse_beside("--compare", {"--strategy": strategy, "--unfreeze": unfreeze, "--reuse": reuse})
        way = strategy_choice.Choice(model)
    else:
        way = strategy_choice.strategy_choice(model, words, strategy, unfreeze, reuse)
    from hubel import workflows
    from hubel.cli.show import train_record, train_summary
    from hubel.core.answers import DEFAULT_REJECT
    from hubel.core.card import read_card
    from hubel.core.rundir import CARD

    options = workflows.TrainOptions(
        out=Path(out).expanduser() if out else None,
        model=way.model,
        scratch=way.scratch,
        tuning=way.tuning,
        improve=way.improve,
        budget=budget,
        seed=seed,
        views=views,
        size=size,
        resize=cast(Any, resize),
        engine=engine,
        by=by,
        at_least=wishes_of(at_least),
        reject=DEFAULT_REJECT if reject is None else reject,
        accept_error=accept_error,
        labels="auto" if multi_label is None else "several" if multi_label else "one",
    )
    if show_augmented is not None:
        leave_to_the_first()
        write_lines(output_console(), workflows.show_augmented(data, options, Path(show_augmented).expanduser()))
        return
    command = shlex.join(["hubel", *sys.argv[1:]])
    if ways is not None:
        from hubel.cli.ways import compare_strategies

        leave_to_the_first()
        compare_strategies(data, options, words, ways, command=command, json=json)
        return
    if way.scratch is None:
        leave_to_the_first()
        finished = train_to_the_end(data, options, command)
    else:
        with team_for_training() as team:
            if not team.leads:
                workflows.follow(team)
                return
            finished = train_to_the_end(data, replace(options, team=team), command)
    console = output_console()
    if json:
        write_lines(console, json_format.dumps(train_record(finished, read_card(finished.folder / CARD).labels)))
    else:
        write_lines(console, *train_summary(finished))


def train_to_the_end(data: str, options: TrainOptions, command: str) -> Finished:
    """Run the training, telling what happens."""
    from hubel import workflows

    finished: Finished | None = None
    with finishing_on_interrupt() as stop, telling() as tell:
        for event in workflows.train(data, options, command=command, stop=stop):
            tell(event)
            if isinstance(event, Finished):
                finished = event
            else:
                stop()  # a second Ctrl-C that was swallowed stops here, before anything is published
    assert finished is not None
    return finished
