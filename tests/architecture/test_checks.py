"""The checks of `make check` find what they are for, and the archives of real data are unpacked with care."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from check_sizes import count_lines, summary
from check_texts import check_source
from support import unpack_member


@pytest.mark.parametrize(
    ("call", "finding"),
    [
        ('say(en="done")', "both and nothing else"),
        ('say("done", ko="완료")', "both and nothing else"),
        ('say(en="done", ko="done")', "no Hangul"),
        ('say(en="완료", ko="완료")', "English text has Hangul"),
        ('say(en="", ko="완료")', "empty"),
        ("say(en=text, ko=other)", "literals"),
        ('option("--fast", en="done")', "both"),
        ('argument(NAME, en="done", ko="done")', "no Hangul"),
        ('say(en=f"read {count} files", ko="파일을 읽었습니다")', "different values"),
    ],
)
def test_text_missing_in_one_language_is_found(call: str, finding: str) -> None:
    findings = list(check_source(f"language.{call}", "module.py"))
    assert len(findings) == 1
    assert finding in findings[0]


@pytest.mark.parametrize(
    "call",
    [
        'say(en="done", ko="완료")',
        'say(en=f"{count} file{plural(count)}", ko=f"파일 {count}개")',
        'say(en="one" "two", ko="하나" if some else "둘")',
        'say(en="= {x}", ko="= {x} ㎏")',
        "say(en=words.title_en, ko=words.title_ko)",
    ],
)
def test_text_in_both_languages_passes(call: str) -> None:
    assert list(check_source(call, "module.py")) == []


def test_blank_lines_count_as_lines(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text("a = 1\n\n\nb = 2\n", encoding="utf-8")
    assert count_lines(tmp_path / "module.py") == 4


def test_sizes_are_summed_by_package() -> None:
    sizes = {Path("core/types.py"): 20, Path("core/card.py"): 100, Path("workflows.py"): 90}
    assert summary(sizes) == {"(top)": (1, 90, 90), "core": (2, 120, 100)}


def test_archive_member_outside_the_target_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="outside"):
        unpack_one(tmp_path / "target", "../outside.jpg")
    assert not (tmp_path / "outside.jpg").exists()


def test_archive_member_through_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "loop").symlink_to("..")
    with pytest.raises(ValueError, match="outside"):
        unpack_one(tmp_path / "target", "loop/outside.jpg")
    assert not (tmp_path / "outside.jpg").exists()


def unpack_one(target: Path, name: str) -> None:
    """Write an archive with one member and unpack it."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        archive.addfile(tarfile.TarInfo(name), io.BytesIO())
    stream.seek(0)
    with tarfile.open(fileobj=stream) as archive:
        for member in archive:
            unpack_member(archive, member, target)
