"""The options of ``hubel train`` for a network of one's own, in a box of their own; what they come to is `scratch_choice`."""

from __future__ import annotations

from typing import Any

from hubel.cli.options import FILE, NAME, NUMBER, Word, option
from hubel.cli.scratch_choice import DEVICES, OPTIMISERS, RECIPES, SCHEDULES
from hubel.cli.usage import whole_number

OWN_NETWORK: Word = ("Training a network of your own", "나만의 신경망 학습")


def from_scratch() -> Any:
    """``--from-scratch``."""
    return option(
        "--from-scratch",
        en="Train all of a network on your images, instead of a head on a pretrained base. --model names it (`hubel models` lists them; "
        "hubel_small if not given). Any option of this box asks for it too.",
        ko="사전 학습된 기반 모델 위의 분류기 대신 신경망 전체를 이미지로 학습합니다. --model로 고릅니다(`hubel models`로 목록 확인, 기본값 hubel_small). "
        "이 상자의 다른 옵션을 써도 같은 뜻입니다.",
        panel=OWN_NETWORK,
    )


def weights() -> Any:
    """``--weights``."""
    return option(
        "--weights",
        en="First weights: imagenet, a checkpoint file, or network.safetensors of another run. Random ones if not given.",
        ko="처음 가중치: imagenet, 체크포인트 파일, 또는 다른 실행의 network.safetensors. 기본값은 무작위입니다.",
        metavar=("SOURCE", "출처"),
        panel=OWN_NETWORK,
    )


def recipe() -> Any:
    """``--recipe``."""
    return option(
        "--recipe",
        en="classic: Adam at a fixed rate, as courses teach. fast: the most in minutes, for small images. sprint: the most in seconds, with "
        "hubel_tiny if no network is named.",
        ko="classic: 강의에서 배우는 대로 고정 학습률의 Adam. fast: 작은 이미지를 몇 분 안에 최대한 잘 학습. sprint: 몇 초 안에 학습(신경망을 "
        "정하지 않으면 hubel_tiny).",
        metavar="|".join(RECIPES),
        panel=OWN_NETWORK,
    )


def epochs() -> Any:
    """``--epochs``."""
    return option(
        "--epochs",
        en="How often every image is seen at most. With a larger number and a constant rate, the same command goes on from where it "
        "ended.",
        ko="모든 이미지를 최대 몇 번 볼지. 학습률이 일정하면, 수를 늘려 같은 명령을 다시 실행할 때 끝난 곳부터 이어서 학습합니다.",
        metavar=NUMBER,
        parser=whole_number("--epochs"),
        panel=OWN_NETWORK,
    )


def batch_size() -> Any:
    """``--batch-size``."""
    return option(
        "--batch-size",
        en="How many images make a step.",
        ko="한 단계에 쓰는 이미지 수.",
        metavar=NUMBER,
        parser=whole_number("--batch-size"),
        panel=OWN_NETWORK,
    )


def optimiser() -> Any:
    """``--optimiser``."""
    names = ", ".join(OPTIMISERS)
    return option(
        "--optimiser",
        en=f"What moves the weights: {names}.",
        ko=f"가중치를 갱신하는 방법: {names}.",
        metavar=NAME,
        panel=OWN_NETWORK,
    )


def learning_rate() -> Any:
    """``--lr``."""
    return option(
        "--lr",
        en="The learning rate; the optimiser's usual one if not given.",
        ko="학습률. 기본값은 최적화 방법마다 흔히 쓰는 값입니다.",
        metavar=("RATE", "값"),
        panel=OWN_NETWORK,
    )


def find_rate() -> Any:
    """``--find-lr``."""
    return option(
        "--find-lr",
        en="Try rates from low to high first, and train with the one found.",
        ko="먼저 낮은 값부터 높은 값까지 시험해 찾은 학습률로 학습합니다.",
        panel=OWN_NETWORK,
    )


def schedule() -> Any:
    """``--schedule``."""
    names = ", ".join(SCHEDULES)
    return option(
        "--schedule",
        en=f"How the rate changes: {names}.",
        ko=f"학습률을 바꾸는 방식: {names}.",
        metavar=NAME,
        panel=OWN_NETWORK,
    )


def augment() -> Any:
    """``--augment``."""
    return option(
        "--augment",
        en="What is done to images at random: none, mirrored, small, photos, or words such as rotation_range=20,horizontal_flip,fill_mode=reflect.",
        ko="이미지를 무작위로 바꾸는 방법: none, mirrored, small, photos, 또는 rotation_range=20,horizontal_flip,fill_mode=reflect 같은 지정.",
        metavar=("WORDS", "지정"),
        panel=OWN_NETWORK,
    )


def show_augmented() -> Any:
    """``--show-augmented``."""
    return option(
        "--show-augmented",
        en="Write a picture of some images before and after, and train nothing.",
        ko="바꾸기 전과 후의 이미지를 그림으로 쓰고, 학습은 하지 않습니다.",
        metavar=FILE,
        panel=OWN_NETWORK,
    )


def patience() -> Any:
    """``--patience``."""
    return option(
        "--patience",
        en="End after so many epochs without a better validation figure and keep the best epoch; 0 goes on to the end and keeps that.",
        ko="검증 수치가 나아지지 않은 채 이만큼 에포크가 지나면 끝내고 가장 좋은 에포크를 씁니다. 0이면 끝까지 학습해 마지막을 씁니다.",
        metavar=NUMBER,
        parser=whole_number("--patience"),
        panel=OWN_NETWORK,
    )


def finer() -> Any:
    """``--set``."""
    return option(
        "--set",
        en="Any other setting of the recipe, several times: momentum, weight_decay, warm_up, label_smoothing, class_weights (balanced: "
        "images of rare classes count more), mixup, cutmix, clip_norm, average, precision, accumulate.",
        ko="레시피의 나머지 설정(여러 번 지정 가능): momentum, weight_decay, warm_up, label_smoothing, class_weights(balanced: 드문 "
        "클래스의 이미지에 더 큰 비중), mixup, cutmix, clip_norm, average, precision, accumulate.",
        metavar=("NAME=VALUE", "이름=값"),
        panel=OWN_NETWORK,
    )


def ensemble() -> Any:
    """``--ensemble``."""
    return option(
        "--ensemble",
        en="Train so many networks and average them.",
        ko="신경망을 이만큼 학습해 평균합니다.",
        metavar=NUMBER,
        parser=whole_number("--ensemble"),
        panel=OWN_NETWORK,
    )


def restart() -> Any:
    """``--restart``."""
    return option(
        "--restart",
        en="Begin anew where an earlier run left off.",
        ko="이전 실행이 멈춘 곳에서 잇지 않고 처음부터 합니다.",
        panel=OWN_NETWORK,
    )


def device() -> Any:
    """``--device``."""
    return option(
        "--device",
        en="Where to train; auto takes a graphics card if there is one.",
        ko="학습할 장치. auto는 그래픽 카드가 있으면 그것을 씁니다.",
        metavar="|".join(DEVICES),
        panel=OWN_NETWORK,
    )
