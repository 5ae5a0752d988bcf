"""Names of files and classes: one spelling for equal names, their natural order, and a form that is safe to show."""

from __future__ import annotations

import difflib
import os
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

_DIGITS = re.compile("([0-9]+)")
_HANGUL_OR_ASCII = re.compile("[\x20-\x7e\uac00-\ud7a3]+")
_ZERO_WIDTH_JOINER = "\u200d"  # holds the parts of an emoji together


def class_name(raw: str) -> str:
    r"""The name of a class out of a folder's name or a table's label.

    Equal letters get one spelling (Unicode NFC), so a folder that came from a Mac (NFD) is the same class as one from
    elsewhere. Bytes that are not UTF-8 (surrogates, in Python) become text: Hangul where they are Korean Windows names
    (CP949), as unpacked archives have them, else escapes such as ``\xff``.

    Examples
    --------
    >>> class_name("고") == "고"
    True
    >>> class_name(b"caf\xe9".decode("utf-8", "surrogateescape"))
    'caf\\xe9'
    """
    if raw.isascii():
        return raw
    return unicodedata.normalize("NFC", _text(raw))


def natural_key(name: str) -> str:
    """What to sort names by so that numbers stand in their own order, however the letters are spelt.

    A run of digits is preceded by how many digits it has without leading zeros.

    Examples
    --------
    >>> sorted(["img10", "img2", "img1"], key=natural_key)
    ['img1', 'img2', 'img10']
    """
    if not name.isascii():
        name = unicodedata.normalize("NFC", name)
    parts = _DIGITS.split(name)
    for at in range(1, len(parts), 2):
        number = parts[at].lstrip("0")
        parts[at] = chr(ord("0") + min(len(number), 5000)) + number
    return "".join(parts)


def shown(name: str) -> str:
    r"""A name as it can be printed anywhere: one line, no control characters, no broken bytes.

    Examples
    --------
    >>> shown("two\nlines")
    'two\\nlines'
    """
    if name.isascii() and name.isprintable():
        return name
    return "".join(map(_shown_character, unicodedata.normalize("NFC", name)))


def nearest(name: str, choices: Iterable[str], *, count: int = 3) -> list[str]:
    """The choices that look most like a name, best first; capitals do not matter.

    Examples
    --------
    >>> nearest("Cat", ["cats", "dogs"])
    ['cats']
    """
    by_spelling: dict[str, str] = {}
    for choice in choices:
        by_spelling.setdefault(class_name(choice).casefold(), choice)
    close = difflib.get_close_matches(class_name(name).casefold(), by_spelling, n=count, cutoff=0.6)
    return [by_spelling[spelling] for spelling in close]


def name_below(path: str, root: str) -> str:
    """How a file is called inside its data set; its path stays whole where it lies elsewhere, as a table's files may.

    Parameters
    ----------
    path
        Where the file lies.
    root
        The data set's folder, or the table that lists its files.

    Examples
    --------
    >>> name_below("pets/cats/1.jpg", "pets")
    'cats/1.jpg'
    >>> name_below("other/1.jpg", "pets")
    'other/1.jpg'
    """
    folder = Path(root).parent if Path(root).is_file() else Path(root)
    try:
        name = os.path.relpath(path, folder)
    except ValueError:  # on Windows, two drives
        return path
    return path if Path(name).parts[:1] == (os.pardir,) else name


def utf8(text: str) -> str:
    r"""Text that every reader of JSON or CSV takes; bytes that are not UTF-8 become escapes.

    Examples
    --------
    >>> utf8("caf\udce9")
    'caf\\udce9'
    """
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _text(raw: str) -> str:
    """The text that bytes in a name stand for; a name without such bytes is returned as it is."""
    try:
        octets = raw.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half a UTF-16 pair: not a byte of any file name, but JSON can say it
        return raw.encode("utf-8", "backslashreplace").decode("utf-8")
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        pass
    try:
        korean = octets.decode("cp949")
    except UnicodeDecodeError:
        korean = ""
    return korean if _HANGUL_OR_ASCII.fullmatch(korean) else octets.decode("utf-8", "backslashreplace")


def _shown_character(character: str) -> str:
    if character.isprintable() or character == _ZERO_WIDTH_JOINER:
        return character
    if "\udc80" <= character <= "\udcff":
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")
