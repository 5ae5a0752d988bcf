"""The options ``--reject`` and ``--accept-error``, which train, predict and evaluate share."""

from __future__ import annotations

from hubel.core.language import say


def reject_help() -> str:
    """What ``--reject`` does."""
    return say(
        en="How many images of the known classes may be called unknown (1% unless said otherwise). More finds more strangers; 0% "
        "never says unknown.",
        ko="아는 클래스의 이미지 가운데 모름으로 답해도 되는 비율(지정하지 않으면 1%). 크게 하면 낯선 이미지를 더 많이 가려내고, 0%면 모름이라고 "
        "답하지 않습니다.",
    )


def accept_error_help() -> str:
    """What ``--accept-error`` does."""
    return say(
        en="How many answers may lack the true class, such as 2%. Doubtful images then get all classes that could be meant: "
        "“cat or dog?”.",
        ko="정답이 빠진 답을 얼마나 허용할지(예: 2%). 확실하지 않은 이미지에는 가능한 클래스를 모두 답합니다: “고양이 또는 개?”.",
    )


def share_metavar() -> str:
    """What follows either option."""
    return say(en="SHARE", ko="비율")


def finished_run_panel() -> str:
    """The panel of either option where a run is finished."""
    return say(en="Three answers (the run's own unless given)", ko="세 가지 답 (지정하지 않으면 실행에 기록된 값)")
