"""What is said when the words of the command line do not fit: what was wrong, the word received, what to write."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import typer

from hubel.core.errors import UsageError
from hubel.core.language import say
from hubel.data.names import nearest, shown

# Typer raises these but gives only their child a public name.
ParsingError: type[Exception] = typer.BadParameter.__mro__[1]


def explain_usage(error: Exception, context: Any) -> UsageError:
    """What Typer's parser found, in hubel's words; `context` is that of the command whose words were parsed."""
    kind = type(error).__name__
    if kind == "NoSuchOption":
        return unknown_option(getattr(error, "option_name", ""), context)
    if kind == "BadOptionUsage":
        option = getattr(error, "option_name", "")
        return UsageError(
            say(
                en=f"The option {option} needs a value, and none follows it. See {help_of(context)}",
                ko=f"{option} 옵션에는 값이 필요한데 뒤에 값이 없습니다. 참고: {help_of(context)}",
            )
        )
    if kind == "MissingParameter":
        return missing_argument(getattr(error, "param", None), context)
    reason = shown(getattr(error, "message", str(error)))
    return UsageError(
        say(
            en=f"The command line cannot be understood: {reason} See {help_of(context)}",
            ko=f"명령을 이해할 수 없습니다: {reason} 참고: {help_of(context)}",
        )
    )


def unknown_option(option: str, context: Any) -> UsageError:
    """An option that the verb does not have, with the nearest that it has."""
    known = [name for param in context.command.params for name in param.opts if name.startswith("-")] + ["--help"]
    close = ", ".join(nearest(option, known))
    value, verb = shown(option), context.command_path
    if close:
        return UsageError(
            say(
                en=f"{verb} has no option {value}. Did you mean: {close}? See {help_of(context)}",
                ko=f"{verb} 에는 {value} 옵션이 없습니다. 혹시 이것인가요: {close} 참고: {help_of(context)}",
            )
        )
    return UsageError(
        say(
            en=f"{verb} has no option {value}. See {help_of(context)}",
            ko=f"{verb} 에는 {value} 옵션이 없습니다. 참고: {help_of(context)}",
        )
    )


def unknown_command(word: str, known: list[str]) -> UsageError:
    """A first word that is no verb, with the nearest that is."""
    value, close, verbs = shown(word), ", ".join(nearest(word, known)), ", ".join(known)
    if close:
        return UsageError(
            say(
                en=f"There is no command {value}. Did you mean: {close}? The commands are: {verbs}. See hubel --help",
                ko=f"{value} 라는 명령은 없습니다. 혹시 이것인가요: {close} 명령: {verbs}. 참고: hubel --help",
            )
        )
    return UsageError(
        say(
            en=f"There is no command {value}. The commands are: {verbs}. To learn from a folder: hubel train FOLDER",
            ko=f"{value} 라는 명령은 없습니다. 명령: {verbs}. 폴더로 학습하려면: hubel train 폴더",
        )
    )


def extra_arguments(words: list[str], context: Any) -> UsageError:
    """More words than the verb takes."""
    value = ", ".join(map(shown, words[:5]))
    return UsageError(
        say(
            en=f"{context.command_path} does not take so many arguments; too many: {value}. "
            f"Put names with spaces between quotes. See {help_of(context)}",
            ko=f"{context.command_path} 에 인자가 너무 많습니다: {value}. "
            f"공백이 든 이름은 따옴표로 묶으세요. 참고: {help_of(context)}",
        )
    )


def missing_argument(param: Any, context: Any) -> UsageError:
    """A verb without what it works on."""
    names = [one.metavar for one in context.command.params if one.param_type_name == "argument"]
    name, verb = getattr(param, "metavar", None) or "?", context.command_path
    form = " ".join([verb, *names])
    return UsageError(
        say(
            en=f"{verb} needs {name}, which is missing. Write: {form}   (see {help_of(context)})",
            ko=f"{verb} 에 {name} 이(가) 빠졌습니다. 형식: {form}   (참고: {help_of(context)})",
        )
    )


def help_of(context: Any) -> str:
    """The command that prints the help of where it went wrong."""
    return f"{context.command_path} --help" if context is not None else "hubel --help"


def whole_number(option: str) -> Callable[[str | int], int]:
    """A parser of whole numbers that names the option when it is given something else.

    Examples
    --------
    >>> whole_number("--seed")("7")
    7
    """

    def parse(text: str | int) -> int:  # Typer passes the default through, too
        try:
            return int(text)
        except ValueError:
            raise wrong_value(option, str(text), "7, 42, 224") from None

    return parse


def seconds_of(text: str) -> float:
    """The seconds of a time such as ``90``, ``60s``, ``5m``, ``1h30m``.

    Examples
    --------
    >>> [seconds_of(text) for text in ("90", "60s", "1.5m", "1h 30m")]
    [90.0, 60.0, 90.0, 5400.0]
    """
    parts = re.fullmatch(r"(?:([\d.]+)h)?(?:([\d.]+)m(?:in)?)?(?:([\d.]+)s?)?", re.sub(r"\s", "", text.lower()))
    try:
        hours, minutes, seconds = (float(part or 0) for part in parts.groups()) if parts and text.strip() else (0, 0, 0)
    except ValueError:  # such as 1.2.3
        hours, minutes, seconds = 0, 0, 0
    total = 3600 * hours + 60 * minutes + seconds
    if not total > 0:
        raise wrong_value("--budget", text, "90, 60s, 5m, 1h30m")
    return float(total)


def share_of(option: str) -> Callable[[str | float], float]:
    """A parser of shares such as ``2%`` or ``0.02``, which names the option when it is given something else.

    Examples
    --------
    >>> share_of("--accept-error")("2%"), share_of("--accept-error")("0.02")
    (0.02, 0.02)
    """

    def parse(text: str | float) -> float:  # Typer passes the default through, too
        if isinstance(text, float):
            return text
        written = text.strip()
        try:
            share = float(written.removesuffix("%")) / (100 if written.endswith("%") else 1)
        except ValueError:
            raise wrong_value(option, text, "2%, 0.02") from None
        if not 0 <= share < 1:  # 2 without a sign would mean 200 %
            raise wrong_value(option, text, "2%, 0.02")
        return share

    return parse


def one_of(option: str, value: str, choices: tuple[str, ...]) -> str:
    """The value, when it is one of the choices.

    Raises
    ------
    UsageError
        When it is none, with the nearest.
    """
    if value in choices:
        return value
    close = nearest(value, choices)
    raise wrong_value(option, value, ", ".join([*close, *(choice for choice in choices if choice not in close)]))


def wrong_value(option: str, value: str, examples: str) -> UsageError:
    """A value that an option does not take."""
    received = shown(value) or "''"
    return UsageError(
        say(
            en=f"{option} does not take {received}. Write for example: {examples}",
            ko=f"{option} 값으로 {received} 을(를) 쓸 수 없습니다. 예: {examples}",
        )
    )
