"""What stands beside the modules travels with the package."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from support import ROOT

PACKAGE = ROOT / "src" / "hubel"
BESIDE = sorted(path for path in PACKAGE.rglob("*.*") if path.suffix not in {".py", ".pyc"} and path.is_file())


@pytest.mark.parametrize("path", BESIDE, ids=lambda path: path.name)
def test_file_beside_the_modules_is_listed_as_package_data(path: Path) -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = settings["tool"]["setuptools"]["package-data"]["hubel"]
    assert any(path.relative_to(PACKAGE).match(pattern.removeprefix("**/")) for pattern in patterns)
