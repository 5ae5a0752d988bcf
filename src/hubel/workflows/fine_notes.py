"""What is said of fine-tuning: its plan, and what came of it."""

from __future__ import annotations

from hubel.core.events import Note
from hubel.train.plan import Spending


def enough_note(accuracy: float) -> Note:
    """Why the rest of the budget is not spent."""
    share = f"{100 * accuracy:.3g} %"
    return Note(
        f"{share} right in validation: more time would hardly show, so the rest of the budget is not spent.",
        f"검증 정확도 {share}: 시간을 더 써도 거의 나아지지 않으므로 남은 시간을 쓰지 않습니다.",
    )


def spending_note(spending: Spending) -> Note:
    """What the rest of the budget is spent on."""
    views, words = (
        spending.views,
        {"stage:1": ("last stage", "마지막 단계"), "stage:2": ("last two stages", "마지막 두 단계")},
    )
    if spending.unfreeze not in words:
        return Note(
            f"Plan for the time that is left: {views} views of each image, changed at random, teach the head.",
            f"남은 시간의 계획: 이미지마다 무작위로 바꾼 {views}가지 모습으로 분류기를 학습합니다.",
            "step",
        )
    seconds, (stage_en, stage_ko) = f"{spending.learning_seconds:.0f}", words[spending.unfreeze]
    return Note(
        f"Plan for the time that is left: the {stage_en} of the base learn from {views} views of each image, for at most about {seconds} s; "
        "it ends earlier where validation says that no more is to be had.",
        f"남은 시간의 계획: 기반 모델의 {stage_ko}를 이미지마다 {views}가지 모습으로 최대 약 {seconds}초 동안 학습합니다. 검증에서 더 나아질 것이 없으면 "
        "일찍 끝냅니다.",
        "step",
    )


def views_note(number: int, plain: float, changed: float, *, better: bool) -> Note:
    """What learning from changed views came to."""
    return Note(
        f"The head learned from {number} views of each image: validation log loss {plain:.4f} → {changed:.4f}"
        f"{'.' if better else '; that is too little, so the head of the plain images stays.'}",
        f"이미지마다 {number}가지 모습으로 학습: 검증 로그 손실 {plain:.4f} → {changed:.4f}"
        f"{'' if better else '. 거의 나아지지 않아 원래 이미지로 학습한 분류기를 씁니다.'}",
    )


def better_note(before: float, after: float, *, better: bool) -> Note:
    """What fine-tuning came to."""
    if better:
        return Note(
            f"Fine-tuned: validation log loss {before:.4f} → {after:.4f}.",
            f"미세 조정 완료: 검증 로그 손실 {before:.4f} → {after:.4f}",
        )
    return Note(
        f"Fine-tuning brought too little (validation log loss {before:.4f} → {after:.4f}), so the head on the frozen base stays.",
        f"미세 조정으로 거의 나아지지 않아(검증 로그 손실 {before:.4f} → {after:.4f}) 고정된 기반 모델의 분류기를 그대로 씁니다.",
    )
