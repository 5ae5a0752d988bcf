"""Findings about single images: they need no other file but, at most, the median of the set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from hubel.core.findings import CheckedFile, Finding
from hubel.core.types import Mask
from hubel.data.check import thresholds
from hubel.data.check.catalogue import rules
from hubel.data.check.survey import Survey
from hubel.data.refusal import refusal_in_words
from hubel.data.walk import extension_of

_EXTENSIONS = {
    "JPEG": frozenset(("jpg", "jpeg", "jpe", "jfif", "mpo")),
    "PNG": frozenset(("png", "apng")),
    "BMP": frozenset(("bmp", "dib")),
    "GIF": frozenset(("gif",)),
    "WEBP": frozenset(("webp",)),
    "TIFF": frozenset(("tif", "tiff")),
    "AVIF": frozenset(("avif",)),
    "HEIF": frozenset(("heic", "heif", "hif")),
    "PPM": frozenset(("ppm", "pgm", "pbm", "pnm", "pfm")),
}
"""The extensions that each format may have."""


def unreadable_files(files: Sequence[CheckedFile], survey: Survey) -> Iterator[Finding]:
    """Every file that the reader refuses, with its reason."""
    rule = rules()["unreadable"]
    for index in sorted(survey.refused):
        refusal, detail = survey.refused[index]
        more = f" ({detail})" if detail else ""
        found_en, found_ko = (f"{refusal}: {words}{more}" for words in refusal_in_words(refusal))
        subject = f"{survey.contents[index]}:{files[index].name}"  # all empty files are alike
        yield Finding(rule, (index,), (), found_en, found_ko, (subject,))


def image_findings(files: Sequence[CheckedFile], survey: Survey) -> Iterator[Finding]:
    """What is remarkable about single images: size, shape, light, sharpness, orientation, name."""
    read = np.flatnonzero(survey.read)
    if not len(read):
        return
    facts = survey.facts[read]
    yield from size_findings(facts, read, survey)
    yield from light_findings(facts, read, survey)
    for row in np.flatnonzero(facts["orientation"] > 1).tolist():
        orientation = int(facts["orientation"][row])
        yield about("rotated", int(read[row]), survey, f"orientation {orientation}", f"방향 {orientation}")
    for row, index in enumerate(read.tolist()):
        extension, image_format = extension_of(files[index].name), facts["format"][row].decode()
        if extension and extension not in _EXTENSIONS.get(image_format, (extension,)):
            yield about(
                "wrong-extension",
                index,
                survey,
                f".{extension}, but {image_format}",
                f".{extension}이지만 {image_format}",
            )


def size_findings(facts: Any, read: np.ndarray, survey: Survey) -> Iterator[Finding]:
    """Tiny, huge and odd shapes."""
    width, height = facts["width"].astype(float), facts["height"].astype(float)
    shorter, longer = np.minimum(width, height), np.maximum(width, height)
    usual = float(np.median(shorter))
    tiny = (shorter < thresholds.TINY_PX) & (usual >= thresholds.TINY_PX)
    tiny |= (shorter < thresholds.SMALL_PX) & (shorter < thresholds.TINY_SHARE * usual)
    aspect = width / height
    apart = np.exp(np.abs(np.log(aspect / np.median(aspect))))
    odd = (longer >= thresholds.ODD_ASPECT * shorter) & (apart >= thresholds.ODD_ASPECT)
    huge = width * height > thresholds.HUGE_MEGAPIXELS * 1e6
    for rule, mask in (("tiny", tiny), ("huge", huge), ("odd-aspect", odd & ~tiny)):
        for row in np.flatnonzero(mask):
            size = f"{int(width[row])} × {int(height[row])} px"
            yield about(rule, int(read[row]), survey, size, size)


def light_findings(facts: Any, read: np.ndarray, survey: Survey) -> Iterator[Finding]:
    """Blank, dark, bright, low in contrast, blurred: each image has the first of these that holds."""
    low, high = facts["low"].astype(int), facts["high"].astype(int)
    left = np.ones(len(read), bool)
    kinds = {
        "blank": facts["spread"] < thresholds.BLANK_SPREAD,
        "dark": high < thresholds.DARK_BELOW,
        "bright": low > thresholds.BRIGHT_ABOVE,
        "low-contrast": high - low < thresholds.LOW_CONTRAST,
        "blurry": np.nan_to_num(facts["blur"]) >= thresholds.BLURRED_ABOVE,
    }
    for rule, mask in kinds.items():
        for row in np.flatnonzero(mask & left):
            en, ko = light_words(rule, facts[row])
            yield about(rule, int(read[row]), survey, en, ko)
        left &= ~mask


def light_words(rule: str, row: Any) -> tuple[str, str]:
    """What was measured, in words."""
    low, high = int(row["low"]), int(row["high"])
    match rule:
        case "blank":
            spread = f"{float(row['spread']):.1f}"
            return f"standard deviation {spread} of 255", f"표준 편차 255 중 {spread}"
        case "blurry":
            blur = f"{float(row['blur']):.2f}"
            return f"blur {blur}", f"흐림 {blur}"
        case _:
            return f"brightness from {low} to {high} of 255", f"밝기 255 중 {low}–{high}"


def about(rule: str, index: int, survey: Survey, en: str, ko: str) -> Finding:
    """A finding about one image."""
    return Finding(rules()[rule], (index,), (), en, ko, (survey.contents[index],))


def mode_findings(survey: Survey) -> Iterator[Finding]:
    """Whether pictures with and without colour are mixed."""
    grey: Mask = survey.read & survey.facts["grey"]
    num_read, num_grey = int(survey.read.sum()), int(grey.sum())
    if num_read and 0.01 <= num_grey / num_read <= 0.99:
        rule = rules()["modes-mixed"]
        fewer = np.flatnonzero(grey if 2 * num_grey <= num_read else survey.read & ~grey)
        yield Finding(
            rule,
            tuple(fewer.tolist()),
            (),
            f"{num_grey} of {num_read} pictures show no colour",
            f"{num_read}장 중 {num_grey}장에 색이 없습니다",
            ("all",),
        )
