"""From probabilities to labels: the likeliest class, unless the card's decision says otherwise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hubel.core.arrays import Float, Int
from hubel.core.decision import Decision
from hubel.core.types import Labels, Probabilities


def decide(probabilities: Probabilities, decision: Decision | None, *, classes: Sequence[str]) -> Labels:
    """The index of the answered class of each image.

    A class with a promised precision is not answered below its threshold, unless nothing else is left. A class with a
    promised recall is always answered from its threshold on; of several such, the one furthest above its own.

    Parameters
    ----------
    probabilities
        Calibrated, of shape (n, k).
    decision
        The card's; None for the likeliest class.
    classes
        The class names in column order.

    Returns
    -------
    Labels
        Shape (n).

    Examples
    --------
    >>> decide(np.array([[0.7, 0.3], [0.2, 0.8]]), None, classes=("cat", "dog")).tolist()
    [0, 1]
    """
    scores = probabilities if decision is None else decision_scores(probabilities, decision, classes=classes)
    answers: Labels = scores.argmax(axis=1)
    return answers


def ranked(row: Float[np.ndarray, " k"], decision: Decision | None, *, classes: Sequence[str]) -> Int[np.ndarray, " k"]:
    """The classes of one image, the answered one first, ties in their order.

    Parameters
    ----------
    row
        Its probabilities, of shape (k).
    decision, classes
        As in `decide`.
    """
    scores = row if decision is None else decision_scores(row[None], decision, classes=classes)[0]
    return np.argsort(-scores, kind="stable")


def decision_scores(probabilities: Probabilities, decision: Decision, *, classes: Sequence[str]) -> Probabilities:
    """Numbers whose order is the order of the answers, of shape (n, k)."""
    stated = probabilities.astype(np.float64)
    scores = stated.copy()
    columns = {name: index for index, name in enumerate(classes)}
    for promise in decision.promises:
        column = columns[promise.class_name]
        if promise.measure == "precision":
            below = stated[:, column] < promise.threshold
            # Far below every other class, yet still in order, so that something is answered when all are ruled out.
            scores[below, column] = scores[below, column] * 1e-12 - 1
    for promise in decision.promises:
        column = columns[promise.class_name]
        if promise.measure == "recall":
            taken = stated[:, column] >= promise.threshold
            above = stated[taken, column] / max(promise.threshold, 1e-12)
            scores[taken, column] = HIGHEST + np.log(above)
    return scores


HIGHEST = 1e6
"""Above every probability."""
