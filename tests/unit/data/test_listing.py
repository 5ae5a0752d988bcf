"""Whatever names images for prediction is listed one path at a time, in a fixed order."""

from __future__ import annotations

import os
import unicodedata
from itertools import islice
from pathlib import Path

import pytest

from hubel.core.errors import DataError, UsageError
from hubel.data.sources import list_images
from hubel.data.walk import Tally
from support import run_python


@pytest.fixture
def photos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to list, as the working folder; the files are empty, for none is read."""
    for name in (
        *("a/img10.jpg", "a/img2.jpg", "a/deep/er/x.png", "b/1.JPG", "b/notes.txt", "b/raw.psd"),
        *("[1]/1.jpg", ".hidden/1.jpg", "__MACOSX/1.jpg", "loose.png"),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_files_are_taken_as_given_in_the_order_given(photos: Path) -> None:
    sources = ["b/raw.psd", "a/img2.jpg", "./missing.jpg", ".hidden/1.jpg"]
    assert list(list_images(sources)) == sources


def test_a_folder_is_read_with_all_below_it(photos: Path) -> None:
    tally = Tally()
    assert list(list_images(["a", str(photos / "b")], tally=tally)) == [
        *("a/img2.jpg", "a/img10.jpg", "a/deep/er/x.png", f"{photos}/b/1.JPG")
    ]
    assert sum(tally.other.values()) == 2


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("a/*.jpg", ["a/img2.jpg", "a/img10.jpg"]),
        ("./a/img?.jpg", ["a/img2.jpg"]),
        ("*/*.JPG", ["b/1.JPG"]),
        ("b/*", ["b/1.JPG"]),
        ("b/*.psd", ["b/raw.psd"]),
        ("[ab]", ["a/img2.jpg", "a/img10.jpg", "a/deep/er/x.png", "b/1.JPG"]),
        ("[1]/*.jpg", ["[1]/1.jpg"]),
        ("**/*.png", ["loose.png", "a/deep/er/x.png"]),
        ("a/**", ["a/img2.jpg", "a/img10.jpg", "a/deep/er/x.png"]),
        ("a/**/**/*", ["a/img2.jpg", "a/img10.jpg", "a/deep/er/x.png"]),
        ("**/er/*.png", ["a/deep/er/x.png"]),
        ("*.png", ["loose.png"]),
    ],
)
def test_a_pattern_lists_what_matches(pattern: str, expected: list[str], photos: Path) -> None:
    assert list(list_images([pattern])) == expected
    absolute = list(list_images([str(photos / pattern)]))
    assert absolute == [str(photos / path) for path in expected]


def test_two_stars_enter_no_links_and_end(photos: Path) -> None:
    (photos / "a/loop").symlink_to("..")
    assert list(list_images(["a/**/*.jpg"])) == ["a/img2.jpg", "a/img10.jpg"]


def test_a_folder_with_a_loop_is_listed_once(photos: Path) -> None:
    (photos / "a/loop").symlink_to("..")
    (photos / "a/deep/again").symlink_to(photos / "b")
    assert list(list_images(["a"])) == ["a/img2.jpg", "a/img10.jpg", "a/deep/er/x.png", "a/deep/again/1.JPG"]


def test_a_file_with_brackets_in_its_name_is_no_pattern(photos: Path) -> None:
    (photos / "x[1].jpg").touch()
    assert list(list_images(["x[1].jpg"])) == ["x[1].jpg"]


def test_a_korean_pattern_matches_names_of_either_unicode_form(photos: Path) -> None:
    name = unicodedata.normalize("NFD", "고양이1.jpg")
    (photos / name).touch()
    assert list(list_images(["고양*.jpg"])) == [name]


def test_a_table_names_its_files_relative_to_itself(photos: Path) -> None:
    (photos / "b/list.csv").write_text("file_name\n1.JPG\n\n../loose.png\n", encoding="utf-8")
    (photos / "b/list.jsonl").write_text('{"path": "gone.jpg"}\n', encoding="utf-8")
    assert list(list_images(["b/list.csv", "b/list.jsonl"])) == ["b/1.JPG", "b/../loose.png", "b/gone.jpg"]


def test_names_from_standard_input_keep_their_spaces(photos: Path) -> None:
    assert list(list_images(["-", "loose.png"], stream=iter(["a b.jpg\n", "\r\n", " c.jpg\r\n", "d.jpg"]))) == [
        *("a b.jpg", " c.jpg", "d.jpg", "loose.png")
    ]


def test_standard_input_that_is_not_there_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="stands for standard input, which was not given"):
        list(list_images(["-"]))


def test_an_empty_source_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="The path is empty"):
        list(list_images([""]))


def test_a_folder_without_images_is_an_error(photos: Path) -> None:
    (photos / "empty").mkdir()
    with pytest.raises(DataError, match="No images were found in empty"):
        list(list_images(["empty"]))


@pytest.mark.parametrize("pattern", ["*.gif", "nowhere/*.jpg", "a/*/zzz/*.jpg", "**/*.gif"])
def test_a_pattern_that_matches_nothing_is_an_error(pattern: str, photos: Path) -> None:
    with pytest.raises(DataError, match=r"No image matches the pattern .* Check the folder, the extension"):
        list(list_images([pattern]))


def test_a_table_without_file_names_is_an_error(photos: Path) -> None:
    (photos / "t.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(DataError, match="lacks the column file_name"):
        list(list_images(["t.csv"]))


def test_names_that_are_not_utf8_come_out_as_they_are(photos: Path) -> None:
    name = os.fsdecode(b"bad\xff.jpg")
    try:
        (photos / "b" / name).touch()
    except OSError:
        pytest.skip("this disk takes only names that are UTF-8")
    assert f"b/{name}" in list(list_images(["b"]))


def test_nothing_is_read_before_it_is_asked_for(photos: Path) -> None:
    assert list(islice(list_images(["a", "*.gif"]), 2)) == ["a/img2.jpg", "a/img10.jpg"]


def test_memory_does_not_grow_with_the_length_of_a_list(photos: Path) -> None:
    for length in (10_000, 40_000):
        with (photos / f"{length}.csv").open("w", encoding="utf-8") as opened:
            opened.write("file_name\n")
            opened.writelines(f"folder/{number}.jpg\n" for number in range(length))
    finished = run_python("-c", PEAKS, "10000.csv", "10000.csv", "40000.csv", cwd=photos)
    assert finished.returncode == 0, finished.stderr
    _, short, long = map(int, finished.stdout.split())
    assert long < 1.2 * short


# In a process of its own, because the checks of types in the tests need time and memory.
PEAKS = """
import sys, tracemalloc
from hubel.data.sources import list_images

for name in sys.argv[1:]:
    tracemalloc.start()
    for _ in list_images([name]):
        pass
    print(tracemalloc.get_traced_memory()[1])
    tracemalloc.stop()
"""


def test_standard_input_may_be_a_table(photos: Path) -> None:
    lines = ["label,file_name\n", 'cat,"a,1.jpg"\n', "dog,b.jpg\n"]
    assert list(list_images(["-"], stream=lines)) == ["a,1.jpg", "b.jpg"]


def test_an_empty_standard_input_is_refused(photos: Path) -> None:
    with pytest.raises(DataError, match="No name came"):
        list(list_images(["-"], stream=["\n"]))
