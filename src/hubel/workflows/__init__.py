"""Where the stages meet: one short function per verb, no mathematics. Start reading here.

    train     files → Dataset → features → head → run folder with report    (training.py, run_folder.py)
    predict   run folder + images → labels with probabilities               (predicting.py)
    evaluate  run folder + labelled images → metrics                        (evaluating.py)

In: what the user asked. Out: events, predictions, metrics, a run folder.
Never: arithmetic, or a text for a terminal.
Next: cli
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

_HOMES = {
    "TrainOptions": "hubel.train.options",
    "Evaluation": "hubel.workflows.evaluating",
    "evaluate": "hubel.workflows.evaluating",
    "cache_summary": "hubel.workflows.house",
    "clear_cache": "hubel.workflows.house",
    "Prediction": "hubel.workflows.predicting",
    "load_predictor": "hubel.workflows.predicting",
    "predict": "hubel.workflows.predicting",
    "train": "hubel.workflows.training",
}


def __getattr__(name: str) -> Any:
    """Import a verb when it is first used: predicting one image must not pay for what training needs."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
