"""``hubel models``: the networks there are, and one of them layer by layer."""

from __future__ import annotations

import json as json_format
import re
from pathlib import Path
from typing import Annotated

from hubel.cli import options
from hubel.cli.options import FILE, argument, option
from hubel.cli.progress import telling
from hubel.cli.terminal import output_console, write_lines
from hubel.cli.usage import wrong_value
from hubel.core.errors import UsageError
from hubel.core.language import say


def summary() -> str:
    """What the verb does; the first line stands in the help of ``hubel``."""
    return say(
        en="List the networks of the field, or show one layer by layer.\n\n"
        "From LeNet-5 to squeeze-and-excitation, each as its paper has it. With a name: every layer with kernel, stride, padding, "
        "output, weights and their formula, multiply-adds, how many pixels a unit sees, and memory; and where sizes do not "
        "divide. One network needs the extra torch.",
        ko="신경망 목록을 보여 주거나, 하나를 층별로 보여 줍니다.\n\n"
        "LeNet-5부터 SENet까지 논문 그대로의 구조입니다. 이름을 주면 층마다 커널, 보폭, 덧대기, 출력, 가중치 수와 식, 곱셈-덧셈 수, 수용 영역, "
        "메모리를 보여 주고, 나누어떨어지지 않는 크기를 알려 줍니다. 신경망 하나를 보려면 추가 패키지 torch가 필요합니다.",
    )


def examples() -> str:
    """Commands to begin with."""
    return "hubel models\nhubel models vgg16\nhubel models resnet50 --input 3x160x160 --svg resnet50.svg"


def models(
    name: Annotated[
        str | None,
        argument(
            ("[NAME]", "[이름]"),
            en="A network, such as lenet5, vgg16, resnet50.",
            ko="신경망 이름(예: lenet5, vgg16, resnet50).",
        ),
    ] = None,
    input: Annotated[  # noqa: A002  the option's name
        str | None,
        option(
            "--input",
            en="Images of this shape: channels, height, width. By default those of the paper.",
            ko="입력 이미지의 채널, 높이, 너비. 기본값은 논문의 크기입니다.",
            metavar="3x224x224",
        ),
    ] = None,
    svg: Annotated[
        str | None,
        option(en="Draw the network into an SVG file.", ko="신경망을 SVG 파일로 그립니다.", metavar=FILE),
    ] = None,
    trace: Annotated[
        str | None,
        option(
            en="Send one image through, and show the range of values after every layer.",
            ko="이미지 한 장을 통과시켜 층마다 값의 범위를 보여 줍니다.",
            metavar=("IMAGE", "이미지"),
        ),
    ] = None,
    weights: Annotated[
        str | None,
        option(
            en="With --trace: trained weights, downloaded by torchvision or timm, or a checkpoint. Else they are fresh.",
            ko="--trace와 함께: 학습된 가중치(torchvision·timm이 내려받음) 또는 체크포인트 파일. 없으면 새로 뽑은 가중치를 씁니다.",
            metavar=("imagenet|FILE", "imagenet|파일"),
        ),
    ] = None,
    json: Annotated[bool, options.everything_as_json()] = False,
) -> None:
    """List the networks, or describe one."""
    from hubel import workflows
    from hubel.cli import models_lines, models_records

    console = output_console()
    if name is None:
        refuse_without_name({"--input": input, "--svg": svg, "--trace": trace, "--weights": weights})
        networks = workflows.list_networks()
        if json:
            write_lines(console, json_format.dumps(models_records.list_record(networks)))
        else:
            write_lines(console, *models_lines.list_lines(networks))
        return
    options = workflows.DescribeOptions(
        input_shape=shape_of(input) if input is not None else None,
        image=Path(trace).expanduser() if trace else None,
        weights=weights,
    )
    page = Path(svg).expanduser() if svg else None
    if page is not None:
        from hubel.cli.answers import check_writable

        check_writable(page)
    with telling() as tell:
        described = workflows.describe(name, options, tell=tell)
    if page is not None:
        workflows.draw(described, page)
    if json:
        write_lines(console, json_format.dumps(models_records.described_record(described)))
    else:
        write_lines(console, *models_lines.described_lines(described, page))


def shape_of(text: str) -> tuple[int, int, int]:
    """Channels, height and width of a text such as ``3x224x224``.

    Examples
    --------
    >>> shape_of("1x28x28"), shape_of("3×150×200")
    ((1, 28, 28), (3, 150, 200))
    """
    parts = re.fullmatch(r"(\d{1,5})[x×*,](\d{1,5})[x×*,](\d{1,5})", text.strip().lower())
    if parts is None:
        raise wrong_value("--input", text, "3x224x224, 1x28x28")
    channels, height, width = map(int, parts.groups())
    return channels, height, width


def refuse_without_name(options: dict[str, str | None]) -> None:
    """Options that speak of one network need its name."""
    given = ", ".join(option for option, value in options.items() if value is not None)
    if given:
        raise UsageError(
            say(
                en=f"{given} speaks of one network, and none is named. Write for example: hubel models vgg16 {given}",
                ko=f"{given} 은(는) 신경망 하나에 대한 옵션인데 이름이 없습니다. 예: hubel models vgg16 {given}",
            )
        )
