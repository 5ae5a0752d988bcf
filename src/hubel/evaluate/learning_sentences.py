"""What the curves of a training say, in whole sentences of both languages."""

from __future__ import annotations

from hubel.core.learning import Ending, EpochRecord, Learning, Training, overfit_from
from hubel.evaluate.numbers import count, percent
from hubel.evaluate.sentences import Both

ENDINGS: dict[Ending, Both] = {
    "epochs": Both("It ended because all epochs were done.", "정해진 에포크를 모두 마쳐 끝났습니다."),
    "patience": Both(
        "It ended early: for the last epochs neither accuracy nor loss on the validation images was better than ever before.",
        "일찍 끝났습니다: 마지막 에포크들에서 검증 이미지의 정확도도 손실도 더 나아지지 않았습니다.",
    ),
    "budget": Both("It ended because the time was over.", "정해진 시간이 다 되어 끝났습니다."),
    "stopped": Both("It ended because it was told to.", "중단하라는 요청을 받아 끝났습니다."),
}
GAP = 0.05
"""A difference between training and validation accuracy that is worth a sentence."""


def learning_points(learning: Learning) -> list[Both]:
    """Which epoch was kept, why it ended, where it overfits, and what would help."""
    training = learning.trainings[0]
    return [
        kept_sentence(learning, training),
        ENDINGS[training.ended],
        *overfit_sentences(training, goes_on=goes_on(learning)),
        *members(learning),
    ]


def kept_sentence(learning: Learning, training: Training) -> Both:
    """Which epoch the weights are of."""
    kept, number, images = kept_record(training), len(training.epochs), count(learning.num_validation)
    right, learners = percent(kept.validation_accuracy), count(learning.num_train)
    return Both(
        f"Of {number} epochs over {learners} images, the weights of epoch {kept.epoch} were kept: they were right on {right} of "
        f"{images} validation images, which chose the epoch and are not those that the figures above stand on.",
        f"이미지 {learners}장으로 학습한 {number}에포크 가운데 {kept.epoch}번째의 가중치를 사용합니다. 검증 이미지 {images}장의 {right}를 맞혔습니다. "
        "검증 이미지는 에포크를 고르는 데 쓰였고, 위의 수치를 측정한 이미지와는 다릅니다.",
    )


def goes_on(learning: Learning) -> bool:
    """Whether a longer training goes on from this one: its rate does not depend on where the end is."""
    return learning.settings.get("schedule") in {"constant", "plateau"} and not learning.settings.get("warm_up")


def overfit_sentences(training: Training, *, goes_on: bool) -> list[Both]:
    """Whether the network learned by heart, or had not learned enough."""
    first, last, kept = overfit_from(training), training.epochs[-1], kept_record(training)
    if first is not None:
        return [
            Both(
                f"After epoch {first} the loss on validation images rose while that on training images went on falling: from there "
                "on it learned its images by heart. More images or --augment would help more than more epochs.",
                f"{first}번째 에포크 뒤로 학습 이미지의 손실은 계속 줄었지만 검증 이미지의 손실은 늘었습니다. 그때부터는 이미지를 외우기만 했습니다. "
                "에포크를 늘리기보다 이미지를 더 모으거나 --augment를 쓰는 편이 낫습니다.",
            )
        ]
    if kept.epoch == last.epoch and training.ended != "patience" and not goes_on:
        return [
            Both(
                "The last epoch was the best, so more of them (--epochs) may help.",
                "마지막 에포크가 가장 좋았으므로 에포크를 늘리면(--epochs) 나아질 수 있습니다.",
            )
        ]
    if kept.epoch == last.epoch and training.ended != "patience":
        return [
            Both(
                "The last epoch was the best, so more of them may help: the same command with a larger --epochs goes on from here.",
                "마지막 에포크가 가장 좋았으므로 더 학습하면 나아질 수 있습니다. --epochs를 늘려 같은 명령을 실행하면 여기서부터 이어집니다.",
            )
        ]
    gap = kept.accuracy - kept.validation_accuracy
    if gap > GAP:
        points = f"{gap * 100:.0f}"
        return [
            Both(
                f"It is right on {points} points more of its training images than of others: more images or --augment would help.",
                f"학습 이미지의 정확도가 다른 이미지보다 {points}%p 높습니다. 이미지를 더 모으거나 --augment를 쓰면 도움이 됩니다.",
            )
        ]
    return [Both("There is no sign that it learned by heart.", "이미지를 외운 흔적은 보이지 않습니다.")]


def members(learning: Learning) -> list[Both]:
    """What several networks come to."""
    number = len(learning.trainings)
    if number == 1:
        return []
    best = percent(max(kept_record(training).validation_accuracy for training in learning.trainings))
    return [
        Both(
            f"{number} networks that differ by their seed were trained, and their scores are averaged; alone, the best was right on "
            f"{best} of the validation images.",
            f"시드만 다른 신경망 {number}개를 학습해 점수를 평균합니다. 하나만 썼을 때 가장 좋은 것은 검증 이미지의 {best}를 맞혔습니다.",
        )
    ]


def kept_record(training: Training) -> EpochRecord:
    """The epoch that was kept."""
    return next((epoch for epoch in training.epochs if epoch.epoch == training.kept_epoch), training.epochs[-1])
