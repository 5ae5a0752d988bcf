from __future__ import annotations
from pathlib import Path
from hubel.evaluate.report import Report
def write_picture(report: Report, path: Path) -> None:
    return
