"""The class map: which names are classes, in which order. It is fixed once, saved, and checked at every later load."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hubel.core.errors import DataError
from hubel.core.language import say
from hubel.data.dataset import Note
from hubel.data.names import class_name, natural_key, nearest, shown


@dataclass(frozen=True, slots=True)
class ClassMap:
    """The classes in their order, and the label of every name."""

    classes: tuple[str, ...]
    labels: dict[str, int]
    notes: tuple[Note, ...]


def new_map(used: set[str]) -> ClassMap:
    """The map of the names found, in natural order.

    Examples
    --------
    >>> new_map({"10", "9"}).classes
    ('9', '10')
    """
    classes = tuple(sorted(used, key=lambda name: (natural_key(name), name)))
    return ClassMap(classes, {name: label for label, name in enumerate(classes)}, ())


def given_map(used: set[str], classes: Sequence[str], root: str) -> ClassMap:
    """The map of a saved model, with a remark on classes that are not used.

    Parameters
    ----------
    used
        The names found, as `class_name` spells them.
    classes
        The model's classes in their order.
    root
        Where the names were found, for the message.

    Raises
    ------
    DataError
        When a name is not in the map.
    """
    labels = {class_name(name): label for label, name in enumerate(classes)}
    source, known = shown(root), ", ".join(map(shown, classes[:20])) + (" …" if len(classes) > 20 else "")
    unknown = sorted(used - set(labels), key=natural_key)
    if unknown:
        named = ", ".join(map(shown, unknown[:5])) + (" …" if len(unknown) > 5 else "")
        close = (
            ", ".join(f"{shown(name)} → {shown(best)}" for name in unknown[:5] for best in nearest(name, classes)[:1])
            or "-"
        )
        raise DataError(
            say(
                en=f"Classes in {source} that the model does not know: {named}. The model's classes: {known}. Nearest: {close}. "
                "Rename or remove them, or train a new model.",
                ko=f"{source} 에 모델이 모르는 클래스가 있습니다: {named}. 모델의 클래스: {known}. 가장 비슷한 이름: {close}. "
                "이름을 바꾸거나 빼거나, 모델을 새로 학습하세요.",
            )
        )
    absent = [shown(name) for name in classes if class_name(name) not in used]
    notes: list[Note] = []
    if absent:
        listed = ", ".join(absent[:5]) + (" …" if len(absent) > 5 else "")
        notes.append(
            (
                f"Classes of the model without an image here: {len(absent)} ({listed})",
                f"여기에 이미지가 없는 모델의 클래스: {len(absent)}개 ({listed})",
            )
        )
    return ClassMap(tuple(classes), labels, tuple(notes))
