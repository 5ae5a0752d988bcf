"""Several labels an image: when ``cat+dog`` or ``cat;dog`` means two classes, and when it is the name of one.

A name is split without being told only where its parts are known by themselves: the folders ``cat`` and ``dog`` stand beside
``cat+dog``; in a table, each part stands alone in some line or in two different joined labels. So ``c++``, a lone
``salt+pepper`` and ``living;room`` stay what they are. A list in JSON needs no guessing.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from hubel.data.class_map import ClassMap
from hubel.data.dataset import JOIN, NO_LABEL, Note
from hubel.data.names import class_name, natural_key, shown

LabelReading = Literal["auto", "one", "several"]
"""Whether names are split: where that is clear, never, or wherever they hold a mark."""

TABLE_MARKS: dict[LabelReading, tuple[str, ...]] = {"auto": (";", "|"), "one": (";", "|"), "several": (";", "|", ",")}
"""Between the classes of a set, in tables. Names of classes hold commas often, so a comma has to be asked for."""
Parts = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Understood:
    """The classes that each name stands for, whether any image has not exactly one, and what to say of it."""

    parts: dict[str, Parts]
    several: bool
    notes: tuple[Note, ...] = ()

    @property
    def classes(self) -> set[str]:
        """All classes."""
        return {part for parts in self.parts.values() for part in parts}

    def numbered(self, class_map: ClassMap) -> tuple[dict[str, int], tuple[tuple[int, ...], ...] | None]:
        """The label of each name; and the sets of classes that labels are, or None where each is a class."""
        if not self.several:
            return {name: class_map.labels[parts[0]] for name, parts in self.parts.items()}, None
        sets = {name: tuple(sorted({class_map.labels[part] for part in parts})) for name, parts in self.parts.items()}
        order = sorted(set(sets.values()))
        places = {found: label for label, found in enumerate(order)}
        return {name: places[found] for name, found in sets.items()}, tuple(order)


def understand_folders(
    names: Iterable[str], reading: LabelReading, *, classes: Sequence[str] | None = None
) -> Understood:
    """What the names of class folders mean.

    Parameters
    ----------
    names
        The folders with images, as `class_name` spells them.
    reading
        Whether ``+`` joins classes.
    classes
        Those of a saved model: a name of theirs is not split.

    Examples
    --------
    >>> understand_folders(["cat", "dog", "cat+dog"], "auto").parts["cat+dog"]
    ('cat', 'dog')
    >>> understand_folders(["c", "c++", "salt+pepper"], "auto").several
    False
    """
    whole = set(names)
    joined = {name: parts for name in whole if (parts := split_name(name, JOIN)) and name not in (classes or ())}
    clear = {name for name, parts in joined.items() if whole.issuperset(parts)}
    if reading == "one" or not joined or (reading == "auto" and not clear):
        several = reading == "several"
        alone = {name: without_none(name, several=several, classes=classes) for name in whole}
        return Understood(alone, several, tuple(kept_whole(joined, JOIN)) if reading == "auto" else ())
    chosen = joined if reading == "several" else {name: joined[name] for name in clear}
    left = {name: parts for name, parts in joined.items() if name not in chosen}
    apart = {name: chosen.get(name) or without_none(name, several=True, classes=classes) for name in whole}
    return Understood(apart, True, (taken_apart(chosen), *kept_whole(left, JOIN)))


def understand_labels(
    cells: Iterable[str], reading: LabelReading, *, classes: Sequence[str] | None = None
) -> Understood:
    """What the labels of a table mean.

    Parameters
    ----------
    cells
        The different labels; empty where a line has none.
    reading
        Whether ``;`` or ``|`` joins classes, and whether an image may have none.
    classes
        Those of a saved model: a name of theirs is not split.

    Examples
    --------
    >>> understand_labels(["cat;dog", "cat", "dog"], "auto").parts["cat;dog"]
    ('cat', 'dog')
    >>> understand_labels(['["cat", "dog"]', "[]"], "auto").parts["[]"]
    ()
    """
    whole = set(cells)
    lists = {cell: parts for cell in whole if (parts := read_list(cell)) is not None}
    mark = commonest_mark(whole - set(lists), TABLE_MARKS[reading])
    joined = {
        cell: parts
        for cell in whole - set(lists)
        if (parts := split_name(cell, mark)) and cell not in (classes or ())
    }  # fmt: skip
    if reading == "one":
        return Understood({cell: (JOIN.join(lists[cell]) if cell in lists else cell,) for cell in whole}, False)
    clear = are_known(joined, whole)
    if reading == "auto" and not clear and all(len(parts) == 1 for parts in lists.values()):
        return Understood({cell: lists.get(cell, (cell,)) for cell in whole}, False, tuple(kept_whole(joined, mark)))
    plain = whole - set(lists) - set(joined)
    apart = lists | joined | {cell: without_none(cell, several=True, classes=classes) for cell in plain}
    split = joined | {cell: parts for cell, parts in lists.items() if len(parts) > 1}
    return Understood(apart, True, (taken_apart(split),) if split else ())


def split_name(name: str, mark: str) -> Parts:
    """The different parts of a joined name; none where it is not one, or a part is empty as in ``c++``.

    Examples
    --------
    >>> split_name("cat + dog", "+"), split_name("c++", "+")
    (('cat', 'dog'), ())
    """
    if mark not in name:
        return ()
    parts = tuple(dict.fromkeys(part.strip() for part in name.split(mark)))
    return parts if all(parts) else ()


def read_list(cell: str) -> Parts | None:
    """The classes of a label that is a list in JSON; None where it is none."""
    if not (cell.startswith("[") and cell.endswith("]")):
        return None
    try:
        values = json.loads(cell)
    except (ValueError, RecursionError):
        return None
    if not all(isinstance(value, str | int) for value in values):
        return None
    return tuple(dict.fromkeys(name for value in values if (name := class_name(str(value)).strip())))


def joined_cell(first: str, second: str) -> str:
    """The label of an image that two lines of a table name.

    Examples
    --------
    >>> joined_cell("cat", "dog")
    '["cat", "dog"]'
    """
    parts = [part for cell in (first, second) for part in (read_list(cell) or (cell,))]
    return json.dumps(list(dict.fromkeys(parts)), ensure_ascii=False)


def commonest_mark(cells: Iterable[str], marks: Sequence[str]) -> str:
    """The mark that most of these labels hold; of equals the first."""
    counts = Counter(mark for cell in cells for mark in marks if mark in cell)
    return max(marks, key=lambda mark: counts[mark])


def are_known(joined: Mapping[str, Parts], whole: set[str]) -> bool:
    """Whether every part of some joined label stands alone elsewhere, or in two joined labels."""
    counts = Counter(part for parts in joined.values() for part in parts)
    return any(all(part in whole or counts[part] > 1 for part in parts) for parts in joined.values())


def without_none(name: str, *, several: bool, classes: Sequence[str] | None) -> Parts:
    """A name that is not joined: itself, or no class where it says so."""
    empty = several and (not name or (name.casefold() == NO_LABEL and name not in (classes or ())))
    return () if empty else (name,)


def taken_apart(joined: Mapping[str, Parts]) -> Note:
    """That images have several labels, and how to say that they have not."""
    first = min(joined, key=natural_key)
    example, parts = shown(first), ", ".join(map(shown, joined[first]))
    return (
        f"Images may have several labels: “{example}” means {parts}. If it is one class of that name, add --single-label.",
        f"이미지 하나에 레이블이 여럿일 수 있습니다: “{example}”은(는) {parts}을(를) 뜻합니다. 그런 이름의 클래스 하나라면 --single-label을 붙이세요.",
    )


def kept_whole(joined: Mapping[str, Parts], mark: str) -> list[Note]:
    """That a joined name is taken for one class, and how to say that it is not; nothing where there is none."""
    if not joined:
        return []
    first = min(joined, key=natural_key)
    example, parts, sign = shown(first), ", ".join(map(shown, joined[first])), shown(mark)
    english = (
        f"“{example}” is taken for the name of one class, for its parts ({parts}) do not all occur by themselves. If {sign} "
        "joins several labels, add --multi-label."
    )
    korean = (
        f"“{example}”은(는) 클래스 하나의 이름으로 봅니다. 나눈 이름({parts})이 모두 따로 나오지는 않기 때문입니다. {sign} 기호가 레이블 "
        "여럿을 잇는 것이라면 --multi-label을 붙이세요."
    )
    return [(english, korean)]
