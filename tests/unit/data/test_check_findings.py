"""`hubel check` on planted truth: everything that was planted is found, and nothing else."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hubel.core.errors import DataError, UsageError
from hubel.core.findings import Checkup
from hubel.data.check.catalogue import rules
from hubel.workflows import CheckOptions, check
from messy import Messy, save, tiles, write_messy

PLANTED_ELSEWHERE = {"huge", "class-untrainable", "series-leak", "shortcut-name"}
"""Rules with a test of their own below."""


@pytest.fixture(scope="module")
def messy(tmp_path_factory: pytest.TempPathFactory) -> Messy:
    pytest.importorskip("skimage", reason="the photographs are part of scikit-image")
    return write_messy(tmp_path_factory.mktemp("data") / "messy")


@pytest.fixture(scope="module")
def checkup(messy: Messy) -> Checkup:
    return checked(messy.root)


def test_every_planted_defect_is_found_and_nothing_else(messy: Messy, checkup: Checkup) -> None:
    found = {rule: sorted(subjects) for rule, subjects in subjects_by_rule(checkup).items() if rule != "modes-mixed"}
    assert found == {rule: sorted(subjects) for rule, subjects in messy.planted.items()}


def test_grey_pictures_among_coloured_ones_are_named(checkup: Checkup) -> None:
    (finding,) = (finding for finding in checkup.findings if finding.rule.id == "modes-mixed")
    names = {checkup.files[index].name for index in finding.files}
    assert len(names) == 37
    assert {name for name in names if "gravel" not in name} == {"train/coffee/blank.jpg"}


def test_every_rule_is_planted_somewhere(messy: Messy) -> None:
    assert set(messy.planted) | PLANTED_ELSEWHERE | {"modes-mixed"} == set(rules())


def test_clean_photographs_have_no_finding(tmp_path: Path) -> None:
    pytest.importorskip("skimage", reason="the photographs are part of scikit-image")
    for name, photo in (("coffee", "coffee.png"), ("motorcycle", "motorcycle_left.png")):
        for number, tile in enumerate(tiles(photo, width=80)):
            save(tile, tmp_path / name / f"{number}.jpg")
    assert checked(tmp_path).findings == ()


def test_no_file_is_changed(messy: Messy, tmp_path: Path) -> None:
    before = state_of(messy.root)
    options = CheckOptions(
        sarif=tmp_path / "s", junit=tmp_path / "j", lists=tmp_path / "l", new_baseline=tmp_path / "b"
    )
    checked(messy.root, options)
    assert state_of(messy.root) == before


def test_refusal_is_named_with_its_id(checkup: Checkup) -> None:
    found = [finding.found_en.partition(":")[0] for finding in checkup.findings if finding.rule.id == "unreadable"]
    assert found == ["truncated", "empty", "not-an-image"]


def test_image_of_forty_one_megapixels_is_huge(tmp_path: Path) -> None:
    folder = noise_classes(tmp_path, {"a": 3, "b": 3})
    wide = np.tile(np.arange(256, dtype=np.uint8), 32)
    Image.fromarray(np.broadcast_to(wide, (5100, wide.size)).copy()).save(folder / "a" / "huge.jpg", quality=30)
    assert subjects_by_rule(checked(folder))["huge"] == [("a/huge.jpg",)]


def test_class_with_one_image_cannot_be_trained(tmp_path: Path) -> None:
    folder = noise_classes(tmp_path, {"many": 4, "one": 1})
    assert subjects_by_rule(checked(folder))["class-untrainable"] == [("one",)]


def test_only_class_cannot_be_trained(tmp_path: Path) -> None:
    found = subjects_by_rule(checked(noise_classes(tmp_path, {"alone": 4})))
    assert found["class-untrainable"] == [("alone",)]


def test_class_whose_files_are_all_broken_cannot_be_trained(tmp_path: Path) -> None:
    folder = noise_classes(tmp_path, {"good": 4})
    (folder / "bad").mkdir()
    for number in range(3):
        (folder / "bad" / f"{number}.jpg").write_bytes(b"no picture")
    found = subjects_by_rule(checked(folder))
    assert found["class-untrainable"] == [("bad",)]
    assert len(found["unreadable"]) == 3


def test_series_across_splits_of_a_table_is_a_leak(tmp_path: Path) -> None:
    noise = np.random.default_rng(0)
    lines = ["file_name,label,split"]
    for second in range(4):
        exif = Image.Exif()
        exif.get_ifd(0x8769)[0x9003] = f"2024:05:01 12:00:{second:02}"
        Image.fromarray(noise.integers(0, 256, (32, 32, 3), dtype=np.uint8)).save(
            tmp_path / f"IMG_{second:04}.jpg", exif=exif
        )
        lines.append(f"IMG_{second:04}.jpg,a,{'train' if second < 2 else 'test'}")
    (tmp_path / "table.csv").write_text("\n".join(lines), encoding="utf-8")
    found = subjects_by_rule(checked(tmp_path / "table.csv"))
    assert found["series-leak"] == [tuple(f"IMG_{second:04}.jpg" for second in range(4))]
    assert "series" not in found


def test_names_from_two_cameras_are_remarked_on(tmp_path: Path) -> None:
    folder = noise_classes(tmp_path, {"a": 25, "b": 25})
    for label, camera in (("a", "IMG"), ("b", "DSC")):
        for path in sorted((folder / label).iterdir()):
            path.rename(path.with_name(f"{camera}_{path.name}"))
    assert subjects_by_rule(checked(folder))["shortcut-name"] == [("a", "b")]


def test_names_that_hold_the_class_are_not_remarked_on(tmp_path: Path) -> None:
    folder = noise_classes(tmp_path, {"cats": 25, "dogs": 25})
    for path in sorted(folder.rglob("*.png")):
        path.rename(path.with_name(f"{path.parent.name.removesuffix('s')}.{path.name}"))
    assert "shortcut-name" not in subjects_by_rule(checked(folder))


def test_only_and_skip_choose_the_findings(messy: Messy) -> None:
    assert set(subjects_by_rule(checked(messy.root, CheckOptions(only=("tiny", "blank"))))) == {"tiny", "blank"}
    assert "tiny" not in subjects_by_rule(checked(messy.root, CheckOptions(skip=("tiny",))))


def test_unknown_id_is_refused_with_the_nearest(messy: Messy) -> None:
    with pytest.raises(UsageError, match="near-duplicate"):
        checked(messy.root, CheckOptions(only=("near-duplicates",)))


def test_folder_without_images_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError):
        checked(tmp_path)


def test_same_data_give_the_same_findings_in_the_same_order(messy: Messy, checkup: Checkup) -> None:
    assert checked(messy.root).findings == checkup.findings


def test_second_check_reads_no_image(messy: Messy, checkup: Checkup, tmp_path: Path) -> None:
    first = next(item for item in check(str(messy.root)) if type(item).__name__ == "Progress")
    assert getattr(first, "done", None) == len(checkup.files)


def noise_classes(root: Path, counts: dict[str, int]) -> Path:
    """Class folders of noise, all different."""
    noise = np.random.default_rng(0)
    for label, count in counts.items():
        (root / label).mkdir(parents=True)
        for number in range(count):
            Image.fromarray(noise.integers(0, 256, (32, 32, 3), dtype=np.uint8)).save(root / label / f"{number:03}.png")
    return root


def checked(source: Path, options: CheckOptions | None = None) -> Checkup:
    *_, last = check(str(source), options)
    assert isinstance(last, Checkup)
    return last


def subjects_by_rule(checkup: Checkup) -> dict[str, list[tuple[str, ...]]]:
    """What each rule found: the names of the files of every finding, or its classes where it is about none."""
    found: dict[str, list[tuple[str, ...]]] = {}
    for finding in checkup.findings:
        names = tuple(sorted(checkup.files[index].name for index in finding.files))
        found.setdefault(finding.rule.id, []).append(names or tuple(sorted(finding.classes)))
    return found


def state_of(root: Path) -> list[tuple[str, str, int]]:
    """Every file with its content and the time it was changed."""

    def files() -> Iterator[tuple[str, str, int]]:
        for path in sorted(root.rglob("*")):
            if path.is_file():
                yield os.fspath(path), hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns

    return list(files())
