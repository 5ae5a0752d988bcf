"""Shapes are types, written once.

Axes everywhere: n images, h height, w width, c channels, d features, k classes.
"""

from __future__ import annotations

import numpy as np

from hubel.core.arrays import Bool, Float, Float32, Int, UInt8

Pixels = UInt8[np.ndarray, "h w 3"]
"""One upright RGB image."""
Resized = UInt8[np.ndarray, "new_h new_w 3"]
"""One upright RGB image of another size than the one it was made from."""
PixelBatch = UInt8[np.ndarray, "n h w 3"]
"""Images of one size."""
FeatureMatrix = Float[np.ndarray, "n d"]
"""What a base says of n images."""
Logits = Float[np.ndarray, "n k"]
"""Scores before softmax."""
Probabilities = Float[np.ndarray, "n k"]
"""Rows that sum to one."""
UnknownScores = Float[np.ndarray, " n"]
"""How strange each image is to the model, the higher the stranger."""
Labels = Int[np.ndarray, " n"]
"""The index of each image's class."""
Mask = Bool[np.ndarray, " n"]
"""True where an image belongs."""
Weights = Float32[np.ndarray, "d k"]
"""The linear head."""
Bias = Float32[np.ndarray, " k"]
"""The linear head's offsets."""
