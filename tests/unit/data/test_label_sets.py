"""Several labels an image: what names of folders and cells of tables are taken for."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from hubel.core.errors import DataError
from hubel.data.dataset import Dataset
from hubel.data.label_sets import understand_folders, understand_labels
from hubel.data.sources import open_dataset


def folders(root: Path, *names: str) -> Path:
    for number, name in enumerate(names):
        (root / name).mkdir(parents=True)
        Image.new("RGB", (8, 8), (number, 0, 0)).save(root / name / "1.png")
    return root


def table(root: Path, text: str, name: str = "labels.csv") -> Path:
    for letter in "abcdef":
        Image.new("RGB", (8, 8), (ord(letter), 0, 0)).save(root / f"{letter}.png")
    (root / name).write_text(text, encoding="utf-8")
    return root / name


def labels_of(dataset: Dataset) -> dict[str, str]:
    """The name of each file's label."""
    return {Path(example.path).name: dataset.names[example.label] for example in dataset.examples}


def test_a_folder_of_both_beside_either_means_several_labels(tmp_path: Path) -> None:
    dataset = open_dataset(folders(tmp_path, "cat", "dog", "cat+dog"))
    assert dataset.classes == ("cat", "dog")
    assert dataset.label_sets == ((0,), (0, 1), (1,))
    assert "--single-label" in dataset.notes[0][0]
    assert "--single-label" in dataset.notes[0][1]


def test_a_lone_joined_folder_is_one_class_and_says_so(tmp_path: Path) -> None:
    dataset = open_dataset(folders(tmp_path, "cat", "cat+dog"))
    assert dataset.label_sets is None
    assert dataset.classes == ("cat", "cat+dog")
    assert any("--multi-label" in note[0] for note in dataset.notes)


def test_a_name_that_ends_in_plus_signs_is_never_split(tmp_path: Path) -> None:
    dataset = open_dataset(folders(tmp_path, "c", "c++"))
    assert dataset.label_sets is None
    assert not dataset.notes
    assert understand_folders(["c", "c++"], "several").parts["c++"] == ("c++",)


def test_asked_for_every_joined_folder_is_split(tmp_path: Path) -> None:
    dataset = open_dataset(folders(tmp_path, "cat+dog", "cat+fox", "none"), reading="several")
    assert dataset.classes == ("cat", "dog", "fox")
    assert dataset.label_sets == ((), (0, 1), (0, 2))


def test_asked_not_to_a_joined_folder_is_one_class(tmp_path: Path) -> None:
    dataset = open_dataset(folders(tmp_path, "cat", "dog", "cat+dog"), reading="one")
    assert dataset.classes == ("cat", "cat+dog", "dog")
    assert dataset.label_sets is None
    assert not dataset.notes


def test_beside_clear_sets_a_folder_of_unknown_parts_stays_whole(tmp_path: Path) -> None:
    dataset = open_dataset(folders(tmp_path, "cat", "dog", "cat+dog", "salt+pepper"))
    assert "salt+pepper" in dataset.classes


def test_the_sets_of_train_and_test_folders_have_the_same_classes(tmp_path: Path) -> None:
    for part in ("train", "test"):
        folders(tmp_path / part, "cat", "dog", "cat+dog")
    dataset = open_dataset(tmp_path)
    assert dataset.classes == ("cat", "dog")
    assert {example.split for example in dataset.examples} == {"train", "test"}


@pytest.mark.parametrize("mark", [";", "|"])
def test_cells_of_a_table_are_split_where_their_parts_stand_alone(tmp_path: Path, mark: str) -> None:
    path = table(tmp_path, f"file_name,label\na.png,cat\nb.png,dog\nc.png,cat{mark}dog\n")
    dataset = open_dataset(path)
    assert labels_of(dataset) == {"a.png": "cat", "b.png": "dog", "c.png": "cat+dog"}


def test_cells_are_split_where_every_part_is_in_two_of_them() -> None:
    assert understand_labels(["cat;dog", "cat;fox", "dog;fox"], "auto").classes == {"cat", "dog", "fox"}
    assert not understand_labels(["living;room", "bed;room"], "auto").several


def test_an_image_of_a_table_may_have_no_label_only_where_it_may_have_several(tmp_path: Path) -> None:
    rows = "file_name,label\na.png,cat\nb.png,dog\n{}d.png,\ne.png,none\n"
    several = open_dataset(table(tmp_path, rows.format("c.png,cat;dog\n")))
    assert labels_of(several)["d.png"] == labels_of(several)["e.png"] == "none"
    assert several.classes == ("cat", "dog")
    one = open_dataset(table(tmp_path, rows.format("")))
    assert one.classes == ("cat", "dog", "none")
    assert "d.png" not in labels_of(one)
    assert any("without a file name or label" in note[0] for note in one.notes)


def test_lists_in_json_lines_are_several_labels(tmp_path: Path) -> None:
    lines = '{"file_name": "a.png", "label": ["cat", "dog"]}\n{"file_name": "b.png", "label": []}\n'
    dataset = open_dataset(table(tmp_path, lines, "labels.jsonl"))
    assert labels_of(dataset) == {"a.png": "cat+dog", "b.png": "none"}


def test_lists_of_one_label_each_are_classes(tmp_path: Path) -> None:
    lines = '{"file_name": "a.png", "label": ["cat"]}\n{"file_name": "b.png", "label": ["dog"]}\n'
    dataset = open_dataset(table(tmp_path, lines, "labels.jsonl"))
    assert dataset.label_sets is None
    assert dataset.classes == ("cat", "dog")


def test_columns_of_zeros_and_ones_are_labels(tmp_path: Path) -> None:
    text = "image,width,cat,dog,bird\na.png,8,1,1,0\nb.png,9,0,1,0\nc.png,8,0,0,0\n"
    dataset = open_dataset(table(tmp_path, text))
    assert dataset.classes == ("cat", "dog")  # no image has a bird
    assert labels_of(dataset) == {"a.png": "cat+dog", "b.png": "dog", "c.png": "none"}


def test_columns_with_a_single_one_in_every_line_are_classes(tmp_path: Path) -> None:
    text = "image;cat;dog\na.png;1;0\nb.png;0;1\nc.png;0.0;1.0\n"
    dataset = open_dataset(table(tmp_path, text))
    assert dataset.label_sets is None
    assert labels_of(dataset) == {"a.png": "cat", "b.png": "dog", "c.png": "dog"}


def test_columns_of_other_numbers_are_no_labels(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="lacks the column label"):
        open_dataset(table(tmp_path, "image,width,height\na.png,8,9\nb.png,1,0\n"))


def test_two_lines_of_one_file_are_joined_when_asked_for(tmp_path: Path) -> None:
    path = table(tmp_path, "file_name,label\na.png,cat\na.png,dog\nb.png,dog\n")
    with pytest.raises(DataError, match="--multi-label"):
        open_dataset(path)
    assert labels_of(open_dataset(path, reading="several")) == {"a.png": "cat+dog", "b.png": "dog"}


def test_commas_join_only_when_asked_for() -> None:
    cells = ["tench, tinca", "tench", "tinca"]
    assert not understand_labels(cells, "auto").several
    assert understand_labels(cells, "several").parts["tench, tinca"] == ("tench", "tinca")


def test_a_class_of_a_saved_model_is_not_split(tmp_path: Path) -> None:
    root = folders(tmp_path, "a", "b", "a+b")
    dataset = open_dataset(root, classes=("a", "a+b", "b"), reading="several")
    assert dataset.label_sets == ((0,), (1,), (2,))


def test_a_label_that_the_model_does_not_know_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="fox"):
        open_dataset(folders(tmp_path, "cat", "fox", "cat+fox"), classes=("cat", "dog"), reading="several")
