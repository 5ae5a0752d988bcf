"""``python -m hubel`` is ``hubel``."""

from __future__ import annotations

from hubel.cli.main import run

if __name__ == "__main__":
    run()
