"""The option ``--at-least``, which train, predict and evaluate share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hubel.core.language import say

if TYPE_CHECKING:
    from hubel.core.decision import Wish


def at_least_help() -> str:
    """What the option does."""
    return say(
        en="Promise a recall or precision of a class on new images like these: recall:panda=0.95, precision:panda=90%. Its threshold "
        "is chosen with a margin, so that the promise holds with 95 % confidence; may be given several times.",
        ko="비슷한 새 이미지에서 클래스의 재현율이나 정밀도를 약속합니다: recall:panda=0.95, precision:panda=90%. 95 % 신뢰 수준으로 약속이 "
        "지켜지도록 여유를 두고 기준값을 고릅니다. 여러 번 쓸 수 있습니다.",
    )


def at_least_metavar() -> str:
    """What follows the option."""
    return say(en="PROMISE", ko="약속")


def wishes_of(texts: Sequence[str] | None) -> tuple[Wish, ...]:
    """The wishes that were written.

    Raises
    ------
    UsageError
        When one cannot be understood.
    """
    from hubel.evaluate.wishes import parse_wish

    return tuple(parse_wish(text) for text in texts or ())
