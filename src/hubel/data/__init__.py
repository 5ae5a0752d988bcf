"""From files to checked pixels with labels.

In: paths, bytes, arrays. Out: `Dataset`, upright RGB uint8 pixels, splits, findings about files.
Never: a network, torch, or a file of the user's changed.
Next: models
"""
