"""Findings about shortcuts: what a model could learn instead of what is in the picture."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from hubel.core.findings import CheckedFile, Finding
from hubel.core.types import Labels
from hubel.data.check import thresholds
from hubel.data.check.catalogue import rules
from hubel.data.check.classes import loose_name
from hubel.data.check.facts import FactRow
from hubel.data.check.one_rule import Prediction, predict_by_one_rule
from hubel.data.check.survey import Survey
from hubel.data.names import shown

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
    named = np.array([files[index].label for index in read.tolist()])
    different = set(zip(named.tolist(), groups[read].tolist(), strict=True))
    numbers = Counter(name for name, _ in different)
    judged = [name for name in classes if numbers[name] >= LEAST_IMAGES]
    if len(judged) < 2:
        return
    chosen = read[np.isin(named, judged)]
    labels = np.array([judged.index(files[index].label) for index in chosen.tolist()])
    together = np.unique(groups[chosen], return_inverse=True)[1]
    facts = survey.facts[chosen]
    kinds = {
        "shortcut-size": size_kinds(facts),
        "shortcut-aspect": [aspect_kind(row) for row in facts],
        "shortcut-colour": ["grey" if row["grey"] else "colour" for row in facts],
        "shortcut-format": [row["format"].decode() for row in facts],
        "shortcut-border": [border_kind(row) for row in facts],
        "shortcut-name": [name_pattern(files[index].name, files[index].label) for index in chosen.tolist()],
    }
    for rule, values in kinds.items():
        if len(set(values)) > 1:
            prediction = predict_by_one_rule(values, labels, together, generator)
            if finding := shortcut(rule, prediction, judged, values, labels):
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
            f"right for {accuracy} % by this alone, by chance {chance} % (most of {example})",
            f"이것만으로 {accuracy} % 맞힘, 우연이라면 {chance} % (주로 {example})",
            ("all classes",),
        )
    if prediction.telling_skill >= needed:
        name, accuracy = classes[prediction.most_telling], f"{prediction.telling_accuracy * 100:.0f}"
        example = telling_kinds([name], kinds, (labels != prediction.most_telling).astype(int))
        return Finding(
            rules()[rule],
            (),
            (name,),
            f"{shown(name)} or not: right for {accuracy} % by this alone, by chance 50 % (most of {example})",
            f"{shown(name)} 인지 아닌지: 이것만으로 {accuracy} % 맞힘, 우연이라면 50 % (주로 {example})",
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
    return f"{ratio:.2f} : 1" if step >= 0 else f"1 : {ratio:.2f}"


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
