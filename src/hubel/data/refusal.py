"""Why an image was not read: the documented list of reasons, each with what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from hubel.core.errors import DataError, install_command
from hubel.core.language import say


class Refusal(StrEnum):
    """The id of a reason. Ids are stable: they stand in reports, in `--json` and in docs/stages/data.md."""

    MISSING = "missing"
    NOT_A_FILE = "not-a-file"
    NO_ACCESS = "no-access"
    EMPTY = "empty"
    TOO_MANY_BYTES = "too-many-bytes"
    NOT_AN_IMAGE = "not-an-image"
    UNSUPPORTED_FORMAT = "unsupported-format"
    NEEDS_PLUGIN = "needs-plugin"
    ZERO_SIZE = "zero-size"
    TOO_LARGE = "too-large"
    TRUNCATED = "truncated"
    CORRUPT = "corrupt"
    AMBIGUOUS_ARRAY = "ambiguous-array"


class UnreadableImage(DataError):  # noqa: N818  the reader's own word; every part of hubel says it
    """One image that could not be read, and why.

    Parameters
    ----------
    refusal
        The reason, from the documented list.
    detail
        What was found, in the words of the place that found it.
    name
        The file's name, or what stands for it; bytes that are no UTF-8 are written as escapes.
    """

    def __init__(self, refusal: Refusal, detail: str, name: str) -> None:
        self.refusal = refusal
        self.detail = detail
        self.name = name.encode("utf-8", "backslashreplace").decode("utf-8")
        found = f" ({detail})" if detail else ""
        super().__init__(f"{self.name}: {explain_refusal(refusal)}{found}. {remedy_refusal(refusal)}")

    def __reduce__(self) -> tuple[type[UnreadableImage], tuple[Refusal, str, str]]:
        """Rebuild from the three parts, so that the error crosses process borders whole."""
        return type(self), (self.refusal, self.detail, self.name)


@dataclass(frozen=True, slots=True)
class Limits:
    """What the reader is willing to hold in memory; checked before anything is decoded.

    Parameters
    ----------
    max_pixels
        The most pixels that may be decoded. A baseline JPEG read at 1/8 counts 1/64 of its pixels (and may
        declare at most four times this number); WebP, AVIF and HEIC, whose decoders keep several copies,
        count double. 89 million is just below where Pillow itself begins to warn, and keeps a process that
        reads its large images one at a time under 1 GiB.
    max_bytes
        The most bytes a file may have.
    """

    max_pixels: int = 89_000_000
    max_bytes: int = 256 * 1024 * 1024


DEFAULT_LIMITS = Limits()


def explain_refusal(refusal: Refusal) -> str:
    """What the reason means, as the beginning of a sentence in the user's language.

    Examples
    --------
    >>> len(explain_refusal(Refusal.EMPTY)) > 0
    True
    """
    words = _WORDS[refusal]
    return say(en=words.meaning_en, ko=words.meaning_ko)


def refusal_meaning(refusal: Refusal) -> tuple[str, str]:
    """What the reason means, as the beginning of a sentence in English and in Korean."""
    words = _WORDS[refusal]
    return words.meaning_en, words.meaning_ko


def remedy_refusal(refusal: Refusal) -> str:
    """What to do about it, as a sentence in the user's language.

    Examples
    --------
    >>> len(remedy_refusal(Refusal.EMPTY)) > 0
    True
    """
    words = _WORDS[refusal]
    remedy = say(en=words.remedy_en, ko=words.remedy_ko)
    return remedy.replace("{install_heic}", install_command("heic")) if refusal == Refusal.NEEDS_PLUGIN else remedy


def refusal_in_words(refusal: str) -> tuple[str, str]:
    """What the reason means, in English and in Korean; an id that is not of the list stands for itself.

    Examples
    --------
    >>> refusal_in_words("empty")[0]
    'the file is empty'
    """
    words = _WORDS.get(Refusal(refusal)) if refusal in set(Refusal) else None
    return (words.meaning_en, words.meaning_ko) if words else (refusal, refusal)


@dataclass(frozen=True, slots=True)
class _Words:
    meaning_en: str
    meaning_ko: str
    remedy_en: str
    remedy_ko: str


_WORDS: dict[Refusal, _Words] = {
    Refusal.MISSING: _Words(
        "there is no such file",
        "파일이 없습니다",
        "Check the path; if it is a link, check where it points.",
        "경로를 확인하세요. 링크라면 가리키는 곳을 확인하세요.",
    ),
    Refusal.NOT_A_FILE: _Words(
        "this is a folder, a pipe or a device, not a file",
        "파일이 아니라 폴더, 파이프 또는 장치입니다",
        "Give an image file, or the folder to the command that reads folders.",
        "이미지 파일을 지정하거나, 폴더를 읽는 명령에 폴더를 지정하세요.",
    ),
    Refusal.NO_ACCESS: _Words(
        "the file could not be opened or read",
        "파일을 열거나 읽을 수 없습니다",
        "Check its permissions and the disk it lies on.",
        "파일 권한과 파일이 있는 디스크를 확인하세요.",
    ),
    Refusal.EMPTY: _Words(
        "the file is empty",
        "파일이 비어 있습니다",
        "Copy or download it again, or delete it.",
        "다시 복사하거나 내려받으세요. 필요 없으면 삭제하세요.",
    ),
    Refusal.TOO_MANY_BYTES: _Words(
        "the file has more bytes than the limit allows",
        "파일 크기(바이트)가 제한을 넘습니다",
        "Save it smaller, or raise the limit on bytes.",
        "더 작게 저장하거나 바이트 제한을 높이세요.",
    ),
    Refusal.NOT_AN_IMAGE: _Words(
        "the content is not an image, whatever the name says",
        "이름과 상관없이 내용이 이미지가 아닙니다",
        "Download it again if it should be one, or take it out of the folder.",
        "이미지여야 하는 파일이면 다시 내려받고, 아니면 폴더에서 빼세요.",
    ),
    Refusal.UNSUPPORTED_FORMAT: _Words(
        "this kind of image is not read by hubel",
        "hubel이 읽지 않는 이미지 형식입니다",
        "Save it as JPEG or PNG.",
        "JPEG 또는 PNG로 저장하세요.",
    ),
    Refusal.NEEDS_PLUGIN: _Words(
        "HEIC images need one more package",
        "HEIC 이미지를 읽으려면 패키지가 하나 더 필요합니다",
        "Run: {install_heic}",
        "실행하세요: {install_heic}",
    ),
    Refusal.ZERO_SIZE: _Words(
        "the image has no pixels",
        "이미지에 픽셀이 하나도 없습니다",
        "Export it again from where it came from.",
        "원본에서 다시 내보내세요.",
    ),
    Refusal.TOO_LARGE: _Words(
        "the image has more pixels than the limit allows",
        "이미지의 픽셀 수가 제한을 넘습니다",
        "Save it smaller, or raise the limit on pixels.",
        "더 작게 저장하거나 픽셀 제한을 높이세요.",
    ),
    Refusal.TRUNCATED: _Words(
        "the file ends before its image does",
        "이미지가 끝나기 전에 파일이 끝났습니다",
        "Copy or download it again.",
        "다시 복사하거나 내려받으세요.",
    ),
    Refusal.CORRUPT: _Words(
        "the file is damaged",
        "파일이 손상되었습니다",
        "Restore it from the original, or take it out of the folder.",
        "원본에서 복구하거나 폴더에서 빼세요.",
    ),
    Refusal.AMBIGUOUS_ARRAY: _Words(
        "this array cannot be understood as one image",
        "이 배열을 하나의 이미지로 이해할 수 없습니다",
        "Give uint8 (0–255), bool, uint16 or float in [0, 1], shaped (h, w), (h, w, 1), (h, w, 3) or (h, w, 4).",
        "uint8(0–255), bool, uint16 또는 [0, 1] 실수를 (h, w), (h, w, 1), (h, w, 3), (h, w, 4) 모양으로 주세요.",
    ),
}
