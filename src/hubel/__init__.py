"""hubel: a folder of images becomes a classifier you can trust, explain and ship, on an ordinary CPU.

Start reading at `hubel.workflows`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hubel.estimator import ImageClassifier

__version__ = "0.1.0"
__all__ = ["ImageClassifier", "__version__"]


def __getattr__(name: str) -> Any:
    """`ImageClassifier`, loaded when it is first asked for, so that ``import hubel`` stays light."""
    if name == "ImageClassifier":
        from hubel.estimator import ImageClassifier

        return ImageClassifier
    raise AttributeError(f"module 'hubel' has no attribute {name!r}")
