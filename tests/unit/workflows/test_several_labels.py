"""Several labels an image, from a table or folders to a run folder and its answers."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from PIL import Image

from hubel.core.answers import Limits
from hubel.core.card import read_card
from hubel.core.decision import Wish
from hubel.core.errors import ModelError, UsageError
from hubel.data.images import load_image
from hubel.data.split_file import read_split_csv
from hubel.workflows import (
    Evaluation,
    Prediction,
    ReproduceOptions,
    Reproduction,
    compare,
    evaluate,
    load_predictor,
    predict,
    reproduce,
)
from several_labels import KINDS, as_folders, composites, labels_run, write_composites
from small_runs import run_training, small_run, trained_card


def last(events: object) -> object:
    return list(events)[-1]  # type: ignore[call-overload] # any iterable


def test_the_card_says_what_the_task_is_and_how_well_it_is_done() -> None:
    card = read_card(labels_run() / "card.json")
    assert card.task == "multi-label"
    assert set(card.classes) == set(KINDS)
    assert len(card.label_thresholds) == 3
    assert card.labels is not None
    assert card.labels.num_images == 56
    assert card.labels.num_without == 8
    assert card.labels.mean_average_precision > 0.6  # by chance 0.43
    assert card.metrics.accuracy == card.labels.subset_accuracy
    assert card.metrics.protocol == "cross-validation"
    assert card.leak_tax is None
    assert card.sets is None
    assert card.unknown is not None


def test_every_image_is_measured_once_and_its_labels_are_kept() -> None:
    with (labels_run() / "predictions.csv").open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert len(rows) == 56
    pair = next(row for row in rows if "discs-boards" in row["file"])
    assert sorted(json.loads(pair["labels"])) == ["boards", "discs"]
    assert all(0 <= float(pair[f"probability:{kind}"]) <= 1 for kind in KINDS)
    splits = read_split_csv(labels_run() / "split.csv")
    assert {row.label for row in splits} >= {"boards+discs", "none", "stripes"}


def test_the_report_and_the_picture_speak_of_labels() -> None:
    page = (labels_run() / "report.html").read_text(encoding="utf-8")
    for words in ("mean average precision", "평균 정밀도", "Label by label", "What occurs together", "Worst answers"):
        assert words in page
    assert "What is taken for what" not in page
    assert "balanced accuracy" not in page
    with Image.open(labels_run() / "picture.png") as picture:
        assert picture.size == (1600, 900)
    assert "Mean average precision" in (labels_run() / "README.md").read_text(encoding="utf-8")


def test_folders_give_the_same_model_as_the_table(tmp_path: Path) -> None:
    table = write_composites(tmp_path / "table", 3, seed=4)
    first, _ = run_training(table, tmp_path / "first")
    second, _ = run_training(as_folders(table, tmp_path / "folders"), tmp_path / "second")
    cards = [trained_card(first), trained_card(second)]
    assert cards[0].classes == cards[1].classes
    assert cards[0].provenance.data_sha256 == cards[1].provenance.data_sha256


def test_asked_for_single_labels_every_joined_folder_is_a_class(tmp_path: Path) -> None:
    root = as_folders(write_composites(tmp_path / "table", 3, empty=False), tmp_path / "folders")
    finished, _ = run_training(root, tmp_path / "run", labels="one")
    card = trained_card(finished)
    assert card.task == "multi-class"
    assert len(card.classes) == 6
    assert card.labels is None


def test_a_test_part_is_measured_alone(tmp_path: Path) -> None:
    table = write_composites(tmp_path, 4)
    lines = table.read_text(encoding="utf-8").splitlines()
    parts = ["split", *("test" if "001" in line or "002" in line else "train" for line in lines[1:])]
    table.write_text("\n".join(f"{line},{part}" for line, part in zip(lines, parts, strict=True)), encoding="utf-8")
    finished, _ = run_training(table, tmp_path / "run")
    card = trained_card(finished)
    assert card.metrics.protocol == "test"
    assert card.labels is not None
    assert card.labels.num_images == 14


def test_a_prediction_names_every_label_from_its_threshold_on() -> None:
    card = read_card(labels_run() / "card.json")
    images = sorted(str(path) for path in composites().parent.glob("*.png"))
    found = list(predict(labels_run(), images, limits=Limits(reject=0)))
    assert len(found) == 56
    for one in found:
        shares = dict(one.top)
        expected = {
            name for name, limit in zip(card.classes, card.label_thresholds, strict=True) if shares[name] >= limit
        }
        assert set(one.labels or ()) == set(one.choices) == expected
        assert one.answer == "label"
        assert one.label == one.top[0][0]
    assert any(len(one.labels or ()) == 2 for one in found)


def test_a_model_of_one_class_an_image_has_no_labels() -> None:
    image = Image.new("RGB", (64, 64))
    found = last(predict(small_run(), [image]))
    assert isinstance(found, Prediction)
    assert found.labels is None


def test_the_graph_alone_gives_probabilities_and_labels() -> None:
    card = read_card(labels_run() / "card.json")
    session = onnxruntime.InferenceSession(str(labels_run() / "model.onnx"), providers=["CPUExecutionProvider"])
    pixels = np.stack([load_image(path, card.image) for path in sorted(composites().parent.glob("*.png"))[:20]])
    names = [output.name for output in session.get_outputs()]
    outputs = dict(zip(names, session.run(None, {"pixels": pixels}), strict=True))
    said = load_predictor(labels_run()).say_of(pixels)
    np.testing.assert_allclose(outputs["probabilities"], said.probabilities, atol=1e-5)
    limits = np.array(card.label_thresholds, np.float32)
    assert (outputs["in_set"] == (outputs["probabilities"] >= limits)).all()
    assert not np.allclose(outputs["probabilities"].sum(1), 1, atol=0.05)
    metadata = session.get_modelmeta().custom_metadata_map
    assert metadata["task"] == "multi-label-image-classification"
    assert json.loads(metadata["label_thresholds"]) == pytest.approx(list(card.label_thresholds))


def test_a_changed_threshold_in_the_card_is_noticed(tmp_path: Path) -> None:
    from small_runs import copy_of

    run = copy_of(labels_run(), tmp_path)
    card = json.loads((run / "card.json").read_text(encoding="utf-8"))
    card["label_thresholds"][0] = 0.9
    (run / "card.json").write_text(json.dumps(card), encoding="utf-8")
    with pytest.raises(ModelError, match="label_thresholds"):
        load_predictor(run)


def test_noise_is_unknown_more_often_than_the_known() -> None:
    noise = np.random.default_rng(5)
    strange = [Image.fromarray(noise.integers(0, 2, (64, 64, 3), dtype=np.uint8) * 255) for _ in range(8)]
    scores = [one.unknown_score for one in predict(labels_run(), strange)]
    known = [one.unknown_score for one in predict(labels_run(), sorted(map(str, composites().parent.glob("s*.png"))))]
    assert min(score for score in scores if score is not None) > np.median([score or 0.0 for score in known])


def test_a_run_is_measured_on_other_images(tmp_path: Path) -> None:
    found = last(evaluate(labels_run(), str(write_composites(tmp_path, 3, seed=9))))
    assert isinstance(found, Evaluation)
    assert found.labels is not None
    assert found.labels.num_images == 21
    assert found.metrics.accuracy == found.labels.subset_accuracy
    assert found.answers is not None


def test_a_run_is_measured_on_folders_of_single_labels(tmp_path: Path) -> None:
    root = as_folders(write_composites(tmp_path / "table", 3, empty=False, seed=9), tmp_path / "folders")
    for joined in root.glob("*+*"):
        joined.rename(tmp_path / joined.name)
    found = last(evaluate(labels_run(), str(root)))
    assert isinstance(found, Evaluation)
    assert found.labels is not None
    assert found.labels.labels_per_image == 1


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"accept_error": 0.1}, "--accept-error"),
        ({"by": "place"}, "--by"),
        ({"at_least": (Wish("recall", "discs", 0.5),)}, "--at-least"),
    ],
)
def test_options_for_one_class_an_image_are_refused(tmp_path: Path, options: dict[str, Any], named: str) -> None:
    with pytest.raises(UsageError, match=named):
        run_training(composites(), tmp_path / "run", **options)
    assert not (tmp_path / "run").exists()


def test_a_finished_run_refuses_them_too() -> None:
    with pytest.raises(UsageError, match="--accept-error"):
        list(predict(labels_run(), ["a.png"], limits=Limits(accept_error=0.1)))
    with pytest.raises(UsageError, match="--at-least"):
        list(predict(labels_run(), ["a.png"], at_least=[Wish("recall", "discs", 0.5)]))


def test_runs_of_labels_are_not_compared() -> None:
    with pytest.raises(ModelError, match="hubel evaluate"):
        list(compare(labels_run(), labels_run()))


def test_a_run_is_made_again_to_the_bit(tmp_path: Path) -> None:
    found = last(reproduce(labels_run(), ReproduceOptions(out=tmp_path / "again", from_cache=True)))
    assert isinstance(found, Reproduction)
    assert found.differences.verdict == "identical"
