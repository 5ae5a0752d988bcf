"""The ledger of a run: one row for every file it was given."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from hubel.core.events import Note
from hubel.core.rundir import PICTURE, REPORT
from hubel.data.ledger_file import LedgerRow
from hubel.data.licences import Origin
from hubel.data.names import name_below
from hubel.data.perceptual import perceptual_hashes
from hubel.evaluate.report import Report
from hubel.train.learn import Learned
from hubel.train.session import Session
from hubel.train.traces import fingerprints_in


def ledger_rows(session: Session, learned: Learned) -> list[LedgerRow]:
    """The rows of all files of the data set, in its order; where copies lie is not known yet."""
    extraction, dataset = session.extraction, session.dataset
    kept = {int(index): row for row, index in enumerate(session.kept)}
    refused = {entry.index: entry.refusal for entry in extraction.refused}
    traced = [index for index in kept if extraction.traced[index]]
    hashes = dict(zip(traced, perceptual_hashes(fingerprints_in(extraction.traces[traced])), strict=True))
    origins = session.origins or [Origin()] * len(dataset.examples)
    names, labels, rows = names_in_ledger(session.paths, dataset.root), dataset.names, []
    for index, (example, origin) in enumerate(zip(dataset.examples, origins, strict=True)):
        row = kept.get(index)
        fold = -1 if row is None else int(learned.folds[row])
        rows.append(
            LedgerRow(
                file=names[index],
                sha256=extraction.contents[index],
                perceptual_hash=hashes.get(index, ""),
                num_bytes=size_of(example.path),
                label=labels[example.label],
                part=(example.split or "") if row is None else str(learned.parts[row]),
                fold=None if fold < 0 else fold,
                group=example.group or "",
                status="used" if row is not None else "set aside" if index in refused else "unread",
                reason="" if row is not None else refused.get(index, ""),
                licence=origin.licence,
                source=origin.source,
            )
        )
    return rows


def with_copies(rows: Sequence[LedgerRow], *, report: Report, golden: Mapping[str, int]) -> Iterable[LedgerRow]:
    """The rows with the files of the run folder that show each image.

    Parameters
    ----------
    rows
        What `ledger_rows` gave.
    report
        Its near duplicates stand in the report; its other images there, and some of them in the picture too.
    golden
        Of each golden image, the position in the data set.
    """
    copies: dict[int, list[str]] = defaultdict(list)
    for name, index in golden.items():
        copies[index].append(name)
    alone = {result.path for result in (*report.mistakes, *report.least_sure, *report.examples)}
    in_pairs = {path for pair in report.twins for path in pair.paths}
    for index, row in enumerate(rows):
        name = row.file.replace("/", os.sep)
        if name in alone or name in in_pairs:
            copies[index] += [REPORT, PICTURE] if name in alone else [REPORT]
    return (replace(row, copies=" ".join(copies[index])) if index in copies else row for index, row in enumerate(rows))


def names_in_ledger(paths: Sequence[str], root: str) -> list[str]:
    """The name of each file below the data set's folder, the same on every system."""
    prefix = os.path.join(root, "")  # noqa: PTH118  names are cut off the text, for a million files
    names = (path[len(prefix) :] if path.startswith(prefix) else name_below(path, root) for path in paths)
    return [name.replace(os.sep, "/") for name in names]


def size_of(path: str) -> int:
    """The size of a file; 0 when it has gone or was never there."""
    try:
        return os.stat(path).st_size  # noqa: PTH116  as above
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return 0


def licence_notes(rows: Sequence[LedgerRow]) -> list[Note]:
    """A remark where some files have a licence and others have none, which is mostly an oversight."""
    without = [row.file for row in rows if not row.licence]
    if not without or len(without) == len(rows):
        return []
    number, total = len(without), len(rows)
    return [
        Note(
            f"No licence is known of {number} of {total} files; ledger.csv says of which.",
            f"파일 {total}개 가운데 {number}개는 라이선스를 알 수 없습니다. 어느 파일인지는 ledger.csv에 있습니다.",
        )
    ]
