"""A run gives three answers: by default it may say unknown, on request it names several classes, later too."""

from __future__ import annotations

import functools
import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hubel.core.answers import Limits
from hubel.core.errors import ModelError, UsageError
from hubel.evaluate.conformal import TooFewForPromise
from hubel.workflows import evaluate, load_predictor, predict
from hubel.workflows.evaluating import Evaluation
from small_runs import copy_of, run_training, small_data, small_run, trained_card, write_pictures

ACCEPTED = 0.1


@functools.cache
def data() -> Path:
    return write_pictures(Path(os.environ["HUBEL_CACHE"]) / "three-data", {"stripes": 40, "discs": 40}, seed=1)


@functools.cache
def run() -> Path:
    finished, _ = run_training(data(), Path(os.environ["HUBEL_CACHE"]) / "three-run", accept_error=ACCEPTED)
    return finished.folder


def images() -> list[str]:
    return [str(path) for path in sorted(data().rglob("*.png"))]


def test_default_run_may_say_unknown_and_names_one_class() -> None:
    card = load_predictor(small_run()).card
    assert card.unknown is not None
    assert card.unknown.reject == 0.01
    assert card.unknown.extrapolated
    assert card.sets is None
    assert card.answers is not None
    assert card.answers.unsure == 0
    assert card.answers.label + card.answers.unknown == pytest.approx(1)


def test_images_learned_from_are_known_and_a_blank_one_is_not(tmp_path: Path) -> None:
    Image.new("RGB", (72, 56), (0, 0, 0)).save(tmp_path / "black.png")
    *known, strange = predict(run(), [*images(), str(tmp_path / "black.png")])
    assert np.mean([prediction.answer != "unknown" for prediction in known]) > 0.97
    assert strange.answer == "unknown"
    assert strange.choices == ()
    assert strange.label is not None  # the nearest class stays where it was
    assert strange.unknown_score is not None
    assert strange.unknown_score > 0


def test_accepted_error_stands_in_card_model_and_answers() -> None:
    card = load_predictor(run()).card
    assert card.sets is not None
    assert card.sets.accept_error == ACCEPTED
    assert card.answers is not None
    assert card.answers.wrong <= 3 * ACCEPTED
    for prediction in predict(run(), images()[:4]):
        assert prediction.label in prediction.choices or prediction.answer == "unknown"


def test_limits_of_a_finished_run_can_be_changed_without_training(tmp_path: Path) -> None:
    fresh = write_pictures(tmp_path, {"stripes": 20, "discs": 20}, seed=2)
    sources = [str(path) for path in sorted(fresh.rglob("*.png"))]  # images learned from are remembered, never unknown
    answers = [
        [prediction.answer for prediction in predict(run(), sources, limits=Limits(reject, error))]
        for reject, error in ((0.4, None), (0.0, 0.0), (None, 0.02))
    ]
    assert answers[0].count("unknown") > 5
    assert set(answers[1]) == {"label"}
    assert len(answers[2]) == len(sources)


def test_promise_that_so_few_images_cannot_keep_is_refused_before_reading() -> None:
    with pytest.raises(TooFewForPromise, match="--accept-error"):
        run_training(small_data(), Path("never"), accept_error=0.01)
    assert not Path("never").exists()
    with pytest.raises(TooFewForPromise):
        list(predict(run(), images()[:1], limits=Limits(accept_error=0.001)))
    with pytest.raises(UsageError, match="--reject"):
        list(predict(run(), images()[:1], limits=Limits(reject=0.9)))


def test_evaluation_counts_the_three_answers() -> None:
    *_, evaluation = evaluate(run(), str(data()), limits=Limits(accept_error=0.05))
    assert isinstance(evaluation, Evaluation)
    figures = evaluation.answers
    assert figures is not None
    assert figures.num_images == 80
    assert figures.label + figures.unsure + figures.unknown == pytest.approx(1)


def test_run_of_before_is_opened_and_never_says_unknown(tmp_path: Path) -> None:
    old = copy_of(run(), tmp_path)
    card = json.loads((old / "card.json").read_text(encoding="utf-8"))
    import onnx

    model = onnx.load(str(old / "model.onnx"))
    for name in ("unknown", "sets", "answers"):
        del card[name]
    del model.graph.output[2:]
    kept = [entry for entry in model.metadata_props if entry.key not in ("unknown", "sets")]
    del model.metadata_props[:]
    model.metadata_props.extend(kept)
    (old / "model.onnx").write_bytes(model.SerializeToString())
    (old / "card.json").write_text(json.dumps(card), encoding="utf-8")
    assert {prediction.answer for prediction in predict(old, images()[:5])} == {"label"}
    with pytest.raises(ModelError, match="Train again"):
        list(predict(old, images()[:1], limits=Limits(reject=0.01)))


def test_changed_limit_in_the_card_alone_is_refused(tmp_path: Path) -> None:
    changed = copy_of(run(), tmp_path)
    card = json.loads((changed / "card.json").read_text(encoding="utf-8"))
    card["unknown"]["threshold"] = 99.0
    (changed / "card.json").write_text(json.dumps(card), encoding="utf-8")
    with pytest.raises(ModelError, match="do not belong together"):
        load_predictor(changed)


def test_the_same_seed_remembers_the_same(tmp_path: Path) -> None:
    cards = [trained_card(run_training(small_data(), tmp_path / name)[0]) for name in ("one", "two")]
    assert cards[0].unknown == cards[1].unknown
    assert (tmp_path / "one" / "model.onnx").stat().st_size == (tmp_path / "two" / "model.onnx").stat().st_size
