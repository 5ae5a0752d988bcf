"""The picture of a run: that it says what the report says, keeps its limits, and never shows an empty box for a letter."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageColor, ImageFont

from hubel.evaluate.canvas import MAX_BYTES
from hubel.evaluate.lettering import can_draw, fitted, font_folders, spelled, text_width
from hubel.evaluate.picture import choose_answers, draw_picture, write_picture
from hubel.evaluate.report import ImageResult, Report, most_typical
from hubel.evaluate.shapes import RIGHT, WRONG
from unit.evaluate.sample_report import HOSTILE_NAMES, HOSTILE_PATH, LONG_KOREAN_NAMES, draw_thumbnail, sample_report

NO_FONTS: tuple[str, ...] = ()


def with_examples(report: Report) -> Report:
    """The sample with a right answer of each class as an example."""
    classes = len(report.card.classes)
    rows = np.eye(classes) * 0.9 + 0.1 / classes
    thumbnail = draw_thumbnail(np.random.default_rng(1))
    found = [ImageResult(f"{label}.jpg", label, tuple(row.tolist()), thumbnail) for label, row in enumerate(rows[:6])]
    return replace(report, examples=tuple(found))


def digest(image: Image.Image) -> str:
    return hashlib.sha256(image.tobytes()).hexdigest()


def has_colour(image: Image.Image, colour: str) -> bool:
    return bool((np.asarray(image) == ImageColor.getrgb(colour)).all(axis=2).any())


def test_the_picture_is_a_png_of_1600_by_900(tmp_path: Path) -> None:
    write_picture(with_examples(sample_report()), tmp_path / "picture.png")
    with Image.open(tmp_path / "picture.png", formats=("PNG",)) as picture:
        assert picture.size == (1600, 900)
        picture.load()


def test_pictures_of_noise_stay_below_the_limit(tmp_path: Path) -> None:
    import io

    generator = np.random.default_rng(0)

    def noisy(result: ImageResult) -> ImageResult:
        encoded = io.BytesIO()
        Image.fromarray(generator.integers(0, 256, (160, 160, 3), dtype=np.uint8)).save(encoded, "JPEG", quality=95)
        return replace(result, thumbnail=encoded.getvalue())

    report = with_examples(sample_report())
    report = replace(report, mistakes=tuple(map(noisy, report.mistakes)), examples=tuple(map(noisy, report.examples)))
    write_picture(report, tmp_path / "picture.png")
    assert (tmp_path / "picture.png").stat().st_size <= MAX_BYTES


def test_the_same_report_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one.png", "two.png"):
        write_picture(with_examples(sample_report()), tmp_path / name)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def test_mistakes_stand_before_unsure_right_answers() -> None:
    report = sample_report()
    thumbnail = report.mistakes[0].thumbnail
    unsure = tuple(ImageResult(f"{row}.jpg", 0, (0.4 + row / 100, 0.3, 0.3 - row / 100), thumbnail) for row in range(4))
    _, hardest = choose_answers(replace(report, least_sure=unsure))
    assert hardest == [*report.mistakes[:3], *unsure[:2]]


def test_without_mistakes_the_least_sure_answers_are_the_hardest() -> None:
    report = with_examples(sample_report(sharpness=60))
    typical, hardest = choose_answers(report)
    assert not report.mistakes
    assert hardest == list(report.least_sure)
    assert typical == list(report.examples)
    image = draw_picture(report, NO_FONTS)
    assert has_colour(image, RIGHT)
    assert not has_colour(image, WRONG)


def test_no_image_stands_in_both_rows() -> None:
    report = sample_report(sharpness=60)
    typical, hardest = choose_answers(replace(report, examples=report.least_sure))
    assert hardest == list(report.least_sure)
    assert typical == []


@pytest.mark.parametrize("names", [("a", "b"), HOSTILE_NAMES, tuple("0123456789"), LONG_KOREAN_NAMES], ids=len)
def test_any_number_of_classes_is_drawn(names: tuple[str, ...]) -> None:
    report = with_examples(sample_report(names, path=HOSTILE_PATH))
    assert draw_picture(replace(report, title=HOSTILE_PATH * 20), font_folders()).size == (1600, 900)


def test_a_report_without_any_image_is_drawn() -> None:
    report = replace(sample_report(), mistakes=(), least_sure=())
    assert draw_picture(report, NO_FONTS).size == (1600, 900)


def test_its_words_are_english_where_no_font_has_hangul(monkeypatch: pytest.MonkeyPatch) -> None:
    report = with_examples(sample_report(("cats", "dogs")))
    monkeypatch.setenv("HUBEL_LANG", "en")
    english = digest(draw_picture(report, NO_FONTS))
    monkeypatch.setenv("HUBEL_LANG", "ko")
    assert digest(draw_picture(report, NO_FONTS)) == english
    if can_draw("한글", font_folders()):
        assert digest(draw_picture(report, font_folders())) != english


def test_a_korean_name_is_drawn_where_a_font_has_it_and_spelled_out_elsewhere() -> None:
    assert spelled("고양이", NO_FONTS) == "\\uace0\\uc591\\uc774"
    if not can_draw("고양이", font_folders()):
        pytest.skip("no font with Hangul is installed")
    assert spelled("고양이", font_folders()) == "고양이"


def test_decomposed_hangul_is_drawn_as_syllables() -> None:
    assert spelled("\u1100\u1169", NO_FONTS) == "\\uace0"


def test_what_is_drawn_without_fonts_is_in_the_built_in_font() -> None:
    text = spelled("é 가 日 🐱 \U000fffff \u202e\u200b \u0301\u0301\u0301 \udcff", NO_FONTS)
    font = ImageFont.load_default(20)
    missing = bytes(font.getmask("\uffff"))
    assert text.isascii()
    assert all(bytes(font.getmask(character)) != missing for character in text if character != " ")


def test_marks_do_not_pile_up() -> None:
    assert spelled("a" + "\u0316" * 50, NO_FONTS) == "a" + "\\u0316" * 2


def test_a_damaged_font_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "NanumGothic.ttf").write_bytes(b"not a font")
    assert spelled("가", (str(tmp_path),)) == "\\uac00"


@pytest.mark.parametrize("name", ["hippopotamus " * 9, "고양이와 개" * 30, "x" * 100_000])
def test_a_long_name_is_cut_to_its_width(name: str) -> None:
    short = fitted(name, 120, 17, folders=font_folders())
    assert short.endswith("...")
    assert 60 < text_width(short, 17, font_folders()) <= 120


def test_typical_answers_come_from_all_classes_in_turn() -> None:
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.1, 0.9], [0.4, 0.6], [0.2, 0.8]])
    labels = np.array([0, 0, 0, 1, 0, 1])
    assert most_typical(probabilities, labels, limit=3).tolist() == [1, 3, 0]


def test_of_too_many_classes_some_are_typical() -> None:
    probabilities = np.eye(9)
    assert most_typical(probabilities, np.arange(9), limit=3).tolist() == [0, 4, 8]


def test_nothing_is_typical_where_nothing_is_right() -> None:
    assert most_typical(np.array([[0.9, 0.1]]), np.array([1]), limit=3).tolist() == []
