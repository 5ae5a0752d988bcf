"""What can go wrong, by whose hand it can be mended, and the exit code that says so.

Every message has three parts: what was wrong, the value received, what to do.
"""

from __future__ import annotations

import json
import shlex
from urllib.parse import urlsplit

from hubel.core.language import say


class HubelError(Exception):
    """Something the user can mend. ``exit_code`` is what the command line ends with."""

    exit_code = 1


class UsageError(HubelError):
    """An option or argument that does not fit (exit code 2)."""

    exit_code = 2


class DataError(HubelError):
    """The data cannot be used as they are (exit code 3)."""

    exit_code = 3


class ModelError(HubelError):
    """A base, checkpoint or run folder cannot be used (exit code 4)."""

    exit_code = 4


class ExportError(HubelError):
    """A model could not be written for another runtime (exit code 5)."""

    exit_code = 5


class MissingExtraError(UsageError):
    """A package of an optional extra is not installed; the message is the command that installs it.

    Parameters
    ----------
    package
        The import name that was not found.
    extra
        The extra of hubel that brings it.
    """

    def __init__(self, package: str, extra: str) -> None:
        command = install_command(extra)
        super().__init__(
            say(
                en=f"This needs the package {package!r}, which is not installed. Run: {command}",
                ko=f"이 기능에는 {package!r} 패키지가 필요하지만 설치되어 있지 않습니다. 실행하세요: {command}",
            )
        )
        self.package = package
        self.extra = extra


def install_command(extra: str) -> str:
    """The command that adds an extra to hubel: by name, or from the folder that it was installed from."""
    from importlib.metadata import PackageNotFoundError, distribution
    from urllib.request import url2pathname

    try:
        origin = json.loads(distribution("hubel").read_text("direct_url.json") or "{}")
    except (PackageNotFoundError, ValueError):  # run from its source, or installed by a tool that notes nothing
        origin = {}
    place = urlsplit(str(origin.get("url", "")))
    source = url2pathname(place.path) if place.scheme == "file" else "hubel"
    return f"pip install {shlex.quote(f'{source}[{extra}]')}"
