"""All findings about a data set, the worst first."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from hubel.core.findings import CheckedFile, Finding
from hubel.data.check.catalogue import rules
from hubel.data.check.classes import count_findings, name_findings
from hubel.data.check.groups import copy_findings, near_findings, series_findings
from hubel.data.check.shortcuts import shortcut_findings
from hubel.data.check.single import image_findings, mode_findings, unreadable_files
from hubel.data.check.survey import Survey


def find_all(
    classes: Sequence[str],
    files: Sequence[CheckedFile],
    survey: Survey,
    *,
    wanted: Collection[str],
    generator: np.random.Generator,
) -> list[Finding]:
    """Everything there is to say about a data set, the worst rules first, files in their order.

    Parameters
    ----------
    classes
        The names of the classes.
    files
        The n files.
    survey
        What `look_at_files` saw.
    wanted
        The ids of the rules to apply.
    generator
        For the folds by which shortcuts are judged.
    """
    findings = [
        *unreadable_files(files, survey),
        *copy_findings(files, survey),
        *count_findings(classes, files, survey),
        *name_findings(classes, files),
        *image_findings(files, survey),
        *mode_findings(survey),
    ]
    near: np.ndarray = np.unique(np.array(survey.contents), return_inverse=True)[1]
    if needs_near(wanted):
        alike, near = near_findings(files, survey)
        findings += alike
        findings += series_findings(files, survey, near=near)
    groups = np.unique(near, return_inverse=True)[1]
    findings += shortcut_findings(classes, files, survey, groups=groups, generator=generator)
    order = {rule: place for place, rule in enumerate(rules())}
    found = [finding for finding in findings if finding.rule.id in wanted]
    return sorted(found, key=lambda finding: order[finding.rule.id])


def needs_near(wanted: Collection[str]) -> bool:
    """Whether any wanted rule asks which pictures are nearly the same, which takes the longest to tell."""
    return any(rule.startswith(("near-", "series")) for rule in wanted)
