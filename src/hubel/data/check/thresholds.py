"""Where `hubel check` begins to speak up. Chosen so that ordinary sets stay quiet: LAB.md tells on which they were tried."""

from __future__ import annotations

TINY_PX = 16
"""An image with a shorter side below this is tiny in any set."""
SMALL_PX = 64
TINY_SHARE = 0.25
"""Below `SMALL_PX`, an image is tiny when its shorter side is under this share of the set's median."""
HUGE_MEGAPIXELS = 40
ODD_ASPECT = 3
BLANK_SPREAD = 3
DARK_BELOW = 50
BRIGHT_ABOVE = 205
LOW_CONTRAST = 40
BLURRED_ABOVE = 0.72
IMBALANCED = 5
FEW_IMAGES = 20
UNTRAINABLE = 2
SHORTCUT_PERCENT = 50
"""How much of the way from chance to certainty metadata alone must go, less the margin, to be called a shortcut."""
