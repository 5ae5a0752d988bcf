"""`hubel.ImageClassifier`: hubel for whoever works with scikit-learn, over the same workflows as the command line.

In: images and labels in memory, or the name of labelled data. Out: labels, probabilities, a run folder.
Never: a second way to learn or to predict.
Next: cli
"""

from __future__ import annotations

from hubel.estimator.classifier import ImageClassifier

__all__ = ["ImageClassifier"]
