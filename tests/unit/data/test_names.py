"""Names are spelt once, sorted as people count, and safe to show."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubel.data.names import class_name, natural_key, nearest, shown

NAMES = st.text(st.characters(codec=None, exclude_characters="/\0"), min_size=1, max_size=40)


def test_decomposed_korean_is_the_same_class_as_composed() -> None:
    assert class_name(unicodedata.normalize("NFD", "고양이")) == "고양이"


def test_a_korean_windows_name_from_an_archive_becomes_hangul() -> None:
    assert class_name("강아지".encode("cp949").decode("utf-8", "surrogateescape")) == "강아지"


def test_bytes_that_are_no_text_become_escapes() -> None:
    assert class_name(b"bad\xff\xfe".decode("utf-8", "surrogateescape")) == "bad\\xff\\xfe"


def test_half_a_surrogate_pair_becomes_an_escape() -> None:
    assert class_name("\ud800") == "\\ud800"


@given(NAMES)
def test_every_class_name_is_stable_and_can_be_written_as_utf8(raw: str) -> None:
    name = class_name(raw)
    assert class_name(name) == name
    assert name.encode("utf-8").decode("utf-8") == name


@given(NAMES)
def test_whatever_is_shown_is_one_printable_line(raw: str) -> None:
    text = shown(raw)
    assert text.replace("\u200d", "").isprintable()
    assert len(text.splitlines()) == 1
    text.encode("utf-8")


def test_a_family_emoji_is_shown_whole() -> None:
    assert shown("👨‍👩‍👧.jpg") == "👨‍👩‍👧.jpg"


def test_terminal_commands_in_a_name_are_shown_as_escapes() -> None:
    assert shown("a\x1b[31m.jpg") == "a\\x1b[31m.jpg"


def test_numbers_in_names_sort_as_people_count() -> None:
    names = ["img10", "img2", "img1", "img2b", "img", "img002"]
    assert sorted(names, key=lambda name: (natural_key(name), name)) == [
        *("img", "img1", "img002", "img2", "img2b", "img10")
    ]


def test_a_number_of_ten_thousand_digits_can_be_sorted() -> None:
    assert natural_key("9" * 3) < natural_key("1" * 10_000)


@given(st.lists(st.integers(0, 10**30), min_size=2))
def test_names_that_are_numbers_sort_by_value(numbers: list[int]) -> None:
    assert sorted(map(str, numbers), key=natural_key) == list(map(str, sorted(numbers)))


@pytest.mark.parametrize(
    ("name", "expected"), [("Cat", ["cats"]), ("고양", ["고양이"]), ("zebra", []), ("dgos", ["dogs"])]
)
def test_the_nearest_name_is_found_whatever_its_capitals(name: str, expected: list[str]) -> None:
    assert nearest(name, ["cats", "dogs", "고양이"]) == expected
