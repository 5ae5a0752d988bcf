"""Class folders, alone or inside train, validation and test folders."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from hubel.data.dataset import SPLITS, Note, Split, split_named
from hubel.data.names import class_name, shown
from hubel.data.walk import Folder, Tally, enclosing, list_folder, walk_images


@dataclass(frozen=True, slots=True)
class ClassFolder:
    """A folder whose images, at any depth, are of one class. Several may be of the same class."""

    name: str
    path: str
    split: Split | None
    linked: bool


@dataclass(frozen=True, slots=True)
class Layout:
    """How a source folder is built: its class folders, and the images that lie outside of any."""

    folders: tuple[ClassFolder, ...]
    loose: tuple[str, ...]
    notes: tuple[Note, ...]


def find_class_folders(root: str, tally: Tally) -> Layout:
    """The class folders of a source, read one or two levels deep.

    A folder is made of splits when all its subfolders are named like splits, or at least two different splits are
    there; a single `train` among other names is a class of that name.
    """
    folders, loose = list_folder(root, tally)
    named = {split_named(folder.name) for folder in folders}
    if len(named - {None}) >= 2 or (named and None not in named):
        return _split_layout(folders, loose, tally)
    notes = [_taken_as_class(folder.name) for folder in folders if split_named(folder.name)]
    found = [ClassFolder(class_name(folder.name), folder.path, None, folder.linked) for folder in folders]
    return Layout(tuple(found), tuple(loose), (*notes, *_name_notes(folders)))


def read_class_folders(root: str, folders: tuple[ClassFolder, ...], tally: Tally) -> list[list[str]]:
    """The images of each class folder, in natural order.

    Within a split every real folder is read once: first the real class folders, then those that are links, then links
    inside of them. A link to a place that was already read is not followed, so no image gets two classes through it.
    """
    images: list[list[str]] = [[] for _ in folders]
    links: list[list[str]] = [[] for _ in folders]
    above = enclosing(Path(root))
    for split in (None, *SPLITS):
        chosen = [index for index, folder in enumerate(folders) if folder.split == split]
        seen = above.union(*(enclosing(Path(parent)) for parent in {_parent(folders[index].path) for index in chosen}))
        for index in sorted(chosen, key=lambda index: folders[index].linked):
            images[index].extend(walk_images(folders[index].path, tally, seen, links[index]))
        for index in chosen:
            for link in links[index]:  # grows while it is read
                images[index].extend(walk_images(link, tally, seen, links[index]))
    return images


def _split_layout(folders: list[Folder], loose: list[str], tally: Tally) -> Layout:
    found: list[ClassFolder] = []
    notes: list[Note] = []
    outside = list(loose)
    others = [shown(folder.name) for folder in folders if split_named(folder.name) is None]
    if others:
        names = ", ".join(others[:5]) + (" …" if len(others) > 5 else "")
        notes.append(
            (
                f"Folders beside the split folders, not read: {len(others)} ({names})",
                f"분할 폴더 옆에 있어 읽지 않은 폴더: {len(others)}개 ({names})",
            )
        )
    for split in SPLITS:
        for folder in folders:
            if split_named(folder.name) == split:
                inner, files = list_folder(folder.path, tally)
                outside += files
                found += [ClassFolder(class_name(one.name), one.path, split, one.linked) for one in inner]
                notes += [note for note in _name_notes(inner) if note not in notes]
    return Layout(tuple(found), tuple(outside), tuple(notes))


def _parent(path: str) -> str:
    return str(Path(path).parent)


def _taken_as_class(name: str) -> Note:
    return (
        f"The folder {shown(name)} is taken as a class, because the folders beside it are classes",
        f"{shown(name)} 폴더는 옆의 폴더들이 클래스이므로 클래스로 다룹니다",
    )


def _name_notes(folders: list[Folder]) -> list[Note]:
    """Remarks on class folders whose names are equal, or equal but for capitals."""
    spellings: defaultdict[str, list[str]] = defaultdict(list)
    capitals: defaultdict[str, set[str]] = defaultdict(set)
    for folder in folders:
        name = class_name(folder.name)
        spellings[name].append(folder.name)
        capitals[name.casefold()].add(name)
    notes: list[Note] = []
    for name, same in spellings.items():
        if len(same) > 1:
            notes.append(
                (
                    f"Folders of the same name in different Unicode spellings are one class: {shown(name)} ({len(same)})",
                    f"유니코드 표기만 다른 같은 이름의 폴더를 한 클래스로 합쳤습니다: {shown(name)} ({len(same)}개)",
                )
            )
    for names in capitals.values():
        if len(names) > 1:
            listed = ", ".join(map(shown, sorted(names)))
            notes.append(
                (
                    f"Class folders that differ only in capitals stay different classes: {listed}",
                    f"대소문자만 다른 클래스 폴더를 서로 다른 클래스로 둡니다: {listed}",
                )
            )
    return notes
