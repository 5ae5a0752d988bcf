"""What is made of images that may have several labels: calibration and thresholds of each label, and what is unknown."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from hubel.core.answers import DEFAULT_REJECT, UnknownLimit
from hubel.core.card import Card
from hubel.core.decision import Calibration
from hubel.core.events import Event, Note, StageDone
from hubel.core.familiar import Familiar
from hubel.core.rundir import PICTURE, REPORT
from hubel.core.seeds import generator
from hubel.core.types import Labels, Mask, UnknownScores
from hubel.data.kept import source_info
from hubel.data.label_folds import Targets, label_table
from hubel.data.names import name_below, shown
from hubel.data.own_tables import escape_name, write_table
from hubel.evaluate.label_calibration import choose_labels, label_probabilities
from hubel.evaluate.label_intervals import Answered
from hubel.evaluate.label_picture import write_label_picture
from hubel.evaluate.label_report import label_reliability, surest_mistakes, unsurest, usual_answers, write_label_report
from hubel.evaluate.multilabel import as_metrics, measure_labels
from hubel.evaluate.report import ImageResult, Report, SetAside, StageTime
from hubel.evaluate.unknown import Seen, choose_unknown, fit_familiar, known_images, unknown_scores
from hubel.train.learn import Learned
from hubel.train.session import Session, mean_features
from hubel.workflows.label_evaluation import all_right, label_answer_figures
from hubel.workflows.promising import write_held_out
from hubel.workflows.remarks import notes_of
from hubel.workflows.run_folder import (
    NUM_EXAMPLES,
    NUM_LEAST_SURE,
    NUM_MISTAKES,
    Outcome,
    image_result,
    provenance_of,
)
from hubel.workflows.together import alike_notes, conflict_notes, leak_notes, measured_leak, twin_pairs

MOST_SETS = 64
"""Of so many sets of labels, the commonest, the model remembers the mean; the others share one."""
NO_DOUBT = (1e6, 1.0)
"""A centre of doubt that no image reaches: scores of labels that are judged by themselves say nothing of strangers, for of
a familiar image without any label all are low."""


@dataclass(frozen=True, slots=True)
class JudgedLabels:
    """How scores become labels, what that gives on the m images that figures stand on, and what else was held out."""

    temperature: float
    calibration: Calibration
    thresholds: tuple[float, ...]
    said: Answered
    held_out: np.ndarray


@dataclass(frozen=True, slots=True)
class Strangers:
    """What the model remembers, from where on an image is unknown, and the out-of-fold scores and groups (m) behind it."""

    familiar: Familiar
    unknown: UnknownLimit | None
    known: Mask
    scores: UnknownScores
    groups: Labels


def label_outcome(session: Session, learned: Learned, command: str) -> Outcome:
    """What is made of images that may have several labels."""
    dataset = session.dataset
    table = label_table(dataset.label_sets or (), len(dataset.classes))
    labels = np.array([dataset.examples[index].label for index in session.kept])
    targets = table[labels]
    judged = judge_labels(learned, targets)
    strangers = choose_strangers(session, learned, labels)
    card = label_card(session, learned, judged, strangers, command)

    def write(folder: Path) -> None:
        write_label_predictions(folder / "predictions.csv", session, learned, judged.said)
        more = {"unknown_scores": strangers.scores, "groups": strangers.groups, "targets": targets[learned.held_out]}
        write_held_out(folder, judged.held_out, labels[learned.held_out], **more)

    def publish(folder: Path, final: Path, card: Card, log: Sequence[Event]) -> Report:
        report = make_label_report(final, session, learned, card, judged.said, log)
        write_label_report(report, folder / REPORT)
        write_label_picture(report, folder / PICTURE)
        return report

    notes = (*conflict_notes(session), *alike_notes(session), *leak_notes(session), *label_notes(card))
    return Outcome(learned, card, strangers.familiar, notes, write, publish)


def judge_labels(learned: Learned, targets: Targets) -> JudgedLabels:
    """Choose calibration and thresholds on out-of-fold scores, and apply them to the images that figures stand on.

    Parameters
    ----------
    learned
        The head and its out-of-fold scores.
    targets
        The labels of all images that were read.
    """
    folds = learned.folds[learned.held_out]
    chosen = choose_labels(learned.held_out_logits, targets[learned.held_out], folds)
    held_out = label_probabilities(learned.held_out_logits, chosen.temperature, chosen.calibration)
    groups = None if learned.groups is None else learned.groups[learned.measured]
    cross_validated = learned.protocol == "cross-validation"
    if cross_validated:
        probabilities, given = chosen.cross_fitted, chosen.given
    else:
        probabilities = label_probabilities(learned.logits, chosen.temperature, chosen.calibration)
        given = probabilities >= chosen.thresholds
    said = Answered(probabilities, targets[learned.measured], given, groups, cross_validated)
    thresholds = tuple(float(value) for value in chosen.thresholds)
    return JudgedLabels(chosen.temperature, chosen.calibration, thresholds, said, held_out)


def choose_strangers(session: Session, learned: Learned, labels: Labels) -> Strangers:
    """What the model remembers and the limit, as `three_answers` chooses them, by distance alone.

    Parameters
    ----------
    session
        Gives the features and the share that may be called unknown.
    learned
        The folds.
    labels
        The sets of labels of all images that were read.
    """
    features, rows = mean_features(session), learned.held_out
    groups = learned.groups if learned.groups is not None else np.arange(len(labels))
    kinds = commonest_first(labels)
    blank = np.zeros((len(labels), int(kinds.max()) + 1), np.float32)  # no score says how doubtful an image is
    folds, own = learned.folds[rows], groups[rows]
    seen = Seen(features[rows], blank[rows], kinds[rows], folds, own)
    familiar, scores = fit_familiar(seen, generator(session.options.seed, "remembered"))
    reject = session.options.reject
    limit = choose_unknown(scores, own, reject=reject or DEFAULT_REJECT)
    familiar, scores = replace(familiar, shift=limit.threshold, doubt=NO_DOUBT), scores - limit.threshold
    unknown = limit.model_copy(update={"threshold": 0.0}) if reject else None
    if learned.protocol != "cross-validation":
        said = unknown_scores(familiar, features[learned.measured], blank[learned.measured])
        known = known_images(said, unknown, num_images=len(said))
        return Strangers(familiar, unknown, known, scores, own)
    known = np.ones(len(rows), bool)
    for fold in np.unique(folds) if reject else ():
        inside = folds == fold
        others = choose_unknown(scores[~inside], own[~inside], reject=reject)
        known[inside] = known_images(scores[inside], others, num_images=int(inside.sum()))
    return Strangers(familiar, unknown, known, scores, own)


def commonest_first(labels: Labels) -> Labels:
    """The sets of labels numbered by how common they are; those beyond `MOST_SETS` share the last number.

    Examples
    --------
    >>> commonest_first(np.array([7, 7, 3])).tolist()
    [0, 0, 1]
    """
    _, places, counts = np.unique(labels, return_inverse=True, return_counts=True)
    ranks = np.empty(len(counts), np.int64)
    ranks[np.argsort(-counts, kind="stable")] = np.arange(len(counts))
    found: Labels = np.minimum(ranks, MOST_SETS)[places]
    return found


def label_card(session: Session, learned: Learned, judged: JudgedLabels, strangers: Strangers, command: str) -> Card:
    """The card, with what was measured."""
    classes, said = session.dataset.classes, judged.said
    found = measure_labels(
        said, classes=classes, thresholds=judged.thresholds, random=generator(session.options.seed, "resamples")
    )
    return Card(
        task="multi-label",
        classes=classes,
        source=source_info(session.dataset.root),
        image=session.extractor.spec,
        base=session.backbone.info,
        views=tuple(session.views),
        temperature=judged.temperature,
        calibration=judged.calibration,
        regularisation=learned.head.regularisation,
        metrics=as_metrics(found, said, protocol=learned.protocol).model_copy(
            update={"leak": measured_leak(session, learned, all_right(said))}
        ),
        provenance=provenance_of(session, learned, command),
        unknown=strangers.unknown,
        unknown_threshold=strangers.unknown.threshold if strangers.unknown else None,
        answers=label_answer_figures(said, strangers.known),
        label_thresholds=judged.thresholds,
        labels=found,
    )


def label_notes(card: Card) -> Iterator[Note]:
    """What the reader of the report must know about how labels came about."""
    assert card.labels is not None
    without, rare = card.labels.num_without, [row for row in card.labels.per_label if row.support < 10]
    if without:
        yield Note(
            f"{without} of the images measured have none of the labels; the model learns from them what none looks like.",
            f"측정한 이미지 가운데 {without}장에는 레이블이 없습니다. 모델은 이 이미지로 아무것도 없는 모습을 배웁니다.",
        )
    if rare:
        names = ", ".join(f"“{shown(row.name)}” ({row.support})" for row in rare[:5]) + (" …" if len(rare) > 5 else "")
        yield Note(
            f"Few images to measure by: {names}. Figures of these labels are rough.",
            f"측정할 이미지가 적은 레이블: {names}. 이 레이블의 수치는 대략적입니다.",
        )
    low, high = (f"{end(card.label_thresholds):.2f}" for end in (min, max))
    yield Note(
        f"Each label is given from its own threshold on ({low} to {high}), where F1 is expected to be largest. Labels are "
        "judged by themselves, so the probabilities of an image need not sum to one.",
        f"레이블마다 F1이 가장 클 것으로 예상되는 기준값({low}–{high})부터 답합니다. 레이블은 하나씩 따로 판정하므로 한 이미지의 확률을 "
        "더해도 1이 되지 않을 수 있습니다.",
    )


def write_label_predictions(path: Path, session: Session, learned: Learned, said: Answered) -> None:
    """`predictions.csv`: what was said of every image that the figures stand on; labels as lists in JSON."""
    classes, kept = session.dataset.classes, session.kept

    def rows() -> Iterator[tuple[str, ...]]:
        for row, true, given, values in zip(
            learned.measured, said.targets, said.given, said.probabilities, strict=True
        ):
            lists = (
                json.dumps([classes[index] for index in np.flatnonzero(part)], ensure_ascii=False)
                for part in (true, given)
            )
            yield session.paths[kept[row]], *lists, *(f"{value:.6f}" for value in values)

    write_table(
        path, ("file", "labels", "predicted", *(f"probability:{escape_name(name)}" for name in classes)), rows()
    )


def make_label_report(
    final: Path, session: Session, learned: Learned, card: Card, said: Answered, log: Sequence[Event]
) -> Report:
    """What the report shows."""
    root, refused = session.dataset.root, session.extraction.refused
    paths = [session.paths[session.kept[row]] for row in learned.measured]

    def results(rows: np.ndarray) -> tuple[ImageResult, ...]:
        found = []
        for row in rows.tolist():
            entry = image_result(paths[row], -1, said.probabilities[row], root=root)
            if entry is not None:
                truth, given = (tuple(np.flatnonzero(part[row]).tolist()) for part in (said.targets, said.given))
                found.append(replace(entry, truth=truth, given=given))
        return tuple(found)

    return Report(
        title=final.name,
        run_folder=str(final),
        card=card,
        mistakes=results(surest_mistakes(said, limit=NUM_MISTAKES)),
        least_sure=results(unsurest(said, card.label_thresholds, limit=NUM_LEAST_SURE)),
        reliability=label_reliability(said),
        set_aside=tuple(
            SetAside(name_below(session.paths[entry.index], root), entry.refusal, entry.detail)
            for entry in refused[:500]
        ),
        stages=tuple(StageTime(event.stage, event.seconds, "") for event in log if isinstance(event, StageDone)),
        warnings=notes_of(log, "warning"),
        notes=notes_of(log, "choice"),
        num_set_aside=len(refused),
        examples=results(usual_answers(said, limit=NUM_EXAMPLES)),
        twins=twin_pairs(session),
        names=session.dataset.names,
    )
