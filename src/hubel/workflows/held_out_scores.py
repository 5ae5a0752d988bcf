"""The out-of-fold unknown scores and the groups of a run, as its folder keeps them."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from hubel.core.errors import ModelError
from hubel.core.language import say
from hubel.core.types import Labels, UnknownScores
from hubel.workflows.promising import HELD_OUT


def read_held_out_scores(folder: Path) -> tuple[UnknownScores, Labels]:
    """Score and group of each out-of-fold image, both (m).

    Raises
    ------
    ModelError
        When they are missing or damaged.
    """
    path = folder / HELD_OUT
    try:
        with np.load(path, allow_pickle=False) as kept:
            scores, groups = kept["unknown_scores"].astype(np.float64), kept["groups"].astype(np.int64)
        if scores.ndim != 1 or scores.shape != groups.shape or not np.isfinite(scores).all():
            raise ValueError(f"{scores.shape} {groups.shape}")
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise ModelError(
            say(
                en=f"{path} cannot be used: {error}. Other limits for this run need it; leave out --reject and --accept-error, or "
                "train again.",
                ko=f"{path} 파일을 쓸 수 없습니다: {error}. 이 실행의 기준을 바꾸려면 이 파일이 필요합니다. --reject와 --accept-error를 빼거나 "
                "다시 학습하세요.",
            )
        ) from error
    return scores, groups
