"""What was found of a file, as lines for people and as a record for machines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from hubel.cli.terminal import plural
from hubel.core.language import say
from hubel.data.names import shown, utf8
from hubel.data.purge import Cached
from hubel.workflows.forgetting import Forgetting, FoundFile

NUM_FILES = 20


def forgetting_record(found: Forgetting) -> dict[str, Any]:
    """What ``hubel forget --json`` prints."""
    return {
        "sha256": found.sha256,
        "perceptual_hash": found.perceptual_hash,
        "found": bool(found.found),
        "clear": found.is_clear,
        "num_runs": found.num_runs,
        "files": [
            {
                "run": utf8(str(one.run)),
                "file": utf8(one.row.file),
                "sha256": one.row.sha256,
                "match": one.match,
                "bits": one.bits,
                "label": utf8(one.row.label),
                "status": one.row.status,
                "part": one.row.part,
                "fold": one.row.fold,
                "learned_from": one.learned_from,
                "copies": [utf8(str(place)) for place in one.places],
            }
            for one in found.found
        ],
        "unclear": [{"run": utf8(str(run)), "reason": utf8(reason)} for run, reason in found.unclear],
        "cache": {
            "rows": found.cached.rows,
            "copies": [utf8(str(path)) for path in found.cached.copies],
            "purged": found.purged,
        },
        "your_files": [utf8(str(path)) for path in found.cached.files],
    }


def forgetting_lines(found: Forgetting) -> Iterator[RenderableType]:
    """The answer first, then each run, the caches, the user's files, and what to do."""
    yield headline(found)
    for run, group in groupby(found.found, key=lambda one: one.run):
        files = list(group)
        yield Text()
        yield Text(shown(str(run)), style="bold")
        yield from (Text("  " + file_line(one)) for one in files[:NUM_FILES])
        if len(files) > NUM_FILES:
            yield Text("  " + say(en=f"… {len(files)} files in all", ko=f"… 모두 {len(files)}개"))
        for name, number in sorted(Counter(place for one in files for place in one.row.copies.split()).items()):
            shows = say(
                en=f"shows {number} of them: " if len(files) > 1 else "shows it: ", ko=f"{number}개가 보이는 곳: "
            )
            yield Text("    " + shows + shown(str(run / name)))
        yield Text("  → " + advice(files), style="yellow")
    yield Text()
    yield from (Text(line) for line in doubt_lines(found))
    yield Text(cache_line(found.cached, purged=found.purged))
    for path in found.cached.files[:NUM_FILES]:
        yield Text(
            say(en=f"Your own file, untouched: {shown(str(path))}", ko=f"사용자 파일(그대로 둠): {shown(str(path))}")
        )


def headline(found: Forgetting) -> Text:
    """In how many runs it is."""
    runs, looked = len({one.run for one in found.found}), found.num_runs
    learned = len({one.run for one in found.found if one.learned_from})
    if not runs:
        line = say(en=f"In none of {looked} run{plural(looked)}.", ko=f"실행 {looked}개 가운데 어디에도 없습니다.")
        return Text(line, style="bold" if found.unclear else "bold green")
    line = say(
        en=f"In {runs} of {looked} run{plural(looked)}; {learned} learned from it.",
        ko=f"실행 {looked}개 가운데 {runs}개에 있고, 그중 {learned}개가 이 파일로 학습했습니다.",
    )
    return Text(line, style="bold yellow")


def file_line(one: FoundFile) -> str:
    """One file of a run: its name, its class, and what became of it."""
    file, label = shown(one.row.file), shown(one.row.label)
    near = (
        ""
        if one.match == "content"
        else say(en=f", alike ({one.bits} of 64 bits differ)", ko=f", 비슷함(64비트 중 {one.bits}비트 다름)")
    )
    return f"{file} [{label}]: {use_of(one)}{near}"


def use_of(one: FoundFile) -> str:
    """What a run did with a file."""
    if one.row.status == "unread":
        return say(en="not read", ko="읽지 않음")
    if one.row.status == "set aside":
        return say(en=f"set aside ({one.row.reason})", ko=f"제외됨({one.row.reason})")
    if one.row.part == "train":
        return say(en="learned from", ko="학습에 사용")
    return say(en=f"measured on ({one.row.part})", ko=f"측정에 사용({one.row.part})")


def advice(files: list[FoundFile]) -> str:
    """What to do about one run."""
    if any(one.learned_from for one in files):
        return say(
            en="Its weights depend on it, and model.onnx may hold features of it. Take the file out of your data, train "
            "again, and delete this folder.",
            ko="가중치가 이 파일에 의존하고, model.onnx에 이 파일의 특징이 들어 있을 수 있습니다. 데이터에서 파일을 빼고 다시 학습한 뒤 "
            "이 폴더를 지우세요.",
        )
    if any(one.row.status == "used" for one in files):
        return say(
            en="The weights have not learned from it, but figures, predictions.csv and report do show it. Train again without it "
            "and delete this folder, or delete what shows it.",
            ko="가중치는 이 파일을 배우지 않았지만 수치, predictions.csv, 보고서에 나타납니다. 이 파일 없이 다시 학습하고 이 폴더를 지우거나, "
            "나타나는 파일을 지우세요.",
        )
    return say(
        en="Nothing of it is in the model; ledger and report know its name and hash.",
        ko="모델에는 아무것도 없습니다. 원장과 보고서에 이름과 해시만 있습니다.",
    )


def doubt_lines(found: Forgetting) -> Iterator[str]:
    """The runs that cannot tell."""
    for run, reason in found.unclear:
        folder, why = shown(str(run)), shown(reason)
        yield say(en=f"Cannot tell of {folder}: {why}", ko=f"{folder} 은(는) 알 수 없습니다: {why}")


def cache_line(cached: Cached, *, purged: bool) -> str:
    """What the caches hold of it, or held."""
    if cached.is_empty:
        return say(en="The caches hold nothing of it.", ko="캐시에는 아무것도 없습니다.")
    rows = ", ".join(f"{kind} {number}" for kind, number in sorted(cached.rows.items()))
    what = "; ".join([*([rows] if rows else []), *(shown(str(path)) for path in cached.copies)])
    if purged:
        return say(en=f"Removed from the caches: {what}", ko=f"캐시에서 지웠습니다: {what}")
    return say(
        en=f"In the caches: {what}. Remove it with --purge.", ko=f"캐시에 있습니다: {what}. --purge로 지울 수 있습니다."
    )
