"""The language in which hubel speaks to its user: English or Korean.

Every text for users is written in both languages at the place where it is said:
``say(en="…", ko="…")``. The language is `HUBEL_LANG` if set, else the locale's.
"""

from __future__ import annotations

import os
from typing import Literal

Language = Literal["en", "ko"]


def current_language() -> Language:
    """The language of this process: ``HUBEL_LANG``, else ``LC_ALL``, ``LC_MESSAGES``, ``LANG``; English by default.

    Examples
    --------
    >>> current_language() in ("en", "ko")
    True
    """
    for variable in ("HUBEL_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(variable, "")
        if value:
            return "ko" if value.lower().startswith("ko") else "en"
    return "en"


def say(*, en: str, ko: str) -> str:
    """The text in the user's language.

    Examples
    --------
    >>> say(en="done", ko="완료") in ("done", "완료")
    True
    """
    return ko if current_language() == "ko" else en
