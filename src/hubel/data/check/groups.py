"""Findings about images that belong together: the same file, nearly the same picture, one series."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from hubel.core.findings import CheckedFile, Finding
from hubel.core.types import Labels
from hubel.data.check.catalogue import rules
from hubel.data.check.survey import Survey
from hubel.data.fingerprint import Fingerprints
from hubel.data.near import near_groups, near_pairs
from hubel.data.series import find_series


def copy_findings(files: Sequence[CheckedFile], survey: Survey) -> Iterator[Finding]:
    """Files of equal bytes: across classes, across splits, or simply twice."""
    by_content: defaultdict[str, list[int]] = defaultdict(list)
    for index in np.flatnonzero(survey.read).tolist():
        by_content[survey.contents[index]].append(index)
    for content, members in by_content.items():
        if len(members) > 1:
            subjects = tuple(f"{content}:{files[index].name}" for index in members)
            yield from group_findings(
                files, members, subjects, names=("duplicate-conflict", "duplicate-leak", "duplicate")
            )


def near_findings(files: Sequence[CheckedFile], survey: Survey) -> tuple[list[Finding], Labels]:
    """Pictures that are nearly the same, each group once, and the group of every file.

    Returns
    -------
    tuple
        The findings, and a number for each file, the same for copies and near copies, of shape (n).
    """
    firsts: dict[str, int] = {}
    for index in np.flatnonzero(survey.read).tolist():
        firsts.setdefault(survey.contents[index], index)
    pairs = near_pairs(prints_of(survey, list(firsts.values())))
    groups = dict(zip(firsts, near_groups(len(firsts), pairs).tolist(), strict=True))
    together: defaultdict[int, list[int]] = defaultdict(list)
    for index in np.flatnonzero(survey.read).tolist():
        together[groups[survey.contents[index]]].append(index)
    findings: list[Finding] = []
    for members in together.values():
        contents = tuple(dict.fromkeys(survey.contents[index] for index in members))
        if len(contents) > 1:
            findings += group_findings(files, members, contents, names=("near-conflict", "near-leak", "near-duplicate"))
    numbers = -1 - np.arange(len(files))
    for number, members in together.items():
        numbers[members] = number
    return findings, numbers


def series_findings(files: Sequence[CheckedFile], survey: Survey, *, near: Labels) -> Iterator[Finding]:
    """Pictures shot one after the other; what is no more than a group of near copies was said before.

    Parameters
    ----------
    files
        The files.
    survey
        What is known of them.
    near
        The group of near copies that each file is in, as `near_findings` gives it.
    """
    read = np.flatnonzero(survey.read)
    taken = survey.facts["taken"][read]
    times = [None if np.isnan(seconds) else float(seconds) for seconds in taken]
    labels = find_series(
        [files[index].path for index in read.tolist()], times, fingerprints=prints_of(survey, read.tolist())
    )
    members: defaultdict[int, list[int]] = defaultdict(list)
    for index, label in zip(read.tolist(), labels.tolist(), strict=True):
        members[label].append(index)
    for group in members.values():
        if len({int(near[index]) for index in group}) > 1:
            splits = named_splits(files, group)
            rule = rules()["series-leak" if len(splits) > 1 else "series"]
            where = f" ({', '.join(splits)})" if len(splits) > 1 else ""
            contents = tuple(dict.fromkeys(survey.contents[index] for index in group))
            yield Finding(
                rule,
                tuple(group),
                classes_of(files, group),
                f"{len(group)} pictures{where}",
                f"{len(group)}장{where}",
                contents,
            )


def group_findings(
    files: Sequence[CheckedFile], members: Sequence[int], subjects: tuple[str, ...], *, names: tuple[str, str, str]
) -> Iterator[Finding]:
    """What a group of alike files means: a conflict and a leak if it is both, else just copies."""
    conflict, leak, plain = names
    classes, splits = classes_of(files, members), named_splits(files, members)
    number = len(members)
    if len(classes) > 1:
        listed = ", ".join(classes)
        en, ko = f"{number} files in the classes {listed}", f"파일 {number}개, 클래스 {listed}"
        yield Finding(rules()[conflict], tuple(members), classes, en, ko, subjects)
    if len(splits) > 1:
        listed = ", ".join(splits)
        en, ko = f"{number} files in the splits {listed}", f"파일 {number}개, 분할 {listed}"
        yield Finding(rules()[leak], tuple(members), classes, en, ko, subjects)
    if len(classes) == 1 and len(splits) < 2:
        yield Finding(rules()[plain], tuple(members), classes, f"{number} files", f"파일 {number}개", subjects)


def prints_of(survey: Survey, rows: list[int]) -> Fingerprints:
    """The fingerprints of some files, in their order; of all of them without a copy, which is large."""
    return survey.fingerprints if len(rows) == len(survey.fingerprints) else survey.fingerprints[rows]


def classes_of(files: Sequence[CheckedFile], members: Sequence[int]) -> tuple[str, ...]:
    """The classes of some files, each once."""
    return tuple(dict.fromkeys(files[index].label for index in members))


def named_splits(files: Sequence[CheckedFile], members: Sequence[int]) -> tuple[str, ...]:
    """The splits of some files, each once; files that the user gave to none count as training."""
    return tuple(dict.fromkeys(files[index].split or "train" for index in members))
