"""What a run says of its data and figures in words, beyond what belongs together: for the terminal and the report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from hubel.core.card import Card
from hubel.core.events import Event, Note, Weight
from hubel.core.seeds import generator
from hubel.data.check.shortcuts import header_shortcuts
from hubel.data.names import shown
from hubel.evaluate.intervals import wilson_interval
from hubel.evaluate.numbers import PERCENT, count, percent
from hubel.evaluate.sentences import NAMES, Both, ended_early
from hubel.train.learn import Learned
from hubel.train.session import Session


def notes_of(log: Sequence[Event], weight: Weight) -> tuple[Both, ...]:
    """What was said with this weight, once each."""
    found = (Both(event.en, event.ko) for event in log if isinstance(event, Note) and event.weight == weight)
    return tuple(dict.fromkeys(found))


def num_unread(session: Session) -> int:
    """How many images were left when reading was ended early."""
    return len(session.paths) - len(session.kept) - len(session.extraction.refused) if session.stopped_early else 0


def closing_notes(session: Session, learned: Learned) -> Iterator[Note]:
    """What the reader of the report must know about the data, and about how the estimate came about."""
    if num_unread(session):
        yield Note(*ended_early(len(session.kept), num_unread(session)))
    if refused := len(session.extraction.refused):
        yield Note(
            f"Files that could not be read: {refused}. `hubel check` says of each what to do, and what else there is to mend.",
            f"읽을 수 없는 파일: {refused}개. `hubel check`가 파일마다 할 일과 그 밖에 고칠 것을 알려 줍니다.",
            "warning",
        )
    yield from shortcut_notes(session)
    yield from unmeasured_notes(session, learned)
    if learned.protocol == "cross-validation":
        yield Note(
            f"The figures are cross-validated over {int(learned.folds.max()) + 1} folds: every image was judged by a head "
            "that had not seen it, and the model you ship has learned from all of them.",
            f"수치는 {int(learned.folds.max()) + 1}겹 교차 검증 결과입니다: 모든 이미지는 그 이미지를 보지 않은 분류기가 판정했고, "
            "최종 모델은 모든 이미지로 학습했습니다.",
        )


def unmeasured_notes(session: Session, learned: Learned) -> Iterator[Note]:
    """Classes of which no image measured."""
    there = session.dataset.class_counts(session.dataset.examples[session.kept[row]] for row in learned.measured)
    missing = [shown(name) for label, name in enumerate(session.dataset.classes) if label not in there]
    if missing:
        names = ", ".join(f"“{name}”" for name in missing[:5]) + (" …" if len(missing) > 5 else "")
        yield Note(
            f"Not measured at all, for want of an image: {names}. How well it is told is unknown, and no mean counts it.",
            f"이미지가 없어 전혀 측정하지 못한 클래스: {names}. 얼마나 잘 알아보는지 알 수 없고, 평균에도 들어 있지 않습니다.",
            "warning",
        )


def shortcut_notes(session: Session) -> Iterator[Note]:
    """Properties of files that tell the classes apart without a look at the picture, as far as sampled headers show."""
    row_of = {index: row for row, index in enumerate(session.kept.tolist())}
    seen = [index for index in session.facts if index in row_of]
    groups = np.arange(len(session.kept)) if session.related is None else session.related.near
    found = list(
        header_shortcuts(
            session.dataset.names,
            [session.dataset.names[session.dataset.examples[index].label] for index in seen],
            [session.facts[index] for index in seen],
            groups=groups[[row_of[index] for index in seen]],
            generator=generator(session.options.seed, "shortcuts"),
        )
    )
    if not found:
        return
    by_en = "; ".join(f"{PROPERTIES[finding.rule.id][0]}: {finding.found_en}" for finding in found)
    by_ko = "; ".join(f"{PROPERTIES[finding.rule.id][1]}: {finding.found_ko}" for finding in found)
    number = count(len(seen))
    yield Note(
        f"Classes can be told without a look at the pictures, by the headers of {number} files. {by_en}. The model may have learned this "
        "instead of what the pictures show, and would then fail on images from elsewhere. `hubel check` says what to do, and looks at "
        "borders and names too.",
        f"사진을 보지 않고도 파일 헤더({number}개)만으로 클래스를 알아맞힐 수 있습니다. {by_ko}. 모델이 사진의 내용 대신 이것을 배웠다면 다른 곳에서 온 "
        "이미지에서는 틀리게 됩니다. 할 일은 `hubel check`가 알려 주며, 테두리와 이름도 살펴봅니다.",
        "warning",
    )


PROPERTIES = {
    "shortcut-size": ("Picture size", "이미지 크기"),
    "shortcut-aspect": ("Picture shape", "가로세로 비"),
    "shortcut-colour": ("Colour or grey", "컬러 여부"),
    "shortcut-format": ("File format", "파일 형식"),
}


def second_look(card: Card, share: float, number: int) -> Iterator[Note]:
    """Where a part of the data measures, what cross-validation within the others says, and whether the two agree.

    Parameters
    ----------
    card
        Gives what was measured, and whether all of a network was trained: then nothing is cross-validated.
    share
        The cross-validated accuracy.
    number
        On so many images.
    """
    metrics = card.metrics
    if metrics.protocol == "cross-validation" or card.learning is not None:
        return
    low, high = wilson_interval(share * number, number)
    (english, korean), ends = NAMES[metrics.protocol], (percent(low), percent(high))
    said_en = f"Cross-validated within the {count(number)} images learned from, {percent(share)} are right (95{PERCENT}: {ends[0]} to {ends[1]})"
    said_ko = f"학습한 이미지 {count(number)}장 안에서 교차 검증하면 정답률이 {percent(share)}입니다(95{PERCENT} 구간 {ends[0]}–{ends[1]})."
    if low <= metrics.accuracy <= high:
        yield Note(
            f"{said_en}, which fits the figure of the {english} images.",
            f"{said_ko} {korean} 이미지로 잰 값과 맞습니다.",
        )
        return
    if low <= metrics.accuracy_interval[1] and metrics.accuracy_interval[0] <= high:
        yield Note(
            f"{said_en}. Of the {english} images it is {percent(metrics.accuracy)}, which may be chance or easier images: expect something "
            "between the two.",
            f"{said_ko} {korean} 이미지로 잰 값은 {percent(metrics.accuracy)}인데, 우연이거나 더 쉬운 이미지여서일 수 있습니다. 실제 정답률은 두 값 "
            "사이로 예상하세요.",
            "warning",
        )
        return
    more, higher = ("more", "높습니다") if metrics.accuracy > share else ("less", "낮습니다")
    yield Note(
        f"{said_en}, but {percent(metrics.accuracy)} of the {english} images: {more} than chance explains. The two parts are of "
        "different kinds or difficulty, or labels are wrong in one of them; look at both before you trust either figure.",
        f"{said_ko} 그런데 {korean} 이미지로 잰 값은 {percent(metrics.accuracy)}로, 우연으로 보기에는 너무 {higher}. 두 부분의 종류나 난이도가 "
        "다르거나 한쪽의 레이블이 잘못되었을 수 있으니, 어느 수치든 믿기 전에 둘 다 살펴보세요.",
        "warning",
    )
