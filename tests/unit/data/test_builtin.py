"""The images inside other packages become a folder like a user's."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hubel.core.errors import DataError, MissingExtraError, UsageError
from hubel.data.builtin import BUILTIN_NAMES, write_builtin
from hubel.data.dataset import check_trainable
from hubel.data.sources import open_dataset
from support import run_python

CLASSES = {
    "faces": {"face": 100, "non-face": 100},
    "digits": dict(zip("0123456789", (178, 182, 177, 183, 181, 182, 181, 179, 174, 180), strict=True)),
    "textures": {"brick": 64, "grass": 64, "gravel": 64},
}


@pytest.mark.parametrize("name", BUILTIN_NAMES)
def test_every_built_in_set_opens_as_a_users_folder(name: str, tmp_path: Path) -> None:
    dataset = open_dataset(write_builtin(name, tmp_path))
    check_trainable(dataset)
    labels = [dataset.classes[example.label] for example in dataset.examples]
    assert {label: labels.count(label) for label in dataset.classes} == CLASSES[name]
    assert dataset.notes == ()


def test_faces_are_the_pixels_that_scikit_image_has(tmp_path: Path) -> None:
    data = pytest.importorskip("skimage.data")
    with Image.open(write_builtin("faces", tmp_path) / "face" / "007.png") as written:
        assert np.array_equal(np.asarray(written), np.round(data.lfw_subset()[7] * 255).astype(np.uint8))


def test_the_order_of_faces_and_others_is_the_one_that_was_looked_at(tmp_path: Path) -> None:
    folder = write_builtin("faces", tmp_path)
    mean = {label: mean_patch(folder / label) for label in ("face", "non-face")}
    columns = {label: patch.mean(axis=0) for label, patch in mean.items()}
    # The mean face is lit in the middle and has dark eyes; the mean of other patches is flat.
    assert columns["face"].std() > 2 * columns["non-face"].std()


def mean_patch(folder: Path) -> np.ndarray:
    patches = np.stack([np.asarray(Image.open(path)) for path in sorted(folder.iterdir())])
    return np.asarray(patches.mean(axis=0))


def test_writing_again_changes_nothing(tmp_path: Path) -> None:
    folder = write_builtin("faces", tmp_path)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    assert write_builtin("faces", tmp_path) == folder
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
    assert list(tmp_path.iterdir()) == [folder]


def test_a_folder_with_other_content_is_left_alone_and_named(tmp_path: Path) -> None:
    (tmp_path / "faces").mkdir()
    (tmp_path / "faces" / "mine.png").write_bytes(b"precious")
    with pytest.raises(DataError, match="does not hold the built-in images: 1 PNG"):
        write_builtin("faces", tmp_path)
    assert (tmp_path / "faces" / "mine.png").read_bytes() == b"precious"


def test_an_unknown_set_is_answered_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no built-in set of images named digit; .* Try digits"):
        write_builtin("digit", tmp_path)


@pytest.mark.parametrize(("package", "name"), [("skimage", "faces"), ("skimage", "textures"), ("sklearn", "digits")])
def test_a_missing_package_is_answered_with_the_command_that_installs_it(
    package: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = [place for place in sys.path if not (Path(place) / package).exists()]
    monkeypatch.setattr(sys, "path", others)
    for module in [module for module in sys.modules if module.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, module)
    with pytest.raises(MissingExtraError, match=r"pip install 'hubel\[train\]'"):
        write_builtin(name, tmp_path)


def test_faces_are_written_without_importing_scikit_image(tmp_path: Path) -> None:
    code = (
        "import sys; from hubel.data.builtin import write_builtin; write_builtin('faces', sys.argv[1]); "
        "print([name for name in sys.modules if name.startswith(('skimage', 'pooch'))])"
    )
    finished = run_python("-c", code, str(tmp_path))
    assert finished.stdout.strip() == "[]", finished.stderr
