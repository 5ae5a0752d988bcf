"""Tables without a column of labels but with a column of zeros and ones for each label."""

from __future__ import annotations

import csv
import json
from collections.abc import Collection, Sequence
from typing import TextIO

from hubel.data.names import class_name

FLAGS = {"0": False, "0.0": False, "false": False, "": False, "1": True, "1.0": True, "true": True}
"""What may stand in such a column, in small letters."""

Flags = dict[int, str]
"""The label of each such column, by its place."""


def find_flags(opened: TextIO, header: Sequence[str], known: Collection[int], delimiter: str) -> Flags:
    """The columns that hold nothing but zeros and ones, and some one; none unless there are two.

    Parameters
    ----------
    opened
        The table after its header; it is read to its end and set back.
    header
        The names of the columns.
    known
        The places of columns that mean something else.
    delimiter
        Between the columns.
    """
    places = {at: name for at, cell in enumerate(header) if at not in known and (name := class_name(cell).strip())}
    begun, used = opened.tell(), set[int]()
    try:
        for values in csv.reader(iter(opened.readline, ""), delimiter=delimiter):
            for at in list(places):
                flag = FLAGS.get(values[at].strip().casefold()) if at < len(values) else False
                if flag is None:
                    del places[at]
                elif flag:
                    used.add(at)
            if len(places) < 2:
                break
    except csv.Error:
        return {}  # what is wrong with the table is said when it is read
    finally:
        opened.seek(begun)
    found = {at: name for at, name in places.items() if at in used}
    return found if len(found) > 1 else {}


def flagged(values: Sequence[str], flags: Flags) -> str:
    """The labels whose columns hold a one, as a list in JSON.

    Examples
    --------
    >>> flagged(["a.jpg", "1", "0", "1"], {1: "cat", 2: "dog", 3: "fox"})
    '["cat", "fox"]'
    """
    named = [name for at, name in flags.items() if at < len(values) and FLAGS.get(values[at].strip().casefold())]
    return json.dumps(named, ensure_ascii=False)
