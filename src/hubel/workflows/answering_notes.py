"""What the reader of the report must know about how probabilities and labels came about."""

from __future__ import annotations

from collections.abc import Iterator

from hubel.core.card import Card
from hubel.core.decision import Balance, Promise
from hubel.core.events import Note
from hubel.data.names import shown
from hubel.evaluate.numbers import percent


def answering_notes(card: Card) -> Iterator[Note]:
    """What was chosen of calibration and against imbalance, and what is promised; nothing where all is as usual."""
    if card.calibration is not None and card.calibration.method != "temperature":
        losses = card.calibration.losses
        before, after = losses["temperature"], losses[card.calibration.method]
        english, korean = CALIBRATIONS[card.calibration.method]
        yield Note(
            f"Probabilities are calibrated by {english}: cross-validated log loss {before:.4f} → {after:.4f}, beyond noise.",
            f"확률 보정에 {korean}을 썼습니다: 교차 검증 로그 손실 {before:.4f} → {after:.4f}, 우연을 넘는 차이입니다.",
        )
    if card.balance is not None:
        yield balance_note(card.balance)
    for promise in card.decision.promises if card.decision else ():
        yield promise_note(promise)


CALIBRATIONS = {
    "vector": ("vector scaling (a factor and an offset for each class)", "벡터 스케일링(클래스마다 배율과 오프셋)"),
    "isotonic": ("isotonic curves (a rising curve for each class)", "등위 회귀(클래스마다 증가 곡선)"),
}
HANDLINGS = {
    "none": (
        "Nothing was done about it, for nothing that was tried helped",
        "시도한 방법이 도움이 되지 않아 따로 처리하지 않았습니다",
    ),
    "adjustment": (
        "Scores of rare classes were raised to what the images call for",
        "드문 클래스의 점수를 이미지가 뒷받침하는 만큼 올렸습니다",
    ),
    "weights": (
        "Images of rare classes counted more while learning, and scores were then set to what the images call for",
        "학습할 때 드문 클래스의 이미지에 더 큰 비중을 두고, 점수를 이미지가 뒷받침하는 만큼 맞추었습니다",
    ),
}


def balance_note(balance: Balance) -> Note:
    """What was done about classes of different sizes."""
    present = [share for share in balance.frequencies if share > 0]
    ratio = f"{max(present) / min(present):.0f}"
    english, handled = HANDLINGS[balance.handling]
    figures = (
        ("macro-F1", "매크로 F1", balance.macro_f1_before, balance.macro_f1),
        ("accuracy", "정확도", balance.accuracy_before, balance.accuracy),
    )
    changes = [(name, korean, percent(before), percent(after)) for name, korean, before, after in figures]
    if any(before != after for *_, before, after in changes):
        said_en = ", ".join(f"{name} {before} → {after}" for name, _, before, after in changes)
        said_ko = ", ".join(f"{name} {before} → {after}" for _, name, before, after in changes)
    else:
        said_en = "no change: " + ", ".join(f"{name} {after}" for name, *_, after in changes)
        said_ko = "변화 없음: " + ", ".join(f"{name} {after}" for _, name, _, after in changes)
    return Note(
        f"The largest class has {ratio} times the images of the smallest. {english} (cross-validated, {said_en}). Probabilities mean "
        "classes as frequent as in these data.",
        f"가장 큰 클래스의 이미지가 가장 작은 클래스의 {ratio}배입니다. {handled}(교차 검증, {said_ko}). 확률은 클래스 빈도가 이 데이터와 "
        "같다고 보고 계산한 값입니다.",
    )


def promise_note(promise: Promise) -> Note:
    """One promise, and what it stands on."""
    name, wished, threshold = shown(promise.class_name), percent(promise.at_least), f"{promise.threshold:.3g}"
    seen, number, sure = percent(promise.seen), promise.num_images, percent(promise.confidence, digits=0)
    english, korean = ("recall", "재현율") if promise.measure == "recall" else ("precision", "정밀도")
    return Note(
        f"Promised: {english} of “{name}” at least {wished}, with {sure} confidence; its threshold is {threshold}, and on "
        f"{number} out-of-fold images it is {seen}.",
        f"약속: “{name}”의 {korean} {wished} 이상({sure} 신뢰 수준). 기준값은 {threshold}이고, 교차 검증 이미지 {number}장에서 "
        f"{seen}입니다.",
    )
