"""``hubel cache``: what was kept so that it need not be computed again."""

from __future__ import annotations

import json as json_format
from typing import Annotated

from hubel.cli.options import option
from hubel.cli.terminal import output_console, write_lines
from hubel.core.language import say


def summary() -> str:
    """What the verb does; the first line stands in the help of ``hubel``."""
    return say(
        en="Show or clear what hubel keeps to be fast.\n\n"
        "Decoded images, features, converted bases, measurements of engines, and sources that were unpacked or downloaded. All "
        "of it can be made again; finished runs are not part of it. Unpacked sources take at most 50 GiB: the longest unused go "
        "first. The folder is the system's cache folder, or HUBEL_CACHE.",
        ko="빠른 실행을 위해 보관한 것을 보거나 지웁니다.\n\n"
        "디코딩한 이미지, 특징, 변환한 기반 모델, 엔진 측정값, 그리고 압축을 풀거나 내려받은 소스입니다. 모두 다시 만들 수 있으며 완성된 "
        "실행은 포함되지 않습니다. 풀어 둔 소스는 50 GiB까지 두며 가장 오래 쓰지 않은 것부터 지웁니다. 위치는 시스템의 캐시 폴더이며 "
        "HUBEL_CACHE로 바꿀 수 있습니다.",
    )


def examples() -> str:
    """Commands to begin with."""
    return "hubel cache\nhubel cache --clear"


def cache(
    clear: Annotated[bool, option("--clear", en="Remove all of it.", ko="모두 지웁니다.")] = False,
    json: Annotated[bool, option("--json", en="Print JSON on stdout.", ko="표준 출력에 JSON으로 씁니다.")] = False,
) -> None:
    """Show the cache, or clear it."""
    from hubel import workflows
    from hubel.cli.show import cache_lines, cache_record, cleared_line

    console = output_console()
    if clear:
        freed = workflows.clear_cache()
        write_lines(console, json_format.dumps({"freed_bytes": freed}) if json else cleared_line(freed))
        return
    found = workflows.cache_summary()
    if json:
        write_lines(console, json_format.dumps(cache_record(found)))
    else:
        write_lines(console, *cache_lines(found))
