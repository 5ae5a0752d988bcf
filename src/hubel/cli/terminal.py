"""Where lines go: results to stdout, everything else to stderr, and nothing that a terminal could take for a command."""

from __future__ import annotations

import sys

from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.text import Text

from hubel.core.language import current_language, say
from hubel.data.names import shown
from hubel.evaluate.numbers import percent

BLOCKS = " ▏▎▍▌▋▊▉█"


def output_console() -> Console:
    """Standard output, for results."""
    return Console(markup=False, highlight=False, emoji=False)


def notes_console() -> Console:
    """Standard error, for what is said on the way."""
    return Console(stderr=True, markup=False, highlight=False, emoji=False)


def write_lines(console: Console, *lines: RenderableType) -> None:
    """Print results: lines of text are never wrapped, and a reader that has gone away raises BrokenPipeError.

    Rich itself would end the process then, with an exit code of its own.
    """
    with console.capture() as capture:
        for line in lines:
            console.print(line, soft_wrap=isinstance(line, str | Text))
    text = capture.get()
    if not console.is_terminal:  # Rich fills lines with spaces that only a background colour would need
        text = "".join(line.rstrip() + "\n" for line in text.split("\n")[:-1])
    console.file.write(text)
    console.file.flush()


def complain(text: str, *, head: str | None = None) -> None:
    """One message on stderr, with ``error:`` before it; not wrapped, so that commands in it can be copied."""
    opening = say(en="error: ", ko="오류: ") if head is None else head
    line = Text(opening, style="bold red")
    line.append(harmless(text), style="not bold default")
    write_lines(notes_console(), line)


def harmless(text: str) -> str:
    r"""Text of any origin with control characters and broken bytes spelled out; line ends stay.

    Examples
    --------
    >>> harmless("a\x1b[31mb\nc")
    'a\\x1b[31mb\nc'
    """
    return "\n".join(map(shown, text.split("\n")))


def in_language(english: str, korean: str) -> str:
    """One of two texts that were made elsewhere."""
    return korean if current_language() == "ko" else english


def plain_percent(share: float) -> str:
    """A percentage with an ordinary space, which every terminal draws and every tool can search.

    Examples
    --------
    >>> plain_percent(0.973)
    '97.3 %'
    """
    return percent(share).replace("\u202f", " ")


def plural(number: int) -> str:
    """The ending of an English noun after a number.

    Examples
    --------
    >>> [f"file{plural(number)}" for number in (0, 1, 2)]
    ['files', 'file', 'files']
    """
    return "" if number == 1 else "s"


def bar(share: float, width: int) -> str:
    """A bar of at most `width` cells, in steps of an eighth; of ``#`` where the output cannot draw blocks.

    Examples
    --------
    >>> bar(0.5, 4) in ("██", "##")
    True
    """
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    if not encoding.lower().startswith("utf"):
        return "#" * round(share * width)
    eighths = round(share * width * 8)
    return BLOCKS[8] * (eighths // 8) + BLOCKS[eighths % 8].strip()


def padded(text: str, width: int) -> str:
    """A text filled with spaces to so many cells of the screen, where Hangul takes two; longer ones stay whole.

    Examples
    --------
    >>> padded("고양이", 8)
    '고양이  '
    """
    return text + " " * max(0, width - cell_len(text))
