"""Training from a folder of pictures to a run folder: what it holds, that it repeats, and that it ends well early."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import tomllib
import unicodedata
from collections.abc import Generator
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from hubel.core.card import read_card
from hubel.core.errors import DataError
from hubel.core.events import Finished, Note, Progress
from hubel.core.files import cache_root, file_sha256
from hubel.core.views import show
from hubel.data.images import load_image
from hubel.data.split_file import read_split_csv
from hubel.evaluate.calibration import softmax
from hubel.models.backbone import open_backbone
from hubel.runtime.engines import open_engine
from hubel.train.options import TrainOptions
from hubel.workflows import Evaluation, evaluate, load_predictor, predict, train
from small_runs import SIZE, picture, run_training, small_data, small_run, trained_card, write_pictures

FILES = {
    "README.md",
    "card.json",
    "config.toml",
    "events.jsonl",
    "golden",
    "model.onnx",
    "picture.png",
    "predictions.csv",
    "report.html",
    "held_out.npz",
    "ledger.csv",
    "split.csv",
    "weights.safetensors",
}


def weights_of(finished: Finished) -> str:
    return file_sha256(finished.folder / "weights.safetensors")


def test_a_run_folder_holds_exactly_what_is_documented() -> None:
    run = small_run()
    assert {path.name for path in run.iterdir()} == FILES
    assert {path.name for path in (run / "golden").iterdir()} == {
        "expected.json", "features.npy", *(f"{number:02}.png" for number in range(9))
    }  # fmt: skip
    events = [json.loads(line) for line in (run / "events.jsonl").read_text(encoding="utf-8").splitlines()]
    assert events[0]["event"] == "Started"
    assert events[-1]["event"] == "Finished"
    config = tomllib.loads((run / "config.toml").read_text(encoding="utf-8"))
    assert config["views"] == ["plain", "mirror"]
    rows = read_split_csv(run / "split.csv")
    assert len(rows) == 24
    assert {row.fold for row in rows} == {0, 1, 2, 3, 4}
    card = read_card(run / "card.json")
    assert card.metrics.protocol == "cross-validation"
    assert card.provenance.num_train == 24


def test_the_same_data_and_seed_give_the_same_weights_whatever_is_cached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warm, _ = run_training(small_data(), tmp_path / "warm", views=2)
    monkeypatch.setenv("HUBEL_CACHE", str(tmp_path / "empty"))
    cold, _ = run_training(small_data(), tmp_path / "cold", views=2)
    assert weights_of(cold) == weights_of(warm) == file_sha256(small_run() / "weights.safetensors")
    assert trained_card(cold).metrics == trained_card(warm).metrics
    assert trained_card(cold).temperature == trained_card(warm).temperature


def test_another_seed_gives_other_folds(tmp_path: Path) -> None:
    other, _ = run_training(small_data(), tmp_path / "run", seed=1)
    first, second = (read_split_csv(folder / "split.csv") for folder in (small_run(), other.folder))
    assert [row.fold for row in first] != [row.fold for row in second]


def test_a_run_is_never_overwritten(tmp_path: Path) -> None:
    names = [run_training(small_data(), tmp_path / "pets")[0].folder.name for _ in range(3)]
    assert names == ["pets", "pets-2", "pets-3"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names


def test_a_closed_training_leaves_nothing_behind(tmp_path: Path) -> None:
    events = train(str(small_data()), TrainOptions(out=tmp_path / "run", size=SIZE))
    while not isinstance(next(events), Progress):
        pass
    assert list(tmp_path.iterdir()) != []
    assert isinstance(events, Generator)
    events.close()
    assert list(tmp_path.iterdir()) == []


def test_a_training_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    data = write_pictures(tmp_path / "data", {"a": 4, "b": 3})
    for file in list((data / "b").iterdir())[:2]:
        file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(DataError, match="b: 1"):
        run_training(data, tmp_path / "runs" / "run")
    assert list((tmp_path / "runs").iterdir()) == []


def test_stopping_after_the_first_images_gives_a_usable_run_and_says_so(tmp_path: Path) -> None:
    data = write_pictures(tmp_path / "data", {"a": 40, "b": 40})
    read: list[int] = []
    options = TrainOptions(out=tmp_path / "run", size=SIZE, views=1)
    events = []
    for event in train(str(data), options, stop=lambda: bool(read)):
        events.append(event)
        if isinstance(event, Progress) and event.done:
            read.append(event.done)
    finished = events[-1]
    assert isinstance(finished, Finished)
    assert 4 <= finished.num_measured < 80
    assert any(isinstance(event, Note) and "Ended early" in event.en for event in events) or "Ended early" in (
        finished.folder / "report.html"
    ).read_text(encoding="utf-8")
    assert load_predictor(finished.folder).card.provenance.num_train == finished.num_measured


@pytest.mark.parametrize("how", ["stop", "budget"])
def test_stopping_before_the_first_image_still_gives_a_usable_run(tmp_path: Path, how: str) -> None:
    data = write_pictures(tmp_path / "data", {"a": 30, "b": 30})
    if how == "stop":
        finished, _ = run_training(data, tmp_path / "run", stop=lambda: True)
    else:
        finished, _ = run_training(data, tmp_path / "run", budget=0.01)
    assert 4 <= finished.num_measured < 60
    load_predictor(finished.folder)


def test_bad_files_are_set_aside_counted_and_listed(tmp_path: Path) -> None:
    data = write_pictures(tmp_path / "data", {"a": 8, "b": 8})
    (data / "a" / "cut.png").write_bytes((data / "a" / "000.png").read_bytes()[:300])
    (data / "b" / "text.jpg").write_text("no picture")
    finished, _ = run_training(data, tmp_path / "run")
    assert finished.num_set_aside == 2
    assert finished.num_measured == 16
    report = (finished.folder / "report.html").read_text(encoding="utf-8")
    assert "cut.png" in report
    assert "text.jpg" in report
    again, _ = run_training(data, tmp_path / "run")  # now the cache knows them
    assert again.num_set_aside == 2
    assert weights_of(again) == weights_of(finished)


def test_names_of_any_kind_are_taken(tmp_path: Path) -> None:
    names = {"고양이": 4, unicodedata.normalize("NFD", "강아지"): 4}
    data = write_pictures(tmp_path / "한글 🐈 폴더", names)
    noise = np.random.default_rng(5)
    raw = os.fsdecode(os.fsencode(data / "고양이") + b"/caf\xe9.png")
    picture(0, noise).save(data / "고양이" / "new.png")
    (data / "고양이" / "new.png").rename(raw)
    finished, _ = run_training(data, Path(os.fsdecode(os.fsencode(tmp_path) + b"/r\xfcn")))
    card = trained_card(finished)
    assert card.classes == ("강아지", "고양이")
    assert finished.num_measured == 9
    config = tomllib.loads((finished.folder / "config.toml").read_text(encoding="utf-8"))
    assert "🐈" in config["data"]
    assert any(row.file.endswith("caf\udce9.png") for row in read_split_csv(finished.folder / "split.csv"))
    answer = next(iter(predict(finished.folder, [raw])))
    assert answer.label == "고양이"


def test_the_exported_model_says_what_training_computed() -> None:
    run = small_run()
    predictor = load_predictor(run, engine="onnxruntime-f32")
    assert predictor.card.views == ("plain", "mirror")
    base = open_engine("onnxruntime-f32", open_backbone("efficientnet_lite0", cache_root() / "graphs").graph)
    head = load_file(run / "weights.safetensors")
    pixels = np.stack([load_image(path, predictor.card.image) for path in sorted(small_data().rglob("*.png"))])
    features = np.mean(
        [base.run(show(pixels, view))["features"].astype(np.float16) for view in predictor.card.views],
        axis=0,
        dtype=np.float32,
    )
    expected = softmax(features @ head["head.weights"] + head["head.bias"], temperature=predictor.card.temperature)
    np.testing.assert_allclose(predictor.probabilities(pixels), expected, atol=1e-3)


TRAIN = """
import sys
from pathlib import Path
from hubel.train.options import TrainOptions
from hubel.workflows import train
for event in train(sys.argv[1], TrainOptions(out=Path(sys.argv[2]), size=64, views=1)):
    print(type(event).__name__, getattr(event, "done", ""), flush=True)
"""


def training_process(data: Path, out: Path, cache: Path) -> subprocess.Popen[str]:
    environment = os.environ | {"HUBEL_CACHE": str(cache)}
    return subprocess.Popen(
        [sys.executable, "-c", TRAIN, str(data), str(out)], stdout=subprocess.PIPE, encoding="utf-8", env=environment
    )


@pytest.mark.slow
def test_a_killed_training_goes_on_from_its_cache_to_the_same_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = write_pictures(tmp_path / "data", {"a": 31, "b": 31})
    process = training_process(data, tmp_path / "killed" / "run", tmp_path / "cache")
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("Progress") and int(line.split()[1]) >= 24:
            break
    process.send_signal(signal.SIGKILL)
    process.communicate()
    weights = []
    for cache in ("cache", "empty"):
        monkeypatch.setenv("HUBEL_CACHE", str(tmp_path / cache))
        weights.append(weights_of(run_training(data, tmp_path / f"run-{cache}")[0]))
    assert weights[0] == weights[1]


@pytest.mark.slow
def test_two_trainings_at_once_share_one_cache_and_agree(tmp_path: Path) -> None:
    data = write_pictures(tmp_path / "data", {"a": 20, "b": 20})
    processes = [training_process(data, tmp_path / "runs" / "run", tmp_path / "cache") for _ in range(2)]
    for process in processes:
        process.communicate(timeout=120)
    assert [process.returncode for process in processes] == [0, 0]
    folders = sorted((tmp_path / "runs").iterdir())
    assert [folder.name for folder in folders] == ["run", "run-2"]
    assert len({file_sha256(folder / "weights.safetensors") for folder in folders}) == 1


@pytest.mark.slow
def test_the_time_said_is_the_time_taken(tmp_path: Path) -> None:
    begun = time.monotonic()
    finished, _ = run_training(small_data(), tmp_path / "run")
    assert 0 < finished.seconds <= time.monotonic() - begun


def test_a_run_that_ended_early_says_what_it_has_not_seen(tmp_path: Path) -> None:
    data = write_pictures(tmp_path / "data", {"stripes": 60, "discs": 60})
    finished, _ = run_training(data, tmp_path / "early", stop=lambda: True)
    card = trained_card(finished)
    assert finished.num_unread == card.provenance.num_unread > 0
    assert card.provenance.num_seen + finished.num_unread == 120
    report = (finished.folder / "report.html").read_text(encoding="utf-8")
    assert f"has seen only {card.provenance.num_seen} of 120 images" in report


def test_a_class_without_a_readable_image_is_named_with_a_reason(tmp_path: Path) -> None:
    data = write_pictures(tmp_path / "data", {"cats": 4, "dogs": 3})
    for path in (data / "dogs").iterdir():
        path.write_bytes(b"")
    with pytest.raises(DataError, match=r"class dogs could be read\. The first: .*empty"):
        run_training(data, tmp_path / "run")


def test_measuring_on_what_was_learned_from_is_said() -> None:
    *_, evaluation = evaluate(small_run(), str(small_data()))
    assert isinstance(evaluation, Evaluation)
    assert "learned from 24 of these 24 images" in " ".join(english for english, _ in evaluation.notes)
