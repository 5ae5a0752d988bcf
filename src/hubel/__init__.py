"""hubel: a folder of images becomes a classifier you can trust, explain and ship, on an ordinary CPU.

Start reading at `hubel.workflows`.
"""

from __future__ import annotations

__version__ = "0.1.0"
