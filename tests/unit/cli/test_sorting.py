"""Sorting images into class folders: nothing overwritten, nothing outside, nothing lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubel.cli.sorting import folder_names, open_sorter, reads, safe_name, sort_image
from hubel.core.errors import HubelError, UsageError


@given(st.text())
def test_any_class_name_becomes_one_visible_folder(label: str) -> None:
    name = safe_name(label)
    assert name
    assert name == Path(name).name
    assert not name.startswith(".")
    assert not name.endswith((".", " "))
    assert len(os.fsencode(name)) <= 240
    assert not set(name) & set('<>:"/\\|?*\0\n')


@pytest.mark.parametrize("label", ["CON", "nul", "com1.txt", "LPT9", "Aux."])
def test_names_that_windows_keeps_for_itself_are_changed(label: str) -> None:
    assert safe_name(label).startswith("_")


@given(st.lists(st.text(max_size=4), unique=True, max_size=12))
def test_two_classes_never_share_a_folder(labels: list[str]) -> None:
    names = folder_names(labels)
    assert len({name.casefold() for name in names.values()}) == len(labels)


def test_equal_names_get_numbers_and_equal_content_is_skipped(tmp_path: Path) -> None:
    sorter = open_sorter(tmp_path / "sorted", ["cat"], [], link=False)
    for folder, content in (("a", b"one"), ("b", b"two"), ("c", b"one")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "1.jpg").write_bytes(content)
    places = [sort_image(sorter, str(tmp_path / folder / "1.jpg"), "cat").name for folder in "abc"]
    assert places == ["1.jpg", "1-2.jpg", "1.jpg"]
    assert (sorter.placed["cat"], sorter.known) == (2, 1)
    assert sorted(path.name for path in (tmp_path / "sorted" / "cat").iterdir()) == ["1-2.jpg", "1.jpg"]
    assert (tmp_path / "sorted" / "cat" / "1.jpg").read_bytes() == b"one"


def test_file_of_the_user_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "sorted" / "cat").mkdir(parents=True)
    (tmp_path / "sorted" / "cat" / "1.jpg").write_bytes(b"mine")
    (tmp_path / "1.jpg").write_bytes(b"new")
    sort_image(open_sorter(tmp_path / "sorted", ["cat"], [], link=False), str(tmp_path / "1.jpg"), "cat")
    assert (tmp_path / "sorted" / "cat" / "1.jpg").read_bytes() == b"mine"
    assert (tmp_path / "sorted" / "cat" / "1-2.jpg").read_bytes() == b"new"


def test_link_takes_no_space_and_is_known_again(tmp_path: Path) -> None:
    (tmp_path / "1.jpg").write_bytes(b"one")
    sorter = open_sorter(tmp_path / "sorted", ["cat"], [], link=True)
    place = sort_image(sorter, str(tmp_path / "1.jpg"), "cat")
    assert place.samefile(tmp_path / "1.jpg")
    assert sort_image(sorter, str(tmp_path / "1.jpg"), "cat") == place
    assert (sorter.placed["cat"], sorter.known) == (1, 1)


def test_link_to_a_link_leads_to_the_file_itself(tmp_path: Path) -> None:
    (tmp_path / "1.jpg").write_bytes(b"one")
    (tmp_path / "alias.jpg").symlink_to("1.jpg")
    place = sort_image(open_sorter(tmp_path / "sorted", ["cat"], [], link=True), str(tmp_path / "alias.jpg"), "cat")
    assert not place.is_symlink()
    assert place.read_bytes() == b"one"


def test_longest_name_still_gets_its_number(tmp_path: Path) -> None:
    name = "고" * 83 + ".jpg"  # 253 bytes
    sorter = open_sorter(tmp_path / "sorted", ["cat"], [], link=False)
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_bytes(folder.encode())
        sort_image(sorter, str(tmp_path / folder / name), "cat")
    assert len(list((tmp_path / "sorted" / "cat").iterdir())) == 2


def test_vanished_file_is_a_plain_error(tmp_path: Path) -> None:
    sorter = open_sorter(tmp_path / "sorted", ["cat"], [], link=False)
    with pytest.raises(HubelError, match=r"gone\.jpg could not be put into"):
        sort_image(sorter, str(tmp_path / "gone.jpg"), "cat")
    assert list((tmp_path / "sorted" / "cat").iterdir()) == []


@pytest.mark.parametrize(
    ("source", "place", "expected"),
    [
        ("photos", "photos", True),
        ("photos", "photos/sorted/cat", True),
        ("photos/new", "photos", False),
        ("photos/**/*.jpg", "photos/sorted", True),
        ("photos/*.jpg", "photos/sorted", False),
        ("photos/*", "photos/sorted", True),
        ("photos/1.jpg", "photos", False),
        ("**/*.jpg", "sorted", True),
        ("*.jpg", "sorted", False),
        ("-", "sorted", False),
    ],
)
def test_target_that_a_source_would_read_is_seen(
    source: str, place: str, expected: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "photos" / "new").mkdir(parents=True)
    (tmp_path / "photos" / "1.jpg").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    assert reads(source, Path(place)) is expected


def test_class_folder_that_is_the_source_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cat").mkdir()
    with pytest.raises(UsageError, match="would be read again"):
        open_sorter(tmp_path, ["cat", "dog"], [str(tmp_path / "cat")], link=False)
