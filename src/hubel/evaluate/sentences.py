"""What the figures mean, in whole sentences of both languages.

A report holds both texts and the reader switches, so these are pairs, not `say`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from hubel.core.card import Metrics
from hubel.core.decision import Method
from hubel.core.leak import Leak
from hubel.evaluate.metrics import Protocol
from hubel.evaluate.numbers import PERCENT, count, percent


class Both(NamedTuple):
    """One text in English and Korean."""

    en: str
    ko: str


FEW_IMAGES = 100
"""Below this many images the interval is wider than most decisions can bear."""


def headline(metrics: Metrics) -> Both:
    """What follows the accuracy in the first line of the report."""
    number = count(metrics.num_images)
    plural = "" if metrics.num_images == 1 else "s"
    english, korean = NAMES[metrics.protocol]
    return Both(
        en=f"of {number} {english} image{plural} right",
        ko=f"{korean} 이미지 {number}장에서의 정답률",
    )


def certainty(metrics: Metrics) -> Both:
    """The interval, said rather than signed."""
    low, high = (percent(end) for end in metrics.accuracy_interval)
    return Both(
        en=f"With 95{PERCENT} certainty it will be right for between {low} and {high} of new images like these.",
        ko=f"비슷한 새 이미지에서의 정답률은 95{PERCENT} 신뢰 수준에서 {low}에서 {high} 사이입니다.",
    )


def protocol(metrics: Metrics) -> Both:
    """Where the measured images came from; and, where copies of them were learned from, what the others say."""
    return PROTOCOLS[metrics.protocol] if metrics.leak is None else leaked(metrics, metrics.leak)


def leaked(metrics: Metrics, leak: Leak) -> Both:
    """That the figures flatter, by how many images, and what holds of the others."""
    english, korean = NAMES[metrics.protocol]
    number, total, others = count(leak.num_exact + leak.num_near), count(metrics.num_images), count(leak.num_others)
    en = (
        f"Measured on the {english} images that came with the data, but the model has learned from copies or near duplicates of "
        f"{number} of these {total}, so the figures look better than they are."
    )
    ko = (
        f"데이터에 들어 있던 {korean} 이미지로 측정했지만, 이 {total}장 가운데 {number}장은 모델이 학습한 이미지와 같거나 거의 같아서 "
        "수치가 실제보다 좋게 나옵니다."
    )
    if leak.accuracy_of_others is not None and leak.interval_of_others is not None:
        share, low, high = (percent(value) for value in (leak.accuracy_of_others, *leak.interval_of_others))
        en += f" Of the other {others}, {share} are right (95{PERCENT}: {low} to {high})."
        ko += f" 나머지 {others}장의 정답률은 {share}입니다(95{PERCENT}: {low}–{high})."
    return Both(en, ko)


def meaning(metrics: Metrics) -> tuple[Both, ...]:
    """The figures in plain words, the most useful first."""
    found = [_mistakes(metrics), _baseline(metrics), _hardest_class(metrics), _mix_up(metrics), _calibration(metrics)]
    if metrics.num_images < FEW_IMAGES:
        found.append(_few_images(metrics))
    absent = [row.name for row in metrics.per_class if row.support == 0]
    if absent:
        found.append(_absent_classes(absent))
    return tuple(sentence for sentence in found if sentence is not None)


def ended_early(num_seen: int, num_unread: int) -> Both:
    """That the model has not seen all images, and how it may."""
    seen, total = count(num_seen), count(num_seen + num_unread)
    return Both(
        en=f"Ended early: the model has seen only {seen} of {total} images. The same command again goes on from there.",
        ko=f"일찍 끝났습니다: 모델은 이미지 {total}장 중 {seen}장만 보았습니다. 같은 명령을 다시 실행하면 이어서 진행합니다.",
    )


def commonest_share(metrics: Metrics) -> float:
    """The accuracy of always answering with the commonest class."""
    return max(row.support for row in metrics.per_class) / metrics.num_images


NAMES: dict[Protocol, Both] = {
    "test": Both("test", "테스트"),
    "validation": Both("validation", "검증"),
    "cross-validation": Both("cross-validated", "교차 검증"),
    "holdout": Both("held-out", "따로 떼어 둔"),
}
PROTOCOLS: dict[Protocol, Both] = {
    "test": Both(
        en="Measured on the test images that came with the data. The model never saw them, and nothing was chosen by them.",
        ko="데이터에 들어 있던 테스트 이미지로 측정했습니다. 모델이 본 적 없고, 어떤 선택에도 쓰지 않은 이미지입니다.",
    ),
    "validation": Both(
        en="Measured on the validation images that came with the data. The model did not learn from them. If you try several settings and keep the best by this figure, it is a little kind.",
        ko="데이터에 들어 있던 검증 이미지로 측정했습니다. 학습에는 쓰지 않았습니다. 여러 설정을 시도해 이 수치가 가장 좋은 것을 고르면 실제보다 조금 좋게 보입니다.",
    ),
    "cross-validation": Both(
        en="Cross-validated: every image was judged by a model that had not learned from it, so that all of them could teach and all could measure.",
        ko="교차 검증으로 측정했습니다. 모든 이미지를 그 이미지로 배우지 않은 모델이 판정했으므로, 전부를 학습에도 평가에도 쓸 수 있었습니다.",
    ),
    "holdout": Both(
        en="Measured on images drawn at random and held back before training. The model never saw them, and nothing was chosen by them.",
        ko="학습 전에 무작위로 골라 따로 떼어 둔 이미지로 측정했습니다. 모델이 본 적 없고, 어떤 선택에도 쓰지 않은 이미지입니다.",
    ),
}


def _mistakes(metrics: Metrics) -> Both:
    num_wrong = sum(map(sum, metrics.confusion)) - sum(row[index] for index, row in enumerate(metrics.confusion))
    if num_wrong == 0:
        rest = percent(1 - metrics.accuracy_interval[0])
        return Both(
            en=f"Not one mistake here. That does not promise none elsewhere: with 95{PERCENT} certainty at most {rest} of new images go wrong.",
            ko=f"여기서는 한 번도 틀리지 않았습니다. 그렇다고 앞으로도 그렇다는 뜻은 아니며, 95{PERCENT} 신뢰 수준에서 새 이미지의 최대 {rest}가 틀릴 수 있습니다.",
        )
    every = metrics.num_images / num_wrong
    if every < 2:
        return Both(
            en=f"More answers are wrong than right: {count(num_wrong)} of {count(metrics.num_images)}.",
            ko=f"맞은 답보다 틀린 답이 더 많습니다. {count(metrics.num_images)}장 중 {count(num_wrong)}장을 틀렸습니다.",
        )
    return Both(
        en=f"About one answer in {every:.0f} is wrong: {count(num_wrong)} of {count(metrics.num_images)}.",
        ko=f"대략 {every:.0f}장에 한 장꼴로 틀립니다. {count(metrics.num_images)}장 중 {count(num_wrong)}장을 틀렸습니다.",
    )


def _baseline(metrics: Metrics) -> Both:
    name = max(metrics.per_class, key=lambda row: row.support).name
    share = percent(commonest_share(metrics))
    return Both(
        en=f"For comparison: always answering “{name}” would be right for {share}.",
        ko=f"비교하자면, 항상 “{name}” 하나로만 답해도 {share}는 맞습니다.",
    )


def _hardest_class(metrics: Metrics) -> Both | None:
    measured = [row for row in metrics.per_class if row.support]
    hardest = min(measured, key=lambda row: row.recall)
    if len(measured) < 2 or hardest.recall == 1:
        return None
    return Both(
        en=f"Hardest class: “{hardest.name}”. {percent(hardest.recall)} of its {count(hardest.support)} images are recognised.",
        ko=f"가장 어려운 클래스: “{hardest.name}”. {count(hardest.support)}장 중 {percent(hardest.recall)}를 알아봅니다.",
    )


def _mix_up(metrics: Metrics) -> Both | None:
    wrong = np.array(metrics.confusion)
    np.fill_diagonal(wrong, 0)
    if not wrong.any():
        return None
    truth, answer = np.unravel_index(wrong.argmax(), wrong.shape)
    row, other = metrics.per_class[truth], metrics.per_class[answer]
    number = count(int(wrong.max()))
    return Both(
        en=f"Most frequent mix-up: “{row.name}” taken for “{other.name}”, {number} of {count(row.support)} images.",
        ko=f"가장 잦은 혼동: “{row.name}” → “{other.name}”, {count(row.support)}장 중 {number}장.",
    )


def _calibration(metrics: Metrics) -> Both:
    points = f"{(metrics.ece if metrics.ece_corrected is None else metrics.ece_corrected) * 100:.1f}"
    if metrics.ece_interval is None:
        return Both(
            en=f"When it states a probability, it is off by {points} percentage points on average.",
            ko=f"모델이 말하는 확률은 실제 정답률과 평균 {points}%p 차이가 납니다.",
        )
    low, high = (f"{end * 100:.1f}" for end in metrics.ece_interval)
    return Both(
        en=f"When it states a probability, it is off by {points} percentage points on average (95{PERCENT}: {low} to {high}).",
        ko=f"모델이 말하는 확률은 실제 정답률과 평균 {points}%p 차이가 납니다(95{PERCENT} 구간 {low}–{high}).",
    )


CALIBRATIONS: dict[Method, Both] = {
    "temperature": Both("temperature", "온도"),
    "vector": Both("vector scaling", "벡터 스케일링"),
    "isotonic": Both("isotonic curves", "등위 회귀 곡선"),
}


def _few_images(metrics: Metrics) -> Both:
    low, high = metrics.accuracy_interval
    width = f"{(high - low) * 100:.0f}"
    number = count(metrics.num_images)
    return Both(
        en=f"Few images were measured ({number}), so the interval is {width} points wide. More images make it narrower.",
        ko=f"측정한 이미지가 {number}장으로 적어 구간의 폭이 {width}%p에 이릅니다. 이미지가 많을수록 좁아집니다.",
    )


def _absent_classes(names: list[str]) -> Both:
    shown = ", ".join(f"“{name}”" for name in names[:5]) + (" …" if len(names) > 5 else "")
    return Both(
        en=f"Not measured, because no image of it was among these: {shown}. Means over classes leave it out.",
        ko=f"이번 이미지에 없어서 측정하지 못한 클래스: {shown}. 클래스 평균에서는 제외했습니다.",
    )
