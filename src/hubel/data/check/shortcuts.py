"""Findings about shortcuts: what a model could learn instead of what is in the picture."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from hubel.core.findings import CheckedFile, Finding
from hubel.core.types import Labels
from hubel.data.check import thresholds
from hubel.data.check.catalogue import rules
from hubel.data.check.classes import loose_name
from hubel.data.check.facts import FactRow
from hubel.data.check.one_rule import Prediction, predict_by_one_rule
from hubel.data.check.survey import Survey
from hubel.data.decode import ImageFacts
from hubel.data.names import shown

GREY_MODES = frozenset({"1", "L", "LA", "I", "I;16", "F"})
LEAST_IMAGES = 20
"""A class with fewer images that differ says nothing about a rule and is left out."""


def shortcut_findings(
    classes: Sequence[str],
    files: Sequence[CheckedFile],
    survey: Survey,
    *,
    groups: Labels,
    generator: np.random.Generator,
) -> Iterator[Finding]:
    """Every property of files that predicts their class far better than chance.

    Parameters
    ----------
    classes
        The names of the classes.
    files
        The n files.
    survey
        What is known of them.
    groups
        The group of copies that each file is in, of shape (n).
    generator
        Deals out the folds.
    """
    read = np.flatnonzero(survey.read)
    judged = large_classes(classes, [files[index].label for index in read.tolist()], groups[read])
    chosen = np.array([index for index in read.tolist() if files[index].label in judged], int)
    facts = survey.facts[chosen]
    kinds = {
        "shortcut-size": size_kinds(facts),
        "shortcut-aspect": [aspect_kind(row) for row in facts],
        "shortcut-colour": ["grey" if row["grey"] else "colour" for row in facts],
        "shortcut-format": [row["format"].decode() for row in facts],
        "shortcut-border": [border_kind(row) for row in facts],
        "shortcut-name": [name_pattern(files[index].name, files[index].label) for index in chosen.tolist()],
    }
    yield from telling_properties(
        kinds, [files[index].label for index in chosen.tolist()], judged, groups[chosen], generator
    )


def header_shortcuts(
    classes: Sequence[str],
    named: Sequence[str],
    facts: Sequence[ImageFacts],
    *,
    groups: Labels,
    generator: np.random.Generator,
) -> Iterator[Finding]:
    """The shortcuts that headers alone show (size, shape, grey or colour, file format), for those who decode no pixel for it.

    Parameters
    ----------
    classes
        The names of the classes.
    named
        The class of each of n images.
    facts
        Their headers.
    groups
        The group of copies that each is in, of shape (n).
    generator
        Deals out the folds.
    """
    judged = large_classes(classes, named, groups)
    chosen = [row for row, name in enumerate(named) if name in judged]
    shapes = np.array([(facts[row].width, facts[row].height) for row in chosen], [("width", int), ("height", int)])
    kinds = {
        "shortcut-size": size_kinds(shapes),
        "shortcut-aspect": [aspect_kind(row) for row in shapes],
        "shortcut-colour": ["grey" if facts[row].mode in GREY_MODES else "colour" for row in chosen],
        "shortcut-format": [facts[row].format for row in chosen],
    }
    yield from telling_properties(kinds, [named[row] for row in chosen], judged, groups[chosen], generator)


def large_classes(classes: Sequence[str], named: Sequence[str], groups: Labels) -> list[str]:
    """The classes with enough different images to say something; none when there are fewer than two."""
    numbers = Counter(name for name, _ in set(zip(named, groups.tolist(), strict=True)))
    judged = [name for name in classes if numbers[name] >= LEAST_IMAGES]
    return judged if len(judged) > 1 else []


def telling_properties(
    kinds: Mapping[str, Sequence[str]],
    named: Sequence[str],
    classes: Sequence[str],
    groups: Labels,
    generator: np.random.Generator,
) -> Iterator[Finding]:
    """The findings about properties, given as the kind of each image by the rule's id."""
    if not classes:
        return
    labels = np.array([classes.index(name) for name in named])
    together = np.unique(groups, return_inverse=True)[1]
    for rule, values in kinds.items():
        if len(set(values)) > 1:
            prediction = predict_by_one_rule(values, labels, together, generator)
            if finding := shortcut(rule, prediction, classes, values, labels):
                yield finding


def shortcut(
    rule: str, prediction: Prediction, classes: Sequence[str], kinds: Sequence[str], labels: Labels
) -> Finding | None:
    """The finding, when the property predicts all classes, or one of them, well enough."""
    needed = thresholds.SHORTCUT_PERCENT / 100
    if prediction.skill >= needed:
        accuracy, chance = f"{prediction.accuracy * 100:.0f}", f"{prediction.chance * 100:.0f}"
        example = telling_kinds(classes, kinds, labels)
        return Finding(
            rules()[rule],
            (),
            tuple(classes),
            f"right for {accuracy} % by this alone, {chance} % by chance (mostly {example})",
            f"이것만 보고도 {accuracy} %를 맞힘, 우연이면 {chance} % (가장 흔한 값은 {example})",
            ("all classes",),
        )
    if prediction.telling_skill >= needed:
        name, accuracy = classes[prediction.most_telling], f"{prediction.telling_accuracy * 100:.0f}"
        example = telling_kinds([name], kinds, (labels != prediction.most_telling).astype(int))
        return Finding(
            rules()[rule],
            (),
            (name,),
            f"“{shown(name)}” or not: told rightly for {accuracy} % of either by this alone, 50 % by chance (mostly {example})",
            f"“{shown(name)}”인지 아닌지를 이것만 보고도 양쪽 평균 {accuracy} % 맞힘, 우연이면 50 % (가장 흔한 값은 {example})",
            (name,),
        )
    return None


def telling_kinds(classes: Sequence[str], kinds: Sequence[str], labels: Labels) -> str:
    """The commonest kind of the first classes, such as ``cats: PNG, dogs: JPEG``."""
    values = np.array(kinds)
    commonest = [Counter(values[labels == label].tolist()).most_common(1) for label in range(min(len(classes), 3))]
    listed = [
        f"{shown(name)}: {shown(found[0][0]) or '-'}" for name, found in zip(classes, commonest, strict=False) if found
    ]
    return ", ".join(listed) + (" …" if len(classes) > 3 else "")


def size_kinds(facts: np.ndarray) -> list[str]:
    """The exact size where one image in a hundred has it, else the order of magnitude of the number of pixels."""
    sizes = list(zip(facts["width"].tolist(), facts["height"].tolist(), strict=True))
    numbers = Counter(sizes)
    least = max(5, len(sizes) / 100)
    return [
        f"{width} × {height}"
        if numbers[width, height] >= least
        else f"~ 2^{round(float(np.log2(width * height)) * 2) / 2:g} px"
        for width, height in sizes
    ]


def aspect_kind(row: FactRow) -> str:
    """The shape, in steps of a twelfth."""
    step = round(float(np.log2(row["width"] / row["height"])) * 8)
    ratio = 2 ** (abs(step) / 8)
    return f"{ratio:.1f} : 1" if step >= 0 else f"1 : {ratio:.1f}"


def border_kind(row: FactRow) -> str:
    """The colour of a plain border, in four steps a channel; one kind for all pictures without one."""
    if not row["flat_border"]:
        return "no plain border"
    red, green, blue = (round(int(value) / 85) * 85 for value in row["border"])
    return f"#{red:02x}{green:02x}{blue:02x}"


def name_pattern(name: str, label: str) -> str:
    """A file's name without folders, digits, extension and the name of its own class, which no other could have.

    Examples
    --------
    >>> name_pattern("cats/cat.12.jpg", "cats"), name_pattern("cats/IMG_0012.JPG", "cats")
    ('#', 'img#')
    """
    stem = re.sub(r"\.[^.]*$", "", re.split(r"[/\\]", name)[-1]).casefold()
    words = re.split(r"([\W\d_]+)", stem)
    own = loose_name(label)
    kept = ["#" if re.search(r"[\d]", word) else "" if re.fullmatch(r"[\W_]*", word) else word for word in words]
    return "".join("" if loose_name(word) == own else word for word in kept)
