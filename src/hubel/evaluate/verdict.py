"""What a comparison and a gap between groups mean, in whole sentences of both languages; A is the first model, B the second."""

from __future__ import annotations

from hubel.core.groups import GroupReport
from hubel.evaluate.compare import Comparison, Difference
from hubel.evaluate.numbers import count, percent
from hubel.evaluate.sentences import Both

SHOWN = 0.05
"""A gap whose p-value is smaller is taken for a real one."""
TESTS = {
    "mcnemar": Both("McNemar's exact test", "맥니마 정확 검정"),
    "permutation": Both("permutation test", "순열 검정"),
}


def verdict(comparison: Comparison) -> Both:
    """Which model is better, by how much; or that these images cannot tell, and how many could."""
    found = comparison.accuracy
    points, low, high = (
        signed_points(found.difference),
        signed_points(found.interval[0]),
        signed_points(found.interval[1]),
    )
    number, needed = count(comparison.num_images), count(rounded_up(comparison.images_needed))
    if comparison.verdict != "undecided":
        better = "B" if comparison.verdict == "second" else "A"
        ends = sorted(abs(100 * end) for end in found.interval)
        size, least, most = f"{abs(100 * found.difference):.1f}", f"{ends[0]:.1f}", f"{ends[1]:.1f}"
        return Both(
            en=f"{better} is better, by {size} points of accuracy ({least} to {most}).",
            ko=f"{better} 쪽이 낫습니다. 정확도가 {size}%p 높습니다({least}에서 {most} 사이).",
        )
    if not comparison.only_first and not comparison.only_second:
        return Both(
            en=f"The two are right and wrong on exactly the same {number} images. To see a difference of 1 point, about {needed} "
            "images are needed.",
            ko=f"두 모델은 이미지 {number}장에서 맞고 틀린 것이 모두 같습니다. 1%p 차이를 보려면 이미지가 약 {needed}장 필요합니다.",
        )
    return Both(
        en=f"No difference that these {number} images can show: B − A is {points} points ({low} to {high}). To see a difference of "
        f"1 point, about {needed} images are needed.",
        ko=f"이 이미지 {number}장으로는 차이를 말할 수 없습니다: B − A 는 {points}%p({low}에서 {high} 사이)입니다. 1%p 차이를 보려면 "
        f"이미지가 약 {needed}장 필요합니다.",
    )


def chance(difference: Difference) -> Both:
    """What the test of a difference says."""
    share, test = percent(difference.p_value), TESTS[difference.test]
    return Both(
        en=f"Two equal models would differ as much in {share} of such comparisons ({test.en}).",
        ko=f"실력이 같은 두 모델도 이런 비교의 {share}에서는 이만큼 차이가 납니다({test.ko}).",
    )


def remark(comparison: Comparison) -> Both:
    """What the test says; where the interval is more cautious than the test, why."""
    if comparison.verdict == "undecided" and comparison.accuracy.p_value < SHOWN:
        return Both(
            en="The difference would be enough on fresh images, but cross-validated answers, and images that are alike, leave more to "
            "luck. Give images that neither model has learned from.",
            ko="새 이미지였다면 충분한 차이지만, 교차 검증한 답이나 서로 비슷한 이미지는 우연의 몫이 더 큽니다. "
            "두 모델이 모두 배우지 않은 이미지를 주세요.",
        )
    return chance(comparison.accuracy)


def flattered(name: str, num_learned_from: int, num_images: int) -> Both:
    """A warning that a model has learned from some of the images; `name` is A or B."""
    number, total = count(num_learned_from), count(num_images)
    return Both(
        en=f"{name} has learned from {number} of these {total} images, which flatters it.",
        ko=f"{name} 은(는) 이 이미지 {total}장 중 {number}장으로 학습했으므로 실제보다 좋게 나옵니다.",
    )


def disagreement(comparison: Comparison) -> Both:
    """On how many images only one of the two is right."""
    both, neither = count(comparison.both_right), count(comparison.both_wrong)
    first, second = count(comparison.only_first), count(comparison.only_second)
    return Both(
        en=f"Both right: {both}; only A: {first}; only B: {second}; neither: {neither}.",
        ko=f"둘 다 맞음 {both}장, A만 맞음 {first}장, B만 맞음 {second}장, 둘 다 틀림 {neither}장.",
    )


def group_verdict(report: GroupReport) -> Both:
    """Whether the model serves the groups alike."""
    compared = sum(group.compared for group in report.groups)
    if report.gap is None:
        return Both(
            en=f"Too few images to compare: {compared} of {len(report.groups)} groups have at least 20.",
            ko=f"비교하기에는 이미지가 적습니다: 그룹 {len(report.groups)}개 중 20장 이상인 것이 {compared}개입니다.",
        )
    gap = report.gap
    points, low, high = f"{100 * gap.difference:.1f}", f"{100 * gap.interval[0]:.1f}", f"{100 * gap.interval[1]:.1f}"
    share = percent(gap.p_value)
    if gap.p_value < SHOWN:
        return Both(
            en=f"The groups are not served alike: on “{gap.best}” it is right {points} points more often than on “{gap.worst}” "
            f"({low} to {high}). Groups served alike would show such a gap in {share} of cases.",
            ko=f"그룹마다 성능이 다릅니다: “{gap.best}”에서는 “{gap.worst}”보다 {points}%p 더 맞힙니다({low}에서 {high} 사이). "
            f"그룹별 성능이 같다면 이런 차이는 {share}에서만 나옵니다.",
        )
    return Both(
        en=f"No gap between the groups that these images can show. The largest is {points} points, “{gap.best}” over “{gap.worst}” "
        f"({low} to {high}); groups served alike would show such a gap in {share} of cases.",
        ko=f"이 이미지로는 그룹 사이의 차이를 말할 수 없습니다. 가장 큰 차이는 “{gap.best}”와 “{gap.worst}” 사이의 {points}%p"
        f"({low}에서 {high} 사이)이며, 그룹별 성능이 같아도 {share}에서는 이런 차이가 나옵니다.",
    )


def small_groups(report: GroupReport) -> Both | None:
    """Which groups were too small to compare; None when none was."""
    small = [f"“{group.name}” ({group.num_images})" for group in report.groups if not group.compared]
    if not small or report.gap is None:
        return None
    listed = ", ".join(small[:5]) + (" …" if len(small) > 5 else "")
    return Both(
        en=f"Not compared, for they have fewer than 20 images: {listed}.",
        ko=f"이미지가 20장보다 적어 비교하지 않은 그룹: {listed}.",
    )


def signed_points(share: float) -> str:
    """A difference of shares in points, with its sign.

    Examples
    --------
    >>> signed_points(0.0123), signed_points(-0.004), signed_points(0.0)
    ('+1.2', '−0.4', '0.0')
    """
    text = f"{abs(100 * share):.1f}"
    return text if float(text) == 0 else ("+" if share > 0 else "−") + text


def rounded_up(number: int) -> int:
    """A number that is only about right, to two digits, not less.

    Examples
    --------
    >>> rounded_up(2854), rounded_up(87)
    (2900, 87)
    """
    unit = int(10 ** max(0, len(str(number)) - 2))
    return -(-number // unit) * unit
