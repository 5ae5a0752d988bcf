"""What the three answers mean, in whole sentences of both languages."""

from __future__ import annotations

from collections.abc import Iterator

from hubel.core.answers import AnswerFigures, SetLimit, UnknownLimit
from hubel.evaluate.numbers import PERCENT, count, percent
from hubel.evaluate.sentences import Both

FEW_GROUPS = 0.9
"""With fewer independent images than this share, the reader should know."""
FEW_BEYOND = 5
"""With fewer images beyond the limit than this, one of them decides much."""


def answer_sentences(figures: AnswerFigures, *, unknown: UnknownLimit | None, sets: SetLimit | None) -> Iterator[Both]:
    """How often each answer was given, how often it was wrong, and what was promised.

    Parameters
    ----------
    figures
        Measured on images of the known classes.
    unknown, sets
        The limits, None where there is none.
    """
    if sets is not None:
        yield shares(figures)
        yield kept(figures, sets)
        if sets.num_groups < FEW_GROUPS * sets.num_images:
            yield of_groups(sets)
    if unknown is not None:
        yield strangers(figures, unknown)
        if unknown.extrapolated:
            yield extrapolated(unknown)
        elif unknown.reject * unknown.num_groups < FEW_BEYOND:
            yield by_few(unknown)
    else:
        yield Both("It never answers “unknown”.", "“모름”이라고 답하지 않습니다.")


def shares(figures: AnswerFigures) -> Both:
    """How often each of the three answers is given."""
    label, unsure, unknown = (percent(share) for share in (figures.label, figures.unsure, figures.unknown))
    return Both(
        en=f"Of {count(figures.num_images)} images like these, {label} get one class, {unsure} several that could be meant, and "
        f"{unknown} “unknown”.",
        ko=f"이와 비슷한 이미지 {count(figures.num_images)}장 가운데 {label}는 클래스 하나, {unsure}는 가능한 클래스 여럿, {unknown}는 “모름”으로 "
        "답합니다.",
    )


def kept(figures: AnswerFigures, sets: SetLimit) -> Both:
    """What was promised, and what came of it."""
    promised, wrong = percent(sets.accept_error), percent(figures.wrong)
    low, high = (percent(end) for end in figures.wrong_interval)
    return Both(
        en=f"Accepted were answers without the true class for at most {promised} of all images; here it was {wrong} "
        f"(95{PERCENT} interval {low} to {high}). It holds for images of the same kind, drawn in the same way.",
        ko=f"정답이 빠진 답을 전체 이미지의 {promised}까지 허용했고, 여기서는 {wrong}였습니다(95{PERCENT} 구간 {low}–{high}). 같은 종류, 같은 "
        "방식으로 모은 이미지에 대한 값입니다.",
    )


def of_groups(sets: SetLimit) -> Both:
    """Images that belong together vouch for each other."""
    images, groups = count(sets.num_images), count(sets.num_groups)
    return Both(
        en=f"Many of the {images} images behind this limit belong together, in {groups} groups. One group counts as one, so what is accepted "
        "is an error on an image of a new group (another burst, another person).",
        ko=f"이 기준을 정한 이미지 {images}장 가운데 여럿이 {groups}개 그룹으로 묶여 있습니다. 한 그룹을 하나로 세므로, 허용한 오류는 새 그룹(다른 "
        "연속 촬영, 다른 사람)의 이미지에 대한 것입니다.",
    )


def strangers(figures: AnswerFigures, unknown: UnknownLimit) -> Both:
    """What “unknown” costs."""
    wished, seen = percent(unknown.reject), percent(figures.unknown)
    return Both(
        en=f"It answers “unknown” for images unlike those it learned from. That may happen to {wished} of images of the known "
        f"classes; here it was {seen}. What looks much like a known class can still be taken for it.",
        ko=f"학습한 이미지와 닮지 않은 이미지에는 “모름”이라고 답합니다. 아는 클래스의 이미지 중 {wished}까지 그럴 수 있으며, 여기서는 {seen}였습니다. "
        "아는 클래스와 많이 닮은 낯선 것은 여전히 그 클래스로 답할 수 있습니다.",
    )


def extrapolated(unknown: UnknownLimit) -> Both:
    """The limit lies beyond all that was seen."""
    number = count(unknown.num_groups)
    return Both(
        en=f"With only {number} independent images, where “unknown” begins is an estimate. More images make it exact.",
        ko=f"독립적인 이미지가 {number}장뿐이라 “모름”의 기준은 추정값입니다. 이미지가 많아지면 정확해집니다.",
    )


def by_few(unknown: UnknownLimit) -> Both:
    """The limit rests on a handful of images."""
    number = count(unknown.num_groups)
    return Both(
        en=f"Where “unknown” begins rests on the few strangest of {number} independent images. One odd picture among them moves it far, "
        "and then other things, even noise or a blank picture, get a class. More images make it firm; so does a larger --reject.",
        ko=f"“모름”의 기준은 독립적인 이미지 {number}장 가운데 가장 낯선 몇 장에 달려 있습니다. 그중에 유별난 사진이 한 장만 있어도 기준이 크게 "
        "밀려나, 전혀 다른 것이나 잡음, 빈 화면에도 클래스를 답할 수 있습니다. 이미지를 늘리거나 --reject 값을 키우면 나아집니다.",
    )
