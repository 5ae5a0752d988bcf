"""`check`: the state of a data set, as findings; and the files that carry them elsewhere."""

from __future__ import annotations

import csv
import io
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hubel.core.errors import UsageError
from hubel.core.events import Note, Progress, StageDone, Started
from hubel.core.files import cache_root, write_atomically
from hubel.core.findings import CheckedFile, Checkup, Finding, grouped_by_rule
from hubel.core.language import say
from hubel.core.parallel import usable_cores
from hubel.core.seeds import generator
from hubel.data.cache import Cache
from hubel.data.check.baseline import read_baseline, split_known, write_baseline
from hubel.data.check.catalogue import rules
from hubel.data.check.findings import find_all
from hubel.data.check.survey import look_at_files, new_survey
from hubel.data.dataset import Dataset
from hubel.data.images import UnreadableImage
from hubel.data.names import name_below, nearest, shown, utf8
from hubel.data.pictures import thumbnail
from hubel.data.sources import open_dataset
from hubel.evaluate.check_formats import junit_text, sarif_text
from hubel.evaluate.check_page import PAGE, CheckPage, choose_pictures, write_check_page
from hubel.evaluate.report import load_template
from hubel.workflows.opening import called, open_source

OF_SINGLE_CLASSES = frozenset(("class-untrainable", "few-images", "imbalance", "class-untested", "names-alike"))
"""Rules that count the images of a class; where images have several labels, their sets stand for classes, and may be rare."""
LIST_COLUMNS = ("finding", "path", "class", "split", "found")


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """What to look for, and where to write it: `only` and `skip` are ids of rules; the others are paths, None for nothing."""

    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    baseline: Path | None = None
    new_baseline: Path | None = None
    html: Path | None = None
    sarif: Path | None = None
    junit: Path | None = None
    lists: Path | None = None


def check(
    source: str, options: CheckOptions | None = None
) -> Iterator[Started | Note | Progress | StageDone | Checkup]:
    """Look at every file of a source and say what is remarkable; the checkup comes last. No file of it is changed.

    Parameters
    ----------
    source
        Whatever `train` takes.
    options
        What to look for, and what to write.

    Raises
    ------
    HubelError
        When there is no such data, rule or baseline, or something cannot be written.
    """
    chosen = options or CheckOptions()
    wanted = wanted_rules(chosen)
    known = read_baseline(chosen.baseline) if chosen.baseline else []
    if chosen.html:
        load_template(PAGE)  # what it lacks is said before the work
    started = time.monotonic()
    path = yield from open_source(source)
    dataset = open_dataset(path)
    if dataset.label_sets is not None:
        wanted = tuple(rule for rule in wanted if rule not in OF_SINGLE_CLASSES)
    data = dataset.root if path == source else called(source)
    files = checked_files(dataset)
    yield Started(data, len(files), len(dataset.classes))
    survey = new_survey(len(files))
    with Cache(cache_root() / "rows") as cache:
        paths = [file.path for file in files]
        for num_done in look_at_files(paths, cache=cache, workers=usable_cores(), survey=survey):
            yield Progress("check", num_done, len(files), seconds_left(started, num_done, len(files)))
    looked = time.monotonic()
    yield StageDone("check", looked - started)
    findings = find_all(dataset.names, files, survey, wanted=wanted, generator=generator(0, "shortcuts"))
    yield StageDone("compare", time.monotonic() - looked)
    new, old = split_known(findings, known)
    checkup = Checkup(
        data=data,
        classes=dataset.names,
        files=files,
        num_readable=int(survey.read.sum()),
        rules=tuple(rules()[rule] for rule in wanted),
        findings=tuple(new),
        known=tuple(old),
        notes=dataset.notes,
        seconds=time.monotonic() - started,
    )
    write_all(checkup, findings, chosen)
    yield replace(checkup, seconds=time.monotonic() - started)


def wanted_rules(options: CheckOptions) -> tuple[str, ...]:
    """The ids of the rules to apply, the worst first.

    Raises
    ------
    UsageError
        When there is no rule of that name.
    """
    for name in (*options.only, *options.skip):
        if name not in rules():
            value, close = shown(name), ", ".join(nearest(name, rules())) or ", ".join(rules())
            raise UsageError(
                say(
                    en=f"`hubel check` has no finding named {value}. Did you mean: {close}?",
                    ko=f"`hubel check`에는 {value} 라는 항목이 없습니다. 혹시 이것인가요? {close}",
                )
            )
    return tuple(rule for rule in rules() if (not options.only or rule in options.only) and rule not in options.skip)


def checked_files(dataset: Dataset) -> tuple[CheckedFile, ...]:
    """The files of a data set with the names that findings call them."""
    names = dataset.names
    below = os.path.join(dataset.root, "")  # noqa: PTH118  a million names; Path would forget a leading ./
    return tuple(
        CheckedFile(
            example.path,
            example.path[len(below) :] if example.path.startswith(below) else name_below(example.path, dataset.root),
            names[example.label],
            example.split,
        )
        for example in dataset.examples
    )


def seconds_left(started: float, done: int, total: int) -> float | None:
    """How long looking at the rest will take; None before there is a measure."""
    return (time.monotonic() - started) / done * (total - done) if done else None


def write_all(checkup: Checkup, findings: Sequence[Finding], options: CheckOptions) -> None:
    """Write what the user asked for; `findings` are all, also the known."""
    if options.new_baseline:
        write_baseline(options.new_baseline, findings)
    if options.sarif:
        write_atomically(options.sarif, sarif_text(checkup))
    if options.junit:
        write_atomically(options.junit, junit_text(checkup))
    if options.lists:
        write_lists(checkup, options.lists)
    if options.html:
        write_check_page(CheckPage(checkup, thumbnails(checkup)), options.html)


def write_lists(checkup: Checkup, folder: Path) -> None:
    """One CSV for every rule that found something: a line for each file, with the number of the finding it belongs to.

    Lists of an earlier check whose rule finds nothing any more are removed; whatever else lies in the folder stays.
    """
    there = {rule.id for rule, _ in checkup.by_rule()}
    for name in rules():
        old = folder / f"{name}.csv"
        if name not in there and old.is_file() and old.read_bytes().startswith(",".join(LIST_COLUMNS).encode()):
            old.unlink()
    for rule, findings in grouped_by_rule(checkup.findings):
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(LIST_COLUMNS)
        for number, finding in enumerate(findings, 1):
            found = say(en=finding.found_en, ko=finding.found_ko)
            for index in finding.files:
                file = checkup.files[index]
                writer.writerow([number, utf8(file.path), file.label, file.split or "", utf8(found)])
            if not finding.files:
                writer.writerow([number, "", ", ".join(finding.classes), "", utf8(found)])
        write_atomically(folder / f"{rule.id}.csv", text.getvalue())


def thumbnails(checkup: Checkup) -> dict[int, bytes]:
    """Small pictures of the files that the page shows; one that cannot be read has none."""
    found: dict[int, bytes] = {}
    for index in choose_pictures(checkup):
        try:
            found[index] = thumbnail(checkup.files[index].path)
        except UnreadableImage:
            continue  # the finding says why
    return found
