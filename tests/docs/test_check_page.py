"""docs/stages/check.md holds the table of rules as the code has it, in both languages; `pytest --accept` writes it anew."""

from __future__ import annotations

import re

import pytest

from hubel.core.language import Language
from hubel.data.check.catalogue import rules_table
from support import ROOT

TABLE = re.compile(r"(?ms)^\| id \|.*?(?=\n\n)")


@pytest.mark.parametrize(("page", "language"), [("check.md", "en"), ("check.ko.md", "ko")])
def test_page_lists_every_rule_as_the_code_has_it(page: str, language: Language, accept: bool) -> None:
    path = ROOT / "docs" / "stages" / page
    text = path.read_text(encoding="utf-8")
    if accept:
        text = TABLE.sub(lambda _: rules_table(language), text)
        path.write_text(text, encoding="utf-8")
    found = TABLE.search(text)
    assert found is not None
    assert found.group() == rules_table(language), (
        "`pytest --accept` writes the table anew; read it before you commit it"
    )
