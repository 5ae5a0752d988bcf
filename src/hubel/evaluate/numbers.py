"""How figures are written in a report: the same in both languages, and never rounder than they are."""

from __future__ import annotations

import unicodedata

PERCENT = "\u202f%"
"""A thin space that does not break, and the sign."""


def percent(share: float, *, digits: int = 1) -> str:
    r"""A share as a percentage; only 0 reads as 0 and only 1 as 100.

    Parameters
    ----------
    share
        From 0 to 1.
    digits
        Places after the point.

    Examples
    --------
    >>> [percent(share).replace("\u202f", " ") for share in (0.973, 1, 0.99996, 0.00001, 0)]
    ['97.3 %', '100 %', '> 99.9 %', '< 0.1 %', '0 %']
    """
    if share in (0, 1):
        return f"{share * 100:.0f}{PERCENT}"
    text = f"{share * 100:.{digits}f}"
    smallest = 10.0**-digits
    if float(text) >= 100:
        return f">\u202f{100 - smallest:.{digits}f}{PERCENT}"
    return f"<\u202f{smallest:.{digits}f}{PERCENT}" if float(text) <= 0 else f"{text}{PERCENT}"


def count(number: int) -> str:
    """A whole number with thousands set apart.

    Examples
    --------
    >>> count(12345)
    '12,345'
    """
    return f"{number:,}"


def duration(seconds: float) -> str:
    """A time that is read at a glance, in units that both languages know.

    Examples
    --------
    >>> [duration(seconds) for seconds in (0.004, 0.42, 8.25, 75, 3725)]
    ['4 ms', '420 ms', '8.2 s', '1 min 15 s', '1 h 2 min']
    """
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def visible(text: str) -> str:
    r"""A name from outside as it can be shown: what no screen draws becomes its escape.

    Bytes of file names that are not UTF-8 (kept by Python as surrogates), control characters, and the marks that
    turn the direction of writing, with which ``gpj.exe`` can pass for ``exe.jpg``.

    Examples
    --------
    >>> visible("고양이.jpg"), visible("caf\udce9.jpg"), visible("a\nb")
    ('고양이.jpg', 'caf\\xe9.jpg', 'a\\nb')
    """
    if text.isascii() and text.isprintable():  # most are, and pictures as text are long
        return text
    return "".join(_visible_character(character) for character in text)


def _visible_character(character: str) -> str:
    if "\udc80" <= character <= "\udcff":
        return f"\\x{ord(character) - 0xDC00:02x}"
    turns_writing = unicodedata.bidirectional(character) in {
        "LRE",
        "RLE",
        "LRO",
        "RLO",
        "PDF",
        "LRI",
        "RLI",
        "FSI",
        "PDI",
    }
    if turns_writing or unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}:
        return character.encode("unicode_escape").decode("ascii")
    return character
