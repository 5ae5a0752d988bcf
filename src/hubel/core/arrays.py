"""Words for arrays, their kind and shape, as jaxtyping spells them.

They are checked by mypy and, at run time, in tests; there the words are jaxtyping's own. A finished program checks
nothing, and loading jaxtyping takes a tenth of the time that predicting one image may take, so there each word means no
more than "an array" (docs/decisions/0007).
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING or "jaxtyping" in sys.modules:
    from jaxtyping import Bool, Float, Float32, Int, Shaped, UInt8
else:

    class AnyShape:
        """``Float[np.ndarray, "n d"]`` and the like, where nobody checks."""

        def __class_getitem__(cls, kind_and_shape: Any) -> type[np.ndarray]:
            return np.ndarray

    Bool = Float = Float32 = Int = Shaped = UInt8 = AnyShape

__all__ = ["Bool", "Float", "Float32", "Int", "Shaped", "UInt8"]
