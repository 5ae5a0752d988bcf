"""Whether probabilities and labels are what they claim to be, asked once at the door."""

from __future__ import annotations

import numpy as np

from hubel.core.errors import DataError
from hubel.core.language import say
from hubel.core.types import Labels, Probabilities


def check_labels(labels: Labels, *, num_images: int, num_classes: int) -> None:
    """Refuse labels that do not belong to these images and classes.

    Parameters
    ----------
    labels
        Class indices in the order of the images.
    num_images
        How many labels there must be.
    num_classes
        The indices go from 0 to one less than this.

    Raises
    ------
    DataError
        When there is no image, a label too many or too few, or one that names no class.
    """
    if num_images == 0 or num_images != len(labels):
        raise DataError(
            say(
                en=f"Measuring needs at least one image and one label for each; got {num_images} images and {len(labels)} labels. Give both for the same images.",
                ko=f"측정하려면 이미지가 한 장 이상 있고 이미지마다 레이블이 하나씩 있어야 합니다. 받은 값: 이미지 {num_images}장, 레이블 {len(labels)}개. 같은 이미지의 값과 레이블을 넣으세요.",
            )
        )
    lowest, highest = int(labels.min()), int(labels.max())
    if lowest < 0 or highest >= num_classes:
        raise DataError(
            say(
                en=f"Labels must be class indices from 0 to {num_classes - 1}; got {lowest} to {highest}. Number the classes in column order.",
                ko=f"레이블은 0부터 {num_classes - 1}까지의 클래스 번호여야 합니다. 받은 값: {lowest}부터 {highest}까지. 열 순서대로 클래스 번호를 매기세요.",
            )
        )


def check_probabilities(probabilities: Probabilities, *, num_names: int) -> None:
    """Refuse rows that are no probability distributions over the named classes.

    Parameters
    ----------
    probabilities
        At least one row.
    num_names
        How many class names there are.

    Raises
    ------
    DataError
        When columns and names differ in number, or a row is negative, not finite, or far from the sum 1.
    """
    num_classes = probabilities.shape[1]
    if num_classes != num_names:
        raise DataError(
            say(
                en=f"Every column of probabilities needs a class name; got {num_classes} columns and {num_names} names. Give the names in column order.",
                ko=f"확률의 열마다 클래스 이름이 하나씩 있어야 합니다. 받은 값: 열 {num_classes}개, 이름 {num_names}개. 열 순서대로 이름을 넣으세요.",
            )
        )
    # Written so that a NaN fails too. The slack covers rows that passed through bf16 or a text file.
    sums = probabilities.sum(axis=1, dtype=np.float64)
    good = (probabilities >= 0).all(axis=1) & (np.abs(sums - 1) <= 1e-2)
    if not good.all():
        row = int(np.argmin(good))
        lowest, total = float(probabilities[row].min()), float(sums[row])
        raise DataError(
            say(
                en=f"Each row of probabilities must be at least 0 and sum to 1; row {row} has the smallest value {lowest:g} and the sum {total:g}. Apply softmax to scores first.",
                ko=f"확률의 각 행은 0 이상이고 합이 1이어야 합니다. {row}행의 최솟값은 {lowest:g}, 합은 {total:g}입니다. 점수라면 먼저 softmax를 적용하세요.",
            )
        )
