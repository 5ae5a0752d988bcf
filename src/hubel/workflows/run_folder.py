"""Writing the run folder: every file of it, from what was learned."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import cast

import numpy as np

from hubel.core.card import Card, Metrics, Provenance
from hubel.core.events import Event, Finished, Note, StageDone, event_record
from hubel.core.familiar import Familiar
from hubel.core.files import cache_root, write_atomically
from hubel.core.golden import NUM_GOLDEN, write_golden
from hubel.core.parallel import map_in_order, usable_cores
from hubel.core.rundir import CARD, GOLDEN, MODEL, PICTURE, REPORT, WEIGHTS
from hubel.core.types import Labels, Probabilities
from hubel.data.dataset import Split
from hubel.data.images import UnreadableImage, load_image
from hubel.data.kept import source_info
from hubel.data.ledger_file import LEDGER, summarise, write_ledger
from hubel.data.names import name_below, shown
from hubel.data.own_tables import escape_name
from hubel.data.pictures import golden_card, golden_copy, thumbnail
from hubel.data.predictions_file import PredictionRow, write_predictions
from hubel.data.split_file import SplitRow, write_split_csv
from hubel.evaluate.deciding import decide
from hubel.evaluate.fairness import AnswerSet, Column
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
from hubel.export.onnx import ModelParts, export_model
from hubel.export.weights import write_weights
from hubel.models.backbone import open_backbone
from hubel.runtime.engines import open_engine
from hubel.runtime.probe import processor_name
from hubel.train.learn import Learned
from hubel.train.session import Session, data_sha256
from hubel.workflows.answering import Answering, choose_answering
from hubel.workflows.answering_notes import answering_notes
from hubel.workflows.grouping import with_groups
from hubel.workflows.ledger import ledger_rows, licence_notes, with_copies
from hubel.workflows.promising import write_held_out
from hubel.workflows.remarks import closing_notes, notes_of, num_unread, second_look
from hubel.workflows.three_answers import choose_three_answers, three_answers_notes, with_three_answers
from hubel.workflows.together import leak_record, measured_leak, together_notes, twin_pairs

NUM_MISTAKES = 24
NUM_LEAST_SURE = 12
NUM_EXAMPLES = 10
PACKAGES = ("hubel", "numpy", "pillow", "simplejpeg", "onnxruntime", "openvino", "onnx", "scipy", "torch", "timm")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a task makes of what was learned: the card, what the model remembers, remarks, and how it writes its own files.

    `write` puts what was said of single images into a folder; `publish` puts report and picture there, given the final folder,
    the whole card and the events so far, and returns what the report shows.
    """

    learned: Learned
    card: Card
    familiar: Familiar
    notes: tuple[Note, ...]
    write: Callable[[Path], None]
    publish: Callable[[Path, Path, Card, Sequence[Event]], Report]


def write_run(
    folder: Path, final: Path, session: Session, *, judge: Callable[[], Outcome], log: list[Event]
) -> Finished:
    """Write everything into `folder`, which will become `final`; returns the last event. `judge` belongs to the time it takes."""
    begun = session.elapsed()
    outcome = judge()
    learned = outcome.learned
    ledger = ledger_rows(session, learned)
    card = outcome.card.model_copy(update={"ledger": summarise(ledger)})
    log.extend((*outcome.notes, *closing_notes(session, learned), *licence_notes(ledger)))
    write_atomically(folder / CARD, card.model_dump_json(indent=2))
    write_weights(folder / WEIGHTS, learned.head.weights, learned.head.bias, card=card)
    base = session.backbone
    if session.learning is None:  # made again if the cache was cleared meanwhile
        base = open_backbone(session.options.model, cache_root() / "graphs")
    parts = ModelParts(base.graph, learned.head.weights, learned.head.bias, outcome.familiar)
    export_model(parts, card=card, path=folder / MODEL)
    with ThreadPoolExecutor(1) as aside:
        golden = aside.submit(write_golden_images, folder, session, card)
        write_split_csv(folder / "split.csv", split_rows(session, learned))
        outcome.write(folder)
        write_atomically(folder / "config.toml", config_toml(session, card))
        write_atomically(folder / "README.md", model_card(final.name, card, notes_of(log, "warning")))
        log.append(StageDone("write", session.elapsed() - begun))
        report = outcome.publish(folder, final, card, log)
        write_ledger(folder / LEDGER, with_copies(ledger, report=report, golden=golden.result()))
    refused = len(session.extraction.refused)
    metrics = card.metrics
    finished = Finished(
        final, metrics.accuracy, metrics.accuracy_interval, metrics.protocol, metrics.num_images, refused, session.elapsed(),
        num_unread(session),
    )  # fmt: skip
    write_atomically(
        folder / "events.jsonl",
        "".join(json.dumps(event_record(event), ensure_ascii=True) + "\n" for event in (*log, finished)),
    )
    return finished


def class_outcome(session: Session, learned: Learned, command: str) -> Outcome:
    """What is made of images that have one class each: calibration, decision, the three answers."""
    labels = np.array([session.dataset.examples[index].label for index in session.kept])
    answering = choose_answering(learned, labels, classes=session.dataset.classes, wishes=session.options.at_least)
    three = choose_three_answers(session, learned, answering, labels=labels)
    card = with_three_answers(make_card(session, learned, answering, labels[learned.measured], command), three)
    notes = (
        *together_notes(session, learned),
        *second_look(card, learned.cross_validated_accuracy, len(learned.held_out)),
        *answering_notes(card),
        *three_answers_notes(three.short),
    )

    def write(folder: Path) -> None:
        write_predictions(folder / "predictions.csv", prediction_rows(session, learned, answering, labels))
        more = {"unknown_scores": three.scores, "groups": three.groups}
        write_held_out(folder, answering.held_out, labels[learned.held_out], **more)

    def publish(folder: Path, final: Path, card: Card, log: Sequence[Event]) -> Report:
        report = make_report(final, session, learned, card, answering.probabilities, log)
        write_report(report, folder / REPORT)
        write_picture(report, folder / PICTURE)
        return report

    return Outcome(learned, card, three.familiar, notes, write, publish)


def make_card(session: Session, learned: Learned, answering: Answering, labels: Labels, command: str) -> Card:
    """The card, with what was measured."""
    return Card(
        classes=session.dataset.classes,
        source=source_info(session.dataset.root),
        image=session.extractor.spec,
        base=session.backbone.info,
        views=tuple(session.views),
        temperature=answering.temperature,
        calibration=answering.calibration,
        balance=learned.balance,
        leak_tax=leak_record(session, learned),
        learning=session.learning,
        decision=answering.decision,
        regularisation=learned.head.regularisation,
        metrics=measured_metrics(session, learned, answering, labels),
        provenance=provenance_of(session, learned, command),
    )


def provenance_of(session: Session, learned: Learned, command: str) -> Provenance:
    """What made the model."""
    return Provenance(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        command=shown(command),
        seed=session.options.seed,
        data_sha256=data_sha256(session),
        num_train=learned.parts.count("train"),
        num_seen=len(session.kept),
        num_unread=num_unread(session),
        versions=versions(),
        machine=f"{processor_name()}, {usable_cores()} cores, {platform.system()}",
        engine=session.extractor.engine.name,
    )


def measured_metrics(session: Session, learned: Learned, answering: Answering, labels: Labels) -> Metrics:
    """The figures of the images that were kept to measure with, and of each group of them that the user asked for."""
    units = None if learned.groups is None else learned.groups[learned.measured]
    probabilities, answers, protocol = answering.probabilities, answering.answers, learned.protocol
    metrics = measure(
        probabilities, labels, classes=session.dataset.classes, protocol=protocol, answers=answers, groups=units
    )
    metrics = metrics.model_copy(update={"leak": measured_leak(session, learned, answers == labels)})
    by, values = session.options.by, session.by_values
    if by is None or values is None:
        return metrics
    column = Column(by, [values[index] for index in session.kept[learned.measured]])
    out_of_fold = protocol == "cross-validation"
    return with_groups(metrics, AnswerSet(probabilities, answers, labels, units, cross_validated=out_of_fold), column)


def versions() -> dict[str, str]:
    """The versions of what took part."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def write_golden_images(folder: Path, session: Session, card: Card) -> dict[str, int]:
    """Choose a few images evenly, copy them small and without loss, add the test card, and note what float32 says of them.

    Returns
    -------
    dict
        Of each copy's name in the run folder, the position of the image in the data set.
    """
    kept = session.kept
    chosen = kept[np.unique(np.linspace(0, len(kept) - 1, NUM_GOLDEN).astype(int))]
    engine = open_engine("onnxruntime-f32", folder / MODEL)

    def work(index: int | None) -> tuple[int | None, bytes, dict[str, np.ndarray]] | None:
        try:
            copy = golden_card() if index is None else golden_copy(session.paths[index])
        except UnreadableImage:
            return None  # the file went away since it was read; the others serve
        return index, copy, engine.run(load_image(copy, card.image)[None])

    answers = [answer for answer in map_in_order(work, (None, *chosen.tolist()), workers=engine.workers) if answer]
    said = {name: np.concatenate([outputs[name] for *_, outputs in answers]) for name in ("probabilities", "features")}
    names = write_golden(folder / GOLDEN, [copy for _, copy, _ in answers], said["probabilities"], said["features"])
    return {f"{GOLDEN}/{name}": index for name, (index, *_) in zip(names, answers, strict=True) if index is not None}


def split_rows(session: Session, learned: Learned) -> Iterator[SplitRow]:
    """One row for every image that was read."""
    classes = session.dataset.names
    for row, index in enumerate(session.kept):
        example, fold = session.dataset.examples[index], int(learned.folds[row])
        part = cast(Split, learned.parts[row])
        yield SplitRow(
            example.path, classes[example.label], part, None if fold < 0 else fold, session.extraction.contents[index]
        )


def prediction_rows(
    session: Session, learned: Learned, answering: Answering, labels: Labels
) -> Iterator[PredictionRow]:
    """What was said of every image that the figures stand on."""
    classes, kept = session.dataset.classes, session.kept
    for row, values, answer in zip(learned.measured, answering.probabilities, answering.answers, strict=True):
        best, label = int(answer), int(labels[row])
        yield PredictionRow(
            session.paths[kept[row]], classes[label], classes[best], float(values[best]), float(values[label])
        )


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
        "source": escape_name(session.source) or None,
        "reject": options.reject,
        "accept_error": options.accept_error,
        "at_least": [str(wish) for wish in options.at_least] or None,
        "by": options.by,
        "labels": None if options.labels == "auto" else options.labels,
        "scratch": options.scratch.model_dump_json() if options.scratch else None,
        "tuning": options.tuning.model_dump_json() if options.tuning else None,
        "hold_out": options.hold_out or None,
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
    answers = decide(probabilities, card.decision, classes=card.classes)

    root = session.dataset.root

    def results(rows: Sequence[int]) -> tuple[ImageResult, ...]:
        found = (image_result(paths[row], int(labels[row]), probabilities[row], root=root) for row in rows)
        said = (int(answers[row]) for row in rows)
        return tuple(replace(entry, answer=answer) for entry, answer in zip(found, said, strict=True) if entry)

    refused = session.extraction.refused
    return Report(
        title=final.name,
        run_folder=str(final),
        card=card,
        mistakes=results(most_confident_mistakes(probabilities, labels, limit=NUM_MISTAKES, answers=answers).tolist()),
        least_sure=results(least_sure(probabilities, limit=NUM_LEAST_SURE).tolist()),
        reliability=reliability(probabilities, labels),
        set_aside=tuple(
            SetAside(name_below(session.paths[entry.index], root), entry.refusal, entry.detail)
            for entry in refused[:500]
        ),
        stages=tuple(StageTime(event.stage, event.seconds, "") for event in log if isinstance(event, StageDone)),
        warnings=notes_of(log, "warning"),
        notes=notes_of(log, "choice"),
        num_set_aside=len(refused),
        examples=results(most_typical(probabilities, labels, limit=NUM_EXAMPLES, answers=answers).tolist()),
        twins=twin_pairs(session),
    )


def image_result(path: str, label: int, row: np.ndarray, *, root: str) -> ImageResult | None:
    """One picture of the report; None when the file went away since it was read."""
    try:
        return ImageResult(name_below(path, root), label, tuple(row.tolist()), thumbnail(path))
    except UnreadableImage:
        return None
