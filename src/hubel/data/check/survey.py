"""All files of a data set looked at once, on all cores: facts, fingerprints and refusals, kept in the cache by content."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from hubel.core.files import content_key
from hubel.core.parallel import batches, map_in_order
from hubel.data.cache import Cache, RowStore, file_stamp
from hubel.data.check.facts import FACTS, FACTS_KIND, FactRow, measure_file
from hubel.data.fingerprint import FINGERPRINT_KIND, FINGERPRINT_SHAPE, Fingerprint, Fingerprints
from hubel.data.images import Refusal, UnreadableImage, read_file

BATCH = 32
COMMIT_SECONDS = 1.0
PASSING_REFUSALS = (Refusal.NEEDS_PLUGIN, Refusal.UNSUPPORTED_FORMAT)
"""What another package could mend is tried again every time."""


@dataclass(slots=True)
class Survey:
    """What is known of n files: content keys ("" where a file could not be opened), which were read, and what of them.

    `facts` (n) records of `FACTS` and `fingerprints` (n 48 48) are valid where `read`; `refused` says (refusal, detail)
    of the others. Grows while `look_at_files` runs.
    """

    contents: list[str]
    read: np.ndarray
    facts: np.ndarray
    fingerprints: Fingerprints
    refused: dict[int, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Look:
    """What became of one file; `stamp` is the file's as it was before reading."""

    index: int
    content: str
    stamp: str | None
    facts: FactRow = None
    fingerprint: Fingerprint | None = None
    refused: tuple[str, str] | None = None


def new_survey(num_files: int) -> Survey:
    """Nothing known yet of so many files."""
    fingerprints = np.zeros((num_files, *FINGERPRINT_SHAPE), np.uint8)
    return Survey([""] * num_files, np.zeros(num_files, bool), np.zeros(num_files, FACTS), fingerprints, {})


def look_at_files(paths: Sequence[str], *, cache: Cache, workers: int, survey: Survey) -> Generator[int, None, None]:
    """Fill `survey`; yields how many files are done. What the cache knows is not read again.

    Parameters
    ----------
    paths
        The n files.
    cache
        Where facts and fingerprints are kept.
    workers
        How many threads.
    survey
        What is known so far; see `new_survey`.
    """
    fact_rows = cache.rows(FACTS_KIND, (FACTS.itemsize,), np.uint8)
    print_rows = cache.rows(FINGERPRINT_KIND, FINGERPRINT_SHAPE, np.uint8)
    recall(paths, cache, fact_rows, print_rows, survey)
    num_done = int(survey.read.sum()) + len(survey.refused)
    yield num_done
    missing = [index for index in range(len(paths)) if not survey.read[index] and index not in survey.refused]

    def work(indices: list[int]) -> list[Look]:
        return [look(index, paths[index]) for index in indices]

    committed = time.monotonic()
    try:
        for looks in map_in_order(work, batches(missing, BATCH), workers=workers):
            keep(looks, paths, cache, (fact_rows, print_rows), survey)
            num_done += len(looks)
            if time.monotonic() - committed > COMMIT_SECONDS:
                cache.commit()
                committed = time.monotonic()
            yield num_done
    finally:  # also when it is closed early
        cache.commit()


def recall(paths: Sequence[str], cache: Cache, fact_rows: RowStore, print_rows: RowStore, survey: Survey) -> None:
    """Take from the cache what it has of these files."""
    survey.contents[:] = [content or "" for content in cache.contents_of(paths)]
    known = {content for content in survey.contents if content}
    refusals = cache.refusals_of(known)
    facts, prints = fact_rows.places(known), print_rows.places(known)
    there = []
    for index, content in enumerate(survey.contents):
        if content in refusals:
            survey.refused[index] = refusals[content]
        elif content in facts and content in prints:
            there.append(index)
    for part in batches(there, 4096):
        contents = [survey.contents[index] for index in part]
        with suppress(FileNotFoundError):  # another process dropped a shard meanwhile: these are looked at again
            rows = fact_rows.read([facts[content] for content in contents])
            survey.fingerprints[part] = print_rows.read([prints[content] for content in contents])
            survey.facts[part] = rows.view(FACTS)[:, 0]
            survey.read[part] = True


def look(index: int, path: str) -> Look:
    """Read and measure one file; called in a worker thread."""
    stamp, content = file_stamp(path), ""
    try:
        data = read_file(path)
        content = content_key(data)
        facts, found = measure_file(data, path)
        return Look(index, content, stamp, facts, found)
    except UnreadableImage as error:
        return Look(index, content, stamp, refused=(str(error.refusal), error.detail))


def keep(
    looks: list[Look], paths: Sequence[str], cache: Cache, stores: tuple[RowStore, RowStore], survey: Survey
) -> None:
    """Put what was seen where it belongs: into the survey, and into the cache."""
    fact_rows, print_rows = stores
    seen = [one for one in looks if one.fingerprint is not None]
    for one in looks:
        survey.contents[one.index] = one.content
        if one.refused is not None:
            survey.refused[one.index] = one.refused
            if one.content and one.refused[0] not in PASSING_REFUSALS:
                cache.remember_refusal(one.content, *one.refused)
        else:
            survey.facts[one.index], survey.fingerprints[one.index] = one.facts, one.fingerprint
            survey.read[one.index] = True
    if seen:
        contents = [one.content for one in seen]
        facts = np.stack([one.facts for one in seen])[:, None]  # n 1
        fact_rows.append(contents, facts.view(np.uint8))  # n bytes
        print_rows.append(contents, np.stack([one.fingerprint for one in seen if one.fingerprint is not None]))
    cache.remember_contents((paths[one.index], one.stamp, one.content) for one in looks if one.content)
