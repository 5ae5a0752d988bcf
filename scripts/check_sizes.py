"""Lines per module and per package: a module of more than 300 lines is a smell, of more than 400 fails.

python scripts/check_sizes.py
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path

SMELL = 300
LIMIT = 400
ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    package = ROOT / "src" / "hubel"
    sizes = {path.relative_to(package): count_lines(path) for path in sorted(package.rglob("*.py"))}
    for name, (modules, lines, largest) in summary(sizes).items():
        print(f"{name:<12} {modules:>3} modules {lines:>6} lines, largest {largest:>4}")
    print(f"{'hubel':<12} {len(sizes):>3} modules {sum(sizes.values()):>6} lines, largest {max(sizes.values()):>4}")
    for path, lines in sizes.items():
        if lines > SMELL:
            verdict = "FAILS" if lines > LIMIT else "smells"
            print(
                f"{verdict}: src/hubel/{path} has {lines} lines (aim 150, smell {SMELL}, limit {LIMIT}). Split it by concept."
            )
    if max(sizes.values()) > LIMIT:
        sys.exit(1)


def count_lines(path: Path) -> int:
    """All lines of a file, blank ones too: what a reader scrolls past."""
    return len(path.read_text(encoding="utf-8").splitlines())


def summary(sizes: dict[Path, int]) -> dict[str, tuple[int, int, int]]:
    """Modules, lines and the largest module of each package; modules beside the packages count as `(top)`."""
    groups: dict[str, list[int]] = defaultdict(list)
    for path, lines in sizes.items():
        groups[path.parts[0] if len(path.parts) > 1 else "(top)"].append(lines)
    return {name: (len(lines), sum(lines), max(lines)) for name, lines in sorted(groups.items())}


if __name__ == "__main__":
    main()
