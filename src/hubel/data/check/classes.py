"""Findings about classes: how many images each has, where they are missing, and names that are hardly different."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from hubel.core.findings import CheckedFile, Finding
from hubel.data.check import thresholds
from hubel.data.check.catalogue import rules
from hubel.data.check.survey import Survey
from hubel.data.names import class_name, shown


def count_findings(classes: Sequence[str], files: Sequence[CheckedFile], survey: Survey) -> Iterator[Finding]:
    """Classes with too few images to train, to measure, or beside the largest."""
    read = [files[index] for index in np.flatnonzero(survey.read).tolist()]
    trained = Counter(file.label for file in read if file.split in (None, "train"))
    splits = {file.split for file in read}
    measured = "test" if "test" in splits else "validation" if "validation" in splits else None
    tested = Counter(file.label for file in read if file.split == measured)
    largest = max(trained.values(), default=0)
    if len(classes) == 1:
        yield about_class("class-untrainable", classes[0], "the only class", "클래스가 하나뿐입니다")
    for name in classes:
        number = trained[name]
        if number < thresholds.UNTRAINABLE:
            yield about_class("class-untrainable", name, f"{number} training images", f"학습 이미지 {number}장")
        elif number < thresholds.FEW_IMAGES:
            yield about_class("few-images", name, f"{number} training images", f"학습 이미지 {number}장")
        if thresholds.UNTRAINABLE <= number < largest / thresholds.IMBALANCED:
            en = f"{number} training images, the largest class has {largest}"
            yield about_class("imbalance", name, en, f"학습 이미지 {number}장, 가장 큰 클래스는 {largest}장")
        if measured and not tested[name]:
            yield about_class("class-untested", name, f"0 images in {measured}", f"{measured}에 이미지 0장")


def name_findings(classes: Sequence[str], files: Sequence[CheckedFile]) -> Iterator[Finding]:
    """Class names that may mean the same, and folders whose names are the same in another spelling."""
    alike: defaultdict[str, list[str]] = defaultdict(list)
    for name in classes:
        alike[loose_name(name)].append(name)
    for names in alike.values():
        if len(names) > 1:
            listed = ", ".join(map(shown, names))
            yield Finding(rules()["names-alike"], (), tuple(names), listed, listed, tuple(names))
    folders: defaultdict[str, set[str]] = defaultdict(set)
    known = set(classes)
    for folder in {part for file in files for part in Path(file.name).parts[:-1]}:
        if class_name(folder) in known:
            folders[class_name(folder)].add(folder)
    for name, spellings in sorted(folders.items()):
        if len(spellings) > 1:
            number = len(spellings)
            en, ko = f"{shown(name)}: {number} spellings", f"{shown(name)}: 표기 {number}가지"
            yield Finding(rules()["names-merged"], (), (name,), en, ko, (name,))


def loose_name(name: str) -> str:
    """A name without what people write in different ways: capitals, accents, spaces, hyphens, a plural s.

    Examples
    --------
    >>> [loose_name(name) for name in ("Hot dogs", "hot_dog", "Café", "glass", "bus", "buses", "berries")]
    ['hotdog', 'hotdog', 'cafe', 'glass', 'bus', 'bus', 'berry']
    """
    letters = unicodedata.normalize("NFKD", name.casefold())
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    joined = re.sub(r"[\W_]+", "", plain) or plain
    return unicodedata.normalize("NFC", singular(joined))


def singular(word: str) -> str:
    """An English plural's singular, roughly; other words as they are."""
    for ending, short in (("ies", "y"), ("sses", "ss"), ("shes", "sh"), ("ches", "ch"), ("xes", "x"), ("uses", "us")):
        if word.endswith(ending) and len(word) > max(len(ending), 4):
            return word.removesuffix(ending) + short
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def about_class(rule: str, name: str, en: str, ko: str) -> Finding:
    """A finding about one class."""
    return Finding(rules()[rule], (), (name,), f"{shown(name)}: {en}", f"{shown(name)}: {ko}", (name,))
