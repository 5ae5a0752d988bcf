"""What makes no sense, or is not offered, where an image may have several labels: said clearly instead of done wrongly."""

from __future__ import annotations

from hubel.core.card import Card
from hubel.core.errors import ModelError, UsageError
from hubel.core.language import say

INSTEAD = {
    "--accept-error": (
        "an answer names every label from its threshold on anyway",
        "이미 기준값을 넘는 레이블을 모두 답합니다",
    ),
    "--at-least": (
        "each label has a threshold of its own, in card.json under label_thresholds",
        "레이블마다 기준값이 따로 있습니다(card.json의 label_thresholds)",
    ),
    "--by": (
        "figures of groups are for one class an image",
        "그룹별 수치는 이미지마다 클래스가 하나일 때만 냅니다",
    ),
}
"""Why each option is not for labels, in English and Korean."""


def refuse_options(*, several: bool, **options: object) -> None:
    """Refuse options that are for one class an image; those that are None, 0 or empty were not given.

    Parameters
    ----------
    several
        Whether an image may have several labels.
    options
        The value of each, by its name with underscores.

    Raises
    ------
    UsageError
        When one was given and images may have several labels.
    """
    for name, value in options.items():
        if several and value:
            option = "--" + name.replace("_", "-")
            text_en, text_ko = INSTEAD[option]
            reason = say(en=text_en, ko=text_ko)
            raise UsageError(
                say(
                    en=f"{option} is not for images with several labels: {reason}. Leave it out.",
                    ko=f"{option} 옵션은 레이블이 여럿인 이미지에는 쓸 수 없습니다: {reason}. 이 옵션을 빼세요.",
                )
            )


def refuse_comparing(card: Card, run: str) -> None:
    """Refuse to compare a run that gives several labels.

    Raises
    ------
    ModelError
        When the run is one.
    """
    if card.task == "multi-label":
        raise ModelError(
            say(
                en=f"{run} gives an image several labels, and `hubel compare` knows only answers of one class. Measure both runs on the "
                "same images instead: hubel evaluate RUN DATA",
                ko=f"{run} 은(는) 이미지에 레이블을 여럿 답하는데, `hubel compare`는 클래스 하나로 답하는 실행만 비교합니다. 두 실행을 같은 이미지로 "
                "각각 평가하세요: hubel evaluate 실행 데이터",
            )
        )
