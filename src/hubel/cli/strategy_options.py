"""The options of ``hubel train`` that choose how much of a network learns, in a box of their own."""

from __future__ import annotations

from typing import Any

from hubel.cli.options import NAME, Word, option
from hubel.cli.strategy_choice import REUSES, STRATEGIES

WAYS: Word = ("Ways to learn", "학습 방식")


def strategy() -> Any:
    """``--strategy``."""
    return option(
        "--strategy",
        en="How much learns. scratch: a whole network, from nothing. augment: the same, from images changed at random. features (the "
        "usual way): a classifier on a pretrained base. frozen: the same, from images changed at random. finetune: the last stages "
        "of the base as well.",
        ko="얼마나 학습할지. scratch: 신경망 전체를 처음부터. augment: 무작위로 바꾼 이미지로 처음부터. features(기본): 사전 학습된 기반 모델 위의 "
        "분류기만. frozen: 무작위로 바꾼 이미지로 분류기만. finetune: 기반 모델의 마지막 단계들까지.",
        metavar="|".join(STRATEGIES),
        panel=WAYS,
    )


def compare() -> Any:
    """``--compare``."""
    return option(
        "--compare",
        en="Train in several ways on the same images, each into a run folder, and compare them: scratch,features,finetune. A way's model "
        "follows a colon: scratch:cnn_catsdogs. --budget is for each.",
        ko="같은 이미지를 여러 방식으로 학습해 각각 실행 폴더에 쓰고 비교합니다: scratch,features,finetune. 방식의 모델은 콜론 뒤에 적습니다: "
        "scratch:cnn_catsdogs. --budget는 방식마다 적용됩니다.",
        metavar=("WAYS", "방식들"),
        panel=WAYS,
    )


def unfreeze() -> Any:
    """``--unfreeze``."""
    return option(
        "--unfreeze",
        en="What of the base learns when it is fine-tuned: stage:N (the last N stages; a stage is all layers whose maps have one size), "
        "last:N (the last N convolutions), or all.",
        ko="미세 조정에서 기반 모델의 어디를 학습할지: stage:N(마지막 N개 단계, 한 단계는 특징 맵의 크기가 같은 층들), last:N(마지막 N개 합성곱), all.",
        metavar=NAME,
        panel=WAYS,
    )


def reuse() -> Any:
    """``--reuse``."""
    return option(
        "--reuse",
        en="early: keep only the layers below those that learn, and draw these anew, for images far from photographs.",
        ko="early: 학습하는 층의 아래쪽 층만 쓰고, 학습하는 층은 새로 초기화합니다. 사진과 거리가 먼 이미지에 알맞습니다.",
        metavar="|".join(REUSES),
        panel=WAYS,
    )
