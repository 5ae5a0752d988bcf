"""From scores to probabilities that mean what they say: softmax and its temperature."""

from __future__ import annotations

import numpy as np

from hubel.core.arrays import Float
from hubel.core.errors import DataError
from hubel.core.language import say
from hubel.core.types import Labels, Logits, Probabilities
from hubel.evaluate.checks import check_labels

LOWEST_TEMPERATURE = 0.05
HIGHEST_TEMPERATURE = 20.0


def softmax(logits: Logits, *, temperature: float = 1.0) -> Probabilities:
    """The probabilities of softmax(logits / temperature), safe for scores of any size.

    Parameters
    ----------
    logits
        One row of scores for each image.
    temperature
        Above 1 the answers become less sure, below 1 surer; their order stays.

    Returns
    -------
    Probabilities
        Shape (n, k), in the precision of the scores; each row sums to one.

    Examples
    --------
    >>> softmax(np.array([[1000.0, 1000.0]])).tolist()
    [[0.5, 0.5]]
    """
    # The largest score becomes 0 before exp, so nothing overflows; dividing first could.
    shifted = (logits - logits.max(axis=1, keepdims=True)) / logits.dtype.type(temperature)
    powers = np.exp(shifted)
    result: Probabilities = powers / powers.sum(axis=1, keepdims=True)
    return result


def fit_temperature(logits: Logits, labels: Labels) -> float:
    """The temperature T in [0.05, 20] that minimises the log loss of softmax(logits / T) on softened labels.

    Scores that never err would ask for T = 0, as if no image could ever be answered wrongly. n images cannot show that: by
    Laplace's rule the next one is wrong with probability 1/(n + 2). So the true class counts 1 − 1/(n + 2) and the
    others share the rest, as in Platt (1999, Probabilistic outputs for support vector machines).

    With b = 1/T the loss is convex: its slope is mean(E_p[z] − E_t[z]), t the softened labels, its curvature mean(Var_p[z]) ≥ 0,
    p = softmax(b·z). Newton's method finds the root of the slope inside a bracket that only shrinks, so it
    cannot run away (Guo et al. 2017, arXiv:1706.04599).

    Parameters
    ----------
    logits
        Scores of images the model had not learned from (out-of-fold or validation).
    labels
        Their true classes.

    Returns
    -------
    float
        Accurate to 1e-6. An end of the range when the optimum lies beyond it;
        1.0 when no temperature changes the loss.

    Raises
    ------
    DataError
        When there is no image, a score is not finite, or a label names no class.

    Examples
    --------
    >>> scores = np.array([[4.0, 0.0], [4.0, 0.0], [4.0, 0.0], [4.0, 0.0]])
    >>> round(fit_temperature(scores, np.array([0, 0, 0, 1])), 4)  # says 98 %, is right 3 times in 4
    5.7708
    """
    scores = logits.astype(np.float64)
    check_labels(labels, num_images=len(scores), num_classes=scores.shape[1])
    _check_scores(scores)
    scores -= scores.max(axis=1, keepdims=True)
    true_scores = scores[np.arange(len(labels)), labels]
    others = (scores.sum(axis=1) - true_scores) / max(scores.shape[1] - 1, 1)
    doubt = 1 / (len(labels) + 2)
    true_scores = (1 - doubt) * true_scores + doubt * others

    low, high = 1 / HIGHEST_TEMPERATURE, 1 / LOWEST_TEMPERATURE
    slope_low, curvature = _slope_and_curvature(low, scores, true_scores)
    slope_high, _ = _slope_and_curvature(high, scores, true_scores)
    if slope_low == 0 and curvature == 0:
        return 1.0
    if slope_low >= 0:
        return HIGHEST_TEMPERATURE
    if slope_high <= 0:
        return LOWEST_TEMPERATURE

    inverse = 1.0
    for _ in range(200):
        slope, curvature = _slope_and_curvature(inverse, scores, true_scores)
        low, high = (inverse, high) if slope < 0 else (low, inverse)
        step = inverse - slope / curvature if curvature > 0 else low
        following = step if low < step < high else (low + high) / 2
        # T = 1/b, so an error e in b is an error of e·T² in T.
        if abs(following - inverse) < 1e-10 * min(1.0, inverse * inverse):
            return 1 / following
        inverse = following
    return 1 / inverse


def _check_scores(scores: Logits) -> None:
    num_bad = int((~np.isfinite(scores)).sum())
    if num_bad:
        raise DataError(
            say(
                en=f"A temperature needs finite scores; got {num_bad} of {scores.size} that are not. Give the scores before softmax and look for broken images.",
                ko=f"온도를 구하려면 유한한 점수가 필요합니다. 받은 값: {scores.size}개 중 {num_bad}개가 유한하지 않습니다. softmax 이전의 점수를 넣고 손상된 이미지가 있는지 확인하세요.",
            )
        )


def _slope_and_curvature(inverse: float, scores: Logits, true_scores: Float[np.ndarray, " n"]) -> tuple[float, float]:
    """First and second derivative of the mean log loss by the inverse temperature."""
    probabilities = softmax(scores * inverse)
    expected = (probabilities * scores).sum(axis=1)
    spread = (probabilities * (scores - expected[:, None]) ** 2).sum(axis=1)
    return float((expected - true_scores).mean()), float(spread.mean())
