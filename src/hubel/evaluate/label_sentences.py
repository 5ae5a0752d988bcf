"""What the figures of several labels an image mean, in whole sentences of both languages."""

from __future__ import annotations

from hubel.core.card import Metrics
from hubel.core.multi_label import LabelMetrics, MultiLabelMetrics
from hubel.evaluate.numbers import PERCENT, count, percent
from hubel.evaluate.sentences import FEW_IMAGES, NAMES, Both


def headline(metrics: Metrics, labels: MultiLabelMetrics) -> Both:
    """What follows the mean average precision in the first line of the report."""
    english, korean = NAMES[metrics.protocol]
    number, images = count(len(labels.per_label)), count(labels.num_images)
    return Both(
        en=f"mean average precision over {number} labels, on {images} {english} images",
        ko=f"레이블 {number}개의 평균 정밀도 평균(mAP), {korean} 이미지 {images}장에서 측정",
    )


def short_headline(labels: MultiLabelMetrics) -> Both:
    """The same where there is little room."""
    number, images = count(len(labels.per_label)), count(labels.num_images)
    return Both(en=f"mAP of {number} labels on {images} images", ko=f"레이블 {number}개의 mAP, 이미지 {images}장")


def certainty(labels: MultiLabelMetrics) -> Both:
    """The intervals, said rather than signed."""
    low, high = (percent(end) for end in labels.mean_average_precision_interval)
    f1, f1_low, f1_high = (percent(value) for value in (labels.macro_f1, *labels.macro_f1_interval))
    return Both(
        en=f"With 95{PERCENT} certainty it lies between {low} and {high} for new images like these. The labels it gives have an F1 "
        f"of {f1} on average ({f1_low} to {f1_high}).",
        ko=f"비슷한 새 이미지에서는 95{PERCENT} 신뢰 수준에서 {low}에서 {high} 사이입니다. 답한 레이블의 F1은 평균 {f1}입니다({f1_low}–{f1_high}).",
    )


def meaning(labels: MultiLabelMetrics) -> tuple[Both, ...]:
    """The figures in plain words, the most useful first."""
    found = [
        answers(labels),
        whole_images(labels),
        by_chance(labels),
        weakest(labels),
        most_missed(labels),
        calibration(labels),
    ]
    if labels.num_images < FEW_IMAGES:
        found.append(few_images(labels))
    absent = [row.name for row in labels.per_label if row.support == 0]
    if absent:
        found.append(absent_labels(absent))
    return tuple(sentence for sentence in found if sentence is not None)


def chance(labels: MultiLabelMetrics) -> float:
    """The mean average precision of labels given at random: the mean share of the images that have one."""
    present = [row.support for row in labels.per_label if row.support]
    return sum(present) / len(present) / labels.num_images


def answers(labels: MultiLabelMetrics) -> Both:
    """What precision and recall say of single labels."""
    right, found = percent(labels.micro_precision), percent(labels.micro_recall)
    return Both(
        en=f"Of all labels it gives, {right} are right; of all labels there are, it finds {found}.",
        ko=f"답한 레이블 가운데 {right}가 맞고, 실제 레이블 가운데 {found}를 찾아냅니다.",
    )


def whole_images(labels: MultiLabelMetrics) -> Both:
    """How often an image gets exactly its labels."""
    share = percent(labels.subset_accuracy)
    low, high = (percent(end) for end in labels.subset_accuracy_interval)
    return Both(
        en=f"Exactly the right labels, none missed and none too many: {share} of the images (95{PERCENT}: {low} to {high}).",
        ko=f"놓친 것도 잘못 답한 것도 없이 레이블이 모두 맞은 이미지: {share}(95{PERCENT} 구간 {low}–{high}).",
    )


def by_chance(labels: MultiLabelMetrics) -> Both:
    """What guessing would reach."""
    share = percent(chance(labels))
    return Both(
        en=f"For comparison: labels given at random would have a mean average precision of {share}.",
        ko=f"비교하자면, 레이블을 아무렇게나 답할 때의 평균 정밀도 평균은 {share}입니다.",
    )


def weakest(labels: MultiLabelMetrics) -> Both | None:
    """The label that is told worst."""
    measured = [(row.average_precision, row) for row in labels.per_label if row.average_precision is not None]
    lowest, row = min(measured, key=lambda entry: entry[0])
    if len(measured) < 2 or lowest == 1:
        return None
    found, right = percent(row.recall), percent(row.precision)
    return Both(
        en=f"Hardest label: “{row.name}”, average precision {percent(lowest)}. {found} of its {count(row.support)} images get it, and "
        f"{right} of the images that get it have it.",
        ko=f"가장 어려운 레이블: “{row.name}”, 평균 정밀도 {percent(lowest)}. {count(row.support)}장 중 {found}를 알아보고, 그렇게 답한 것 중 "
        f"{right}가 맞습니다.",
    )


def most_missed(labels: MultiLabelMetrics) -> Both | None:
    """Which label is missed most, and which is given wrongly most."""
    missed = max(labels.per_label, key=num_missed)
    wrong = max(labels.per_label, key=num_wrong)
    if not num_missed(missed) and not num_wrong(wrong):
        return None
    missing, given = count(num_missed(missed)), count(num_wrong(wrong))
    return Both(
        en=f"Most often missed: “{missed.name}”, on {missing} images. Most often given wrongly: “{wrong.name}”, on {given}.",
        ko=f"가장 자주 놓친 레이블: “{missed.name}”, {missing}장. 가장 자주 잘못 답한 레이블: “{wrong.name}”, {given}장.",
    )


def num_missed(row: LabelMetrics) -> int:
    """How many images have the label and do not get it."""
    return row.support - round(row.recall * row.support)


def num_wrong(row: LabelMetrics) -> int:
    """How many images get the label and do not have it."""
    hits = row.recall * row.support
    return round(hits / row.precision - hits) if row.precision else 0


def calibration(labels: MultiLabelMetrics) -> Both:
    """How far stated probabilities are off."""
    points = f"{labels.ece * 100:.1f}"
    return Both(
        en=f"When it states a probability of a label, it is off by {points} percentage points on average.",
        ko=f"모델이 말하는 레이블의 확률은 실제와 평균 {points}%p 차이가 납니다.",
    )


def few_images(labels: MultiLabelMetrics) -> Both:
    """That the intervals are wide."""
    low, high = labels.mean_average_precision_interval
    width, number = f"{(high - low) * 100:.0f}", count(labels.num_images)
    return Both(
        en=f"Few images were measured ({number}), so the interval is {width} points wide. More images make it narrower.",
        ko=f"측정한 이미지가 {number}장으로 적어 구간의 폭이 {width}%p에 이릅니다. 이미지가 많을수록 좁아집니다.",
    )


def absent_labels(names: list[str]) -> Both:
    """Which labels could not be measured."""
    shown = ", ".join(f"“{name}”" for name in names[:5]) + (" …" if len(names) > 5 else "")
    return Both(
        en=f"Not measured, because no image had it: {shown}. Means over labels leave it out.",
        ko=f"해당 이미지가 없어서 측정하지 못한 레이블: {shown}. 레이블 평균에서는 제외했습니다.",
    )
