"""Writing the run folder: every file of it, from what was learned."""

from __future__ import annotations

import csv
import io
import json
import os
import platform
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import cast

import numpy as np

from hubel.core.card import Card, Provenance
from hubel.core.events import Event, Finished, Note, StageDone, event_record
from hubel.core.files import write_atomically
from hubel.core.golden import NUM_GOLDEN, write_golden
from hubel.core.parallel import map_in_order
from hubel.core.rundir import CARD, GOLDEN, MODEL, PICTURE, REPORT, WEIGHTS
from hubel.core.types import Labels, Probabilities
from hubel.data.dataset import Split
from hubel.data.images import UnreadableImage, load_image
from hubel.data.names import shown
from hubel.data.pictures import golden_card, golden_copy, thumbnail
from hubel.data.split import cross_split_duplicates
from hubel.data.split_file import SplitRow, escape_name, write_split_csv
from hubel.evaluate.calibration import fit_temperature, softmax
from hubel.evaluate.metrics import measure, reliability
from hubel.evaluate.picture import write_picture
from hubel.evaluate.report import (
    ImageResult,
    Report,
    SetAside,
    StageTime,
    least_sure,
    most_confident_mistakes,
    most_typical,
    write_report,
)
from hubel.export.model_card import model_card
from hubel.export.onnx import export_model
from hubel.export.weights import write_weights
from hubel.runtime.engines import open_engine, usable_cores
from hubel.runtime.probe import processor_name
from hubel.train.learn import Learned
from hubel.train.session import Session, data_sha256

NUM_MISTAKES = 24
NUM_LEAST_SURE = 12
NUM_EXAMPLES = 10
PACKAGES = ("hubel", "numpy", "pillow", "simplejpeg", "onnxruntime", "openvino", "onnx", "scipy", "torch", "timm")


def write_run(
    folder: Path, final: Path, session: Session, *, learned: Learned, command: str, log: list[Event]
) -> Finished:
    """Write everything into `folder`, which will become `final`; returns the last event."""
    begun = session.elapsed()
    labels = np.array([session.dataset.examples[index].label for index in session.kept])
    temperature = fit_temperature(learned.held_out_logits, labels[learned.held_out])
    probabilities = softmax(learned.logits, temperature=temperature)
    card = make_card(session, learned, temperature, probabilities, labels[learned.measured], command)
    log.extend(closing_notes(session, learned))
    write_atomically(folder / CARD, card.model_dump_json(indent=2))
    write_weights(folder / WEIGHTS, learned.head.weights, learned.head.bias, card=card)
    export_model(session.backbone.graph, learned.head.weights, learned.head.bias, card=card, path=folder / MODEL)
    with ThreadPoolExecutor(1) as aside:
        golden = aside.submit(write_golden_images, folder, session, card)
        write_split_csv(folder / "split.csv", split_rows(session, learned))
        write_predictions(folder / "predictions.csv", session, learned, probabilities, labels)
        write_atomically(folder / "config.toml", config_toml(session, card))
        write_atomically(folder / "README.md", model_card(final.name, card))
        log.append(StageDone("write", session.elapsed() - begun))
        report = make_report(final, session, learned, card, probabilities, log)
        write_report(report, folder / REPORT)
        write_picture(report, folder / PICTURE)
        golden.result()
    refused = len(session.extraction.refused)
    metrics = card.metrics
    finished = Finished(
        final, metrics.accuracy, metrics.accuracy_interval, metrics.protocol, metrics.num_images, refused, session.elapsed()
    )  # fmt: skip
    write_atomically(
        folder / "events.jsonl",
        "".join(json.dumps(event_record(event), ensure_ascii=True) + "\n" for event in (*log, finished)),
    )
    return finished


def make_card(
    session: Session, learned: Learned, temperature: float, probabilities: Probabilities, labels: Labels, command: str
) -> Card:
    """The card, with what was measured."""
    return Card(
        classes=session.dataset.classes,
        image=session.extractor.spec,
        base=session.backbone.info,
        views=tuple(session.views),
        temperature=temperature,
        regularisation=learned.head.regularisation,
        metrics=measure(probabilities, labels, classes=session.dataset.classes, protocol=learned.protocol),
        provenance=Provenance(
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            command=shown(command),
            seed=session.options.seed,
            data_sha256=data_sha256(session),
            num_train=learned.parts.count("train"),
            versions=versions(),
            machine=f"{processor_name()}, {usable_cores()} cores, {platform.system()}",
            engine=session.extractor.engine.name,
        ),
    )


def versions() -> dict[str, str]:
    """The versions of what took part."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def closing_notes(session: Session, learned: Learned) -> Iterator[Note]:
    """What the reader of the report must know about how the estimate came about."""
    total, read = len(session.paths), len(session.kept)
    if session.stopped_early:
        yield Note(
            f"Reading was ended early: the model has seen {read} of {total} images. Run the same command again to go on.",
            f"읽기를 일찍 끝냈습니다: 이미지 {total}장 중 {read}장만 보았습니다. 같은 명령을 다시 실행하면 이어서 진행합니다.",
        )
    if learned.protocol == "cross-validation":
        yield Note(
            f"The figures are cross-validated over {int(learned.folds.max()) + 1} folds: every image was judged by a head "
            "that had not seen it, and the model you ship has learned from all of them.",
            f"수치는 {int(learned.folds.max()) + 1}겹 교차 검증 결과입니다: 모든 이미지는 그 이미지를 보지 않은 분류기가 판정했고, "
            "최종 모델은 모든 이미지로 학습했습니다.",
        )
    if learned.weighted:
        yield Note(
            "Classes are weighed alike, because their sizes differ.",
            "클래스 크기가 서로 달라 같은 비중으로 학습했습니다.",
        )
    splits = [session.dataset.examples[index].split for index in session.kept]
    pairs = cross_split_duplicates([session.extraction.contents[index] for index in session.kept], splits)
    if pairs:
        first, copy = (session.dataset.examples[session.kept[row]].path for row in pairs[0])
        yield Note(
            f"{len(pairs)} images for validation or test are exact copies of earlier ones, so the figures flatter: "
            f"{shown(copy)} = {shown(first)}",
            f"검증·테스트 이미지 {len(pairs)}장이 다른 부분의 이미지와 완전히 같아 수치가 실제보다 좋게 나옵니다: "
            f"{shown(copy)} = {shown(first)}",
        )


def write_golden_images(folder: Path, session: Session, card: Card) -> None:
    """Choose a few images evenly, copy them small and without loss, add the test card, and note what float32 says of them."""
    kept = session.kept
    chosen = kept[np.unique(np.linspace(0, len(kept) - 1, NUM_GOLDEN).astype(int))]
    engine = open_engine("onnxruntime-f32", folder / MODEL)

    def work(index: int | None) -> tuple[bytes, dict[str, np.ndarray]] | None:
        try:
            copy = golden_card() if index is None else golden_copy(session.paths[index])
        except UnreadableImage:
            return None  # the file went away since it was read; the others serve
        return copy, engine.run(load_image(copy, card.image)[None])

    answers = [answer for answer in map_in_order(work, (None, *chosen.tolist()), workers=engine.workers) if answer]
    said = {name: np.concatenate([outputs[name] for _, outputs in answers]) for name in ("probabilities", "features")}
    write_golden(folder / GOLDEN, [copy for copy, _ in answers], said["probabilities"], said["features"])


def split_rows(session: Session, learned: Learned) -> Iterator[SplitRow]:
    """One row for every image that was read."""
    classes = session.dataset.classes
    for row, index in enumerate(session.kept):
        example, fold = session.dataset.examples[index], int(learned.folds[row])
        part = cast(Split, learned.parts[row])
        yield SplitRow(
            example.path, classes[example.label], part, None if fold < 0 else fold, session.extraction.contents[index]
        )


def write_predictions(
    path: Path, session: Session, learned: Learned, probabilities: Probabilities, labels: Labels
) -> None:
    """`predictions.csv`: what was said of every image that the figures stand on."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["file", "label", "predicted", "probability", "probability_of_label"])
    classes, kept = session.dataset.classes, session.kept
    for row, values in zip(learned.measured, probabilities, strict=True):
        best, label = int(values.argmax()), int(labels[row])
        file = escape_name(session.paths[kept[row]])
        writer.writerow([file, classes[label], classes[best], f"{values[best]:.6f}", f"{values[label]:.6f}"])
    write_atomically(path, text.getvalue())


def config_toml(session: Session, card: Card) -> str:
    """The settings as they were resolved."""
    options = session.options
    values = {
        "data": shown(session.dataset.root),
        "model": options.model,
        "size": card.image.size,
        "resize": card.image.resize,
        "views": list(card.views),
        "seed": options.seed,
        "budget": options.budget,
        "engine": session.extractor.engine.name,
    }
    return "".join(
        f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in values.items() if value is not None
    )


def make_report(
    final: Path, session: Session, learned: Learned, card: Card, probabilities: Probabilities, log: Sequence[Event]
) -> Report:
    """What the report shows."""
    labels = np.array([session.dataset.examples[index].label for index in session.kept])[learned.measured]
    paths = [session.paths[session.kept[row]] for row in learned.measured]

    root = session.dataset.root

    def results(rows: Sequence[int]) -> tuple[ImageResult, ...]:
        found = (image_result(paths[row], int(labels[row]), probabilities[row], root=root) for row in rows)
        return tuple(entry for entry in found if entry)

    refused = session.extraction.refused
    return Report(
        title=final.name,
        run_folder=str(final),
        card=card,
        mistakes=results(most_confident_mistakes(probabilities, labels, limit=NUM_MISTAKES).tolist()),
        least_sure=results(least_sure(probabilities, limit=NUM_LEAST_SURE).tolist()),
        reliability=reliability(probabilities, labels),
        set_aside=tuple(
            SetAside(name_below(session.paths[entry.index], root), entry.refusal, entry.detail)
            for entry in refused[:500]
        ),
        stages=tuple(StageTime(event.stage, event.seconds, "") for event in log if isinstance(event, StageDone)),
        notes=tuple((event.en, event.ko) for event in log if isinstance(event, Note)),
        num_set_aside=len(refused),
        examples=results(most_typical(probabilities, labels, limit=NUM_EXAMPLES).tolist()),
    )


def image_result(path: str, label: int, row: np.ndarray, *, root: str) -> ImageResult | None:
    """One picture of the report; None when the file went away since it was read."""
    try:
        return ImageResult(name_below(path, root), label, tuple(row.tolist()), thumbnail(path))
    except UnreadableImage:
        return None


def name_below(path: str, root: str) -> str:
    """How a file is called inside its data set; its path stays whole where it lies elsewhere, as a table's files may.

    Parameters
    ----------
    path
        Where the file lies.
    root
        The data set's folder, or the table that lists its files.

    Examples
    --------
    >>> name_below("pets/cats/1.jpg", "pets")
    'cats/1.jpg'
    >>> name_below("other/1.jpg", "pets")
    'other/1.jpg'
    """
    folder = Path(root).parent if Path(root).is_file() else Path(root)
    try:
        name = os.path.relpath(path, folder)
    except ValueError:  # on Windows, two drives
        return path
    return path if Path(name).parts[:1] == (os.pardir,) else name
