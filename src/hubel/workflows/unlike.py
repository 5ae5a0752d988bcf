"""Two runs that cannot be compared as they are: what is said about it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hubel.core.errors import DataError, ModelError
from hubel.core.language import say
from hubel.data.names import shown

NUM_NAMES = 5


def other_classes(first: Sequence[str], second: Sequence[str], common: Sequence[str]) -> ModelError:
    """The two runs know different classes."""
    only_first, only_second = listed(set(first) - set(second)), listed(set(second) - set(first))
    number = len(common)
    return ModelError(
        say(
            en=f"The two runs have different classes: only the first has {only_first}, only the second has {only_second}; they share {number}. "
            "To compare on the classes that both know, add --shared-classes.",
            ko=f"두 실행의 클래스가 다릅니다: 첫째에만 있는 것 {only_first}, 둘째에만 있는 것 {only_second}, 공통 {number}개. "
            "둘 다 아는 클래스만으로 비교하려면 --shared-classes를 붙이세요.",
        )
    )


def no_shared_class(first: Sequence[str], second: Sequence[str], common: Sequence[str]) -> ModelError:
    """The two runs know fewer than two classes in common."""
    names_first, names_second, number = listed(first), listed(second), len(common)
    return ModelError(
        say(
            en=f"The two runs share {number} classes, and comparing needs two: the first has {names_first}, the second has {names_second}. "
            "Compare runs made for the same question.",
            ko=f"두 실행의 공통 클래스는 {number}개인데, 비교하려면 두 개가 필요합니다: 첫째 {names_first}, 둘째 {names_second}. "
            "같은 문제로 만든 실행끼리 비교하세요.",
        )
    )


def no_common_answers(first: Path, second: Path, numbers: Sequence[int]) -> DataError:
    """No image was judged by both when they were made."""
    names = ", ".join(
        f"{shown(str(folder))}: {number}" for folder, number in zip((first, second), numbers, strict=True)
    )
    return DataError(
        say(
            en=f"No image was judged by both runs when they were made ({names}). Give labelled images for both to judge: "
            f"hubel compare {shown(str(first))} {shown(str(second))} DATA",
            ko=f"두 실행이 만들어질 때 함께 판정한 이미지가 없습니다({names}). 두 모델이 함께 판정할 레이블 있는 이미지를 주세요: "
            f"hubel compare {shown(str(first))} {shown(str(second))} 데이터",
        )
    )


def listed(names: Sequence[str] | set[str]) -> str:
    """The first few names, or a dash."""
    some = sorted(names) if isinstance(names, set) else list(names)
    return (", ".join(map(shown, some[:NUM_NAMES])) + (" …" if len(some) > NUM_NAMES else "")) or "–"
