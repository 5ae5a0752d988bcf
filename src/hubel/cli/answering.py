"""From the names of images to written answers: what `predict` does while it runs, one image at a time."""

from __future__ import annotations

import io
import itertools
import math
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import cast

from hubel.cli.answers import Line, Write
from hubel.cli.progress import Tell
from hubel.cli.set_aside import refusal_line
from hubel.cli.sorting import UNKNOWN, UNSURE, Sorter, sort_image
from hubel.cli.terminal import plural
from hubel.core.events import Note, Progress
from hubel.core.language import say
from hubel.data.dataset import joined_name
from hubel.data.names import shown
from hubel.evaluate.numbers import count, duration
from hubel.workflows import Prediction

NUM_COUNTED = 4096
"""So many names are looked up before the first image is read, to know how many will come."""
NUM_FIRST = 32
NUM_REFUSALS_SAID = 20
NUM_CLASSES_SAID = 8


@dataclass(slots=True)
class Answered:
    """How many images were answered, by class, and how many could not be read; grows as they come."""

    labels: Counter[str] = field(default_factory=Counter)
    num_refused: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class StandardInput:
    """The names on standard input, one a line, or one before each NUL where there is one (``find -print0``).

    Names come as soon as they are whole, with every byte of them; `is_empty` is True while the next has yet to arrive.
    """

    is_empty: bool = False

    def __iter__(self) -> Iterator[str]:
        rest, separator = b"", b""
        stream = cast(io.BufferedReader, sys.stdin.buffer)
        while chunk := stream.read1(1 << 16):
            separator = separator or next((mark for mark in (b"\0", b"\n") if mark in chunk), b"")
            if not separator:
                rest += chunk
                continue
            *whole, rest = (rest + chunk).split(separator)
            for number, name in enumerate(whole, start=1):
                self.is_empty = number == len(whole)
                yield os.fsdecode(name)
        self.is_empty = False
        if rest:
            yield os.fsdecode(rest)


def count_ahead(paths: Iterator[str], sources: Sequence[str]) -> tuple[Iterable[str], float]:
    """The same paths, and how many they are: infinity when there are very many, or when they still have to arrive."""
    if "-" in sources:
        return paths, math.inf
    first = list(itertools.islice(paths, NUM_COUNTED))
    if len(first) < NUM_COUNTED:
        return first, len(first)
    return itertools.chain(first, paths), math.inf


def timed(predictions: Iterator[Prediction], num_images: float, tell: Tell) -> Iterator[Prediction]:
    """The same predictions, telling how far they are and how long the rest will take.

    The first few say nothing of the pace: opening the model is in them, and they come in one batch.
    """
    total = int(num_images) if math.isfinite(num_images) else 0
    begun = time.monotonic()
    for number, prediction in enumerate(predictions, start=1):
        if number == NUM_FIRST:
            begun = time.monotonic()
        pace = (time.monotonic() - begun) / max(number - NUM_FIRST, 1)
        left = pace * (total - number) if total and number > NUM_FIRST else None
        tell(Progress("predict", number, total, left))
        yield prediction


def begun(predictions: Iterator[Prediction]) -> Iterator[Prediction]:
    """The same predictions with the first one made, so that a run that cannot be used ends before anything is written."""
    first = list(itertools.islice(predictions, 1))
    return itertools.chain(first, predictions)


def answer_all(
    predictions: Iterable[Prediction], line: Line, write: Write, *, tell: Tell, sorter: Sorter | None
) -> Answered:
    """Write each answer and sort its image; the first files that could not be read are told with their reasons."""
    answered, begun = Answered(), time.monotonic()
    for prediction in predictions:
        write(line(prediction))
        if prediction.label is not None:
            name = prediction.label if prediction.labels is None else joined_name(prediction.labels)
            key = {"unknown": UNKNOWN, "unsure": UNSURE}.get(prediction.answer or "label", name)
            answered.labels[key] += 1
            if sorter is not None:
                sort_image(sorter, prediction.path, key)
            continue
        answered.num_refused += 1
        if answered.num_refused <= NUM_REFUSALS_SAID:
            reason = refusal_line(prediction.path, str(prediction.refusal), prediction.detail)
            tell(Note(reason, reason))
    answered.seconds = time.monotonic() - begun
    return answered


def closing_lines(answered: Answered, *, sorter: Sorter | None, out: str | None) -> Iterator[str]:
    """How many of what, what could not be read, and where everything is."""
    words = {UNKNOWN: say(en="unknown", ko="모름"), UNSURE: say(en="unsure", ko="확실하지 않음")}
    number, time_taken = answered.labels.total(), duration(answered.seconds)
    classes = ", ".join(
        f"{words.get(label) or shown(label)} {count(found)}"
        for label, found in answered.labels.most_common(NUM_CLASSES_SAID)
    )
    more = " …" if len(answered.labels) > NUM_CLASSES_SAID else ""
    listed = f": {classes}{more}" if classes else ""
    yield say(
        en=f"{count(number)} image{plural(number)} in {time_taken}{listed}",
        ko=f"이미지 {count(number)}장, {time_taken}{listed}",
    )
    if sorter is not None:
        target, placed, known = shown(str(sorter.target)), count(sorter.placed.total()), count(sorter.known)
        yield say(
            en=f"Put into {target}: {placed}; there already: {known}",
            ko=f"{target} 에 넣음: {placed}개, 이미 있음: {known}개",
        )
    if out is not None:
        file = shown(out)
        yield say(en=f"Answers in {file}", ko=f"답은 {file} 에 있습니다")
    if answered.num_refused:
        refused = count(answered.num_refused)
        yield say(en=f"Files that could not be read: {refused}", ko=f"읽을 수 없는 파일: {refused}개")
