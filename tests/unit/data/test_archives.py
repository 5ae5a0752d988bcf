"""Archives, honest and hostile, become a folder, or an error that says why not, and nothing outside of that folder."""

from __future__ import annotations

import io
import os
import struct
import tarfile
import zipfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hubel.core.errors import DataError
from hubel.data.archives import archive_kind
from hubel.data.unpack import UnpackLimits, safe_name, unpack
from hubel.data.unpacked import Unpacked, unpack_notes

PNG = b"\x89PNG\r\n\x1a\n" + b"pixels"
COMPRESSIONS = {"tar": "w:", "tar.gz": "w:gz", "tar.bz2": "w:bz2", "tar.xz": "w:xz"}


def drain(steps: Generator[Any, None, Unpacked]) -> Unpacked:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            unpacked: Unpacked = end.value
            return unpacked


def below(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def zip_of(
    path: Path, members: list[tuple[str | zipfile.ZipInfo, bytes]], compression: int = zipfile.ZIP_DEFLATED
) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members:
            archive.writestr(name, content, compress_type=compression)
    return path


def tar_of(path: Path, members: list[tuple[tarfile.TarInfo | str, bytes]], mode: str = "w:") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]  # the mode is a parameter
        for member, content in members:
            info = tarfile.TarInfo(member) if isinstance(member, str) else member
            if info.isreg():
                info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def tar_member(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def refusal(path: Path, target: Path, **limits: int) -> str:
    with pytest.raises(DataError) as caught:
        drain(unpack(path, target, limits=UnpackLimits(**limits)))
    assert caught.value.exit_code == 3
    return str(caught.value)


def test_a_zip_comes_out_byte_for_byte(tmp_path: Path) -> None:
    archive = zip_of(
        tmp_path / "a.zip", [("pets/cat/1.jpg", PNG), ("pets/dog/2.JPG", PNG * 2), ("pets/labels.csv", b"x,y")]
    )
    unpacked = drain(unpack(archive, tmp_path / "out"))
    assert below(tmp_path / "out") == {"pets/cat/1.jpg": PNG, "pets/dog/2.JPG": PNG * 2, "pets/labels.csv": b"x,y"}
    assert (unpacked.num_files, unpacked.num_bytes) == (3, 3 * len(PNG) + 3)
    assert unpack_notes(unpacked) == []


@pytest.mark.parametrize("suffix", COMPRESSIONS)
def test_a_tar_comes_out_whatever_packed_it(suffix: str, tmp_path: Path) -> None:
    archive = tar_of(tmp_path / f"a.{suffix}", [("cat/1.jpg", PNG), ("dog/2.jpg", PNG * 400)], COMPRESSIONS[suffix])
    drain(unpack(archive, tmp_path / "out"))
    assert below(tmp_path / "out") == {"cat/1.jpg": PNG, "dog/2.jpg": PNG * 400}


def test_zstandard_is_read_where_its_package_is(tmp_path: Path) -> None:
    zstandard = pytest.importorskip("zstandard")
    plain = tar_of(tmp_path / "a.tar", [("cat/1.jpg", PNG)])
    (tmp_path / "a.tar.zst").write_bytes(zstandard.ZstdCompressor().compress(plain.read_bytes()))
    drain(unpack(tmp_path / "a.tar.zst", tmp_path / "out"))
    assert below(tmp_path / "out") == {"cat/1.jpg": PNG}


def test_the_content_says_what_an_archive_is(tmp_path: Path) -> None:
    assert archive_kind(zip_of(tmp_path / "a.bin", [("1.jpg", PNG)])) == "zip"
    assert archive_kind(tar_of(tmp_path / "b.zip", [("1.jpg", PNG)])) == "tar"
    (tmp_path / "c.jpg").write_bytes(PNG)
    assert archive_kind(tmp_path / "c.jpg") is None


def test_what_is_no_image_stays_inside_and_is_counted(tmp_path: Path) -> None:
    members = [
        ("cat/1.jpg", PNG),
        ("readme.txt", b""),
        ("inner.zip", PNG),
        ("__MACOSX/cat/._1.jpg", PNG),
        ("cat/.x.jpg", PNG),
    ]
    unpacked = drain(unpack(zip_of(tmp_path / "a.zip", list(members)), tmp_path / "out"))
    assert list(below(tmp_path / "out")) == ["cat/1.jpg"]
    assert [note[0] for note in unpack_notes(unpacked)] == [
        "Files in the archive that are no images by their extension, not unpacked: 2 (.txt 1, .zip 1)",
        "Hidden or system files in the archive, not unpacked: 2",
    ]


@pytest.mark.parametrize(
    "name", ["../out.jpg", "a/../../out.jpg", "/out.jpg", "C:/out.jpg", "c:out.jpg", "..\\out.jpg", "\\out.jpg"]
)
@pytest.mark.parametrize("packed", ["zip", "tar"])
def test_a_name_that_leads_out_refuses_the_archive(name: str, packed: str, tmp_path: Path) -> None:
    members: list[Any] = [("cat/1.jpg", PNG), (name, PNG)]
    make: Any = zip_of if packed == "zip" else tar_of
    assert "outside of its own folder" in refusal(make(tmp_path / f"a.{packed}", members), tmp_path / "in" / "out")
    assert [path for path in tmp_path.rglob("*.jpg") if tmp_path / "in" / "out" not in path.parents] == []


def test_a_link_becomes_the_file_it_leads_to(tmp_path: Path) -> None:
    members: list[Any] = [
        (tar_member("dog/early.jpg", tarfile.SYMTYPE, "../cat/1.jpg"), b""),
        ("cat/1.jpg", PNG),
        (tar_member("cat/2.jpg", tarfile.LNKTYPE, "cat/1.jpg"), b""),
    ]
    drain(unpack(tar_of(tmp_path / "a.tar", members), tmp_path / "out"))
    assert below(tmp_path / "out") == {"cat/1.jpg": PNG, "cat/2.jpg": PNG, "dog/early.jpg": PNG}
    assert not any(path.is_symlink() for path in (tmp_path / "out").rglob("*"))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
@pytest.mark.parametrize("target", ["/etc/passwd", "../../secret.jpg", "missing.jpg", "."])
def test_a_link_that_leads_out_or_nowhere_is_left_out(kind: bytes, target: str, tmp_path: Path) -> None:
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    members: list[Any] = [("cat/1.jpg", PNG), (tar_member("cat/link.jpg", kind, target), b"")]
    unpacked = drain(unpack(tar_of(tmp_path / "a.tar", members), tmp_path / "out"))
    assert below(tmp_path / "out") == {"cat/1.jpg": PNG}
    assert "1 (cat/link.jpg)" in unpack_notes(unpacked)[0][0]


def test_a_file_is_not_written_through_a_link(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    members: list[Any] = [(tar_member("cat", tarfile.SYMTYPE, str(outside)), b""), ("cat/1.jpg", PNG)]
    drain(unpack(tar_of(tmp_path / "a.tar", members), tmp_path / "out"))
    assert list(outside.iterdir()) == []
    assert below(tmp_path / "out") == {"cat/1.jpg": PNG}


def test_a_symbolic_link_in_a_zip_is_no_file_of_its_target_name(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("cat/link.jpg")
    link.create_system, link.external_attr = 3, 0o120777 << 16
    unpacked = drain(unpack(zip_of(tmp_path / "a.zip", [("cat/1.jpg", PNG), (link, b"/etc/passwd")]), tmp_path / "out"))
    assert below(tmp_path / "out") == {"cat/1.jpg": PNG}
    assert unpacked.links == ["cat/link.jpg"]


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_devices_and_pipes_are_never_made(kind: bytes, tmp_path: Path) -> None:
    members: list[Any] = [("cat/1.jpg", PNG), (tar_member("cat/dev.jpg", kind), b"")]
    unpacked = drain(unpack(tar_of(tmp_path / "a.tar", members), tmp_path / "out"))
    assert below(tmp_path / "out") == {"cat/1.jpg": PNG}
    assert unpacked.special == ["cat/dev.jpg"]


def test_a_bomb_is_refused_by_how_far_it_swells(tmp_path: Path) -> None:
    archive = zip_of(tmp_path / "a.zip", [(f"cat/{number}.bmp", bytes(1 << 20)) for number in range(4)])
    assert "times its own size" in refusal(archive, tmp_path / "out", free_bytes=1 << 20, max_ratio=100)


def test_a_bomb_of_one_stream_is_refused_while_it_swells(tmp_path: Path) -> None:
    archive = tar_of(tmp_path / "a.tar.gz", [("cat/1.bmp", bytes(4 << 20))], "w:gz")
    assert "times its own size" in refusal(archive, tmp_path / "out", free_bytes=1 << 20, max_ratio=100)
    assert sum(len(content) for content in below(tmp_path / "out").values()) <= 3 << 20


def test_more_bytes_or_members_than_the_limit_are_refused(tmp_path: Path) -> None:
    archive = zip_of(tmp_path / "a.zip", [(f"{number}.jpg", PNG) for number in range(5)])
    assert "more than 4 files" in refusal(archive, tmp_path / "out", max_members=4)
    assert "the limit here" in refusal(archive, tmp_path / "out", max_bytes=len(PNG) * 4)


def test_a_zip_that_lies_about_its_sizes_is_damaged(tmp_path: Path) -> None:
    archive = zip_of(tmp_path / "a.zip", [("1.jpg", PNG * 100)])
    octets = bytearray(archive.read_bytes())
    at = octets.rindex(b"PK\x01\x02") + 24
    octets[at : at + 4] = struct.pack("<I", 10)
    archive.write_bytes(octets)
    assert "damaged" in refusal(archive, tmp_path / "out")


def test_a_name_header_of_a_gigabyte_is_refused_unread(tmp_path: Path) -> None:
    header = tarfile.TarInfo("././@LongLink")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 2**30
    (tmp_path / "a.tar").write_bytes(header.tobuf(tarfile.GNU_FORMAT) + bytes(4096))
    assert "damaged" in refusal(tmp_path / "a.tar", tmp_path / "out")


@pytest.mark.parametrize("suffix", ["zip", *COMPRESSIONS])
@pytest.mark.parametrize("kept", [0.2, 0.6, 0.9])
def test_an_archive_that_ends_early_is_refused(suffix: str, kept: float, tmp_path: Path) -> None:
    noise = bytes(range(256)) * 40
    members: list[Any] = [(f"cat/{number}.jpg", noise[number:] + bytes([number])) for number in range(8)]
    archive = tmp_path / f"a.{suffix}"
    if suffix == "zip":
        zip_of(archive, members)
    else:
        tar_of(archive, members, COMPRESSIONS[suffix])
    octets = archive.read_bytes()
    if suffix == "tar":
        octets = octets[: 8 * (512 + 10752)]  # without the empty blocks that fill the last record
    archive.write_bytes(octets[: int(len(octets) * kept)])
    assert "damaged or ends early" in refusal(archive, tmp_path / "out")


def test_a_broken_header_in_the_middle_is_not_taken_for_the_end(tmp_path: Path) -> None:
    archive = tar_of(tmp_path / "a.tar", [("cat/1.jpg", PNG), ("cat/2.jpg", PNG)])
    octets = bytearray(archive.read_bytes())
    octets[1024 + 150] ^= 0xFF
    archive.write_bytes(octets)
    assert "damaged" in refusal(archive, tmp_path / "out")


def test_a_changed_byte_in_a_zip_is_noticed(tmp_path: Path) -> None:
    archive = zip_of(tmp_path / "a.zip", [("1.jpg", PNG * 10)], zipfile.ZIP_STORED)
    octets = archive.read_bytes()
    archive.write_bytes(octets.replace(b"pixels", b"pixelz", 1))
    assert "damaged" in refusal(archive, tmp_path / "out")


def test_an_encrypted_zip_says_so(tmp_path: Path) -> None:
    archive = zip_of(tmp_path / "a.zip", [("1.jpg", PNG)])
    octets = bytearray(archive.read_bytes())
    octets[6] |= 1
    octets[octets.index(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(octets)
    assert "is encrypted" in refusal(archive, tmp_path / "out")


def test_a_web_page_that_is_called_zip_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"<!doctype html><html><body>Please log in</body></html>")
    assert "it holds HTML" in refusal(tmp_path / "a.zip", tmp_path / "out")


def test_korean_names_of_windows_come_out_as_hangul(tmp_path: Path) -> None:
    for number, encoding in enumerate(("cp949", "utf-8")):
        info = zipfile.ZipInfo("X" * len("고양이/하나.jpg".encode(encoding)))
        archive = zip_of(tmp_path / f"{number}.zip", [(info, PNG)])
        name = "고양이/하나.jpg".encode(encoding)
        archive.write_bytes(archive.read_bytes().replace(b"X" * len(name), name))
        drain(unpack(archive, tmp_path / encoding))
        assert list(below(tmp_path / encoding)) == ["고양이/하나.jpg"]


def test_korean_names_in_a_tar_come_out_as_hangul(tmp_path: Path) -> None:
    raw = "고양이/1.jpg".encode("cp949").decode("utf-8", "surrogateescape")
    drain(unpack(tar_of(tmp_path / "a.tar", [(raw, PNG)]), tmp_path / "out"))
    assert list(below(tmp_path / "out")) == ["고양이/1.jpg"]


def test_names_of_old_dos_machines_keep_their_letters(tmp_path: Path) -> None:
    info = zipfile.ZipInfo("cafX.jpg")
    archive = zip_of(tmp_path / "a.zip", [(info, PNG)])
    archive.write_bytes(archive.read_bytes().replace(b"cafX", b"caf\x82"))
    drain(unpack(archive, tmp_path / "out"))
    assert list(below(tmp_path / "out")) == ["café.jpg"]


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_of_a_repeated_name_the_last_counts(tmp_path: Path) -> None:
    unpacked = drain(unpack(zip_of(tmp_path / "a.zip", [("1.jpg", PNG), ("1.jpg", PNG * 2)]), tmp_path / "out"))
    assert below(tmp_path / "out") == {"1.jpg": PNG * 2}
    assert unpacked.num_files == 1
    assert unpacked.replaced == ["1.jpg"]


def test_names_that_differ_in_capitals_are_numbered_so_every_disk_holds_both(tmp_path: Path) -> None:
    members: list[Any] = [("cat/A.jpg", PNG), ("cat/a.jpg", PNG * 2), ("cat/a.JPG", PNG * 3)]
    unpacked = drain(unpack(zip_of(tmp_path / "a.zip", members), tmp_path / "out"))
    assert below(tmp_path / "out") == {"cat/A.jpg": PNG, "cat/a~2.jpg": PNG * 2, "cat/a~3.JPG": PNG * 3}
    assert unpacked.renamed == ["cat/a.jpg", "cat/a.JPG"]


def test_a_name_that_is_a_file_and_a_folder_refuses_the_archive(tmp_path: Path) -> None:
    for number, names in enumerate((("cat", "cat/1.jpg"), ("cat/1.jpg", "cat"))):
        archive = zip_of(tmp_path / f"{number}.zip", [(name, PNG) for name in names])
        assert "damaged" in refusal(archive, tmp_path / f"out{number}")


def test_a_name_too_long_for_the_disk_is_cut(tmp_path: Path) -> None:
    drain(
        unpack(zip_of(tmp_path / "a.zip", [("고" * 200 + ".jpg", PNG), ("고" * 199 + "나.jpg", PNG)]), tmp_path / "out")
    )
    names = list(below(tmp_path / "out"))
    assert len(names) == 2
    assert all(name.startswith("고고") and name.endswith(".jpg") for name in names)


@given(st.text(st.one_of(st.sampled_from("./\\\\:Cc~\0"), st.characters(codec="utf-8"))))
def test_no_name_leads_out(name: str) -> None:
    inside = safe_name(name)
    if inside is not None:
        whole = os.path.normpath(os.path.join("/target", inside))
        assert whole.startswith("/target/")
        assert all(0 < len(os.fsencode(part)) <= 255 for part in inside.parts)


def test_a_name_without_anything_leads_out() -> None:
    assert [safe_name(name) for name in ("", ".", "./", "..")] == [None] * 4
