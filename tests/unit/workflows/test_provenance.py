"""Where a model comes from: the ledger tells all, a file can be found again, a run can be made again."""

from __future__ import annotations

import shutil
import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file, save_file

from hubel.core.card import Card, read_card
from hubel.core.errors import DataError, ModelError, UsageError
from hubel.core.events import Finished, Progress
from hubel.core.files import file_sha256
from hubel.core.rundir import CARD, GOLDEN
from hubel.data.fingerprint import fingerprint
from hubel.data.ledger_file import read_ledger, summarise
from hubel.data.perceptual import distance_bits, perceptual_hashes
from hubel.train.options import TrainOptions
from hubel.workflows import train
from hubel.workflows.forgetting import forget
from hubel.workflows.reproducing import ReproduceOptions, Reproduction, reproduce
from small_runs import SIZE, copy_of, run_training, small_data, small_run, trained_card, write_pictures


def made_again(run: Path, **options: Any) -> Reproduction:
    last = list(reproduce(run, ReproduceOptions(**options)))[-1]
    assert isinstance(last, Reproduction)
    return last


def trained_card_of_small_run() -> Card:
    return read_card(small_run() / CARD)


def stopped_run(data: Path, out: Path) -> Finished:
    """A run that was ended after the first images."""
    read: list[int] = []
    last: object = None
    for event in train(str(data), TrainOptions(out=out, size=SIZE, views=1), stop=lambda: bool(read)):
        if isinstance(event, Progress) and event.done:
            read.append(event.done)
        last = event
    assert isinstance(last, Finished)
    return last


def test_the_ledger_tells_of_every_file_what_it_is_and_what_became_of_it(tmp_path: Path) -> None:
    data = write_pictures(tmp_path / "data", {"a": 6, "b": 6})
    (data / "a" / "cut.png").write_bytes((data / "a" / "000.png").read_bytes()[:300])
    (data / "licences.csv").write_text("file_name,licence,source\na/000.png,CC0,https://x.org/1\n")
    finished, _ = run_training(data, tmp_path / "run")
    rows = {row.file: row for row in read_ledger(finished.folder / "ledger.csv")}
    assert set(rows) == {str(path.relative_to(data)) for path in data.rglob("*.png")}
    for name, row in rows.items():
        assert row.sha256 == file_sha256(data / name)
        assert row.num_bytes == (data / name).stat().st_size
    assert (rows["a/cut.png"].status, rows["a/cut.png"].reason) == ("set aside", "truncated")
    assert (rows["a/000.png"].licence, rows["a/000.png"].source) == ("CC0", "https://x.org/1")
    assert all(row.part == "train" and row.fold is not None for row in rows.values() if row.status == "used")
    summary = trained_card(finished).ledger
    assert summary == summarise(list(rows.values()))
    assert summary is not None
    assert (summary.num_used, summary.num_set_aside, summary.licences) == (12, 1, {"CC0": 1})
    for page in ("report.html", "README.md"):
        assert "CC0" in (finished.folder / page).read_text(encoding="utf-8")


def test_the_ledger_names_the_golden_copy_of_each_image_that_has_one() -> None:
    run = small_run()
    copies = {
        name: row
        for row in read_ledger(run / "ledger.csv")
        for name in row.copies.split()
        if name.startswith(f"{GOLDEN}/")
    }
    assert set(copies) == {f"{GOLDEN}/{path.name}" for path in (run / GOLDEN).glob("*.png")} - {f"{GOLDEN}/00.png"}
    for name, row in copies.items():
        pixels = np.asarray(Image.open(run / name).convert("RGB"))
        assert distance_bits(perceptual_hashes(fingerprint(pixels)[None])[0], row.perceptual_hash) <= 2


def test_the_data_hash_is_that_of_contents_and_labels_whatever_the_files_are_called(tmp_path: Path) -> None:
    first = write_pictures(tmp_path / "first", {"고양이": 4, "b": 4})
    other = tmp_path / "elsewhere" / "second"
    for number, file in enumerate(sorted(first.rglob("*.png"), reverse=True)):
        target = other / unicodedata.normalize("NFD", file.parent.name) / f"{number:05}.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    cards = [trained_card(run_training(data, tmp_path / "run")[0]) for data in (first, other)]
    assert cards[0].provenance.data_sha256 == cards[1].provenance.data_sha256
    assert cards[0].provenance.data_sha256 != trained_card_of_small_run().provenance.data_sha256


def test_a_card_of_before_the_ledger_still_loads() -> None:
    text = (small_run() / CARD).read_text(encoding="utf-8")
    card = Card.model_validate_json(text)
    assert Card.model_validate(card.model_dump(exclude={"ledger"})).ledger is None


def test_a_file_is_found_by_itself_by_its_hash_and_not_where_it_is_not(tmp_path: Path) -> None:
    run, file = copy_of(small_run(), tmp_path), small_data() / "discs" / "003.png"
    found = forget(str(file), runs=tmp_path)
    (one,) = found.found
    assert (one.run, one.row.file, one.match, one.learned_from) == (run, "discs/003.png", "content", True)
    assert all(place.is_file() for place in one.places)
    assert [entry.row.file for entry in forget(found.sha256[:10], runs=tmp_path).found] == ["discs/003.png"]
    other = write_pictures(tmp_path / "other", {"x": 1}, seed=99) / "x" / "000.png"
    assert forget(str(other), runs=tmp_path).is_clear


def test_a_smaller_copy_is_found_when_what_looks_alike_is_asked_for(tmp_path: Path) -> None:
    copy_of(small_run(), tmp_path)
    with Image.open(small_data() / "discs" / "003.png") as image:
        image.resize((50, 40)).save(tmp_path / "small.jpg", quality=80)
    assert forget(str(tmp_path / "small.jpg"), runs=tmp_path).found == ()
    near = forget(str(tmp_path / "small.jpg"), runs=tmp_path, near=True).found
    assert "discs/003.png" in [one.row.file for one in near]
    assert {one.match for one in near} == {"near"}


def test_a_run_that_cannot_tell_is_named_and_never_counts_as_clear(tmp_path: Path) -> None:
    run = copy_of(small_run(), tmp_path)
    (run / "ledger.csv").unlink()
    found = forget("0" * 64, runs=tmp_path)
    assert [folder for folder, _ in found.unclear] == [run]
    assert not found.is_clear


def test_what_is_neither_a_file_nor_a_hash_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="neither a file nor"):
        forget("holiday.jpg", runs=tmp_path)
    with pytest.raises(UsageError, match="--runs"):
        forget("0" * 64, runs=tmp_path / "nowhere")
    (tmp_path / "text.txt").write_text("no picture")
    with pytest.raises(DataError, match="--near"):
        forget(str(tmp_path / "text.txt"), runs=tmp_path, near=True)


def test_a_run_made_again_is_the_same_to_the_last_bit(tmp_path: Path) -> None:
    found = made_again(small_run(), out=tmp_path / "again").differences
    assert found.verdict == "identical"
    assert found.weights_identical
    assert (found.num_predictions, found.num_changed, found.probability_difference) == (24, 0, 0.0)
    assert found.reasons == ()
    again = tmp_path / "again"
    assert (again / "ledger.csv").read_bytes() == (small_run() / "ledger.csv").read_bytes()


def test_a_run_that_was_ended_early_is_made_again_of_the_files_it_had_read(tmp_path: Path) -> None:
    data = write_pictures(tmp_path / "data", {"a": 40, "b": 40})
    finished = stopped_run(data, tmp_path / "run")
    statuses = [row.status for row in read_ledger(finished.folder / "ledger.csv")]
    assert statuses.count("unread") == 80 - finished.num_measured > 0
    assert made_again(finished.folder).differences.verdict == "identical"


def test_data_that_moved_are_named_and_data_that_changed_are_said_to_differ(tmp_path: Path) -> None:
    data = write_pictures(tmp_path / "data", {"a": 7, "b": 7})
    finished, _ = run_training(data, tmp_path / "run")
    moved = data.rename(tmp_path / "moved")
    with pytest.raises(DataError, match="--data"):
        made_again(finished.folder)
    (moved / "a" / "000.png").unlink()
    shutil.copyfile(moved / "b" / "001.png", moved / "b" / "more.png")
    (moved / "a" / "001.png").write_bytes((moved / "a" / "002.png").read_bytes())
    (moved / "a" / "003.png").rename(moved / "b" / "003x.png")
    found = made_again(finished.folder, data=str(moved), from_cache=True).differences
    assert found.verdict == "data"
    assert (found.data.removed, found.data.added) == (("a/000.png",), ("b/more.png",))
    assert found.data.changed == ("a/001.png",)
    assert found.data.renamed == (("a/003.png", "b/003x.png"),)
    assert found.data.moved == ("a/003.png",)


def test_a_model_that_is_not_the_recorded_one_is_said_to_differ(tmp_path: Path) -> None:
    run = copy_of(small_run(), tmp_path)
    predictions = run / "predictions.csv"
    lines = predictions.read_text(encoding="utf-8").splitlines()
    flipped = [line.replace(",discs,discs,", ",discs,stripes,") for line in lines]
    predictions.write_text("\n".join(flipped) + "\n", encoding="utf-8")
    head = load_file(run / "weights.safetensors")
    save_file(head | {"head.bias": head["head.bias"] + 1}, run / "weights.safetensors")
    found = made_again(run, from_cache=True).differences
    assert found.verdict == "model"
    assert not found.weights_identical
    assert found.weights_difference
    assert found.num_changed > 0
    assert "Nothing that hubel records" in found.reasons[0][0]


def test_a_run_without_its_record_is_refused(tmp_path: Path) -> None:
    run = copy_of(small_run(), tmp_path)
    (run / "config.toml").write_text("= nonsense")
    with pytest.raises(ModelError, match=r"config\.toml"):
        made_again(run)
    (run / "ledger.csv").unlink()
    (run / "config.toml").write_text('source = "x"')
    with pytest.raises(ModelError, match=r"ledger\.csv"):
        made_again(run)
