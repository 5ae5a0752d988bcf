"""`ledger.csv`: written, read back exactly, summed up, and refused when it is something else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hubel.core.errors import ModelError
from hubel.data.ledger_file import LedgerRow, read_ledger, summarise, write_ledger

ROW = LedgerRow("a/1.jpg", "ab" * 32, "0123456789abcdef", 10, "a", "train", 3, "", "used", "", "CC0", "https://x.org/1")


def test_a_ledger_is_read_back_exactly_whatever_the_names(tmp_path: Path) -> None:
    rows = (
        ROW,
        replace(ROW, file='한글/caf\udce9, "x"\n.jpg', fold=None, group="burst 1", copies="golden/01.png report.html"),
        replace(ROW, file="b.png", sha256="", num_bytes=0, status="set aside", reason="missing", part=""),
    )
    write_ledger(tmp_path / "ledger.csv", rows)
    assert read_ledger(tmp_path / "ledger.csv") == rows
    assert (tmp_path / "ledger.csv").read_bytes().startswith(b"file,sha256,perceptual_hash,bytes,label,")


@pytest.mark.parametrize("text", ["", "file,label\n", "no table at all"])
def test_another_file_is_no_ledger(tmp_path: Path, text: str) -> None:
    (tmp_path / "ledger.csv").write_text(text)
    with pytest.raises(ModelError, match=r"ledger\.csv"):
        read_ledger(tmp_path / "ledger.csv")


def test_a_line_that_was_tampered_with_is_named(tmp_path: Path) -> None:
    write_ledger(tmp_path / "ledger.csv", [ROW, ROW])
    text = (tmp_path / "ledger.csv").read_text()
    (tmp_path / "ledger.csv").write_text(text.replace("used", "eaten"))
    with pytest.raises(ModelError, match="line 2"):
        read_ledger(tmp_path / "ledger.csv")


def test_the_summary_counts_files_by_what_became_of_them_licence_and_host() -> None:
    rows = [
        ROW,
        replace(ROW, source="https://x.org/2"),
        replace(ROW, status="set aside", licence="", source="our camera"),
        replace(ROW, status="unread", licence="MIT", source=""),
    ]
    summary = summarise(rows)
    assert (summary.num_files, summary.num_used, summary.num_set_aside, summary.num_unread) == (4, 2, 1, 1)
    assert summary.num_bytes == 40
    assert summary.licences == {"CC0": 2, "MIT": 1}
    assert summary.sources == {"x.org": 2, "our camera": 1}
    assert (summary.num_without_licence, summary.num_without_source) == (1, 1)
