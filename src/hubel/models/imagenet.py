"""What the thousand classes of ImageNet are called, as timm knows them."""

from __future__ import annotations

NUM_CLASSES = 1000


def class_name(index: int) -> str | None:
    """The name of a class of ImageNet-1k by its place in the usual order; None where timm is not installed.

    Parameters
    ----------
    index
        From 0 to 999.

    Examples
    --------
    >>> class_name(281)
    'tabby, tabby cat'
    """
    try:
        from timm.data.imagenet_info import ImageNetInfo
    except ImportError:
        return None
    return str(ImageNetInfo().index_to_description(index))
