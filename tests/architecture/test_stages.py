"""The folders, the page that explains them and their own first lines say the same."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from support import ROOT

PACKAGE = ROOT / "src" / "hubel"
LAYERS = (ROOT / ".importlinter").read_text(encoding="utf-8")
PACKAGES = sorted(path.parent for path in PACKAGE.glob("*/__init__.py"))


def test_architecture_page_lists_exactly_the_folders() -> None:
    assert stages_in_table() == {path.name for path in PACKAGES}


def test_architecture_page_fits_one_screen() -> None:
    lines = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 60


def test_every_folder_is_a_layer_of_the_import_contract() -> None:
    section = re.search(r"(?ms)^layers =\n(.*?)^\S", LAYERS)
    assert section is not None
    layers = set(re.findall(r"\w+", section.group(1)))
    assert {path.name for path in PACKAGES} <= layers


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_package_says_what_comes_in_what_goes_out_and_what_never_happens(package: Path) -> None:
    docstring = ast.get_docstring(ast.parse((package / "__init__.py").read_text(encoding="utf-8"))) or ""
    for word in ("In", "Out", "Never"):
        assert re.search(rf"(?m)(^|\s){word}: ", docstring), f"{package.name}/__init__.py: no `{word}: …`"


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_package_init_only_explains(package: Path) -> None:
    statements = ast.parse((package / "__init__.py").read_text(encoding="utf-8")).body
    doing = [ast.unparse(statement) for statement in statements[1:] if not only_names(statement)]
    assert not doing, f"{package.name}/__init__.py does something at import"


def only_names(statement: ast.stmt) -> bool:
    """Whether a statement imports, names, or tells types; ``__getattr__`` imports a name when it is first used."""
    if isinstance(statement, ast.FunctionDef):
        return statement.name == "__getattr__"
    if isinstance(statement, ast.If):
        return ast.unparse(statement.test) == "TYPE_CHECKING" and all(map(only_names, statement.body))
    return isinstance(statement, ast.ImportFrom | ast.Import | ast.Assign)


def stages_in_table() -> set[str]:
    """The names in the first column of the table of ARCHITECTURE.md."""
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    return set(re.findall(r"(?m)^\| `(\w+)` \|", page))
