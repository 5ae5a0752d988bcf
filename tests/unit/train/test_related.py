"""Images that belong together stay together, and what parting them would have claimed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps

from hubel.core.files import cache_root
from hubel.data.cache import Cache
from hubel.data.near import NearPair
from hubel.data.split import stratified_folds
from hubel.train.balance import choose_balance
from hubel.train.leak import measure_leak_tax
from hubel.train.related import Related, joined_groups
from small_runs import picture, run_training, trained_card


def related(near: list[int], series: list[int]) -> Related:
    return Related((NearPair(0, 1, 1.0),), np.array(near), np.array(series))


ALL = np.ones(8, bool)
LABELS = np.array([0, 0, 0, 0, 1, 1, 1, 1])


def test_near_duplicates_and_series_join_the_groups_of_the_user() -> None:
    groups = np.array([0, 1, 2, 2, 3, 4, 5, 6])
    found = joined_groups(groups, np.zeros(8, int), ALL, related([0, 1, 1, 2, 3, 4, 5, 6], [0, 1, 2, 3, 4, 4, 5, 6]))
    assert found.tolist() == [0, 1, 1, 1, 2, 2, 3, 4]


def test_class_that_is_one_series_is_set_free() -> None:
    found = joined_groups(np.arange(8), LABELS, ALL, related([*range(8)], [0, 0, 0, 0, 1, 1, 2, 3]))
    assert found.tolist() == [0, 1, 2, 3, 4, 4, 5, 6]


def test_class_that_is_one_group_of_the_users_stays_so() -> None:
    groups = np.array([0, 0, 0, 0, 1, 2, 3, 4])
    assert joined_groups(groups, LABELS, ALL, related([*range(8)], [*range(8)])).tolist() == groups.tolist()


def test_only_images_to_learn_from_count_for_a_class() -> None:
    training = np.array([True, True, True, False, True, True, True, False])
    found = joined_groups(np.arange(8), LABELS, training, related([0, 0, 1, 2, 3, 4, 5, 6], [*range(8)]))
    assert found.tolist() == [*range(8)]


def copied(noise: np.random.Generator, num_originals: int, num_classes: int = 2) -> tuple[np.ndarray, ...]:
    """Features that tell little of the class, each twice with a little noise; labels and groups."""
    labels = np.arange(num_originals) % num_classes
    features = noise.normal(size=(num_originals, 300)) + 0.08 * labels[:, None]
    twice = np.concatenate([features, features + 0.05 * noise.normal(size=features.shape)]).astype(np.float16)
    return twice, np.tile(labels, 2), np.tile(np.arange(num_originals), 2)


def test_leak_tax_is_large_where_only_copies_are_recognised() -> None:
    features, labels, groups = copied(np.random.default_rng(0), 100)
    folds = stratified_folds(labels, groups, 5, np.random.default_rng(0))
    balanced = choose_balance(features, labels, 2, folds)
    tax = measure_leak_tax(features, labels, groups, balanced=balanced, num_classes=2, seed=0)
    assert tax is not None
    assert tax.naive_accuracy > tax.honest_accuracy + 0.1
    assert tax.difference_interval[0] > 0
    assert (tax.num_images, tax.num_groups, tax.num_measured) == (200, 100, 200)


def test_there_is_no_leak_tax_without_groups() -> None:
    features, labels, _ = copied(np.random.default_rng(0), 20)
    folds = stratified_folds(labels, np.arange(40), 5, np.random.default_rng(0))
    balanced = choose_balance(features, labels, 2, folds)
    assert measure_leak_tax(features, labels, np.arange(40), balanced=balanced, num_classes=2, seed=0) is None


@pytest.fixture(scope="module")
def data_with_copies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes of twelve pictures, half of them there once more, mirrored and brightened."""
    root, noise = tmp_path_factory.mktemp("copies"), np.random.default_rng(3)
    for kind, name in enumerate(("stripes", "discs")):
        (root / name).mkdir()
        for number in range(12):
            mosaic = noise.integers(0, 256, (7, 9, 3)).astype(np.uint8)
            ground = Image.fromarray(mosaic).resize((96, 72), Image.Resampling.BICUBIC)
            image = Image.blend(picture(kind, noise, width=96, height=72), ground, 0.5)
            image.save(root / name / f"{number:02}-a.png")
            if number % 2:
                ImageOps.mirror(ImageEnhance.Brightness(image).enhance(1.2)).save(root / name / f"{number:02}-b.png")
    return root


def test_training_keeps_copies_in_one_fold_and_says_so(data_with_copies: Path, tmp_path: Path) -> None:
    finished, events = run_training(data_with_copies, tmp_path / "run")
    tax = trained_card(finished).leak_tax
    assert tax is not None
    assert (tax.num_near, tax.num_images, tax.num_groups) == (24, 24, 12)
    rows = [line.split(",") for line in (finished.folder / "split.csv").read_text(encoding="utf-8").splitlines()[1:]]
    folds: dict[str, set[str]] = {}
    for file, _, _, fold, _ in rows:
        folds.setdefault(f"{Path(file).parent.name}/{Path(file).name[:2]}", set()).add(fold)
    assert all(len(places) == 1 for places in folds.values())
    record = (finished.folder / "events.jsonl").read_text(encoding="utf-8")
    assert "24 of all images are copies or near duplicates" in record
    assert 'id="together"' in (finished.folder / "report.html").read_text(encoding="utf-8")
    del events


def test_second_run_takes_fingerprints_from_the_cache_to_the_same_weights(
    data_with_copies: Path, tmp_path: Path
) -> None:
    first, _ = run_training(data_with_copies, tmp_path / "first")
    with Cache(cache_root() / "rows") as cache:
        before = cache.summary().rows_by_kind
    second, _ = run_training(data_with_copies, tmp_path / "second")
    with Cache(cache_root() / "rows") as cache:
        after = cache.summary().rows_by_kind
    assert any(kind.startswith("trace:fingerprint") for kind in before)
    assert before == after
    weights = [(run.folder / "weights.safetensors").read_bytes() for run in (first, second)]
    assert weights[0] == weights[1]


def test_near_duplicates_across_the_users_parts_are_reported_and_not_moved(
    data_with_copies: Path, tmp_path: Path
) -> None:
    for file in sorted(data_with_copies.rglob("*.png")):
        part = "test" if file.stem.endswith("-b") else "train"
        target = tmp_path / "data" / part / file.parent.name / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.read_bytes())
    finished, _ = run_training(tmp_path / "data", tmp_path / "run")
    record = (finished.folder / "events.jsonl").read_text(encoding="utf-8")
    assert "near duplicates of training images: 12, such as" in record
    assert trained_card(finished).metrics.num_images == 12
