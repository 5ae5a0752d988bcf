"""What came out of an archive and what stayed inside, and why an archive is refused whole."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from hubel.core.errors import DataError
from hubel.core.language import say
from hubel.data.dataset import Note
from hubel.data.names import shown


def unpack_notes(unpacked: Unpacked) -> list[Note]:
    """What stayed inside or was renamed, in words."""
    notes: list[Note] = []
    if unpacked.other:
        number = sum(unpacked.other.values())
        kinds = ", ".join(f".{shown(extension)} {count}" for extension, count in unpacked.other.most_common(5))
        notes.append(
            (
                f"Files in the archive that are no images by their extension, not unpacked: {number} ({kinds})",
                f"확장자가 이미지가 아니어서 압축을 풀지 않은 파일: {number}개 ({kinds})",
            )
        )
    if unpacked.hidden:
        number = unpacked.hidden
        notes.append(
            (
                f"Hidden or system files in the archive, not unpacked: {number}",
                f"숨김 또는 시스템 파일이라서 압축을 풀지 않은 파일: {number}개",
            )
        )
    texts = (
        (unpacked.special, "Devices and other special files in the archive, not unpacked", "장치 등 특수 파일이라서 풀지 않음"),
        (unpacked.links, "Links in the archive that lead to no unpacked image, left out", "풀린 이미지로 이어지지 않아 뺀 링크"),
        (unpacked.large, "Files in the archive larger than an image may be, not unpacked", "이미지로 읽기에 너무 커서 풀지 않은 파일"),
        (unpacked.replaced, "Names that stand in the archive again; the last one counts", "압축 파일에 다시 나온 이름(마지막 것을 씀)"),
        (unpacked.renamed, "Names that differ only in capitals from earlier ones, numbered", "대소문자만 달라 번호를 붙인 이름"),
    )  # fmt: skip
    for names, english, korean in texts:
        if names:
            first = shown(names[0]) + (" …" if len(names) > 1 else "")
            notes.append((f"{english}: {len(names)} ({first})", f"{korean}: {len(names)}개 ({first})"))
    return notes


def leads_out(path: Path, name: str) -> DataError:
    """A member that would lie outside of the folder."""
    archive, value = shown(str(path)), shown(name) or "''"
    return DataError(
        say(
            en=f"The archive {archive} names a file outside of its own folder: {value}. Such an archive can overwrite other files; "
            "nothing of it was kept. Unpack it by hand if you trust it, and give the folder.",
            ko=f"압축 파일 {archive} 에 자기 폴더 밖을 가리키는 이름이 있습니다: {value}. 다른 파일을 덮어쓸 수 있는 압축 파일이므로 "
            "아무것도 남기지 않았습니다. 믿을 수 있다면 직접 압축을 풀고 그 폴더를 지정하세요.",
        )
    )


def encrypted(path: Path, name: str) -> DataError:
    """A member that needs a password."""
    archive, value = shown(str(path)), shown(name)
    return DataError(
        say(
            en=f"The archive {archive} is encrypted (first file: {value}). hubel asks for no passwords; unpack it by hand and give the folder.",
            ko=f"압축 파일 {archive} 는 암호로 잠겨 있습니다(첫 파일: {value}). hubel은 암호를 묻지 않습니다. 직접 압축을 풀고 그 폴더를 지정하세요.",
        )
    )


def too_much(path: Path, num_bytes: int, most: int, ratio_bytes: int) -> DataError:
    """More came out than may: measured by the archive's own size, or by what there is room for."""
    if num_bytes > ratio_bytes and ratio_bytes < most:
        times = num_bytes // max(path.stat().st_size, 1)
        return bomb(path, say(en=f"more than {times} times its own size", ko=f"자기 크기의 {times}배 초과"))
    gigabytes = f"{most / 2**30:.1f}"
    return bomb(path, say(en=f"more than {gigabytes} GiB, the limit here", ko=f"이곳의 한도 {gigabytes} GiB 초과"))


def bomb(path: Path, what: str) -> DataError:
    """An archive that unpacks to more than is sane; `what` says how much, in the user's language."""
    archive = shown(str(path))
    return DataError(
        say(
            en=f"The archive {archive} unpacks to {what}. Nothing of it was kept; if that is meant, unpack it by hand and give the folder.",
            ko=f"압축 파일 {archive} 의 압축을 풀면 {what}입니다. 아무것도 남기지 않았습니다. 의도한 것이라면 직접 압축을 풀고 그 폴더를 지정하세요.",
        )
    )


@dataclass(slots=True)
class Unpacked:
    """What came out and what stayed inside; grows while it is unpacked."""

    num_files: int = 0
    num_bytes: int = 0
    other: Counter[str] = field(default_factory=Counter)
    hidden: int = 0
    special: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    large: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    renamed: list[str] = field(default_factory=list)
    taken: dict[str, str] = field(default_factory=dict)
    folders: dict[str, str] = field(default_factory=dict)
    made: set[str] = field(default_factory=set)
