"""Arguments and options of verbs, a line or two each, with their texts in both languages; and those that several verbs share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import typer

from hubel.cli.terminal import in_language
from hubel.cli.usage import share_of

Word: TypeAlias = str | tuple[str, str]
"""What stands for a value or heads a box: the same in both languages, or English and Korean."""

COLUMN: Word = ("COLUMN", "열")
DATA: Word = ("DATA", "데이터")
FILE: Word = ("FILE", "파일")
FOLDER: Word = ("FOLDER", "폴더")
NAME: Word = ("NAME", "이름")
NUMBER: Word = ("NUMBER", "개수")
RUN: Word = ("RUN", "실행")
SHARE: Word = ("SHARE", "비율")
TIME: Word = ("TIME", "시간")

FINE_CONTROL: Word = ("Fine control", "세부 조정")
IN_A_PIPELINE: Word = ("In a pipeline", "자동 점검")
THREE_ANSWERS: Word = ("Three answers (the run's own unless given)", "세 가지 답 (지정하지 않으면 실행에 기록된 값)")


def argument(metavar: Word, *, en: str, ko: str) -> Any:
    """What follows a verb without a name."""
    return typer.Argument(metavar=spoken(metavar), help=in_language(en, ko))


def option(
    *names: str,
    en: str,
    ko: str,
    metavar: Word | None = None,
    panel: Word | None = None,
    parser: Callable[[str], Any] | None = None,
) -> Any:
    """An option; without `names` it is called as its parameter, without `metavar` it is a flag or shows its type."""
    shown, box = (None if word is None else spoken(word) for word in (metavar, panel))
    return typer.Option(*names, metavar=shown, rich_help_panel=box, parser=parser, help=in_language(en, ko))


def spoken(word: Word) -> str:
    """The word in the language that is spoken."""
    return word if isinstance(word, str) else in_language(*word)


def reject(panel: Word | None = None) -> Any:
    """``--reject``."""
    return option(
        "--reject",
        en="How many images of the known classes may be called unknown (1% unless said otherwise). More finds more strangers; 0% "
        "never says unknown.",
        ko="아는 클래스의 이미지 가운데 모름으로 답해도 되는 비율(지정하지 않으면 1%). 크게 하면 낯선 이미지를 더 많이 가려내고, 0%면 모름이라고 "
        "답하지 않습니다.",
        metavar=SHARE,
        panel=panel,
        parser=share_of("--reject"),
    )


def accept_error(panel: Word | None = None) -> Any:
    """``--accept-error``."""
    return option(
        "--accept-error",
        en="How many answers may lack the true class, such as 2%. Doubtful images then get all classes that could be meant: "
        "“cat or dog?”.",
        ko="정답이 빠진 답을 얼마나 허용할지(예: 2%). 확실하지 않은 이미지에는 가능한 클래스를 모두 답합니다: “고양이 또는 개?”.",
        metavar=SHARE,
        panel=panel,
        parser=share_of("--accept-error"),
    )


def at_least() -> Any:
    """``--at-least``."""
    return option(
        "--at-least",
        en="Promise a recall or precision of a class on new images like these: recall:panda=0.95, precision:panda=90%. Its threshold "
        "is chosen with a margin, so that the promise holds with 95 % confidence; may be given several times.",
        ko="비슷한 새 이미지에서 클래스의 재현율이나 정밀도를 약속합니다: recall:panda=0.95, precision:panda=90%. 95 % 신뢰 수준으로 약속이 "
        "지켜지도록 여유를 두고 기준값을 고릅니다. 여러 번 쓸 수 있습니다.",
        metavar=("PROMISE", "약속"),
    )


def everything_as_json() -> Any:
    """``--json``, where everything there is comes in one object."""
    return option(
        "--json", en="Print everything as one JSON object on stdout.", ko="모두 표준 출력에 JSON 객체 하나로 씁니다."
    )


def finished_run() -> Any:
    """The run that a verb looks at."""
    return argument(
        RUN,
        en="A run folder that `hubel train` wrote, such as runs/pets.",
        ko="`hubel train`이 쓴 실행 폴더(예: runs/pets).",
    )
