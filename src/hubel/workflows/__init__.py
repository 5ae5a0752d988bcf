"""Where the stages meet: one short function per verb, no mathematics. Start reading here.

    train     files → Dataset → features → head → run folder with report
    predict   run folder + images → labels with probabilities
    evaluate  run folder + labelled images → metrics

In: what the user asked. Out: events, predictions, metrics, a run folder.
Never: arithmetic, or a text for a terminal.
Next: cli
"""

from __future__ import annotations

from hubel.train.options import TrainOptions
from hubel.workflows.evaluating import Evaluation, evaluate
from hubel.workflows.house import cache_summary, clear_cache
from hubel.workflows.predicting import Prediction, load_predictor, predict
from hubel.workflows.training import train

__all__ = [
    "Evaluation",
    "Prediction",
    "TrainOptions",
    "cache_summary",
    "clear_cache",
    "evaluate",
    "load_predictor",
    "predict",
    "train",
]
