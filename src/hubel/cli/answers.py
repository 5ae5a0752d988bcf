"""One prediction as a line: for people, as JSON, or as CSV; and where such lines are written.

A file is named exactly as it was given. Only a name that no UTF-8 text can hold is written as a ``file:`` address, whose
``%`` and two digits stand for one byte each (RFC 8089), so that every byte of it can be had back.
"""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.cells import cell_len

from hubel.cli.terminal import bar, padded, plain_percent
from hubel.core.errors import UsageError
from hubel.core.files import atomic_path
from hubel.core.language import say
from hubel.data.names import shown
from hubel.workflows import Prediction

BAR_WIDTH = 16
WIDEST_LABEL = 32
NUM_NAMED = 3
Write = Callable[[str], None]
Line = Callable[[Prediction], str]


def line_writer(chosen: str, classes: Sequence[str], num_top: int, *, num_images: float) -> Line:
    """How predictions become lines in the chosen format; a single image gets a chart instead of a table."""
    width = label_width([*classes, say(en="unknown", ko="모름")])
    lines: dict[str, Line] = {
        "jsonl": jsonl_line,
        "csv": lambda prediction: csv_line(prediction, num_top),
        "table": chart if num_images == 1 else lambda prediction: table_line(prediction, width),
    }
    return lines[chosen]


def jsonl_line(prediction: Prediction) -> str:
    """A JSON object: file, label, probability, top, and where it is known the answer; or file, error, detail.

    Examples
    --------
    >>> jsonl_line(Prediction("a.jpg", "cat", 0.75, (("cat", 0.75), ("dog", 0.25))))
    '{"file": "a.jpg", "label": "cat", "probability": 0.75, "top": [{"label": "cat", "probability": 0.75}, {"label": "dog", "probability": 0.25}]}'
    """
    file = exact_name(prediction.path)
    if prediction.label is None:
        record: dict[str, object] = {"file": file, "error": prediction.refusal, "detail": shown(prediction.detail)}
    else:
        record = {
            "file": file,
            "label": prediction.label,
            "probability": rounded(prediction.probability),
            "top": [{"label": label, "probability": rounded(share)} for label, share in prediction.top],
        }
        if prediction.answer is not None:
            record |= {"answer": prediction.answer, "set": list(prediction.choices)}
        if prediction.labels is not None:
            record["labels"] = list(prediction.labels)
        if prediction.unknown_score is not None:
            record["unknown_score"] = round(prediction.unknown_score, 4)
    return json.dumps(record, ensure_ascii=False)


def csv_header(num_top: int) -> str:
    """The names of the columns: file, label, probability, error, a pair for every further class, then the answer.

    Examples
    --------
    >>> csv_header(2)
    'file,label,probability,error,label_2,probability_2,answer,set,unknown_score'
    """
    further = [f"{name}_{rank}" for rank in range(2, num_top + 1) for name in ("label", "probability")]
    return csv_row(["file", "label", "probability", "error", *further, "answer", "set", "unknown_score"])


def csv_line(prediction: Prediction, num_top: int) -> str:
    """A row under `csv_header`; whoever reads it with a CSV reader gets every name as it is.

    Examples
    --------
    >>> csv_line(Prediction("a,b.jpg", "cat", 0.75, (("cat", 0.75), ("dog", 0.25))), 2)
    '"a,b.jpg",cat,0.75,,dog,0.25,,,'
    """
    file = exact_name(prediction.path)
    if prediction.label is None:
        return csv_row([file, "", "", prediction.refusal, *[""] * (2 * num_top + 1)])
    further = [value for label, share in prediction.top[1:] for value in (label, rounded(share))]
    score = "" if prediction.unknown_score is None else round(prediction.unknown_score, 4)
    # Names may hold any sign, so a set is a list as JSON writes it.
    named = json.dumps(prediction.choices, ensure_ascii=False) if prediction.answer else ""
    answer = [prediction.answer or "", named, score]
    return csv_row([file, prediction.label, rounded(prediction.probability), "", *further, *answer])


def table_line(prediction: Prediction, label_width: int) -> str:
    """A line for people: label, probability, bar, file. The file comes last and whole, so that it can be copied."""
    if prediction.label is None or prediction.probability is None:
        label, reason = say(en="(not read)", ko="(읽지 못함)"), f"[{prediction.refusal}]"
        return f"{padded(label, label_width)}  {reason:<{BAR_WIDTH + 10}}  {shown(prediction.path)}"
    if prediction.answer == "unknown":
        words = padded(say(en="unknown", ko="모름"), label_width)
        return f"{words}  {'':>8}  {'':{BAR_WIDTH}}  {shown(prediction.path)}"
    if prediction.labels is not None:
        return f"{padded(labels_text(prediction), label_width + BAR_WIDTH + 12)}  {shown(prediction.path)}"
    if prediction.answer == "unsure":
        words = padded(set_text(prediction.choices), label_width + BAR_WIDTH + 12)
        return f"{words}  {shown(prediction.path)}"
    return f"{chance_text(prediction.label, prediction.probability, label_width)}  {shown(prediction.path)}"


def set_text(choices: Sequence[str]) -> str:
    """Several classes as a question; of many, the likeliest three.

    Examples
    --------
    >>> set_text(("cat", "dog"))
    'cat or dog?'
    >>> set_text(("cat", "dog", "fox", "wolf", "lynx"))
    'cat, dog, fox or 2 more?'
    """
    names = [shown(name) for name in choices]
    more = len(names) - NUM_NAMED
    if more > 1:
        first = ", ".join(names[:NUM_NAMED])
        return say(en=f"{first} or {more} more?", ko=f"{first} 또는 다른 {more}개?")
    first, last = ", ".join(names[:-1]), names[-1]
    return say(en=f"{first} or {last}?", ko=f"{first} 또는 {last}?")


def labels_text(prediction: Prediction) -> str:
    """The labels that an image gets, with their probabilities where they are among the first.

    Examples
    --------
    >>> top = (("cat", 0.9), ("dog", 0.7))
    >>> labels_text(Prediction("a.jpg", "cat", 0.9, top, labels=("cat", "dog")))
    'cat 90.0 %, dog 70.0 %'
    """
    shares = dict(prediction.top)
    words = [
        f"{shown(label)} {plain_percent(shares[label])}" if label in shares else shown(label)
        for label in prediction.labels or ()
    ]
    return ", ".join(words) or say(en="none of the labels", ko="해당 레이블 없음")


def chart(prediction: Prediction) -> str:
    """One image with a bar for each of its best classes."""
    if prediction.label is None:
        return table_line(prediction, 0)
    width = label_width([label for label, _ in prediction.top])
    lines = [f"  {chance_text(label, share, width).rstrip()}" for label, share in prediction.top]
    if prediction.answer == "unknown":
        text = say(en="unknown: unlike the images it learned from", ko="모름: 학습한 이미지와 닮지 않았습니다")
        lines.insert(0, f"  {text}")
    elif prediction.labels is not None:
        lines.insert(0, f"  {labels_text(prediction)}")
    elif prediction.answer == "unsure":
        lines.insert(0, f"  {set_text(prediction.choices)}")
    return "\n".join([shown(prediction.path), *lines])


def chance_text(label: str, share: float, label_width: int) -> str:
    """A class, its probability in figures and as a bar."""
    return f"{padded(shown(label), label_width)}  {plain_percent(share):>8}  {padded(bar(share, BAR_WIDTH), BAR_WIDTH)}"


def label_width(labels: Sequence[str]) -> int:
    """The cells that the labels need, within reason."""
    return min(WIDEST_LABEL, max(cell_len(shown(label)) for label in labels))


def exact_name(name: str) -> str:
    r"""The name of a file, or its address where the name is not UTF-8.

    Examples
    --------
    >>> exact_name("고양이 100%.jpg")
    '고양이 100%.jpg'
    >>> exact_name(os.path.join(os.sep, "photos", "caf\udce9.jpg"))
    'file:///photos/caf%E9.jpg'
    """
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        try:
            return Path(name).absolute().as_uri()
        except UnicodeEncodeError:  # half a UTF-16 pair, which JSON and Windows know: no bytes, so no file of that name
            return shown(name)
    return name


@contextmanager
def open_output(out: str | None, chosen: str) -> Iterator[Write]:
    """A function that writes a line: to stdout, or to a file that appears whole when the block ends well.

    Raises
    ------
    UsageError
        When the file cannot be written, at once.
    """
    if out is None:
        if chosen != "table" and isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # what the formats promise, on every system
        yield write_to_stdout
        return
    path = Path(out).expanduser()
    check_writable(path)
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as opened:

        def write(line: str) -> None:
            opened.write(line + "\n")

        yield write
        opened.flush()


def check_writable(path: Path) -> None:
    """Refuse a place where no file can be written before hours are spent on its content."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        with tempfile.TemporaryFile(dir=path.parent):
            return
    except OSError as error:
        file, reason = shown(str(path)), error.strerror or str(error)
        raise UsageError(
            say(
                en=f"The answers cannot be written to {file}: {reason}. Choose another file with --out.",
                ko=f"{file} 에 결과를 쓸 수 없습니다: {reason}. --out으로 다른 파일을 지정하세요.",
            )
        ) from error


def write_to_stdout(line: str) -> None:
    """Print a line at once, for whoever watches or reads along."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def csv_row(values: Sequence[object]) -> str:
    """Values as one row of CSV, quoted where needed, without the line end."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerow(values)  # letters of the line end are quoted within a value
    return text.getvalue().removesuffix("\r\n")


def rounded(share: float | None) -> float | None:
    """A probability to six places."""
    return None if share is None else round(share, 6)
