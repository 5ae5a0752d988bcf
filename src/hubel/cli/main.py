"""The entry point: which verbs there are, and how every ending becomes a message and an exit code.

Exit codes: 0 good, 1 something failed while running, 2 usage, 3 data, 4 model, 5 export, 130 stopped by Ctrl-C,
141 nobody reads the output any more.
"""

from __future__ import annotations

import io
import os
import sys
import time
import traceback
import warnings
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated

import typer

from hubel import __version__
from hubel.cli import cache, check, compare, evaluate, forget, models, predict, reproduce, train, tune
from hubel.cli.help import HelpfulCommand, HelpfulGroup
from hubel.cli.terminal import complain
from hubel.cli.together import leave_to_the_first
from hubel.cli.usage import ParsingError, explain_usage
from hubel.core.errors import HubelError
from hubel.core.language import say
from hubel.core.launch import is_follower

STOPPED = 130
NOBODY_READS = 141
DEBUG = "HUBEL_DEBUG"
SECONDS_TO_SPEAK = 5.0
"""torchrun ends all processes when one has failed, so one that is spoken for lets the other speak first."""


def run() -> None:
    """``hubel``: run the words of the command line and end the process."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a letter gets its code, not a crash
    # Looking through all installed packages for plug-ins of pydantic would take longer than the card does.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # Pillow's remarks on metadata mean nothing to the user: what matters of a file, the reader itself says.
    warnings.filterwarnings("ignore", module="PIL")
    code = main(sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # nobody reads any more; `main` has said so by its code
            stream.flush()
    os._exit(code)  # everything is written and closed; unloading the runtimes would take half a second


def main(arguments: Sequence[str]) -> int:
    """Run the words after ``hubel``; whatever happens ends in a message and the returned exit code."""
    try:
        code = invoke(arguments)
        sys.stdout.flush()
        return code
    except HubelError as error:
        if is_spoken_for(error):
            time.sleep(SECONDS_TO_SPEAK)
            return error.exit_code
        tell_traceback()
        complain(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        complain(say(en="Stopped.", ko="중단했습니다."), head="")
        return STOPPED
    except BrokenPipeError:
        discard_output()
        return NOBODY_READS
    except OSError as error:
        tell_traceback()
        complain(system_message(error))
        return 1
    except Exception as error:  # noqa: BLE001  the outermost door: nobody is left who could handle it better
        tell_traceback()
        complain(unexpected_message(error))
        return 1


def invoke(arguments: Sequence[str]) -> int:
    """Parse and run; what goes wrong is raised.

    Typer's own way of ending (`Typer.__call__`) would word errors and exit codes by itself, so its parts are called here.
    """
    command = typer.main.get_command(build_app())
    try:
        verb = next((word for word in arguments if not word.startswith("-")), "train")
        if verb != "train":  # which decides when it knows what is trained
            leave_to_the_first()
        with command.make_context("hubel", list(arguments)) as context:
            command.invoke(context)
    except typer.Exit as ending:
        return ending.exit_code
    except ParsingError as error:
        raise explain_usage(error, getattr(error, "ctx", None)) from error
    return 0


def build_app() -> typer.Typer:
    """All verbs, in the order in which a newcomer needs them, worded in the user's language."""
    app = typer.Typer(
        name="hubel",
        cls=HelpfulGroup,
        add_completion=False,
        rich_markup_mode=None,
        help=say(
            en="A folder of images becomes a classifier you can trust, on an ordinary CPU.",
            ko="이미지 폴더를 보통 CPU에서 믿을 수 있는 분류기로 만듭니다.",
        ),
        epilog=say(
            en="Begin with a folder that holds one folder of images for each class: hubel train FOLDER\n"
            "Without images of your own: hubel train faces",
            ko="클래스마다 이미지 폴더가 하나씩 있는 폴더로 시작하세요: hubel train 폴더\n"
            "가진 이미지가 없다면: hubel train faces",
        ),
    )
    app.callback()(start)
    make = say(en="Make", ko="만들기")
    look = say(en="Look", ko="살펴보기")
    improve = say(en="Improve", ko="개선하기")
    keep_house = say(en="Keep house", ko="정리하기")
    for panel, verb, module in (
        (make, train.train, train),
        (make, predict.predict, predict),
        (make, evaluate.evaluate, evaluate),
        (make, check.check, check),
        (look, compare.compare, compare),
        (look, models.models, models),
        (improve, tune.tune, tune),
        (keep_house, reproduce.reproduce, reproduce),
        (keep_house, forget.forget, forget),
        (keep_house, cache.cache, cache),
    ):
        app.command(cls=HelpfulCommand, help=module.summary(), epilog=module.examples(), rich_help_panel=panel)(verb)
    return app


def start(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            is_eager=True,
            callback=say_version,
            help=say(en="Say the version.", ko="버전을 보여 줍니다."),
        ),
    ] = False,
) -> None:
    """The options before a verb."""


def say_version(wanted: bool) -> None:
    """``hubel --version``."""
    if wanted:
        typer.echo(f"hubel {__version__}")
        raise typer.Exit


def is_spoken_for(error: HubelError) -> bool:
    """Whether another process that torchrun started says this; it says whatever is not one process's own."""
    return is_follower() and type(error).__name__ != "OwnError"


def tell_traceback() -> None:
    """The whole traceback, for those who asked for it by HUBEL_DEBUG=1."""
    if os.environ.get(DEBUG, "") not in ("", "0"):
        traceback.print_exc()


def system_message(error: OSError) -> str:
    """What the system refused, and on which file."""
    reason = error.strerror or str(error)
    file = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else "-"
    return say(
        en=f"The system refused: {reason} ({file}). Check the disk and the permissions.",
        ko=f"시스템이 거부했습니다: {reason} ({file}). 디스크와 권한을 확인하세요.",
    )


def unexpected_message(error: Exception) -> str:
    """A mistake of hubel's own: what it was, and how to see more."""
    kind, text = type(error).__name__, str(error)
    return say(
        en=f"Something went wrong inside hubel: {kind}: {text}. Set {DEBUG}=1 and run it again to see where, and please report it.",
        ko=f"hubel 내부에서 문제가 생겼습니다: {kind}: {text}. {DEBUG}=1 을 설정하고 다시 실행하면 위치를 볼 수 있습니다. 개발자에게 알려 주세요.",
    )


def discard_output() -> None:
    """Send what is still buffered nowhere, so that the interpreter does not stumble over it when it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            os.dup2(nowhere, stream.fileno())
