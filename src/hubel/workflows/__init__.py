"""Where the stages meet: one short function per verb, no mathematics. Start reading here.

    train     files → Dataset → features → head → run folder with report    (training.py, run_folder.py)
    predict   run folder + images → labels with probabilities               (predicting.py)
    evaluate  run folder + labelled images → metrics                        (evaluating.py)
              several ways to learn, compared on the same images            (strategies.py, fine_tuning.py, from_scratch.py)
    compare   two run folders + labelled images → a verdict                 (comparing.py)
    check     files → findings                                              (checking.py)
    tune      files → trials of settings → the best of them trained         (tuning.py, searching.py)
    models    a network by name → its layers                                (describing.py)
    forget    a file → the runs and caches that hold something of it        (forgetting.py)
    reproduce run folder → the run made again, and what differs             (reproducing.py)

In: what the user asked. Out: events, predictions, metrics, a run folder.
Never: arithmetic, or a text for a terminal.
Next: cli
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hubel.core.findings import Checkup
    from hubel.train.options import TrainOptions
    from hubel.workflows.checking import CheckOptions, check
    from hubel.workflows.comparing import Compared, Contender, compare, write_page
    from hubel.workflows.describing import Described, DescribeOptions, describe, draw, list_networks
    from hubel.workflows.evaluating import Evaluation, evaluate
    from hubel.workflows.following import follow
    from hubel.workflows.forgetting import Forgetting, forget
    from hubel.workflows.house import cache_summary, clear_cache
    from hubel.workflows.predicting import Prediction, load_predictor, predict
    from hubel.workflows.reproducing import ReproduceOptions, Reproduction, reproduce
    from hubel.workflows.showing import show_augmented
    from hubel.workflows.strategies import Ways, compare_ways
    from hubel.workflows.training import train
    from hubel.workflows.tune_options import TuneOptions
    from hubel.workflows.tuning import Tuned, tune

__all__ = [
    "CheckOptions",
    "Checkup",
    "Compared",
    "Contender",
    "DescribeOptions",
    "Described",
    "Evaluation",
    "Forgetting",
    "Prediction",
    "ReproduceOptions",
    "Reproduction",
    "TrainOptions",
    "TuneOptions",
    "Tuned",
    "Ways",
    "cache_summary",
    "check",
    "clear_cache",
    "compare",
    "compare_ways",
    "describe",
    "draw",
    "evaluate",
    "follow",
    "forget",
    "list_networks",
    "load_predictor",
    "predict",
    "reproduce",
    "show_augmented",
    "train",
    "tune",
    "write_page",
]

_HOMES = {
    "TrainOptions": "hubel.train.options",
    "CheckOptions": "hubel.workflows.checking",
    "Checkup": "hubel.core.findings",
    "check": "hubel.workflows.checking",
    "Compared": "hubel.workflows.comparing",
    "Contender": "hubel.workflows.comparing",
    "compare": "hubel.workflows.comparing",
    "write_page": "hubel.workflows.comparing",
    "Described": "hubel.workflows.describing",
    "DescribeOptions": "hubel.workflows.describing",
    "describe": "hubel.workflows.describing",
    "draw": "hubel.workflows.describing",
    "list_networks": "hubel.workflows.describing",
    "Evaluation": "hubel.workflows.evaluating",
    "evaluate": "hubel.workflows.evaluating",
    "follow": "hubel.workflows.following",
    "Forgetting": "hubel.workflows.forgetting",
    "forget": "hubel.workflows.forgetting",
    "ReproduceOptions": "hubel.workflows.reproducing",
    "Reproduction": "hubel.workflows.reproducing",
    "reproduce": "hubel.workflows.reproducing",
    "cache_summary": "hubel.workflows.house",
    "clear_cache": "hubel.workflows.house",
    "Prediction": "hubel.workflows.predicting",
    "load_predictor": "hubel.workflows.predicting",
    "predict": "hubel.workflows.predicting",
    "show_augmented": "hubel.workflows.showing",
    "Ways": "hubel.workflows.strategies",
    "compare_ways": "hubel.workflows.strategies",
    "train": "hubel.workflows.training",
    "TuneOptions": "hubel.workflows.tune_options",
    "Tuned": "hubel.workflows.tuning",
    "tune": "hubel.workflows.tuning",
}


def __getattr__(name: str) -> Any:
    """Import a verb when it is first used: predicting one image must not pay for what training needs."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
