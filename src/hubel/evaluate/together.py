"""What the report says and shows of images that belong together."""

from __future__ import annotations

from dataclasses import dataclass

from hubel.core.leak import LeakTax
from hubel.evaluate.numbers import count, percent
from hubel.evaluate.sentences import Both


@dataclass(frozen=True, slots=True)
class TwinPair:
    """Two images that show the same photograph: their names, classes, JPEG thumbnails, and how alike they are (0 to 1)."""

    paths: tuple[str, str]
    labels: tuple[int, int]
    thumbnails: tuple[bytes, bytes]
    likeness: float


def leak_sentence(tax: LeakTax) -> Both:
    """What a split would have claimed that parts images which belong together."""
    naive, honest = percent(tax.naive_accuracy), percent(tax.honest_accuracy)
    points = f"{abs(tax.difference) * 100:.1f}"
    english = (
        f"{count(tax.num_images)} images belong together with others (copies, near duplicates, series, your groups) and stay on "
        f"one side. Split at random regardless, this model would have seemed right for {naive}; "
    )
    korean = (
        f"이미지 {count(tax.num_images)}장은 다른 이미지와 함께 다루어야 하므로(복사본, 거의 같은 이미지, 연속 촬영, 지정한 그룹) "
        f"한쪽에만 두었습니다. 이를 무시하고 무작위로 나누었다면 정답률이 {naive}로 보였을 것입니다. "
    )
    if tax.difference_interval[0] <= 0 <= tax.difference_interval[1]:
        return Both(
            english + f"with them kept together it is {honest}. The difference is within chance.",
            korean + f"함께 두고 잰 값은 {honest}이며, 차이는 우연의 범위 안에 있습니다.",
        )
    more, less = ("more", "높습니다") if tax.difference > 0 else ("less", "낮습니다")
    return Both(
        english + f"that is {points} points {more} than the {honest} that hold.",
        korean + f"실제 값 {honest}보다 {points}%p {less}.",
    )
