"""Addresses on the network, and why a file could not be fetched: the documented list of problems, each with what to do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from urllib.parse import unquote, urlsplit, urlunsplit

from hubel.core.errors import HubelError
from hubel.core.language import say
from hubel.data.names import shown

_SCHEMES = ("http://", "https://")


def is_url(source: str) -> bool:
    """Whether a source is an address on the network.

    Examples
    --------
    >>> is_url("https://example.org/cat.jpg"), is_url("photos")
    (True, False)
    """
    return source.lower().startswith(_SCHEMES)


def name_in(url: str) -> str:
    """A file name out of an address, safe on every disk.

    Examples
    --------
    >>> name_in("https://example.org/a/cat%20one.jpg?size=2")
    'cat_one.jpg'
    >>> name_in("https://example.org/")
    'file'
    """
    name = unquote(urlsplit(url).path).rpartition("/")[2]
    return re.sub(r"[^\w.-]+", "_", name)[-100:].strip(".") or "file"


def public_url(url: str) -> str:
    """An address without what may be secret in it: name, password, and everything after the path.

    Examples
    --------
    >>> public_url("https://me:secret@example.org/cat.jpg?token=1")
    'https://example.org/cat.jpg'
    """
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


class Problem(StrEnum):
    """The id of a problem. Ids are stable: they stand in docs/stages/data.md."""

    OFFLINE = "offline"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    CUT = "cut"
    BUSY = "busy"
    NOT_FOUND = "not-found"
    REFUSED = "refused"
    REDIRECT = "redirect"
    CHECKSUM = "checksum"
    TOO_LARGE = "too-large"
    NOT_AN_IMAGE = "not-an-image"


class DownloadError(HubelError):
    """A file that could not be fetched (exit code 1).

    Parameters
    ----------
    problem
        The reason, from the documented list.
    place
        The address, without secrets.
    detail
        What was found.
    """

    def __init__(self, problem: Problem, place: str, detail: str, message: str | None = None) -> None:
        self.problem = problem
        self.place = place
        self.detail = detail
        super().__init__(message or f"{shown(place)}: {explain(problem)} ({shown(detail)}). {remedy(problem)}")

    def __reduce__(self) -> tuple[type[DownloadError], tuple[Problem, str, str, str]]:
        """Rebuild from the parts, so that the error crosses process borders whole."""
        return type(self), (self.problem, self.place, self.detail, str(self))

    @classmethod
    def of_all(cls, name: str, failures: Sequence[DownloadError]) -> DownloadError:
        """The one error for a file that no place gave."""
        last = failures[-1]
        reasons = "; ".join(f"{shown(one.place)}: {explain(one.problem)} ({shown(one.detail)})" for one in failures)
        message = say(
            en=f"No place gives the file {shown(name)}: {reasons}. {remedy(last.problem)}",
            ko=f"{shown(name)} 파일을 어디에서도 받을 수 없습니다: {reasons}. {remedy(last.problem)}",
        )
        return cls(last.problem, last.place, last.detail, message)


def explain(problem: Problem) -> str:
    """What the problem is, in the user's language."""
    text_en, text_ko = explain_en_ko(problem)
    return say(en=text_en, ko=text_ko)


def explain_en_ko(problem: Problem) -> tuple[str, str]:
    """What the problem is, in English and in Korean."""
    texts = {
        Problem.OFFLINE: ("the network is forbidden", "네트워크 사용이 금지되어 있습니다"),
        Problem.UNREACHABLE: ("the server cannot be reached", "서버에 연결할 수 없습니다"),
        Problem.TIMEOUT: ("the server sends nothing", "서버가 아무것도 보내지 않습니다"),
        Problem.CUT: ("the connection breaks off", "연결이 도중에 끊깁니다"),
        Problem.BUSY: ("the server is busy or failing", "서버가 바쁘거나 고장 났습니다"),
        Problem.NOT_FOUND: ("there is no such file", "그런 파일이 없습니다"),
        Problem.REFUSED: ("the server refuses", "서버가 거부합니다"),
        Problem.REDIRECT: ("the address leads in circles or to a place that is not allowed", "주소가 제자리를 돌거나 허용되지 않는 곳으로 이어집니다"),
        Problem.CHECKSUM: ("the file is not the one that is known, its checksum differs", "체크섬이 달라 알려진 파일이 아닙니다"),
        Problem.TOO_LARGE: ("the file is too large", "파일이 너무 큽니다"),
        Problem.NOT_AN_IMAGE: ("it is no image", "이미지가 아닙니다"),
    }  # fmt: skip
    return texts[problem]


def remedy(problem: Problem) -> str:
    """What to do about it."""
    again = say(
        en="Run the same command again; it goes on where it was cut.",
        ko="같은 명령을 다시 실행하세요. 끊긴 곳에서 이어 받습니다.",
    )
    texts = {
        Problem.OFFLINE: say(en="Unset HUBEL_OFFLINE, or give files that are on this machine.", ko="HUBEL_OFFLINE을 해제하거나 이 컴퓨터에 있는 파일을 지정하세요."),
        Problem.UNREACHABLE: say(en="Check the address and your connection, then run the same command again.", ko="주소와 인터넷 연결을 확인한 뒤 같은 명령을 다시 실행하세요."),
        Problem.TIMEOUT: again,
        Problem.CUT: again,
        Problem.BUSY: say(en="Wait a while, then run the same command again.", ko="잠시 뒤 같은 명령을 다시 실행하세요."),
        Problem.NOT_FOUND: say(en="Check the address.", ko="주소를 확인하세요."),
        Problem.REFUSED: say(en="Fetch the file by hand, in a browser if need be, and give it by its path.", ko="필요하면 브라우저로 직접 내려받아 그 경로를 지정하세요."),
        Problem.REDIRECT: say(en="Give the address at which the file itself lies.", ko="파일이 실제로 있는 주소를 지정하세요."),
        Problem.CHECKSUM: say(en="It was not kept. Try again later; if it stays so, the file was changed or tampered with.", ko="파일을 남기지 않았습니다. 나중에 다시 시도하세요. 계속되면 파일이 바뀌었거나 변조된 것입니다."),
        Problem.NOT_AN_IMAGE: say(en="Give the address of the image itself, not of a page around it.", ko="이미지를 담은 페이지가 아니라 이미지 자체의 주소를 지정하세요."),
        Problem.TOO_LARGE: say(en="Fetch it by hand and give it by its path.", ko="직접 내려받아 그 경로를 지정하세요."),
    }  # fmt: skip
    return texts[problem]
