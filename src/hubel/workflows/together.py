"""What a run says of images that belong together: the notes, the card's leak tax, the pairs that the report shows."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from hubel.core.events import Note
from hubel.core.leak import Leak, LeakTax
from hubel.core.types import Labels, Mask
from hubel.data.folds import uneven_classes
from hubel.data.images import UnreadableImage
from hubel.data.names import name_below, shown
from hubel.data.pictures import thumbnail
from hubel.data.split import cross_split_duplicates
from hubel.evaluate.intervals import wilson_interval
from hubel.evaluate.together import TwinPair
from hubel.train.learn import Learned
from hubel.train.related import too_joined_classes
from hubel.train.session import Session

NUM_TWINS = 12


def leak_record(session: Session, learned: Learned) -> LeakTax | None:
    """The leak tax with the numbers of near duplicates and series; None where no images belong together."""
    if learned.leak_tax is None or session.related is None:
        return learned.leak_tax
    near, series = (in_groups(ties) for ties in (session.related.near, session.related.series))
    return learned.leak_tax.model_copy(update={"num_near": near, "num_in_series": series})


def together_notes(session: Session, learned: Learned) -> Iterator[Note]:
    """What was found, what was kept together, and what that does to the figures."""
    yield from conflict_notes(session)
    yield from alike_notes(session)
    if session.related is not None:
        yield from whole_class_notes(session)
        yield from uneven_notes(session, learned)
    yield from leak_notes(session)


def alike_notes(session: Session) -> Iterator[Note]:
    """How many near duplicates there are, and how many images in series."""
    if session.related is None:
        return
    near, series = (in_groups(ties) for ties in (session.related.near, session.related.series))
    if near:
        yield Note(
            f"{near} of all images are copies or near duplicates of others (encoded anew, resized, brightened, cropped, mirrored or captioned). "
            "Wherever hubel splits, none is learned from while its like is measured.",
            f"전체 이미지 가운데 {near}장은 다른 이미지와 같거나 거의 같습니다(다시 압축, 크기·밝기 변경, 잘라내기, 좌우 반전, 글자 넣기). "
            "hubel이 나눌 때는 서로 닮은 이미지가 학습과 평가 양쪽에 들어가지 않습니다.",
        )
    if series:
        yield Note(
            f"{series} of all images are in series (names that run on, taken within seconds or alike); each stays on one side wherever hubel splits.",
            f"전체 이미지 가운데 {series}장은 연속 촬영입니다(이어지는 이름, 몇 초 간격 또는 비슷한 모습). hubel이 나눌 때는 한쪽에만 둡니다.",
        )


def conflict_notes(session: Session) -> Iterator[Note]:
    """Copies, exact or near, that lie in different classes: at most one of their labels is right, and all were learned."""
    examples = [session.dataset.examples[index] for index in session.kept]
    labels = [example.label for example in examples]
    contents = [session.extraction.contents[index] for index in session.kept]
    exact = conflicts(contents, labels)
    groups = [] if session.related is None else session.related.near.tolist()
    near = [(first, other) for first, other in conflicts(groups, labels) if contents[first] != contents[other]]
    if not exact and not near:
        return
    pair = (*exact, *near)[0]
    (first, other), names = (examples[row] for row in pair), session.dataset.names
    one, two = (shown(name_below(example.path, session.dataset.root)) for example in (first, other))
    classes = [shown(names[example.label]) for example in (first, other)]
    yield Note(
        f"The same picture in different classes: {len(exact) + len(near)} times, such as {one} (“{classes[0]}”) and {two} "
        f"(“{classes[1]}”). At least one label of each is wrong unless the picture shows both, and training took them "
        "as they are. `hubel check` lists them.",
        f"같은 사진이 서로 다른 클래스에 있습니다: {len(exact) + len(near)}건, 예: {one}(“{classes[0]}”)과 {two}(“{classes[1]}”). 사진에 둘 다 있는 "
        "것이 아니라면 하나 이상은 레이블이 잘못된 것이고, 학습에는 그대로 쓰였습니다. `hubel check`에서 목록을 볼 수 있습니다.",
        "warning",
    )


def conflicts(keys: Sequence[Hashable], labels: Sequence[int]) -> list[tuple[int, int]]:
    """Rows with the same key as an earlier one and another label: the first with this key, and the row.

    Examples
    --------
    >>> conflicts(["a", "b", "a", "a"], [0, 0, 1, 0])
    [(0, 2)]
    """
    first: dict[Hashable, int] = {}
    earlier = [first.setdefault(key, row) for row, key in enumerate(keys)]
    return [(before, row) for row, before in enumerate(earlier) if labels[before] != labels[row]]


def whole_class_notes(session: Session) -> Iterator[Note]:
    """Classes that are so much alike that their images had to be split at random."""
    assert session.related is not None
    labels, alone = labels_of(session), np.arange(len(session.kept))
    training = np.array([session.dataset.examples[index].split in (None, "train") for index in session.kept])
    found = {
        label
        for ties in (session.related.near, session.related.series)
        for label in too_joined_classes(labels[training], alone[training], ties[training])
    }
    for label in sorted(found):
        name = shown(session.dataset.classes[label])
        yield Note(
            f"Nearly all images of “{name}” are near duplicates or one series, so they were split at random after all: the "
            "figures look better than they are. Add images taken elsewhere or at another time.",
            f"“{name}”의 이미지는 거의 모두 서로 같거나 한 번에 연속 촬영한 것이어서 무작위로 나눌 수밖에 없었습니다. 수치가 실제보다 "
            "좋게 나옵니다. 다른 곳이나 다른 때에 찍은 이미지를 추가하세요.",
            "warning",
        )


def uneven_notes(session: Session, learned: Learned) -> Iterator[Note]:
    """Classes that groups keep from being spread evenly over the folds."""
    inside = learned.folds >= 0
    for label, least, most in uneven_classes(labels_of(session)[inside], learned.folds[inside])[:3]:
        name = shown(session.dataset.classes[label])
        yield Note(
            f"“{name}” is not spread evenly: from {least} to {most} images a fold, for images that belong together stay together.",
            f"“{name}” 이미지가 고르게 나뉘지 않았습니다(폴드마다 {least}–{most}장). 함께 다룰 이미지를 한쪽에 두었기 때문입니다.",
        )


@dataclass(frozen=True, slots=True)
class Across:
    """What the user's own split has on both sides: rows of what was read, each the earlier one and its copy."""

    exact: tuple[tuple[int, int], ...]
    near: tuple[tuple[int, int], ...]


def across_splits(session: Session) -> Across:
    """Copies in a later part than what they are copies of; those that are the same to the byte are not counted as near too."""
    splits = [session.dataset.examples[index].split for index in session.kept]
    exact = cross_split_duplicates([session.extraction.contents[index] for index in session.kept], splits)
    if session.related is None:
        return Across(exact, ())
    copies = {copy for _, copy in exact}
    near = cross_split_duplicates([str(group) for group in session.related.near], splits)
    return Across(exact, tuple(pair for pair in near if pair[1] not in copies))


def measured_leak(session: Session, learned: Learned, right: Mask) -> Leak | None:
    """The measured images whose like was learned from, and how the others fare; None where there are none.

    Parameters
    ----------
    session
        Gives the user's split and what is alike.
    learned
        Which images were measured.
    right
        Whether each of these was answered rightly, of shape (m).
    """
    found = across_splits(session)
    measured = {int(row): place for place, row in enumerate(learned.measured)}
    exact, near = ({copy for _, copy in pairs if copy in measured} for pairs in (found.exact, found.near))
    if not exact and not near:
        return None
    rest = np.ones(len(right), bool)
    rest[[measured[row] for row in exact | near]] = False
    num_others, num_right = int(rest.sum()), int(right[rest].sum())
    return Leak(
        num_exact=len(exact),
        num_near=len(near),
        num_others=num_others,
        accuracy_of_others=num_right / num_others if num_others else None,
        interval_of_others=wilson_interval(num_right, num_others) if num_others else None,
    )


def leak_notes(session: Session) -> Iterator[Note]:
    """Copies that the user's own split has on both sides, by name; no image is moved."""
    found = across_splits(session)
    examples = [session.dataset.examples[index] for index in session.kept]
    for pairs, english, korean, sign in (
        (found.exact, "exact copies", "완전히 같습니다", "="),
        (found.near, "near duplicates", "거의 같습니다", "≈"),
    ):
        if not pairs:
            continue
        first, copy = (shown(name_below(examples[row].path, session.dataset.root)) for row in pairs[0])
        yield Note(
            f"Images for validation or test that are {english} of training images: {len(pairs)}, such as "
            f"{copy} {sign} {first}. The figures look better than they are; take the copies out of the training images.",
            f"검증·테스트 이미지 {len(pairs)}장이 학습 이미지와 {korean}: {copy} {sign} {first} 등. 수치가 실제보다 좋게 나오니 학습 "
            "이미지에서 빼세요.",
            "warning",
        )


def twin_pairs(session: Session) -> tuple[TwinPair, ...]:
    """Some of the near duplicates for the eye, those across classes and parts first, then the least alike."""
    if session.related is None:
        return ()
    examples = [session.dataset.examples[index] for index in session.kept]

    def urgency(pair: tuple[int, int, float]) -> tuple[bool, bool, float]:
        first, second = examples[pair[0]], examples[pair[1]]
        return first.label == second.label, first.split == second.split, pair[2]

    pairs = sorted(((pair.first, pair.second, pair.likeness) for pair in session.related.pairs), key=urgency)
    twins = []
    for first, second, likeness in pairs[:NUM_TWINS]:
        paths = examples[first].path, examples[second].path
        try:
            pictures = thumbnail(paths[0]), thumbnail(paths[1])
        except UnreadableImage:
            continue  # the file went away since it was read
        names = (name_below(paths[0], session.dataset.root), name_below(paths[1], session.dataset.root))
        labels = (examples[first].label, examples[second].label)
        twins.append(TwinPair(names, labels, pictures, likeness))
    return tuple(twins)


def labels_of(session: Session) -> Labels:
    """The class of each image that was read."""
    return np.array([session.dataset.examples[index].label for index in session.kept])


def in_groups(groups: Labels) -> int:
    """How many images are in a group of two or more."""
    _, sizes = np.unique(groups, return_counts=True)
    return int(sizes[sizes > 1].sum())
