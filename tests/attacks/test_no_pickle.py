"""No code of hubel reads a file that runs code."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import ROOT

SOURCES = sorted((ROOT / "src" / "hubel").rglob("*.py"))
FORBIDDEN = {"cPickle", "dill", "joblib", "marshal", "shelve", "cloudpickle"}


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


def calls(tree: ast.AST) -> Iterator[tuple[str, dict[str | None, str]]]:
    """Every call as its text, with its keywords."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), {word.arg: ast.unparse(word.value) for word in node.keywords}


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(ROOT / "src")))
def test_nothing_is_unpickled_or_evaluated(source: Path) -> None:
    tree = ast.parse(source.read_text(encoding="utf-8"))
    assert not FORBIDDEN & set(imported(tree))
    uses = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert {use for use in uses if use.startswith("pickle.")} <= {"pickle.UnpicklingError"}  # to catch, never to load
    for called, keywords in calls(tree):
        if called.endswith("torch.load"):
            assert keywords.get("weights_only") == "True"
        if called in ("np.load", "numpy.load"):
            assert keywords.get("allow_pickle") == "False"
        assert called not in ("eval", "exec", "os.system", "yaml.load")
