"""A made-up checkup, for the tests that read or look at it."""

from __future__ import annotations

from hubel.core.findings import CheckedFile, Checkup, Finding
from hubel.data.check.catalogue import rules

HOSTILE = (
    "train/<script>alert(1)</script>/\"><img src=x onerror='alert(2)'>.jpg",
    "train/caf\udce9 \u202egpj.exe\n\x00\x1b[31m\ufffe.jpg",
    "train/{{ 7 * 7 }}{% raw %}]]>&amp;.jpg",
    "train/\ud83d half.jpg",
)


def sample_checkup(name: str = "train/cats/cut.jpg", *, num_blurry: int = 1, clean: bool = False) -> Checkup:
    """Findings of every form: one file, a group, a class; and one that is known."""
    files = (
        CheckedFile(name, name, "cats", "train"),
        CheckedFile("x/train/cats/a b.jpg", "train/cats/a b.jpg", "cats", "train"),
        CheckedFile("x/test/dogs/개.jpg", "test/dogs/개.jpg", "dogs", "test"),
        *(CheckedFile(f"x/{number}.jpg", f"{number}.jpg", "dogs", "train") for number in range(num_blurry)),
    )
    found = (
        finding("unreadable", (0,), f"truncated: {name}", f"truncated: {name}"),
        finding("duplicate-conflict", (1, 2), "2 files in the classes cats, dogs", "파일 2개, 클래스 cats, dogs"),
        finding("imbalance", (), "dogs: 3 training images", "dogs: 학습 이미지 3장"),
        *(finding("blurry", (number + 3,), "blur 0.80", "흐림 0.80") for number in range(num_blurry)),
    )
    return Checkup(
        data="x",
        classes=("cats", "dogs"),
        files=files,
        num_readable=len(files) - 1,
        rules=tuple(rules().values()),
        findings=() if clean else found,
        known=(finding("tiny", (1,), "9 × 9 px", "9 × 9 px"),),
        notes=(("Hidden files, not read: 1", "숨김 파일이라서 읽지 않음: 1개"),),
        seconds=1.5,
    )


def finding(rule: str, files: tuple[int, ...], en: str, ko: str) -> Finding:
    return Finding(rules()[rule], files, ("dogs",), en, ko, tuple(map(str, files)) or ("dogs",))
