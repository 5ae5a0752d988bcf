"""Promises from the command line to the answers: at training, and for a finished run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from hubel.core.card import read_card
from hubel.core.decision import Wish
from hubel.core.errors import ModelError, UsageError
from hubel.estimator import ImageClassifier
from hubel.evaluate.thresholds import UnattainablePromise
from hubel.workflows import evaluate, load_predictor, predict
from hubel.workflows.evaluating import Evaluation
from hubel.workflows.predicting import probabilities_of
from hubel.workflows.promising import HELD_OUT, promising, read_held_out
from small_runs import copy_of, run_training, small_data, small_run, trained_card, write_pictures

EASY = Wish("recall", "discs", 0.75)


def images() -> list[str]:
    """All pictures of the small data."""
    return [str(path) for path in sorted(small_data().rglob("*.png"))]


def test_a_promise_at_training_stands_in_card_graph_report_and_answers(tmp_path: Path) -> None:
    finished, events = run_training(small_data(), tmp_path / "run", at_least=(EASY,))
    card = trained_card(finished)
    assert card.decision is not None
    (promise,) = card.decision.promises
    assert (promise.measure, promise.class_name, promise.at_least) == ("recall", "discs", 0.75)
    assert promise.lower >= 0.75
    metadata = {entry.key: entry.value for entry in onnx.load(str(finished.folder / "model.onnx")).metadata_props}
    assert metadata["decision"] == card.decision.model_dump_json()
    assert any("Promised: recall of “discs”" in getattr(event, "en", "") for event in events) or (
        "Promised: recall of" in (finished.folder / "report.html").read_text(encoding="utf-8")
    )
    answers = [prediction.label for prediction in predict(finished.folder, images())]
    assert answers == ImageClassifier.load(finished.folder).predict(images()).tolist()


def test_a_class_of_the_promise_must_exist_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"'disc', which there is not.*discs"):
        run_training(small_data(), tmp_path / "run", at_least=(Wish("recall", "disc", 0.9),))
    assert not (tmp_path / "run").exists()


def test_what_cannot_be_promised_leaves_no_run_behind(tmp_path: Path) -> None:
    with pytest.raises(UnattainablePromise, match="12 independent images can vouch for"):
        run_training(small_data(), tmp_path / "run", at_least=(Wish("recall", "discs", 0.95),))
    assert not (tmp_path / "run").exists()


def test_a_finished_run_takes_promises_without_training() -> None:
    predictor = load_predictor(small_run())
    promised = promising(predictor, [EASY])
    assert predictor.card.decision is None
    assert promised.card.decision is not None
    assert promised.card.metrics == predictor.card.metrics
    threshold = promised.card.decision.promises[0].threshold
    rows, _ = probabilities_of(promised, images())
    column = promised.card.classes.index("discs")
    answers = [prediction.label == "discs" for prediction in predict(small_run(), images(), at_least=[EASY])]
    expected = (rows.argmax(1) == column) | (rows[:, column] >= threshold)
    assert answers == expected.tolist()


def test_evaluating_counts_the_promised_answers() -> None:
    (*_, plain) = evaluate(small_run(), str(small_data()))
    (*_, promised) = evaluate(small_run(), str(small_data()), at_least=[EASY])
    assert isinstance(plain, Evaluation)
    assert isinstance(promised, Evaluation)
    column = plain.card.classes.index("discs")
    assert promised.metrics.per_class[column].recall >= plain.metrics.per_class[column].recall
    assert promised.metrics.log_loss == plain.metrics.log_loss


def test_a_run_without_out_of_fold_probabilities_says_so(tmp_path: Path) -> None:
    run = copy_of(small_run(), tmp_path)
    (run / HELD_OUT).unlink()
    with pytest.raises(ModelError, match=r"held_out\.npz cannot be used"):
        list(predict(run, images(), at_least=[EASY]))
    (run / HELD_OUT).write_bytes(b"PK\x03\x04 no archive")
    with pytest.raises(ModelError, match=r"held_out\.npz cannot be used"):
        list(predict(run, images(), at_least=[EASY]))


def test_out_of_fold_probabilities_of_another_model_are_refused(tmp_path: Path) -> None:
    run = copy_of(small_run(), tmp_path)
    np.savez(run / HELD_OUT, probabilities=np.full((4, 3), 1 / 3), labels=np.zeros(4, int))
    with pytest.raises(ModelError, match=r"\(4, 3\)"):
        read_held_out(run, read_card(run / "card.json"))


def test_unbalanced_classes_are_said_and_recorded(tmp_path: Path) -> None:
    data = write_pictures(tmp_path / "data", {"stripes": 30, "discs": 8})
    finished, _ = run_training(data, tmp_path / "run")
    card = trained_card(finished)
    assert card.balance is not None
    assert card.balance.frequencies[card.classes.index("discs")] == pytest.approx(8 / 38)
    assert card.decision is None
    assert "times the images of the smallest" in (finished.folder / "report.html").read_text(encoding="utf-8")
