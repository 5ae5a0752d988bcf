"""Every file of the nasty collection is read or refused for a stated reason, in bounded memory."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hubel.data.images import Refusal
from support import run_python

PASS = """
import json, os, resource, sys, threading, warnings
from hubel.data.images import UnreadableImage, read_facts, read_image

warnings.simplefilter("ignore")  # what Pillow thinks of broken metadata is not the question here
outcomes, contradictions = {}, []
root = os.fsencode(sys.argv[1])
for folder, folders, files in os.walk(root):
    special = [name for name in folders if os.path.islink(os.path.join(folder, name)) or name.endswith(b".jpg")]
    for name in sorted(files + special):
        path = os.path.join(folder, name)
        key = os.fsdecode(os.path.relpath(path, root)).encode("utf-8", "backslashreplace").decode()
        try:
            facts = read_facts(os.fsdecode(path))
            small = read_image(os.fsdecode(path), shorter_side=224)
            outcomes[key] = ["read", facts.width, facts.height]
            if facts.width * facts.height < 500_000:
                full = read_image(os.fsdecode(path))
                if full.shape != (facts.height, facts.width, 3):
                    contradictions.append([key, list(full.shape), facts.width, facts.height])
        except UnreadableImage as error:
            outcomes[key] = ["refused", error.refusal.value]
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
if os.path.exists("/proc/self/status"):  # on Linux ru_maxrss begins with what the parent held when it forked
    status = open("/proc/self/status", encoding="ascii", errors="replace").read()
    peak = int(status.partition("VmHWM:")[2].split()[0]) * 1024
print(json.dumps({"outcomes": outcomes, "contradictions": contradictions, "peak_bytes": peak}))
"""


@pytest.fixture(scope="module")
def report(shared_data: Callable[[str], Path]) -> Any:
    pytest.importorskip("pillow_heif", reason="the extra heic is not installed")
    done = run_python("-c", PASS, str(shared_data("nasty")), timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def test_every_file_has_the_outcome_of_the_golden_table(
    report: dict[str, dict[str, list[object]]], golden: Callable[[str, str], None]
) -> None:
    rows = [
        f"{json.dumps(key, ensure_ascii=False)}: {json.dumps(value)}"
        for key, value in sorted(report["outcomes"].items())
    ]
    golden("nasty.json", "{\n" + ",\n".join(rows) + "\n}\n")


def test_every_reason_is_on_the_documented_list(report: dict[str, dict[str, list[object]]]) -> None:
    refusals = {outcome[1] for outcome in report["outcomes"].values() if outcome[0] == "refused"}
    assert refusals <= {refusal.value for refusal in Refusal}
    assert len(refusals) >= 8


def test_headers_say_what_the_pixels_are(report: dict[str, list[object]]) -> None:
    assert report["contradictions"] == []


def test_memory_stays_under_one_gibibyte(report: dict[str, int]) -> None:
    assert report["peak_bytes"] < 2**30
