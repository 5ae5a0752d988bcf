"""Every text for users exists in both languages.

Each call of `say(…)` names `en` and `ko` and nothing else, each of `option(…)` and `argument(…)` names both, neither is empty, the Korean holds Hangul and the English none,
and both show the same values. Each page that has a twin (`README.ko.md` beside `README.md`) has it, and so do the pages
that must have one.

python scripts/check_texts.py
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HANGUL = re.compile("[\uac00-\ud7a3]")
SPEAKERS = ("say", "option", "argument")
PAGES_IN_BOTH_LANGUAGES = ("README.md", "docs/index.md", "docs/start.md", "docs/stages/*.md")


def main() -> None:
    sources = sorted((ROOT / "src" / "hubel").rglob("*.py"))
    findings = [finding for path in sources for finding in check_source(path.read_text(encoding="utf-8"), name(path))]
    findings += check_pages(ROOT)
    for finding in findings:
        print(finding)
    if findings:
        sys.exit(1)
    print(f"{len(sources)} modules: every text is in English and Korean")


def check_source(source: str, file: str) -> Iterator[str]:
    """The findings about the `say` calls of one module."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and called_name(node) in SPEAKERS:
            for finding in check_call(node):
                yield f"{file}:{node.lineno}: {finding}"


def check_call(call: ast.Call) -> Iterator[str]:
    """The findings about one call of `say`."""
    texts = {keyword.arg: keyword.value for keyword in call.keywords}
    if called_name(call) == "say" and (call.args or set(texts) != {"en", "ko"}):
        yield "say() takes en= and ko=, both and nothing else"
        return
    if not texts.keys() >= {"en", "ko"}:
        yield f"{called_name(call)}() takes en= and ko=, both"
        return
    english, korean = written_words(texts["en"]), written_words(texts["ko"])
    if english is None or korean is None:
        if ast.unparse(texts["en"]).replace("_en", "_ko") != ast.unparse(texts["ko"]):
            yield "say() takes two literals, or a pair of names that differ in _en and _ko alone"
        return
    if not english.strip() or not korean.strip():
        yield "say() was given an empty text"
    if re.search("[A-Za-z]{2}", english) and not HANGUL.search(korean):
        yield f"the Korean text has no Hangul: {korean[:60]!r}"
    if HANGUL.search(english):
        yield f"the English text has Hangul: {english[:60]!r}"
    if shown_values(texts["en"]) != shown_values(texts["ko"]):
        yield "the two texts show different values; whoever reads one would miss something"


def check_pages(root: Path) -> Iterator[str]:
    """The findings about pages without their twin in the other language."""
    for pattern in PAGES_IN_BOTH_LANGUAGES:
        for page in sorted(root.glob(pattern)):
            twin = page.with_suffix(".ko.md")
            if not page.name.endswith(".ko.md") and not twin.exists():
                yield f"{page.relative_to(root)}: its Korean twin {twin.name} is missing"
    for page in [*root.glob("*.ko.md"), *root.glob("docs/**/*.ko.md")]:
        twin = page.with_name(page.name.removesuffix(".ko.md") + ".md")
        if not twin.exists():
            yield f"{page.relative_to(root)}: its English twin {twin.name} is missing"
        if not HANGUL.search(page.read_text(encoding="utf-8")):
            yield f"{page.relative_to(root)}: there is no Hangul in it"


def called_name(call: ast.Call) -> str:
    """The last part of what is called: `say` for `say(…)` and for `language.say(…)`."""
    function = call.func
    return (
        function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
    )


def written_words(text: ast.expr) -> str | None:
    """The literal words of a string, an f-string, a sum of them or a choice between them; None for anything computed."""
    if isinstance(text, ast.Constant) and isinstance(text.value, str):
        return text.value
    if isinstance(text, ast.JoinedStr):
        return "".join(str(part.value) for part in text.values if isinstance(part, ast.Constant))
    halves = (
        (text.left, text.right)
        if isinstance(text, ast.BinOp) and isinstance(text.op, ast.Add)
        else (text.body, text.orelse)
        if isinstance(text, ast.IfExp)
        else ()
    )
    words = [written_words(half) for half in halves]
    return " ".join(word for word in words if word is not None) if words and None not in words else None


def shown_values(text: ast.expr) -> set[str]:
    """The names of the values that an f-string shows, without the functions that only word them."""
    names: set[str] = set()
    for shown in (node.value for node in ast.walk(text) if isinstance(node, ast.FormattedValue)):
        functions = {call.func for call in ast.walk(shown) if isinstance(call, ast.Call)}
        names |= {part.id for part in ast.walk(shown) if isinstance(part, ast.Name) and part not in functions}
    return names


def name(path: Path) -> str:
    """A path as one would click it."""
    return path.relative_to(ROOT).as_posix()


if __name__ == "__main__":
    main()
