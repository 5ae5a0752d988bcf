"""What is said when a source holds no labelled images: what it is instead, and what to give."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from hubel.core.errors import DataError, UsageError
from hubel.core.language import say
from hubel.data.names import nearest, shown
from hubel.data.walk import IMAGE_EXTENSIONS, Tally, extension_of

_ARCHIVES = frozenset(("zip", "tar", "gz", "tgz", "bz2", "xz", "7z", "rar", "egg", "alz"))


def given_path(source: str | Path) -> Path:
    """The path that a user gave, ``~`` resolved.

    Raises
    ------
    UsageError
        When it is empty, as an unset variable of a shell is; else that would mean the working folder.
    """
    if not str(source).strip():
        value = repr(str(source))
        raise UsageError(
            say(
                en=f"The path is empty: {value}. Give a folder, a file, or . for the working folder.",
                ko=f"경로가 비어 있습니다: {value}. 폴더나 파일을 지정하거나, 현재 폴더라면 . 을 쓰세요.",
            )
        )
    return Path(os.path.expanduser(source))  # noqa: PTH111  Path.expanduser raises for a folder named ~x


def missing_source(path: Path) -> DataError:
    """The error for a path where nothing is, with the names that look like it."""
    whole = path.absolute()
    folder = next((parent for parent in whole.parents if os.path.isdir(parent)), Path(whole.anchor))  # noqa: PTH112
    part = whole.parts[len(folder.parts)]
    names = _first_names(folder) if os.access(folder, os.R_OK) else []
    similar = ", ".join(shown(str(folder / name)) for name in nearest(part, names))
    place, value = shown(str(folder)), shown(str(path))
    if similar:
        return DataError(
            say(
                en=f"There is no file or folder {value}. Did you mean: {similar}?",
                ko=f"{value} 라는 파일이나 폴더가 없습니다. 혹시 이것인가요: {similar}",
            )
        )
    return DataError(
        say(
            en=f"There is no file or folder {value}; {place} holds nothing of a similar name. Check the path.",
            ko=f"{value} 라는 파일이나 폴더가 없고, {place} 에 비슷한 이름도 없습니다. 경로를 확인하세요.",
        )
    )


def not_a_source(path: Path) -> DataError:
    """The error for something that exists but is neither a folder that opens nor a table."""
    value, extension = shown(str(path)), extension_of(path.name)
    if path.is_dir():
        return DataError(
            say(
                en=f"The folder {value} cannot be opened. Check its permissions.",
                ko=f"{value} 폴더를 열 수 없습니다. 권한을 확인하세요.",
            )
        )
    if not path.exists():
        target = shown(os.readlink(path)) if path.is_symlink() else ""  # noqa: PTH115
        return DataError(
            say(
                en=f"{value} is a link to {target}, which does not exist. Mend the link, or give the folder itself.",
                ko=f"{value} 는 {target} 로 이어지는 링크인데 그 대상이 없습니다. 링크를 고치거나 폴더를 직접 지정하세요.",
            )
        )
    if extension in _ARCHIVES:
        return DataError(
            say(
                en=f"{value} is an archive, and a folder is needed. Unpack it and give the folder that comes out.",
                ko=f"{value} 는 압축 파일이고, 폴더가 필요합니다. 압축을 풀고 나온 폴더를 지정하세요.",
            )
        )
    if extension in IMAGE_EXTENSIONS:
        example = _example_layout()
        return DataError(
            say(
                en=f"{value} is a single image, and a folder of labelled images is needed. {example}",
                ko=f"{value} 는 이미지 하나이고, 레이블이 있는 이미지 폴더가 필요합니다. {example}",
            )
        )
    example = _example_layout()
    return DataError(
        say(
            en=f"{value} is neither a folder nor a table (.csv, .tsv, .jsonl). {example}",
            ko=f"{value} 는 폴더도 표(.csv, .tsv, .jsonl)도 아닙니다. {example}",
        )
    )


def no_class_folders(root: str, loose: Sequence[str]) -> DataError:
    """The error for a folder of images that no folder names the class of."""
    source, number, first, example = shown(root), len(loose), shown(loose[0]), _example_layout()
    return DataError(
        say(
            en=f"The images in {source} lie in no class folders: {number} images, the first {first}. {example}",
            ko=f"{source} 의 이미지가 클래스 폴더에 들어 있지 않습니다: 이미지 {number}장, 첫 이미지 {first}. {example}",
        )
    )


def no_images(root: str, tally: Tally) -> DataError:
    """The error for a source without a single image."""
    source, number, example = shown(root), sum(tally.other.values()), _example_layout()
    kinds = ", ".join(f".{shown(extension)}" for extension in sorted(tally.other)[:5]) or "-"
    return DataError(
        say(
            en=f"No images were found in {source}; it holds {number} other files ({kinds}). {example}",
            ko=f"{source} 에 이미지가 없습니다. 다른 파일은 {number}개입니다({kinds}). {example}",
        )
    )


def _first_names(folder: Path) -> list[str]:
    """Enough names to look for a similar one; comparing a million would take a minute."""
    with os.scandir(folder) as entries:
        return sorted(entry.name for entry in islice(entries, 5000))


def _example_layout() -> str:
    return say(
        en="Give a folder with one folder of images for each class, such as photos/cat/1.jpg and photos/dog/2.jpg, "
        "or a CSV table with the columns file_name,label.",
        ko="photos/cat/1.jpg, photos/dog/2.jpg 처럼 클래스마다 이미지 폴더가 하나씩 있는 폴더나, "
        "file_name,label 열이 있는 CSV 표를 지정하세요.",
    )
