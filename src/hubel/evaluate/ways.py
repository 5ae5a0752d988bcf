"""Several ways to learn, measured on the same images: how good each is, what it cost, and whether it is behind the best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hubel.core.card import Card
from hubel.core.files import write_atomically
from hubel.core.language import current_language
from hubel.evaluate.compare import Comparison
from hubel.evaluate.curves import curves_svg
from hubel.evaluate.learning_sentences import kept_sentence
from hubel.evaluate.numbers import count, percent
from hubel.evaluate.report import load_template
from hubel.evaluate.sentences import Both
from hubel.evaluate.verdict import rounded_up, signed_points


@dataclass(frozen=True, slots=True)
class Way:
    """One way to learn: its name, its run folder and card, the seconds it took, and how it compares with the best (None: it is)."""

    name: str
    folder: Path
    card: Card
    seconds: float
    against_best: Comparison | None = None

    @property
    def curves(self) -> str:
        """The curves of its training, where it has any."""
        return curves_svg(self.card.learning.trainings) if self.card.learning else ""

    @property
    def kept(self) -> Both | None:
        """Which epoch was kept."""
        return kept_sentence(self.card.learning, self.card.learning.trainings[0]) if self.card.learning else None


def best_way(ways: Sequence[Way]) -> Way:
    """The one that is right most often; among equals the quickest."""
    return min(ways, key=lambda way: (-way.card.metrics.accuracy, way.seconds))


def ways_verdict(ways: Sequence[Way]) -> Both:
    """Which way is best, and which others these images cannot tell from it."""
    best = best_way(ways)
    others = [way for way in ways if way.against_best is not None and way.against_best.verdict == "undecided"]
    share, number = percent(best.card.metrics.accuracy), count(best.card.metrics.num_images)
    start = Both(
        en=f"{best.name} is right most often: {share} of {number} images that none of them had learned from.",
        ko=f"{best.name} 이(가) 가장 많이 맞혔습니다: 아무 방식도 학습하지 않은 이미지 {number}장의 {share}.",
    )
    if len(ways) == 1:
        return Both(
            en=f"Only {best.name} was finished: it is right on {share} of {number} images that it had not learned from.",
            ko=f"{best.name} 만 끝났습니다: 학습하지 않은 이미지 {number}장의 {share}를 맞혔습니다.",
        )
    if not others:
        return Both(
            en=f"{start.en} It is better than every other by more than chance explains.",
            ko=f"{start.ko} 다른 모든 방식과의 차이는 우연으로 설명되지 않습니다.",
        )
    quickest = min((best, *others), key=lambda way: way.seconds)
    names = ", ".join(way.name for way in others)
    advice = Both("", "")
    if quickest is not best:
        advice = Both(
            en=f" Of these, {quickest.name} took the least time.",
            ko=f" 그중 {quickest.name} 이(가) 시간이 가장 적게 들었습니다.",
        )
    return Both(
        en=f"{start.en} These images cannot tell it from: {names}.{advice.en}",
        ko=f"{start.ko} 이 이미지들로는 다음과 구별되지 않습니다: {names}.{advice.ko}",
    )


def behind_best(way: Way) -> Both:
    """How far a way is behind the best, with the interval and what chance would do."""
    found = way.against_best
    if found is None:
        return Both("the best", "가장 좋음")
    # the second of the comparison is the best, so its lead is this way's distance
    gap, (low, high) = found.accuracy.difference, found.accuracy.interval
    points = f"{signed_points(-gap)} ({signed_points(-high)} … {signed_points(-low)})"
    chance = percent(found.accuracy.p_value)
    needed = count(rounded_up(found.images_needed))
    if found.verdict == "undecided":
        return Both(
            en=f"{points} points; cannot be told apart by these images, about {needed} are needed to see a point",
            ko=f"{points}%p, 이 이미지들로는 구별되지 않음(1%p를 보려면 약 {needed}장 필요)",
        )
    return Both(en=f"{points} points; by chance in {chance} of cases", ko=f"{points}%p, 우연일 확률 {chance}")


def write_ways_page(title: str, ways: Sequence[Way], path: Path) -> None:
    """Write the comparison as one HTML file, whole or not at all.

    Raises
    ------
    MissingExtraError
        When jinja2 is not installed.
    """
    text: str = load_template("ways.html.j2").render(
        title=title, ways=ways, language=current_language(), verdict=ways_verdict(ways), behind=behind_best,
    )  # fmt: skip
    write_atomically(path, text)
