"""The parts of `hubel check`: one rule on one property, loose names, what is measured of a picture, baselines."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from hubel.core.errors import DataError
from hubel.core.findings import Finding
from hubel.data.cache import Cache
from hubel.data.check.baseline import read_baseline, split_known, write_baseline
from hubel.data.check.catalogue import rules
from hubel.data.check.classes import loose_name
from hubel.data.check.facts import blur_of, measure_file
from hubel.data.check.one_rule import predict_by_one_rule
from hubel.data.check.shortcuts import name_pattern
from hubel.data.check.survey import look_at_files, new_survey
from hubel.data.images import UnreadableImage


def test_kind_that_is_the_class_predicts_it() -> None:
    labels = np.arange(60) % 3
    found = predict_by_one_rule([f"kind {label}" for label in labels], labels, np.arange(60), np.random.default_rng(0))
    assert found.accuracy == 1
    assert found.skill > 0.7


def test_chance_is_never_called_a_shortcut() -> None:
    worst = -1.0
    for seed in range(200):
        noise = np.random.default_rng(seed)
        labels, kinds = noise.integers(0, 2, 60), noise.integers(0, 8, 60).astype(str).tolist()
        found = predict_by_one_rule(kinds, labels, np.arange(60), noise)
        worst = max(worst, found.skill, found.telling_skill)
    assert worst < 0.25


def test_one_telling_class_of_ten_is_named() -> None:
    labels = np.arange(300) % 10
    kinds = ["PNG" if label == 7 else "JPEG" for label in labels]
    found = predict_by_one_rule(kinds, labels, np.arange(300), np.random.default_rng(0))
    assert found.most_telling == 7
    assert found.telling_skill > 0.7
    assert found.skill < 0.2


def test_copies_of_one_image_predict_nothing() -> None:
    groups = np.repeat(np.arange(40), 10)
    kinds = [f"size {group}" for group in groups]
    found = predict_by_one_rule(kinds, groups % 2, groups, np.random.default_rng(0))
    assert found.skill < 0


@pytest.mark.parametrize(
    ("one", "other"),
    [("Cat", "cats"), ("hot dog", "Hot-Dogs"), ("café", "CAFE"), ("고양이", "고양이"), ("a_b", "ab")],
)
def test_names_that_mean_the_same_are_alike(one: str, other: str) -> None:
    assert loose_name(one) == loose_name(other)


@pytest.mark.parametrize(
    ("one", "other"), [("cat", "cart"), ("bus", "bu"), ("glass", "gla"), ("1", "11"), ("개", "게")]
)
def test_names_of_different_things_are_not_alike(one: str, other: str) -> None:
    assert loose_name(one) != loose_name(other)


@pytest.mark.parametrize("name", ["-", "", "…", "s", "ss"])
def test_names_without_letters_have_a_loose_name_too(name: str) -> None:
    assert isinstance(loose_name(name), str)


def test_name_pattern_keeps_what_is_neither_number_nor_class() -> None:
    assert name_pattern("dogs/holiday 12 dog.jpg", "dogs") == name_pattern("cats/holiday 7 cat.jpg", "cats")


def test_facts_are_those_of_the_upright_picture() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = io.BytesIO()
    Image.fromarray(picture(100, 60)).save(data, "JPEG", exif=exif)
    facts, _ = measure_file(data.getvalue(), "turned.jpg")
    assert (int(facts["width"]), int(facts["height"]), int(facts["orientation"])) == (60, 100, 6)
    assert facts["format"] == b"JPEG"


def test_every_blur_is_blurrier_than_the_last() -> None:
    image = Image.fromarray(picture(160, 160)).convert("L")
    values = [blur_of(image.filter(ImageFilter.GaussianBlur(radius))) for radius in (0, 1, 2, 4)]
    assert values == sorted(values)
    assert values[-1] - values[0] > 0.3


@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 300), (300, 1), (2, 2)])
def test_pictures_of_a_pixel_or_two_are_measured(width: int, height: int) -> None:
    data = io.BytesIO()
    Image.new("RGB", (width, height), "red").save(data, "PNG")
    facts, _ = measure_file(data.getvalue(), "small.png")
    assert bool(facts["flat_border"])
    assert not bool(facts["grey"])
    assert np.isnan(facts["blur"])


def test_refusal_comes_from_the_one_reader() -> None:
    with pytest.raises(UnreadableImage):
        measure_file(b"no picture", "x.jpg")


def test_interrupted_look_is_taken_up_where_it_ended(tmp_path: Path) -> None:
    for number in range(100):
        Image.fromarray(picture(20, 20, seed=number)).save(tmp_path / f"{number}.png")
    paths = [str(path) for path in sorted(tmp_path.glob("*.png"))]
    with Cache(tmp_path / "cache") as cache:
        first = look_at_files(paths, cache=cache, workers=2, survey=new_survey(100))
        assert next(first) == 0
        done = next(first)
        first.close()
        survey = new_survey(100)
        numbers = list(look_at_files(paths, cache=cache, workers=2, survey=survey))
    assert done <= numbers[0] < 100
    assert numbers[-1] == 100
    assert survey.read.all()
    assert set(survey.facts["width"].tolist()) == {20}


def test_baseline_knows_a_finding_and_one_about_fewer_of_the_same_files(tmp_path: Path) -> None:
    write_baseline(tmp_path / "known.json", [finding("duplicate", "a", "b", "c")])
    known = read_baseline(tmp_path / "known.json")
    findings = [
        finding("duplicate", "a", "b", "c"),
        finding("duplicate", "a", "c"),
        finding("duplicate", "a", "d"),
        finding("near-duplicate", "a", "b", "c"),
    ]
    new, old = split_known(findings, known)
    assert old == findings[:2]
    assert new == findings[2:]


@pytest.mark.parametrize(
    "content", [None, "", "[]", '{"findings": [3]}', '{"findings": [["tiny"]]}', '{"findings": 1}']
)
def test_what_is_no_baseline_is_refused_by_name(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "known.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match="--write-baseline"):
        read_baseline(path)


def finding(rule: str, *subjects: str) -> Finding:
    return Finding(rules()[rule], (), (), "", "", subjects)


def picture(width: int, height: int, *, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
