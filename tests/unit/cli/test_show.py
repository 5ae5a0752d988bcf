"""Results as people see them."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console, RenderableType

from hubel.cli.set_aside import set_aside_lines
from hubel.cli.show import cache_lines, cache_record, evaluation_lines, evaluation_record, train_record
from hubel.cli.terminal import complain, write_lines
from hubel.core.card import BaseInfo, Card, ImageSpec, Provenance
from hubel.core.events import Finished
from hubel.data.cache import CacheSummary
from hubel.evaluate.metrics import measure
from hubel.workflows import Evaluation


def evaluation_of(num_classes: int, *, wrong: int) -> Evaluation:
    """Four images of every class; the first few taken for the next class."""
    classes = (*(f"class {index}" for index in range(num_classes - 1)), "[red]\x1b고양이")
    labels = np.repeat(np.arange(num_classes), 4)
    answers = labels.copy()
    answers[:wrong] = (answers[:wrong] + 1) % num_classes
    probabilities = np.full((len(labels), num_classes), 0.1 / (num_classes - 1))
    probabilities[np.arange(len(labels)), answers] = 0.9
    metrics = measure(probabilities, labels, classes=classes, protocol="test")
    card = Card(
        classes=classes,
        image=ImageSpec(size=64, resize="squash"),
        base=BaseInfo(name="base", source="", sha256="", licence="", num_features=8),
        views=("plain",),
        temperature=1,
        regularisation=1,
        metrics=metrics,
        provenance=Provenance(
            created="", command="", seed=0, data_sha256="", num_train=0, versions={}, machine="", engine=""
        ),
    )
    refused = (("caf\udce9.jpg", "truncated", "half"),)
    return Evaluation(card, metrics, refused, (), 1.5)


def text_of(*lines: RenderableType, width: int = 100) -> str:
    stream = io.StringIO()
    write_lines(Console(file=stream, width=width, markup=False, highlight=False), *lines)
    return stream.getvalue()


def test_evaluation_names_figures_classes_and_mix_ups() -> None:
    text = text_of(*evaluation_lines(evaluation_of(3, wrong=2)))
    assert "83.3 % of 12 test images right" in text
    assert "Balanced accuracy" in text
    assert "class 0 → class 1   2 / 4" in text
    assert r"[red]\x1b고양이" in text
    assert "\x1b" not in text
    assert all(line == line.rstrip() for line in text.splitlines())


def test_very_many_classes_are_cut_to_the_worst_and_it_is_said() -> None:
    text = text_of(*evaluation_lines(evaluation_of(80, wrong=4)))
    assert "20 classes with a higher recall" in text
    assert "class 0 " in text


def test_nothing_is_said_of_mix_ups_where_there_are_none() -> None:
    assert "mix-ups" not in text_of(*evaluation_lines(evaluation_of(2, wrong=0)))


def test_korean_evaluation_is_korean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUBEL_LANG", "ko")
    text = text_of(*evaluation_lines(evaluation_of(3, wrong=2)))
    for word in ("정확도", "재현율", "가장 잦은 혼동"):
        assert word in text


def test_records_are_json_in_utf8() -> None:
    evaluation = evaluation_of(3, wrong=1)
    record = json.loads(json.dumps(evaluation_record(evaluation)).encode("utf-8"))
    assert record["accuracy"] == evaluation.metrics.accuracy
    assert record["set_aside"] == [{"file": r"caf\udce9.jpg", "error": "truncated", "detail": "half"}]
    finished = Finished(Path("runs/pets"), 0.9, (0.8, 0.95), "test", 10, 1, 3.0)
    assert train_record(finished)["accuracy_interval"] == [0.8, 0.95]


def test_set_aside_files_are_listed_up_to_a_screenful() -> None:
    refused = tuple((f"{number}.jpg", "empty", "") for number in range(30))
    lines = text_of(*set_aside_lines(refused)).splitlines()
    assert lines[0] == "0.jpg: the file is empty [empty]"
    assert lines[-1] == "… 30 files in all"
    assert len(lines) == 21


def test_cache_is_shown_with_its_limit() -> None:
    summary = CacheSummary(Path("/cache"), 2048, 2**30, 7, {"pixels:squash": 5})
    text = text_of(*cache_lines(summary))
    assert "2.0 KiB / 1.0 GiB" in text
    assert "5  pixels:squash" in text
    assert cache_record(summary)["rows_by_kind"] == {"pixels:squash": 5}


def test_error_is_never_wrapped_and_markup_is_not_read(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    complain("[bold]Run:[/bold] pip install 'hubel[train]' and then go on")
    assert capsys.readouterr().err == "error: [bold]Run:[/bold] pip install 'hubel[train]' and then go on\n"
