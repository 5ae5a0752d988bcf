"""Folders and tables become one data set with one class map; whatever cannot be used is named with what to do."""

from __future__ import annotations

import os
import unicodedata
import zipfile
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from hubel.core.errors import DataError, UsageError
from hubel.data.dataset import without_spare_validation
from hubel.data.sources import Dataset, check_trainable, open_dataset
from support import run_python


@cache
def tiny_png() -> bytes:
    buffer = BytesIO()
    Image.new("RGB", (2, 2), "red").save(buffer, "png")
    return buffer.getvalue()


def make(root: Path, *names: str | bytes) -> Path:
    """Files that are tiny PNGs; a name that ends with a slash is an empty folder."""
    for name in names:
        path = Path(os.fsdecode(os.path.join(os.fsencode(root), os.fsencode(name))))
        if os.fsencode(name).endswith(b"/"):
            path.mkdir(parents=True)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(tiny_png())
    return root


def found(dataset: Dataset) -> list[tuple[str, str, str | None]]:
    """(path below the root, class, split) of every example."""
    return [
        (os.path.relpath(one.path, dataset.root), dataset.classes[one.label], one.split) for one in dataset.examples
    ]


def remarks(dataset: Dataset) -> str:
    return "\n".join(english for english, _ in dataset.notes)


def table(root: Path, text: str | bytes, name: str = "labels.csv") -> Path:
    path = root / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


# --- class folders


def test_class_folders_are_read_at_any_depth_in_natural_order(tmp_path: Path) -> None:
    dataset = open_dataset(make(tmp_path, "dog/1.png", "cat/img10.png", "cat/img2.png", "cat/more/deep/3.JPG"))
    assert dataset.classes == ("cat", "dog")
    assert found(dataset) == [
        ("cat/img2.png", "cat", None),
        ("cat/img10.png", "cat", None),
        ("cat/more/deep/3.JPG", "cat", None),
        ("dog/1.png", "dog", None),
    ]
    assert dataset.notes == ()


def test_classes_that_are_numbers_are_in_the_order_of_numbers(tmp_path: Path) -> None:
    assert open_dataset(make(tmp_path, "10/a.png", "9/a.png", "1/a.png")).classes == ("1", "9", "10")


def test_a_path_and_its_text_open_the_same(tmp_path: Path) -> None:
    make(tmp_path, "a/1.png", "b/1.png")
    assert open_dataset(tmp_path) == open_dataset(str(tmp_path))


def test_a_relative_source_gives_relative_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "pets/a/1.png", "pets/b/1.png")
    monkeypatch.chdir(tmp_path)
    assert [one.path for one in open_dataset("pets").examples] == ["pets/a/1.png", "pets/b/1.png"]
    monkeypatch.chdir(tmp_path / "pets")
    assert all(Path(one.path).exists() for one in open_dataset(".").examples)


def test_other_extensions_are_counted_and_files_without_one_are_taken(tmp_path: Path) -> None:
    dataset = open_dataset(make(tmp_path, "a/1.png", "a/scan0001", "a/notes.txt", "a/x.psd", "b/1.png"))
    assert [path for path, *_ in found(dataset)] == ["a/1.png", "a/scan0001", "b/1.png"]
    assert "no images by their extension, not read: 2 (.psd 1, .txt 1)" in remarks(dataset)


def test_hidden_and_system_files_are_no_images_and_no_classes(tmp_path: Path) -> None:
    make(tmp_path, "a/1.png", "b/1.png", "__MACOSX/a/._1.png", ".git/x.png", "a/._1.png", "@eaDir/t.png")
    make(tmp_path, "a/Thumbs.db", "b/desktop.ini", "b/.DS_Store", "a/.ipynb_checkpoints/1-checkpoint.png")
    dataset = open_dataset(tmp_path)
    assert [path for path, *_ in found(dataset)] == ["a/1.png", "b/1.png"]
    assert remarks(dataset) == "Hidden or system files and folders, not read: 5"


def test_empty_class_folders_are_ignored_and_named(tmp_path: Path) -> None:
    dataset = open_dataset(make(tmp_path, "a/1.png", "b/1.png", "c/", "d/deeper/"))
    assert dataset.classes == ("a", "b")
    assert "Class folders without an image, ignored: 2 (c, d)" in remarks(dataset)


def test_images_beside_the_class_folders_are_ignored_and_counted(tmp_path: Path) -> None:
    dataset = open_dataset(make(tmp_path, "a/1.png", "b/1.png", "loose.png", "other.png"))
    assert len(dataset.examples) == 2
    assert "Images outside of the class folders, ignored: 2" in remarks(dataset)


# --- names


def test_class_folders_that_differ_only_in_unicode_form_are_one_class(tmp_path: Path) -> None:
    composed, decomposed = (unicodedata.normalize(form, "고양이") for form in ("NFC", "NFD"))
    dataset = open_dataset(make(tmp_path, f"{composed}/1.png", f"{decomposed}/2.png", "개/1.png"))
    assert dataset.classes == ("개", "고양이")
    assert sorted(Path(one.path).name for one in dataset.examples if one.label == 1) == ["1.png", "2.png"]
    assert "different Unicode spellings are one class: 고양이 (2)" in remarks(dataset)


def test_class_folders_that_differ_only_in_capitals_stay_two_and_are_named(tmp_path: Path) -> None:
    make(tmp_path, "Cat/1.png", "cat/1.png")
    if len(list(tmp_path.iterdir())) == 1:
        pytest.skip("this disk does not tell capitals from small letters")
    dataset = open_dataset(tmp_path)
    assert dataset.classes == ("Cat", "cat")
    assert "differ only in capitals stay different classes: Cat, cat" in remarks(dataset)


def test_names_with_spaces_emoji_and_bytes_that_are_not_utf8_lead_to_their_files(tmp_path: Path) -> None:
    try:
        make(tmp_path, b"cat \xf0\x9f\x90\xb1/a b.png", b"cat \xf0\x9f\x90\xb1/bad\xff\xfe.png", b"caf\xe9/1.png")
    except OSError:
        pytest.skip("this disk takes only names that are UTF-8")
    dataset = open_dataset(tmp_path)
    assert dataset.classes == ("caf\\xe9", "cat 🐱")
    assert [Path(one.path).read_bytes() for one in dataset.examples] == [tiny_png()] * 3
    [text.encode() for note in dataset.notes for text in note]


def test_a_path_of_more_than_250_characters_is_read(tmp_path: Path) -> None:
    long = "/".join(["가" * 60, "n" * 200, "m" * 200])
    dataset = open_dataset(make(tmp_path, f"{long}/{'x' * 240}.png", "b/1.png"))
    assert max(len(one.path) for one in dataset.examples) > 700
    assert all(Path(one.path).exists() for one in dataset.examples)


# --- links


def test_a_link_to_a_folder_above_is_not_followed(tmp_path: Path) -> None:
    make(tmp_path, "photos/a/1.png", "photos/b/1.png")
    (tmp_path / "photos/a/up").symlink_to(tmp_path / "photos")
    (tmp_path / "photos/b/top").symlink_to("/")
    (tmp_path / "photos/b/self").symlink_to(".")
    dataset = open_dataset(tmp_path / "photos")
    assert [path for path, *_ in found(dataset)] == ["a/1.png", "b/1.png"]
    assert "not followed: 3" in remarks(dataset)


def test_a_link_that_leads_to_itself_and_a_pipe_named_like_an_image_are_counted(tmp_path: Path) -> None:
    make(tmp_path, "a/1.png", "b/1.png")
    (tmp_path / "a/round.png").symlink_to("round.png")
    (tmp_path / "a/gone.png").symlink_to("nowhere.png")
    os.mkfifo(tmp_path / "b/pipe.png")
    dataset = open_dataset(tmp_path)
    assert len(dataset.examples) == 2
    assert "Broken links and special files, not read: 3" in remarks(dataset)


def test_a_link_never_takes_images_away_from_the_class_they_lie_in(tmp_path: Path) -> None:
    make(tmp_path, "a/1.png", "b/inner/1.png", "b/2.png")
    (tmp_path / "a/0_link").symlink_to(tmp_path / "b/inner")
    assert found(open_dataset(tmp_path)) == [
        ("a/1.png", "a", None),
        ("b/2.png", "b", None),
        ("b/inner/1.png", "b", None),
    ]


def test_links_to_files_and_folders_elsewhere_are_followed(tmp_path: Path) -> None:
    make(tmp_path, "store/cats/1.png", "store/single.png", "photos/dog/1.png")
    (tmp_path / "photos/cat").symlink_to(tmp_path / "store/cats")
    (tmp_path / "photos/dog/2.png").symlink_to(tmp_path / "store/single.png")
    dataset = open_dataset(tmp_path / "photos")
    assert [path for path, *_ in found(dataset)] == ["cat/1.png", "dog/1.png", "dog/2.png"]
    assert dataset.notes == ()


def test_the_source_itself_may_be_a_link(tmp_path: Path) -> None:
    make(tmp_path, "real/a/1.png", "real/b/1.png")
    (tmp_path / "link").symlink_to("real")
    assert len(open_dataset(tmp_path / "link").examples) == 2


# --- splits


def test_split_folders_give_each_image_its_part(tmp_path: Path) -> None:
    make(tmp_path, "Train/a/1.png", "Train/b/1.png", "VALID/a/2.png", "test/b/3.png")
    assert found(open_dataset(tmp_path)) == [
        ("Train/a/1.png", "a", "train"),
        ("VALID/a/2.png", "a", "validation"),
        ("Train/b/1.png", "b", "train"),
        ("test/b/3.png", "b", "test"),
    ]


@pytest.mark.parametrize("name", ["val", "valid", "validation"])
def test_every_word_for_validation_is_understood(name: str, tmp_path: Path) -> None:
    dataset = open_dataset(make(tmp_path, "train/a/1.png", "train/b/1.png", f"{name}/a/1.png"))
    assert [one.split for one in dataset.examples] == ["train", "validation", "train"]


def test_folders_beside_the_splits_are_ignored_and_named(tmp_path: Path) -> None:
    dataset = open_dataset(make(tmp_path, "train/a/1.png", "train/b/1.png", "test/a/1.png", "annotations/x.png"))
    assert len(dataset.examples) == 3
    assert "Folders beside the split folders, not read: 1 (annotations)" in remarks(dataset)


def test_a_class_named_train_among_other_classes_is_a_class(tmp_path: Path) -> None:
    dataset = open_dataset(make(tmp_path, "train/1.png", "bus/1.png", "plane/1.png"))
    assert dataset.classes == ("bus", "plane", "train")
    assert "The folder train is taken as a class" in remarks(dataset)


def test_a_class_that_is_tested_but_never_trained_is_an_error(tmp_path: Path) -> None:
    make(tmp_path, "train/cat/1.png", "train/dog/1.png", "train/bird/", "test/cats/1.png", "test/bird/1.png")
    with pytest.raises(DataError, match=r"without an image in train: bird, cats\. Similar names in train: cat\."):
        open_dataset(tmp_path)


@pytest.mark.parametrize("name", ["val", "test"])
def test_a_single_part_can_be_measured_on_but_not_learnt_from(name: str, tmp_path: Path) -> None:
    dataset = open_dataset(make(tmp_path, f"{name}/a/1.png", f"{name}/b/1.png"))
    assert {one.split for one in dataset.examples} == {"validation" if name == "val" else "test"}
    with pytest.raises(DataError, match=r"none of its 2 images is for training. Add a folder train"):
        check_trainable(dataset)


def test_a_test_folder_that_links_to_validation_is_read_as_both(tmp_path: Path) -> None:
    make(tmp_path, "train/a/1.png", "train/b/1.png", "val/a/2.png", "val/b/2.png")
    (tmp_path / "test").symlink_to("val")
    splits = [one.split for one in open_dataset(tmp_path).examples]
    assert (splits.count("validation"), splits.count("test")) == (2, 2)


def test_split_folders_with_images_but_no_classes_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="lie in no class folders: 2 images"):
        open_dataset(make(tmp_path, "train/1.png", "test/2.png"))


# --- the class map of a saved model


def test_a_given_class_map_keeps_its_order(tmp_path: Path) -> None:
    dataset = open_dataset(make(tmp_path, "a/1.png", "b/1.png"), classes=("b", "a"))
    assert dataset.classes == ("b", "a")
    assert found(dataset) == [("b/1.png", "b", None), ("a/1.png", "a", None)]


def test_a_class_of_the_map_without_images_is_noted(tmp_path: Path) -> None:
    dataset = open_dataset(make(tmp_path, "b/1.png", "c/"), classes=["a", "b", "c"])
    assert [one.label for one in dataset.examples] == [1]
    assert "Classes of the model without an image here: 2 (a, c)" in remarks(dataset)


def test_a_class_that_the_map_lacks_is_an_error_that_names_the_nearest(tmp_path: Path) -> None:
    make(tmp_path, "cat/1.png", "Dogs/1.png", "empty_extra/")
    with pytest.raises(DataError, match=r"does not know: Dogs\. The model's classes: cat, dog\. Nearest: Dogs → dog\."):
        open_dataset(tmp_path, classes=["cat", "dog"])


def test_an_empty_extra_folder_is_no_error_under_a_given_map(tmp_path: Path) -> None:
    dataset = open_dataset(make(tmp_path, "cat/1.png", "dog/1.png", "old/"), classes=["cat", "dog"])
    assert "Class folders without an image, ignored: 1 (old)" in remarks(dataset)


def test_a_given_class_map_does_not_mind_unicode_forms(tmp_path: Path) -> None:
    make(tmp_path, unicodedata.normalize("NFD", "고양이") + "/1.png")
    dataset = open_dataset(tmp_path, classes=["개", "고양이"])
    assert [one.label for one in dataset.examples] == [1]


def test_test_folders_are_read_under_a_given_map_even_where_train_lacks_the_class(tmp_path: Path) -> None:
    dataset = open_dataset(make(tmp_path, "train/a/1.png", "test/b/1.png"), classes=["a", "b"])
    assert [one.split for one in dataset.examples] == ["train", "test"]


# --- what cannot be used


def test_a_missing_path_is_answered_with_the_nearest_names(tmp_path: Path) -> None:
    make(tmp_path, "photos/a/1.png")
    with pytest.raises(DataError, match=r"no file or folder .*fotos\. Did you mean: .*photos\?"):
        open_dataset(tmp_path / "fotos")
    with pytest.raises(DataError, match=r"Did you mean: .*photos\?"):
        open_dataset(tmp_path / "photo" / "a")


@pytest.mark.parametrize("name", ["zzz", "x" * 300, "nul\0byte"])
def test_a_missing_path_without_a_like_is_answered_with_where_was_looked(name: str, tmp_path: Path) -> None:
    make(tmp_path, "photos/a/1.png")
    with pytest.raises(DataError, match=r"holds nothing of a similar name. Check the path"):
        open_dataset(f"{tmp_path}/{name}")


@pytest.mark.parametrize("source", ["", " "])
def test_an_empty_path_is_not_the_working_folder(source: str) -> None:
    with pytest.raises(UsageError, match="The path is empty"):
        open_dataset(source)


def test_a_folder_whose_name_begins_with_a_tilde_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "~nobody-of-this-name/a/1.png", "~nobody-of-this-name/b/1.png")
    monkeypatch.chdir(tmp_path)
    assert len(open_dataset("~nobody-of-this-name").examples) == 2


def test_a_broken_link_is_told_from_a_missing_path(tmp_path: Path) -> None:
    (tmp_path / "data").symlink_to("gone")
    with pytest.raises(DataError, match="is a link to gone, which does not exist"):
        open_dataset(tmp_path / "data")


def test_a_single_image_is_not_a_data_set(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"is a single image, and a folder of labelled images is needed. Give a folder"):
        open_dataset(make(tmp_path, "cat.JPG") / "cat.JPG")


def test_an_archive_is_to_be_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        archive.writestr("cat/1.png", tiny_png())
    with pytest.raises(DataError, match=r"is an archive, and a folder is needed. Unpack it"):
        open_dataset(tmp_path / "photos.zip")


def test_any_other_file_is_neither_folder_nor_table(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="neither a folder nor a table"):
        open_dataset(table(tmp_path, "x", "notes.docx"))


def test_a_folder_of_images_without_classes_says_how_to_sort_them(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no class folders: 2 images, .*such as photos/cat/1\.jpg"):
        open_dataset(make(tmp_path, "1.png", "2.png"))


def test_a_folder_without_images_says_what_it_holds(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"No images were found in .*; it holds 2 other files \(\.txt\)"):
        open_dataset(make(tmp_path, "a/1.txt", "b/2.txt"))


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="No images were found"):
        open_dataset(tmp_path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may open every folder")
def test_a_folder_that_cannot_be_opened_is_an_error_at_the_top_and_a_note_below(tmp_path: Path) -> None:
    make(tmp_path, "d/a/1.png", "d/b/1.png", "d/c/1.png")
    (tmp_path / "d/c").chmod(0)
    assert "Folders that could not be opened: 1" in remarks(open_dataset(tmp_path / "d"))
    (tmp_path / "d/c").chmod(0o755)
    (tmp_path / "d").chmod(0)
    try:
        with pytest.raises(DataError, match=r"cannot be opened. Check its permissions"):
            open_dataset(tmp_path / "d")
    finally:
        (tmp_path / "d").chmod(0o755)


def test_errors_show_hostile_names_harmlessly(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        open_dataset(make(tmp_path, "a\x1b[31m\n.zip") / "a\x1b[31m\n.zip")
    assert str(caught.value).isprintable()


def test_errors_and_notes_are_korean_for_koreans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUBEL_LANG", "ko")
    with pytest.raises(DataError, match="이미지가 없습니다"):
        open_dataset(tmp_path)
    dataset = open_dataset(make(tmp_path, "a/1.png", "b/1.png", "c/"))
    assert dataset.notes[0][1] == "이미지가 없어 무시한 클래스 폴더: 1개 (c)"


# --- what can be learnt from


def test_two_images_of_two_classes_can_be_learnt_from(tmp_path: Path) -> None:
    check_trainable(open_dataset(make(tmp_path, "a/1.png", "a/2.png", "b/1.png", "b/2.png")))


def test_one_class_alone_is_an_error(tmp_path: Path) -> None:
    dataset = open_dataset(make(tmp_path, "cat/1.png", "cat/2.png"))
    with pytest.raises(DataError, match=r"has only one: cat. Add a folder with images of something else"):
        check_trainable(dataset)


def test_a_folder_too_high_is_answered_with_the_folder_meant(tmp_path: Path) -> None:
    dataset = open_dataset(make(tmp_path, "photos/cat/1.png", "photos/dog/1.png"))
    with pytest.raises(
        DataError, match=r"holds the folders cat, dog\. If those are the classes, give .*photos instead"
    ):
        check_trainable(dataset)


def test_one_image_of_a_class_is_an_error_that_names_the_smallest_classes(tmp_path: Path) -> None:
    dataset = open_dataset(make(tmp_path, "a/1.png", "b/1.png", "b/2.png", "c/1.png", "c/2.png", "c/3.png"))
    with pytest.raises(DataError, match=r"at least 2 readable images .* 1 of the classes have fewer \(a: 1\)"):
        check_trainable(dataset)
    with pytest.raises(DataError, match=r"2 of the classes have fewer \(a: 1, b: 2\)"):
        check_trainable(dataset, 3)


def test_a_class_whose_files_were_all_set_aside_is_named(tmp_path: Path) -> None:
    dataset = open_dataset(make(tmp_path, "a/1.png", "a/2.png", "b/1.png", "b/2.png"))
    readable = replace(dataset, examples=tuple(one for one in dataset.examples if one.label == 0))
    with pytest.raises(DataError, match=r"\(b: 0\)"):
        check_trainable(readable)


def test_validation_images_do_not_count_as_training_images(tmp_path: Path) -> None:
    make(tmp_path, "train/a/1.png", "train/a/2.png", "train/b/1.png", "val/b/2.png")
    with pytest.raises(DataError, match=r"\(b: 1\)"):
        check_trainable(open_dataset(tmp_path))


# --- tables


def test_a_csv_gives_labels_splits_and_groups(tmp_path: Path) -> None:
    make(tmp_path, "x/1.png", "2.png", "3.png")
    text = "file_name,label,split,group\nx/1.png,cat,train,g1\n2.png,dog,VAL,\n3.png,dog,,g1\n"
    dataset = open_dataset(table(tmp_path, text))
    assert dataset.root == str(tmp_path)
    assert found(dataset) == [("x/1.png", "cat", "train"), ("2.png", "dog", "validation"), ("3.png", "dog", None)]
    assert [one.group for one in dataset.examples] == ["g1", None, "g1"]


@pytest.mark.parametrize(
    "text",
    [
        b"\xef\xbb\xbffile_name,label\r\n1.png,cat\r\n2.png,dog\r\n",
        b"label;Image Path\ncat;1.png\ndog;2.png\n",
        b"filename\tclass\n1.png\tcat\n\n2.png\tdog",
        b'"path"|"target"\n"1.png"|"cat"\n"2.png"|"dog"\n',
        b"sep=;\r\nfile;class_name;\r\n1.png;cat;\r\n2.png;dog;\r\n;;\r\n",
        "file_name\tlabel\r\n1.png\tcat\r\n2.png\tdog\r\n".encode("utf-16"),
    ],
    ids=["bom-crlf", "semicolon", "tab", "quotes-bar", "excel-sep", "utf-16"],
)
def test_the_dialects_that_programs_write_are_all_read(text: bytes, tmp_path: Path) -> None:
    dataset = open_dataset(table(make(tmp_path, "1.png", "2.png"), text))
    assert found(dataset) == [("1.png", "cat", None), ("2.png", "dog", None)]


def test_a_table_from_korean_excel_is_read(tmp_path: Path) -> None:
    make(tmp_path, "사진/고양이 1.png", "사진/개.png")
    text = "파일명,라벨\r\n사진\\고양이 1.png,고양이\r\n사진\\개.png,개\r\n".encode("cp949")
    assert found(open_dataset(table(tmp_path, text))) == [
        ("사진/고양이 1.png", "고양이", None),
        ("사진/개.png", "개", None),
    ]


def test_a_table_finds_files_whose_names_have_the_other_unicode_form(tmp_path: Path) -> None:
    make(tmp_path, unicodedata.normalize("NFD", "각.png"), "b.png")
    dataset = open_dataset(table(tmp_path, "file_name,label\n각.png,a\nb.png,b\n"))
    assert all(Path(one.path).exists() for one in dataset.examples)


def test_names_with_commas_quotes_and_newlines_are_read(tmp_path: Path) -> None:
    make(tmp_path, 'a,"b".png', "two\nlines.png")
    dataset = open_dataset(table(tmp_path, 'file_name,label\n"a,""b"".png",x\n"two\nlines.png",y\n'))
    assert all(Path(one.path).exists() for one in dataset.examples)


def test_json_lines_are_read_with_numbers_as_labels(tmp_path: Path) -> None:
    make(tmp_path, "1.png", "2.png", "3.png")
    text = '{"file_name": "1.png", "label": 10}\n\n{"image": "2.png", "label": 9.0, "split": null}\n{"file_name": "3.png", "label": NaN}\n'
    dataset = open_dataset(table(tmp_path, text, "labels.jsonl"))
    assert dataset.classes == ("9", "10")
    assert found(dataset) == [("1.png", "10", None), ("2.png", "9", None)]
    assert "Lines without a file name or label, ignored: 1" in remarks(dataset)


def test_absolute_names_in_a_table_stay_absolute(tmp_path: Path) -> None:
    make(tmp_path, "far/1.png", "tables/")
    dataset = open_dataset(table(tmp_path / "tables", f"file,label\n{tmp_path}/far/1.png,a\n"))
    assert dataset.examples[0].path == f"{tmp_path}/far/1.png"


def test_files_that_a_table_names_but_are_missing_are_left_to_the_reader(tmp_path: Path) -> None:
    dataset = open_dataset(table(make(tmp_path, "1.png"), "file,label\ngone.png,a\n1.png,b\n"))
    assert len(dataset.examples) == 2


def test_a_table_follows_a_given_class_map(tmp_path: Path) -> None:
    path = table(make(tmp_path, "1.png"), "file,label\n1.png,b\n")
    assert open_dataset(path, classes=["a", "b"]).examples[0].label == 1
    with pytest.raises(DataError, match="does not know: b"):
        open_dataset(path, classes=["a", "c"])


def test_a_line_that_repeats_another_is_dropped_and_counted(tmp_path: Path) -> None:
    dataset = open_dataset(table(make(tmp_path, "1.png", "2.png"), "file,label\n1.png,a\n2.png,b\n1.png,a\n"))
    assert len(dataset.examples) == 2
    assert "Lines that name the same file again, ignored: 1" in remarks(dataset)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1.png,cat\n", r"lacks the column file_name, label; line 1 has: 1\.png, cat\. Its first line must name"),
        ("file_name,size\n1.png,3\n", "lacks the column label; line 1 has: file_name, size"),
        ("", "lacks the column file_name, label; line 1 has: -"),
        ("file_name,label\n", "No images were found"),
        ("file_name,label\n1.png,a\na,b.png,c\n", "Line 3 of the table .* has 3 values, but there are 2 columns"),
        ('file_name,label\n"1.png,a\n', "Line 2 of the table .* cannot be understood"),
        ("file_name,label,split\n1.png,a,tset\n", "has the split tset. Write train, validation or test, or nothing"),
        ("file_name,label\n1.png,a\n1.png,b\n", "twice with a different label: a in line 2, b in line 3"),
        ("file_name,label\nno/1.png,a\nno/2.png,b\n", r"None of the files .* exists; the first would be .*no/1\.png"),
        (b"file_name,label\n\xff\xfe\xfd.png,a\n", r"not text in an encoding that hubel knows \(tried utf-8, cp949\)"),
    ],
)
def test_a_table_with_a_fault_is_an_error_that_says_where(text: str | bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=message):
        open_dataset(table(make(tmp_path, "1.png"), text))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "Line 2 of the table"),
        ("[1]", r"Line 2 of the table .* cannot be understood: \[1\]"),
        ('{"file": "1.png", "label": [["a"]]}', "Line 2 .* cannot be understood"),
        ('{"file": "1.png"}', "lacks the column label; line 2 has: file"),
        ("[" * 100_000, "Line 2 of the table"),
    ],
)
def test_a_faulty_json_line_is_named(line: str, message: str, tmp_path: Path) -> None:
    path = table(make(tmp_path, "1.png"), '{"file": "1.png", "label": "a"}\n' + line + "\n", "labels.jsonl")
    with pytest.raises(DataError, match=message):
        open_dataset(path)


def test_a_table_that_is_a_spreadsheet_by_content_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "labels.csv", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "x" * 1000)
    with pytest.raises(DataError):
        open_dataset(tmp_path / "labels.csv")


# --- real data, and size


def test_the_awkward_names_of_the_nasty_set_are_all_listed(shared_data: Callable[[str], Path]) -> None:
    dataset = open_dataset(shared_data("nasty"))
    assert len({one.path for one in dataset.examples}) == len(dataset.examples) > 400
    assert "not followed: 1" in remarks(dataset)


def test_a_file_needs_a_few_hundred_bytes(tmp_path: Path) -> None:
    for label in ("a", "b"):
        (tmp_path / label).mkdir()
        for number in range(10_000):
            (tmp_path / label / f"{number}.jpg").touch()
    finished = run_python("-c", OPEN_AND_MEASURE, str(tmp_path))
    assert finished.returncode == 0, finished.stderr
    names, peak = finished.stdout.splitlines()
    assert names == "9998.jpg 9999.jpg 0.jpg 1.jpg"
    assert int(peak) < 20_000 * 600  # bytes


# In a process of its own, because the checks of types in the tests need time and memory.
OPEN_AND_MEASURE = """
import os, sys, tracemalloc
from hubel.data.sources import open_dataset

tracemalloc.start()
dataset = open_dataset(sys.argv[1])
peak = tracemalloc.get_traced_memory()[1]
print(*(os.path.basename(one.path) for one in dataset.examples[9_998:10_002]))
print(peak)
"""


def test_validation_images_are_left_unread_only_where_test_images_measure(tmp_path: Path) -> None:
    parts = [f"{part}/{name}/1.png" for part in ("train", "val") for name in ("cat", "dog")]
    measured_by_validation = open_dataset(make(tmp_path / "without", *parts))
    assert without_spare_validation(measured_by_validation) is measured_by_validation
    dataset = without_spare_validation(
        open_dataset(make(tmp_path / "with", *parts, "test/cat/1.png", "test/dog/1.png"))
    )
    assert sorted(str(example.split) for example in dataset.examples) == ["test", "test", "train", "train"]
    assert "2 validation images are not read" in remarks(dataset)


def test_the_runs_of_hubel_are_no_class(tmp_path: Path) -> None:
    make(tmp_path, "cat/1.png", "dog/1.png", "runs/pets/picture.png", "runs/pets/golden/01.png")
    for name in ("card.json", "model.onnx"):
        (tmp_path / "runs" / "pets" / name).write_text("{}")
    dataset = open_dataset(tmp_path)
    assert dataset.classes == ("cat", "dog")
    assert "Run folders of hubel, not read: 1" in remarks(dataset)
